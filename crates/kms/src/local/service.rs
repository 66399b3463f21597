//! The key service over a keyring's file, which it follows.
//!
//! A change of the file is in force within a second. While the file cannot be read, is emptied or
//! damaged, every answer is [`KeyError::Unavailable`]: the keys that were read before are given up,
//! since one of them may have been disabled. The only key that the service makes is the built-in
//! one of an account and region, at its first use, and only in a file that it can read.

use crate::BUILT_IN_ALIAS;
use crate::key::{KeyArn, KeyId, Place, alias_arn};
use crate::local::file::{KeyringError, KeyringFile, Missing};
use crate::local::keyring::{Change, Key, KeyState, Keyring};
use crate::local::wrapping::{self, Unopened};
use crate::{Answer, DataKey, EncryptionContext, KeyError, KeyService};
use arc_swap::ArcSwap;
use aws_lc_rs::digest::{SHA256, digest};
use millstream_auth::Secret;
use millstream_env::{Env, Timestamp};
use parking_lot::Mutex;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::oneshot;

/// The time between two looks at the file. With [`BAD_LOOKS`] a change is in force well within a
/// second.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// After so many looks at a file that cannot be used its keys are given up.
const BAD_LOOKS: u32 = 2;
/// How often a change is tried while another process has the file, and the time between two tries.
const CHANGE_TRIES: u32 = 20;
const CHANGE_INTERVAL: Duration = Duration::from_millis(50);

/// A key service over a keyring's file. Clones are the same.
#[derive(Clone)]
pub struct LocalKeys(Arc<Shared>);

struct Shared {
    env: Env,
    file: KeyringFile,
    current: ArcSwap<Current>,
    /// Held while the file is read or changed, until the result is current.
    look: Mutex<Look>,
}

impl fmt::Debug for LocalKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LocalKeys").field(&self.0.file).finish()
    }
}

/// What answers are given by.
#[derive(Debug)]
enum Current {
    Usable(Keyring),
    /// Why there is none.
    Unusable(String),
}

/// What the last looks found.
struct Look {
    /// The hash of the file that is current; `None` while there is none.
    print: Option<Vec<u8>>,
    /// The number of looks in a row at something that cannot be used.
    bad: u32,
    said: String,
}

