//! A key service in memory, for tests: keys are made, disabled and denied by the test.
//!
//! It answers at once, and its data keys follow from their order alone, so that a run that is
//! repeated has the same. A data key is wrapped to a number behind a mark; the key itself stays
//! here. Nothing is secret about either.

use crate::BUILT_IN_ALIAS;
use crate::{
    Answer, CIPHERTEXT_BYTES_MAX, DataKey, EncryptionContext, KeyArn, KeyError, KeyId, KeyService,
    Place,
};
use millstream_auth::Secret;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What its wrapped data keys begin with.
const MARK: &[u8] = b"wrapped in memory ";
/// What a key may be used for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Everything.
    Enabled,
    /// Nothing, until it is enabled again.
    Disabled,
    /// Nothing: it is to be deleted.
    PendingDeletion,
    /// Nothing by this server.
    Denied,
    /// It is gone.
    Deleted,
}

/// How often each operation was called, whatever was answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallsMade {
    /// DescribeKey.
    pub describe: usize,
    /// GenerateDataKey.
    pub generate: usize,
    /// Decrypt.
    pub decrypt: usize,
}

/// The double.
#[derive(Debug, Default)]
pub struct MemoryKeys(Mutex<Keys>);

#[derive(Debug, Default)]
struct Keys {
    states: BTreeMap<KeyArn, KeyState>,
    aliases: BTreeMap<(Place, String), KeyArn>,
    data_keys: Vec<(KeyArn, EncryptionContext, Secret<32>)>,
    failure: Option<KeyError>,
    calls: CallsMade,
}

impl MemoryKeys {
    /// A key service that has no key but `alias/aws/kinesis` of every place.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a key, which is enabled.
    pub fn create(&self, place: &Place, id: &str) -> KeyArn {
        let key = KeyArn::new(place.clone(), id);
        self.set(&key, KeyState::Enabled);
        key
    }

    /// Gives a key another name: what follows `alias/`.
    pub fn alias(&self, place: &Place, name: &str, key: &KeyArn) {
        let alias = (place.clone(), name.to_owned());
        self.keys().aliases.insert(alias, key.clone());
    }

    /// Says what a key may be used for from now on.
    pub fn set(&self, key: &KeyArn, state: KeyState) {
        self.keys().states.insert(key.clone(), state);
    }

    /// Makes all calls fail from now on, or none: as if it were throttled or unavailable.
    pub fn fail(&self, failure: Option<KeyError>) {
        self.keys().failure = failure;
    }

    /// How often it was called.
    pub fn calls(&self) -> CallsMade {
        self.keys().calls
    }

