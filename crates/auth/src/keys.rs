//! Access keys: whose they are, how long they hold, and the table that a server verifies by.
//!
//! A table is replaced as a whole, and what was derived from its keys goes with it: a key that is
//! not in the new one verifies nothing more. A table without keys refuses everybody.

use crate::signature::key::SigningSecret;
use crate::{Principal, SecretText, User};
use arc_swap::{ArcSwap, Guard};
use millstream_env::Timestamp;
use millstream_model::Region;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// The most access keys of a table. With what is derived from them they take about 16 MiB.
pub const KEYS_MAX: usize = 4096;

/// The id of an access key: 3 to 128 letters and digits. AWS's have at least 16.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccessKeyId(Box<str>);

impl AccessKeyId {
    /// Parses an id; `None` if it is not one.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html>
    pub fn parse(text: &str) -> Option<Self> {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let is_id = (3..=128).contains(&text.len()) && text.bytes().all(is_letter);
        is_id.then(|| Self(text.into()))
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Allows a look-up by the text that a request has.
impl std::borrow::Borrow<str> for AccessKeyId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// For how long an access key holds.
#[derive(Clone, Debug)]
pub enum Validity {
    /// Until it is removed.
    Lasting,
    /// In a session: with its token, until a time if one is said.
    Session {
        /// The token that comes with every request.
        token: SecretText,
        /// The end of the session.
        expires: Option<Timestamp>,
    },
}

/// An access key, without its id.
#[derive(Debug)]
pub struct AccessKey {
    user: Arc<User>,
    secret: SigningSecret,
    validity: Validity,
}

impl AccessKey {
    /// A user's access key.
    pub fn new(user: Arc<User>, secret: &SecretText, validity: Validity) -> Self {
        Self {
            user,
            secret: SigningSecret::new(secret.expose()),
            validity,
        }
    }

    pub(crate) fn secret(&self) -> &SigningSecret {
        &self.secret
    }

    /// The user, as the sender of a request to a region. The one that is called `root` is the
    /// account itself.
    pub(crate) fn principal(&self, region: Region) -> Principal {
        let is_root = self.user.name.is_root();
        Principal {
            account: self.user.account.clone(),
            region,
            user: (!is_root).then(|| Arc::clone(&self.user)),
        }
    }

    /// Whether a request with this token, or without one, may use the key.
    pub(crate) fn has_token(&self, given: Option<&[u8]>) -> bool {
        match (&self.validity, given) {
            (Validity::Lasting, None) => true,
            (Validity::Session { token, .. }, Some(given)) => token.is(given),
            (Validity::Lasting, Some(_)) | (Validity::Session { .. }, None) => false,
        }
    }

    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        match &self.validity {
            Validity::Lasting => false,
            Validity::Session { expires, .. } => expires.is_some_and(|expires| now >= expires),
        }
    }
}

/// The access keys by which a server verifies, and its regions.
#[derive(Debug)]
pub struct Keys {
    keys: BTreeMap<AccessKeyId, AccessKey>,
    /// The regions that are served; empty for all.
    regions: BTreeSet<Region>,
    /// Signs in place of a key that does not exist. Nobody is let in by it.
    nobody: SigningSecret,
}

/// Why an access key is not taken into a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Its id is there already.
    #[error("the access key {0} is there twice")]
    Twice(AccessKeyId),
    /// There are [`KEYS_MAX`].
    #[error("there are more than {KEYS_MAX} access keys")]
    Full,
}

impl Keys {
    /// A table without keys, which refuses everybody, for these regions; none stands for all.
    pub fn none(regions: BTreeSet<Region>) -> Self {
        Self {
            keys: BTreeMap::new(),
            regions,
            nobody: SigningSecret::new(b""),
        }
    }

    /// Adds a key.
    ///
    /// # Errors
    /// If it is there already, or there are too many.
    pub fn add(&mut self, id: AccessKeyId, key: AccessKey) -> Result<(), Refused> {
        if self.keys.contains_key(&id) {
            return Err(Refused::Twice(id));
        }
        if self.keys.len() >= KEYS_MAX {
            return Err(Refused::Full);
        }
        self.keys.insert(id, key);
        Ok(())
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are no keys, so that everybody is refused.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(crate) fn find(&self, id: &str) -> Option<&AccessKey> {
        self.keys.get(id)
    }

    pub(crate) fn nobody(&self) -> &SigningSecret {
        &self.nobody
    }

    pub(crate) fn has_region(&self, region: &Region) -> bool {
        self.regions.is_empty() || self.regions.contains(region)
    }
}

/// The current table. Clones share it.
#[derive(Clone, Debug)]
pub struct KeyStore(Arc<ArcSwap<Keys>>);

impl KeyStore {
    /// A store that holds this table.
    pub fn new(keys: Keys) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(keys)))
    }

    /// Puts another table in its place, for all requests from now on.
    pub fn replace(&self, keys: Keys) {
        self.0.store(Arc::new(keys));
    }

    /// The number of keys of the current table.
    pub fn len(&self) -> usize {
        self.current().len()
    }

    /// Whether everybody is refused now.
    pub fn is_empty(&self) -> bool {
        self.current().is_empty()
    }

    pub(crate) fn current(&self) -> Guard<Arc<Keys>> {
        self.0.load()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_key_id_when_of_other_letters_or_lengths_then_is_none() {
        let long = "a1_".repeat(42);
        for id in ["AKIDEXAMPLE00000", "abc", &long] {
            assert_eq!(AccessKeyId::parse(id).unwrap().as_str(), id);
        }
        let long = "A".repeat(129);
        for id in [
            "",
            "ab",
            &long,
            "AKID/EXAMPLE",
            "AKID EXAMPLE",
            "AKID\u{e9}XAMPLE",
        ] {
            assert_eq!(AccessKeyId::parse(id), None, "{id:?}");
        }
    }
}
