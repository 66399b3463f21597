//! Signing keys: derived from a secret for a day, a region and a service, and remembered.
//!
//! The state of the HMAC is kept, not the bytes of a key; aws-lc overwrites it when it is dropped.
//! What is remembered belongs to the access key, so that it ends with it.

use crate::signature::TERMINATOR;
use crate::signature::hex::HASH_BYTES;
use arc_swap::ArcSwap;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

#[cfg(test)]
use crate::signature::work::{Step, note};

/// How many derived keys an access key keeps: those of two regions, before and after midnight.
/// Others are derived again, which takes four HMACs.
const REMEMBERED_MAX: usize = 4;

/// What an access key signs with: its secret, which cannot be read back.
pub(crate) struct SigningSecret {
    /// The HMAC keyed with "AWS4" and the secret.
    root: Key,
    /// The derived keys that verified a signature, oldest first.
    remembered: ArcSwap<Vec<Arc<Derived>>>,
}

/// The key of a day, a region and a service.
struct Derived {
    day: Box<str>,
    region: Box<str>,
    service: &'static str,
    key: Key,
}

/// A signing key, and whether it was there already.
pub(crate) struct SigningKey {
    derived: Arc<Derived>,
    was_remembered: bool,
}

impl SigningSecret {
    /// A secret, of which nothing but the state of its HMAC is kept.
    pub(crate) fn new(secret: &[u8]) -> Self {
        let mut root = Zeroizing::new(Vec::with_capacity(4 + secret.len()));
        root.extend_from_slice(b"AWS4");
        root.extend_from_slice(secret);
        Self {
            root: Key::new(HMAC_SHA256, &root),
            remembered: ArcSwap::default(),
        }
    }

    /// The key for a scope: remembered or derived.
    pub(crate) fn for_scope(&self, day: &str, region: &str, service: &'static str) -> SigningKey {
        let remembered = self.remembered.load();
        let scope = (day, region, service);
        let found = remembered.iter().find(|key| key.scope() == scope);
        match found {
            Some(derived) => SigningKey {
                derived: Arc::clone(derived),
                was_remembered: true,
            },
            None => SigningKey {
                derived: Arc::new(self.derive(day, region, service)),
                was_remembered: false,
            },
        }
    }

    /// Remembers a key that has verified a signature. Nobody without the secret gets so far, so
    /// strangers push nothing out.
    pub(crate) fn remember(&self, key: &SigningKey) {
        if key.was_remembered {
            return;
        }
        self.remembered.rcu(|before| {
            let kept = before.len().saturating_sub(REMEMBERED_MAX - 1);
            let mut after = before[kept..].to_vec();
            after.push(Arc::clone(&key.derived));
            after
        });
    }

    /// Derives a key in vain if it was remembered: a refused signature then takes as much work as
    /// one by an access key that does not exist, whose keys are never remembered.
    pub(crate) fn even_out(&self, key: &SigningKey) {
        if key.was_remembered {
            let (day, region, service) = key.derived.scope();
            let derived = self.derive(day, region, service);
            std::hint::black_box(&derived);
        }
    }

    fn derive(&self, day: &str, region: &str, service: &'static str) -> Derived {
        #[cfg(test)]
        note(Step::Derive);
        let mut key = sign(&self.root, day.as_bytes());
        for part in [region, service, TERMINATOR] {
            key = sign(&Key::new(HMAC_SHA256, key.as_ref()), part.as_bytes());
        }
        Derived {
            day: day.into(),
            region: region.into(),
            service,
            key: Key::new(HMAC_SHA256, key.as_ref()),
        }
    }
}

impl Derived {
    fn scope(&self) -> (&str, &str, &'static str) {
        (&self.day, &self.region, self.service)
    }
}

impl SigningKey {
    /// The signature of a string.
    pub(crate) fn sign(&self, string: &[u8]) -> [u8; HASH_BYTES] {
        #[cfg(test)]
        note(Step::Sign);
        let tag = sign(&self.derived.key, string);
        tag.as_ref()
            .try_into()
            .expect("an HMAC of SHA-256 has its size")
    }
}

/// The hash of some bytes.
pub(crate) fn hash(bytes: &[u8]) -> [u8; HASH_BYTES] {
    #[cfg(test)]
    note(Step::Hash);
    let digest = digest(&SHA256, bytes);
    digest.as_ref().try_into().expect("SHA-256 has its size")
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_when_many_are_remembered_then_the_newest_stay() {
        let secret = SigningSecret::new(b"secret");
        for day in ["1", "2", "3", "4", "5", "5"] {
            let key = secret.for_scope(day, "r", "s");
            secret.remember(&key);
            assert!(secret.remembered.load().len() <= REMEMBERED_MAX);
        }
        let is_remembered = |day, region| secret.for_scope(day, region, "s").was_remembered;
        assert!(!is_remembered("1", "r") && !is_remembered("5", "s"));
        assert!(
            ["2", "3", "4", "5"]
                .into_iter()
                .all(|day| is_remembered(day, "r"))
        );
    }

    #[test]
    fn secret_when_printed_then_is_stars() {
        let secret = SigningSecret::new(b"CANARY");
        assert_eq!(format!("{secret:?} {secret:#?}"), "*** ***");
    }
}