    /// All data keys that it made: what must be found nowhere.
    pub fn plaintexts(&self) -> Vec<Secret<32>> {
        let keys = self.keys();
        let plaintexts = keys.data_keys.iter().map(|(.., secret)| secret.clone());
        plaintexts.collect()
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keys {
    fn check_failure(&self) -> Result<(), KeyError> {
        self.failure.clone().map_or(Ok(()), Err)
    }

    fn check(&self, key: &KeyArn) -> Result<(), KeyError> {
        self.check_failure()?;
        let state = self.states.get(key).unwrap_or(&KeyState::Deleted);
        let key = key.to_string();
        match state {
            KeyState::Enabled => Ok(()),
            KeyState::Disabled => Err(KeyError::Disabled { key }),
            KeyState::PendingDeletion => Err(KeyError::InvalidState {
                key,
                state: "pending deletion".to_owned(),
            }),
            KeyState::Denied => Err(KeyError::AccessDenied { key }),
            KeyState::Deleted => Err(KeyError::NotFound { key }),
        }
    }

    fn describe(&mut self, place: &Place, key: &KeyId) -> Result<KeyArn, KeyError> {
        self.calls.describe += 1;
        self.check_failure()?;
        let arn = match key {
            KeyId::Id(id) => KeyArn::new(place.clone(), id),
            KeyId::Arn(arn) => arn.clone(),
            KeyId::Alias(name) => self.alias(place, name)?,
            KeyId::AliasArn(place, name) => self.alias(place, name)?,
        };
        self.check(&arn).map(|()| arn)
    }

    fn alias(&mut self, place: &Place, name: &str) -> Result<KeyArn, KeyError> {
        let alias = (place.clone(), name.to_owned());
        if let Some(key) = self.aliases.get(&alias) {
            return Ok(key.clone());
        }
        if name != BUILT_IN_ALIAS {
            let key = format!("alias/{name}");
            return Err(KeyError::NotFound { key });
        }
        let key = KeyArn::new(place.clone(), "00000000-0000-4000-8000-000000000000");
        self.states.insert(key.clone(), KeyState::Enabled);
        self.aliases.insert(alias, key.clone());
        Ok(key)
    }

    fn generate(&mut self, key: &KeyArn, context: &EncryptionContext) -> Result<DataKey, KeyError> {
        self.calls.generate += 1;
        self.check(key)?;
        let number = self.data_keys.len() as u64;
        let plaintext = Secret::filled(|bytes| {
            for (place, byte) in bytes.iter_mut().zip(stretched(number)) {
                *place = byte;
            }
        });
        let made = (key.clone(), context.clone(), plaintext.clone());
        self.data_keys.push(made);
        let ciphertext = [MARK, &number.to_be_bytes()].concat();
        debug_assert!(ciphertext.len() <= CIPHERTEXT_BYTES_MAX);
        Ok(DataKey {
            plaintext,
            ciphertext: ciphertext.into(),
        })
    }

    fn decrypt(
        &mut self,
        key: &KeyArn,
        context: &EncryptionContext,
        ciphertext: &[u8],
    ) -> Result<Secret<32>, KeyError> {
        self.calls.decrypt += 1;
        self.check(key)?;
        let number = ciphertext.strip_prefix(MARK);
        let number = number.and_then(|bytes| bytes.try_into().ok());
        let number = number.map(u64::from_be_bytes);
        let made = number.and_then(|number| self.data_keys.get(usize::try_from(number).ok()?));
        match made {
            Some((of, bound, secret)) if of == key && bound == context => Ok(secret.clone()),
            Some(_) | None => Err(KeyError::AccessDenied {
                key: key.to_string(),
            }),
        }
    }
}

/// Bytes that differ from those of every other number, and look like none of what is stored.
fn stretched(number: u64) -> impl Iterator<Item = u8> {
    (1..=4).flat_map(move |part: u64| {
        let mut word = number.wrapping_mul(4).wrapping_add(part);
        for _ in 0..3 {
            word = (word ^ (word >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        (word ^ (word >> 32)).to_be_bytes()
    })
}

impl KeyService for MemoryKeys {
    fn describe_key<'a>(&'a self, place: &'a Place, key: &'a KeyId) -> Answer<'a, KeyArn> {
        let answer = self.keys().describe(place, key);
        Box::pin(std::future::ready(answer))
    }

    fn generate_data_key<'a>(
        &'a self,
        key: &'a KeyArn,
        context: &'a EncryptionContext,
    ) -> Answer<'a, DataKey> {
        let answer = self.keys().generate(key, context);
        Box::pin(std::future::ready(answer))
    }

    fn decrypt<'a>(
        &'a self,
        key: &'a KeyArn,
        context: &'a EncryptionContext,
        ciphertext: &'a [u8],
    ) -> Answer<'a, Secret<32>> {
        let answer = self.keys().decrypt(key, context, ciphertext);
        Box::pin(std::future::ready(answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_model::{AccountId, Region};
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn place(account: &str) -> Place {
        Place {
            account: AccountId::parse(account).unwrap(),
            region: Region::us_east_1(),
        }
    }

    fn context(value: &str) -> EncryptionContext {
        EncryptionContext {
            name: "aws:kinesis:arn",
            value: value.to_owned(),
        }
    }

    /// An answer that is there at once.
    fn now<T>(answer: Answer<'_, T>) -> Result<T, KeyError> {
        match pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer,
            Poll::Pending => panic!("it waits"),
        }
    }

    fn found(keys: &MemoryKeys, place: &Place, text: &str) -> Result<KeyArn, KeyError> {
        let id = KeyId::parse(text).unwrap();
        now(keys.describe_key(place, &id))
    }

    #[test]
    fn key_when_named_in_any_form_then_is_the_same_and_each_place_has_one_built_in() {
        let (keys, here, there) = (
            MemoryKeys::new(),
            place("111111111111"),
            place("222222222222"),
        );
        let key = keys.create(&here, "a-1");
        keys.alias(&here, "orders", &key);
        let text = key.to_string();
        let alias_arn = text.replace("key/a-1", "alias/orders");
        for name in ["a-1", &text, "alias/orders", &alias_arn] {
            assert_eq!(found(&keys, &here, name), Ok(key.clone()), "{name}");
        }
        for name in [&text, &alias_arn] {
            assert_eq!(found(&keys, &there, name), Ok(key.clone()), "{name}");
        }
        for name in ["a-1", "alias/orders", "b-2", "alias/other"] {
            let refused = found(&keys, &there, name).unwrap_err();
            assert!(matches!(refused, KeyError::NotFound { .. }), "{name}");
        }
        let [mine, theirs] = [&here, &there].map(|it| found(&keys, it, "alias/aws/kinesis"));
        assert_eq!(mine, found(&keys, &here, "alias/aws/kinesis"));
        assert_ne!(mine, theirs);
    }

    #[test]
    fn data_key_when_made_then_unwraps_under_its_key_and_context_alone() {
        let (keys, here) = (MemoryKeys::new(), place("111111111111"));
        let [a, b] = ["a", "b"].map(|id| keys.create(&here, id));
        let [first, second] =
            [1, 2].map(|_| now(keys.generate_data_key(&a, &context("x"))).unwrap());
        assert_ne!(first.plaintext, second.plaintext);
        assert_ne!(first.ciphertext, second.ciphertext);
        let of = |key, value, text: &[u8]| now(keys.decrypt(key, &context(value), text));
        assert_eq!(of(&a, "x", &first.ciphertext), Ok(first.plaintext));
        assert_eq!(of(&a, "x", &second.ciphertext), Ok(second.plaintext));
        for (key, value, text) in [
            (&b, "x", &first.ciphertext[..]),
            (&a, "y", &first.ciphertext),
            (&a, "x", b"other"),
            (&a, "x", &first.ciphertext[1..]),
        ] {
            let refused = of(key, value, text).unwrap_err();
            assert!(matches!(refused, KeyError::AccessDenied { .. }));
        }
        let calls = CallsMade {
            describe: 0,
            generate: 2,
            decrypt: 6,
        };
        assert_eq!(keys.calls(), calls);
        assert_eq!(keys.plaintexts().len(), 2);
    }

    #[test]
    fn key_when_it_may_not_be_used_then_no_operation_works_until_it_may() {
        let (keys, here) = (MemoryKeys::new(), place("111111111111"));
        let key = keys.create(&here, "a");
        let made = now(keys.generate_data_key(&key, &context("x"))).unwrap();
        let all = || {
            let text = key.to_string();
            [
                found(&keys, &here, &text).map(drop),
                now(keys.generate_data_key(&key, &context("x"))).map(drop),
                now(keys.decrypt(&key, &context("x"), &made.ciphertext)).map(drop),
            ]
        };
        let name = || key.to_string();
        let invalid = KeyError::InvalidState {
            key: name(),
            state: "pending deletion".to_owned(),
        };
        for (state, error) in [
            (KeyState::Disabled, KeyError::Disabled { key: name() }),
            (KeyState::PendingDeletion, invalid),
            (KeyState::Denied, KeyError::AccessDenied { key: name() }),
            (KeyState::Deleted, KeyError::NotFound { key: name() }),
        ] {
            keys.set(&key, state);
            assert_eq!(all(), [1, 2, 3].map(|_| Err(error.clone())));
            keys.set(&key, KeyState::Enabled);
            assert_eq!(all(), [Ok(()), Ok(()), Ok(())]);
        }
        keys.fail(Some(KeyError::Throttled));
        assert_eq!(all(), [1, 2, 3].map(|_| Err(KeyError::Throttled)));
        keys.fail(None);
        assert_eq!(all(), [Ok(()), Ok(()), Ok(())]);
    }
}
