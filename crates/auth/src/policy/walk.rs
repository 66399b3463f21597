//! A walk over a document's JSON: objects without repeated members, lists that are not empty.
//!
//! It descends only where a grammar asks it to, so nesting is bounded by the language.

use super::fault::{Element, Fault};
use millstream_protocol::parts::JsonReader;
use millstream_protocol::reader::{self, Checks, Kind, Number, Reader as _};
use std::collections::BTreeSet;

/// A parser's place in a document, with what its grammar has to know.
pub(super) struct Walk<'a, G> {
    json: JsonReader<'a>,
    pub(super) grammar: G,
}

/// The text is not JSON, whatever the reader complains of: types are asked for before they are
/// read.
fn malformed(_: reader::Fault) -> Fault {
    Fault::Malformed
}

impl<'a, G> Walk<'a, G> {
    pub(super) fn new(text: &'a str, grammar: G) -> Result<Self, Fault> {
        let json = JsonReader::new(text.as_bytes(), Checks::All).map_err(malformed)?;
        Ok(Self { json, grammar })
    }

    /// Accepts the end of the document, and nothing else.
    pub(super) fn finish(mut self) -> Result<(), Fault> {
        self.json.finish().map_err(malformed)
    }

    pub(super) fn kind(&mut self) -> Result<Kind, Fault> {
        self.json.kind().map_err(malformed)
    }

    /// Refuses the next value, of the wrong type, unless it is not even JSON.
    pub(super) fn misfit<T>(&mut self, element: Element) -> Result<T, Fault> {
        self.json.skip().map_err(malformed)?;
        Err(Fault::Form { element })
    }

    pub(super) fn text(&mut self, element: Element) -> Result<String, Fault> {
        if self.kind()? != Kind::Text {
            return self.misfit(element);
        }
        let text = self.json.text().map_err(malformed)?;
        Ok(text.into_owned())
    }

    pub(super) fn number(&mut self) -> Result<Number, Fault> {
        self.json.number().map_err(malformed)
    }

    pub(super) fn boolean(&mut self) -> Result<bool, Fault> {
        self.json.boolean().map_err(malformed)
    }

    /// Reads the members of an object, none of which may occur twice.
    pub(super) fn members<E: From<Fault>>(
        &mut self,
        element: Element,
        mut read: impl FnMut(&mut Self, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.kind()? != Kind::Map {
            return Ok(self.misfit(element)?);
        }
        let mut cursor = self.json.begin_map().map_err(malformed)?;
        let mut seen = BTreeSet::new();
        while let Some(member) = self.json.next_key(&mut cursor).map_err(malformed)? {
            if seen.contains(&member) {
                let member = member.into_owned();
                return Err(Fault::Repeated { member }.into());
            }
            read(self, &member)?;
            seen.insert(member);
        }
        Ok(())
    }

    /// Reads a value, or a list of at least one.
    pub(super) fn one_or_more<T, E: From<Fault>>(
        &mut self,
        element: Element,
        mut read: impl FnMut(&mut Self) -> Result<T, E>,
    ) -> Result<Vec<T>, E> {
        if self.kind()? != Kind::List {
            return Ok(vec![read(self)?]);
        }
        let mut cursor = self.json.begin_list().map_err(malformed)?;
        let mut all = Vec::new();
        while self.json.next_item(&mut cursor).map_err(malformed)? {
            all.push(read(self)?);
        }
        match all.is_empty() {
            true => Err(Fault::Form { element }.into()),
            false => Ok(all),
        }
    }
}
