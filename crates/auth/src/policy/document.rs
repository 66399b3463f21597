//! What policies of both kinds have in common: the document around the statements, effects, and
//! conditions.

use super::condition::{Condition, Operator, Value};
use super::fault::{Element, Fault};
use super::language::{Effect, Version};
use super::walk::Walk;
use millstream_protocol::reader::Kind;
use std::collections::BTreeSet;

/// A document, with its statements.
pub(super) struct Document<S> {
    pub(super) version: Version,
    pub(super) id: Option<String>,
    pub(super) statements: Vec<S>,
}

impl<G> Walk<'_, G> {
    /// Reads a document whose statements have unique ids.
    pub(super) fn document<S, E: From<Fault>>(
        &mut self,
        mut statement: impl FnMut(&mut Self) -> Result<S, E>,
        sid_of: impl Fn(&S) -> Option<&str>,
    ) -> Result<Document<S>, E> {
        let (mut version, mut id, mut statements) = (Version::V2008, None, None);
        self.members(Element::Policy, |walk, member| {
            match member {
                "Version" => version = walk.version()?,
                "Id" => id = Some(walk.text(Element::Id)?),
                "Statement" => {
                    statements = Some(walk.one_or_more(Element::Statement, &mut statement)?);
                }
                _ => return Err(E::from(unknown(member, Element::Policy))),
            }
            Ok(())
        })?;
        let statements = statements.ok_or_else(|| missing(Element::Statement))?;
        let mut sids = BTreeSet::new();
        if let Some(sid) = statements
            .iter()
            .filter_map(&sid_of)
            .find(|sid| !sids.insert(*sid))
        {
            let sid = sid.to_owned();
            return Err(Fault::RepeatedSid { sid }.into());
        }
        Ok(Document {
            version,
            id,
            statements,
        })
    }

    fn version(&mut self) -> Result<Version, Fault> {
        let given = self.text(Element::Version)?;
        match given.as_str() {
            "2008-10-17" => Ok(Version::V2008),
            "2012-10-17" => Ok(Version::V2012),
            _ => Err(Fault::Version { given }),
        }
    }

    pub(super) fn effect(&mut self) -> Result<Effect, Fault> {
        let given = self.text(Element::Effect)?;
        match given.as_str() {
            "Allow" => Ok(Effect::Allow),
            "Deny" => Ok(Effect::Deny),
            _ => Err(Fault::Effect { given }),
        }
    }

    pub(super) fn conditions(&mut self) -> Result<Vec<Condition>, Fault> {
        let element = Element::Condition;
        let mut conditions = Vec::new();
        self.members(element, |walk, name| {
            let operator = Operator::parse(name).ok_or_else(|| Fault::Operator {
                given: name.to_owned(),
            })?;
            walk.members(element, |walk, key| {
                if key.is_empty() {
                    return Err(Fault::Form { element });
                }
                conditions.push(Condition {
                    operator,
                    key: key.to_owned(),
                    values: walk.one_or_more(element, Self::value)?,
                });
                Ok(())
            })
        })?;
        Ok(conditions)
    }

    fn value(&mut self) -> Result<Value, Fault> {
        match self.kind()? {
            Kind::Text => self.text(Element::Condition).map(Value::Text),
            Kind::Number => self.number().map(Value::Number),
            Kind::Boolean => self.boolean().map(Value::Boolean),
            Kind::Null | Kind::Bytes | Kind::List | Kind::Map => self.misfit(Element::Condition),
        }
    }
}

pub(super) fn unknown(member: &str, within: Element) -> Fault {
    let member = member.to_owned();
    Fault::Unknown { member, within }
}

pub(super) fn missing(element: Element) -> Fault {
    Fault::Missing { element }
}
