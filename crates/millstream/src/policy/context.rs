//! What is known about a request that is only imagined.

use millstream_auth::policy::{Found, Global, Key, Keys, Request};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// A key and a value, as given on the command line.
pub type Pair = (Key, String);

/// The pair of a text `KEY=VALUE`.
///
/// # Errors
/// If there is no such key in any request.
pub fn parse_pair(text: &str) -> Result<Pair, String> {
    let (name, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    match Key::parse(name) {
        Some(Key::Never(name)) => Err(format!("no request to Millstream has {name}")),
        Some(key) => Ok((key, value.to_owned())),
        None => Err(format!("there is no condition key {name}")),
    }
}

/// The keys of a request: those that were given, and those that follow.
pub struct Context<'a> {
    given: BTreeMap<String, Vec<String>>,
    follows: Request<'a>,
    /// What was asked for and nobody knows.
    missing: RefCell<BTreeSet<String>>,
}

impl<'a> Context<'a> {
    /// The given keys, in place of what follows. A key that is given more than once has several
    /// values.
    ///
    /// # Errors
    /// If one that has a single value is given more than once.
    pub fn new(pairs: &[Pair], follows: Request<'a>) -> Result<Self, String> {
        let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (key, value) in pairs {
            let values = given.entry(key.to_string().to_lowercase()).or_default();
            values.push(value.clone());
            if values.len() > 1 && *key != Key::Global(Global::TagKeys) {
                return Err(format!("{key} has one value, and is given more than once"));
            }
        }
        let missing = RefCell::default();
        Ok(Self {
            given,
            follows,
            missing,
        })
    }

    /// The keys that a policy asked for and nobody knows.
    pub fn missing(&self) -> Vec<String> {
        self.missing.borrow().iter().cloned().collect()
    }
}

impl Keys for Context<'_> {
    fn find(&self, key: &Key) -> Found<'_> {
        let name = key.to_string();
        match self.given.get(&name.to_lowercase()).map(Vec::as_slice) {
            Some(values) if *key == Key::Global(Global::TagKeys) => {
                Found::Many(values.iter().map(|value| value.as_str().into()).collect())
            }
            Some([value, ..]) => Found::One(value.as_str().into()),
            Some([]) | None => {
                let found = self.follows.find(key);
                if found == Found::Unclear {
                    self.missing.borrow_mut().insert(name);
                }
                found
            }
        }
    }
}