fn print(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

impl LocalKeys {
    /// Reads a keyring, and follows it from now on. It blocks.
    ///
    /// # Errors
    /// If it cannot be used.
    pub fn open(file: KeyringFile, env: &Env) -> Result<Self, KeyringError> {
        let bytes = file.read_bytes()?;
        let keyring = file.decode(&bytes)?;
        file.sync_name()?;
        let look = Look {
            print: Some(print(&bytes)),
            bad: 0,
            said: String::new(),
        };
        let shared = Arc::new(Shared {
            env: env.clone(),
            file,
            current: ArcSwap::from_pointee(Current::Usable(keyring)),
            look: Mutex::new(look),
        });
        let following = follow(Arc::downgrade(&shared), env.clone());
        env.tasks.spawn("keyring", Box::pin(following));
        Ok(Self(shared))
    }
}

impl Shared {
    /// Looks at the file, and takes what has changed. It blocks.
    fn look(&self) {
        let mut look = self.look.lock();
        let read = self.file.read_bytes();
        let read = read.and_then(|bytes| {
            let print = print(&bytes);
            if look.print.as_ref() == Some(&print) {
                return Ok(None);
            }
            let keyring = self.file.decode(&bytes)?;
            self.file.sync_name()?;
            Ok(Some((print, keyring)))
        });
        match read {
            Ok(None) => look.bad = 0,
            Ok(Some((print, keyring))) => {
                look.bad = 0;
                look.said.clear();
                look.print = Some(print);
                self.tell(&keyring);
                self.current.store(Arc::new(Current::Usable(keyring)));
            }
            Err(error) => {
                look.bad = look.bad.saturating_add(1);
                if look.bad < BAD_LOOKS {
                    return;
                }
                look.print = None;
                let error = error.to_string();
                if error != look.said {
                    look.said.clone_from(&error);
                    tracing::error!(
                        error,
                        "no data key is made or unwrapped until the keyring can be read"
                    );
                }
                self.current.store(Arc::new(Current::Unusable(error)));
            }
        }
    }

    /// Says what has changed, and above all what has gone: it was needed for what it has wrapped.
    fn tell(&self, keyring: &Keyring) {
        let path = self.file.path().display();
        if let Current::Usable(before) = &**self.current.load() {
            let now = self.env.clock.now();
            for (arn, key) in before.keys() {
                if key.state.is_gone(now) {
                    continue;
                }
                let kept = keyring.keys.get(arn);
                let is_kept = |material| kept.is_some_and(|key| key.materials.contains(material));
                if !key.materials.iter().all(is_kept) {
                    tracing::warn!("{path} has lost material of {arn}: is it an older copy?");
                }
            }
        }
        let keys = keyring.keys.len();
        tracing::info!(keys, "the keys of {path} are in force");
    }

    /// Makes the built-in key of a place, unless it was made meanwhile. It blocks. Keys whose
    /// deletion is due stay: only an operator's command removes them, since a clock may be wrong.
    fn make_built_in(&self, place: &Place) -> Result<(), KeyringError> {
        let mut look = self.look.lock();
        let change = Change {
            now: self.env.clock.now(),
            random: &*self.env.random,
        };
        let (made, keyring) = self.file.change(Missing::Refused, |keyring| {
            if keyring.aliased(place, BUILT_IN_ALIAS, change.now).is_some() {
                return Ok(None);
            }
            keyring.check_built_in(&place.account)?;
            let arn = keyring.create(place.clone(), change)?;
            keyring.set_alias(&arn, BUILT_IN_ALIAS, change.now)?;
            Ok(Some(arn))
        })?;
        if let Some(arn) = made {
            let path = self.file.path().display();
            tracing::info!(
                "made {arn} for alias/{BUILT_IN_ALIAS} in {path}: keep a copy of the file"
            );
        }
        look.print = None;
        look.bad = 0;
        self.current.store(Arc::new(Current::Usable(keyring)));
        Ok(())
    }

    /// The same from a task.
    async fn have_built_in(self: Arc<Self>, place: Place) -> Result<(), KeyError> {
        let mut tries = 0;
        loop {
            let (own, at) = (Arc::clone(&self), place.clone());
            let (tell, told) = oneshot::channel();
            // The receiver is gone if nobody waits for the answer.
            let work = move || drop(tell.send(own.make_built_in(&at)));
            self.env.tasks.run_blocking(Box::new(work)).await;
            let made = told.await.map_err(|_| unavailable("it is being stopped"))?;
            tries += 1;
            match made {
                Err(KeyringError::Busy { .. }) if tries < CHANGE_TRIES => {
                    self.env.clock.sleep(CHANGE_INTERVAL).await;
                }
                made => return made.map_err(|error| unavailable(&error.to_string())),
            }
        }
    }

    /// Finds the key that is meant; `None` if it is the built-in one of a place, which is yet to be
    /// made.
    fn find(&self, place: &Place, key: &KeyId) -> Result<Option<KeyArn>, KeyError> {
        let now = self.env.clock.now();
        let current = self.current.load();
        let keyring = current.usable()?;
        let (at, alias) = match key {
            KeyId::Id(id) => {
                let arn = KeyArn::new(place.clone(), id);
                return enabled(keyring, &arn, now).map(|_| Some(arn));
            }
            KeyId::Arn(arn) => {
                may_use(place, arn.place(), || arn.to_string())?;
                return enabled(keyring, arn, now).map(|_| Some(arn.clone()));
            }
            KeyId::Alias(alias) => (place, alias),
            KeyId::AliasArn(at, alias) => (at, alias),
        };
        let named = || alias_arn(at, alias);
        may_use(place, at, named)?;
        match keyring.aliased(at, alias, now) {
            Some(arn) => enabled(keyring, arn, now).map(|_| Some(arn.clone())),
            None if alias == BUILT_IN_ALIAS => Ok(None),
            None => Err(KeyError::NotFound { key: named() }),
        }
    }

    fn generate(&self, arn: &KeyArn, context: &EncryptionContext) -> Result<DataKey, KeyError> {
        let current = self.current.load();
        let key = enabled(current.usable()?, arn, self.env.clock.now())?;
        let wrapped = wrapping::wrap(arn, key, context, &*self.env.random);
        wrapped.ok_or_else(|| unavailable("the cipher failed"))
    }

    fn open_data_key(
        &self,
        arn: &KeyArn,
        context: &EncryptionContext,
        wrapped: &[u8],
    ) -> Result<Secret<32>, KeyError> {
        let current = self.current.load();
        let key = enabled(current.usable()?, arn, self.env.clock.now())?;
        let opened = wrapping::unwrap(arn, key, context, wrapped);
        opened.map_err(|unopened| match unopened {
            Unopened::Form | Unopened::Seal => KeyError::AccessDenied {
                key: arn.to_string(),
            },
            Unopened::Material(number) => KeyError::MaterialMissing {
                why: format!(
                    "{} has no material {number} of {arn}: put the newest copy of it back",
                    self.file.path().display()
                ),
            },
        })
    }
}

/// Looks for ever, each time on a thread that may block.
async fn follow(shared: Weak<Shared>, env: Env) {
    loop {
        env.clock.sleep(LOOK_INTERVAL).await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let work = move || shared.look();
        env.tasks.run_blocking(Box::new(work)).await;
    }
}

impl Current {
    fn usable(&self) -> Result<&Keyring, KeyError> {
        match self {
            Self::Usable(keyring) => Ok(keyring),
            Self::Unusable(why) => Err(unavailable(why)),
        }
    }
}

/// Whether a key of one place may be used from another: nobody lets other accounts use a key of a
/// keyring, and a key is used in its own region alone.
fn may_use(from: &Place, at: &Place, named: impl Fn() -> String) -> Result<(), KeyError> {
    if from.account != at.account {
        return Err(KeyError::AccessDenied { key: named() });
    }
    if from.region != at.region {
        return Err(KeyError::NotFound { key: named() });
    }
    Ok(())
}

/// A key that may be used now.
fn enabled<'a>(keyring: &'a Keyring, arn: &KeyArn, now: Timestamp) -> Result<&'a Key, KeyError> {
    let key = || arn.to_string();
    let found = keyring.key(arn, now);
    let found = found.ok_or_else(|| KeyError::NotFound { key: key() })?;
    match found.state {
        KeyState::Enabled => Ok(found),
        KeyState::Disabled => Err(KeyError::Disabled { key: key() }),
        KeyState::PendingDeletion { .. } => Err(KeyError::InvalidState {
            key: key(),
            state: "pending deletion".to_owned(),
        }),
    }
}

fn unavailable(why: &str) -> KeyError {
    let why = why.to_owned();
    KeyError::Unavailable { why }
}

impl KeyService for LocalKeys {
    fn describe_key<'a>(&'a self, place: &'a Place, key: &'a KeyId) -> Answer<'a, KeyArn> {
        Box::pin(async move {
            if let Some(found) = self.0.find(place, key)? {
                return Ok(found);
            }
            Arc::clone(&self.0).have_built_in(place.clone()).await?;
            let found = self.0.find(place, key)?;
            found.ok_or_else(|| unavailable("the built-in key was removed as it was made"))
        })
    }

    fn generate_data_key<'a>(
        &'a self,
        key: &'a KeyArn,
        context: &'a EncryptionContext,
    ) -> Answer<'a, DataKey> {
        Box::pin(std::future::ready(self.0.generate(key, context)))
    }

    fn decrypt<'a>(
        &'a self,
        key: &'a KeyArn,
        context: &'a EncryptionContext,
        ciphertext: &'a [u8],
    ) -> Answer<'a, Secret<32>> {
        Box::pin(std::future::ready(
            self.0.open_data_key(key, context, ciphertext),
        ))
    }
}

#[cfg(test)]
mod tests;
