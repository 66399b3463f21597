//! What keys there are: their states, aliases and key materials, and how all of these change.
//!
//! A key whose deletion is due is gone for everyone who asks, and its material goes with the next
//! change. Materials are never removed otherwise: each may have wrapped data keys.

use crate::BUILT_IN_ALIAS;
use crate::key::{KeyArn, KeyId, Place};
use millstream_auth::Secret;
use millstream_env::{Random, Timestamp};
use millstream_model::AccountId;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What begins the aliases that are the service's.
const RESERVED_ALIASES: &str = "aws/";
/// Maximum number of keys in a file.
pub(super) const KEYS_MAX: usize = 4096;
/// Maximum number of built-in keys of an account: one for each of its regions.
const BUILT_IN_KEYS_MAX: usize = 64;
/// Maximum number of a key's materials: a rotation a week for 19 years.
pub(super) const MATERIALS_MAX: usize = 1000;
/// Maximum number of a key's aliases: AWS KMS's.
pub(super) const ALIASES_MAX: usize = 50;
/// The days until a key is deleted: AWS KMS's.
const DELETION_DAYS: std::ops::RangeInclusive<u16> = 7..=30;

/// The keys of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keyring {
    pub(super) keys: BTreeMap<KeyArn, Key>,
}

/// A KMS key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// When it was made.
    pub created: Timestamp,
    /// Whether it may be used.
    pub state: KeyState,
    /// Its aliases, without `alias/`.
    pub aliases: BTreeSet<String>,
    /// Its materials, by their numbers: one or more, and the last one wraps.
    pub materials: Vec<Material>,
}

/// Whether a key may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It may.
    Enabled,
    /// It may not for now.
    Disabled,
    /// It may not, and will be gone.
    PendingDeletion {
        /// From then on.
        due: Timestamp,
    },
}

impl KeyState {
    /// AWS KMS's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion { .. } => "PendingDeletion",
        }
    }

    /// Whether a key in this state is gone.
    pub fn is_gone(self, now: Timestamp) -> bool {
        match self {
            Self::Enabled | Self::Disabled => false,
            Self::PendingDeletion { due } => due <= now,
        }
    }
}

/// What wraps: a rotation adds one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Material {
    /// Its number: 1 is the first.
    pub number: u32,
    /// When it was made.
    pub created: Timestamp,
    pub(super) secret: Secret<32>,
}

impl Material {
    fn draw(number: u32, created: Timestamp, random: &dyn Random) -> Self {
        let secret = Secret::filled(|bytes| random.fill(bytes));
        Self {
            number,
            created,
            secret,
        }
    }
}

/// Why keys are not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// There is no such key.
    #[error("there is no key {0}")]
    NoSuchKey(String),
    /// There is no such alias.
    #[error("there is no alias {0}")]
    NoSuchAlias(String),
    /// The name is that of several keys, in several accounts or regions.
    #[error("{0} is in several accounts or regions: give its ARN")]
    Ambiguous(String),
    /// The key's state does not allow it.
    #[error("{key} is {state}: it has to be {expected}")]
    State {
        /// The key's ARN.
        key: String,
        /// Its state.
        state: &'static str,
        /// The states that allow it.
        expected: &'static str,
    },
    /// The days are too few or too many.
    #[error("a key is deleted after {} to {} days", DELETION_DAYS.start(), DELETION_DAYS.end())]
    Days,
    /// The alias is one that only the service has.
    #[error("alias/{0}: of the aliases that begin with aws/ there is only alias/{BUILT_IN_ALIAS}")]
    Reserved(String),
    /// It is the name of something else.
    #[error("{0} is no alias: write alias/NAME, or an alias's ARN")]
    NoAlias(String),
    /// Another key has the alias.
    #[error("{alias} is that of {key}; `millstream keys alias` moves it")]
    Taken {
        /// The alias.
        alias: String,
        /// The key's ARN.
        key: String,
    },
    /// The alias is of another account or region than the key.
    #[error("{alias} cannot be that of {key}: they are of different accounts or regions")]
    Elsewhere {
        /// The alias's ARN.
        alias: String,
        /// The key's ARN.
        key: String,
    },
    /// There are too many of something.
    #[error("there are {max} {what} already, which is as many as there may be")]
    Full {
        /// Their number.
        max: usize,
        /// What they are.
        what: &'static str,
    },
}

/// What a change needs of the world.
#[derive(Clone, Copy)]
pub struct Change<'a> {
    /// The time.
    pub now: Timestamp,
    /// Chance, for ids and materials.
    pub random: &'a dyn Random,
}

impl Keyring {
    /// All keys, by place and id.
    pub fn keys(&self) -> impl Iterator<Item = (&KeyArn, &Key)> {
        self.keys.iter()
    }

    /// A key, unless it is gone.
    pub fn key(&self, arn: &KeyArn, now: Timestamp) -> Option<&Key> {
        self.keys.get(arn).filter(|key| !key.state.is_gone(now))
    }

    /// The key that has an alias at a place.
    pub fn aliased(&self, place: &Place, alias: &str, now: Timestamp) -> Option<&KeyArn> {
        let there = |(arn, key): &(&KeyArn, &Key)| {
            arn.place() == place && key.aliases.contains(alias) && !key.state.is_gone(now)
        };
        self.keys().find(there).map(|(arn, _)| arn)
    }

    /// The key that an operator means: a name without account and region has to be that of one key
    /// in the whole file.
    ///
    /// # Errors
    /// If there is none, or there are several.
    pub fn meant(&self, key: &KeyId, now: Timestamp) -> Result<KeyArn, ChangeError> {
        self.only(key, now, ChangeError::NoSuchKey)
    }

    fn only(
        &self,
        key: &KeyId,
        now: Timestamp,
        none: fn(String) -> ChangeError,
    ) -> Result<KeyArn, ChangeError> {
        let is_meant = |(arn, found): &(&KeyArn, &Key)| match key {
            KeyId::Id(id) => arn.id() == id,
            KeyId::Arn(meant) => *arn == meant,
            KeyId::Alias(alias) => found.aliases.contains(alias),
            KeyId::AliasArn(place, alias) => arn.place() == place && found.aliases.contains(alias),
        };
        let there = self.keys().filter(|(_, key)| !key.state.is_gone(now));
        let mut meant = there.filter(is_meant).map(|(arn, _)| arn);
        match (meant.next(), meant.next()) {
            (None, _) => Err(none(key.to_string())),
            (Some(arn), None) => Ok(arn.clone()),
            (Some(_), Some(_)) => Err(ChangeError::Ambiguous(key.to_string())),
        }
    }

    /// Makes a key.
    ///
    /// # Errors
    /// If there are too many.
    pub fn create(&mut self, place: Place, change: Change<'_>) -> Result<KeyArn, ChangeError> {
        if self.keys.len() >= KEYS_MAX {
            let what = "keys";
            return Err(ChangeError::Full {
                max: KEYS_MAX,
                what,
            });
        }
        let mut id = [0; 16];
        change.random.fill(&mut id);
        let id = uuid::Builder::from_random_bytes(id).into_uuid();
        let arn = KeyArn::new(place, &id.to_string());
        let key = Key {
            created: change.now,
            state: KeyState::Enabled,
            aliases: BTreeSet::new(),
            materials: vec![Material::draw(1, change.now, change.random)],
        };
        self.keys.insert(arn.clone(), key);
        Ok(arn)
    }

    /// Gives a key another material, which wraps from now on.
    ///
    /// # Errors
    /// If there is no such key, it is not enabled, or has too many.
    pub fn rotate(&mut self, arn: &KeyArn, change: Change<'_>) -> Result<(), ChangeError> {
        let key = self.changing(arn, change.now)?;
        match key.state {
            KeyState::Enabled => (),
            KeyState::Disabled | KeyState::PendingDeletion { .. } => {
                return Err(in_state(arn, key.state, "Enabled"));
            }
        }
        if key.materials.len() >= MATERIALS_MAX {
            let what = "materials of the key";
            return Err(ChangeError::Full {
                max: MATERIALS_MAX,
                what,
            });
        }
        let last = key.materials.last().map_or(0, |material| material.number);
        let next = Material::draw(last.saturating_add(1), change.now, change.random);
        key.materials.push(next);
        Ok(())
    }

    /// Enables or disables a key; nothing changes if it is so already.
    ///
    /// # Errors
    /// If there is no such key, or it is to be deleted.
    pub fn set_state(
        &mut self,
        arn: &KeyArn,
        usable: Usable,
        now: Timestamp,
    ) -> Result<(), ChangeError> {
        let key = self.changing(arn, now)?;
        match key.state {
            KeyState::Enabled | KeyState::Disabled => {
                key.state = match usable {
                    Usable::Yes => KeyState::Enabled,
                    Usable::No => KeyState::Disabled,
                };
                Ok(())
            }
            KeyState::PendingDeletion { .. } => {
                Err(in_state(arn, key.state, "Enabled or Disabled"))
            }
        }
    }

    /// Schedules a key's deletion, and says when it is due.
    ///
    /// # Errors
    /// If there is no such key, its deletion is scheduled already, or the days are too few or many.
    pub fn schedule_deletion(
        &mut self,
        arn: &KeyArn,
        days: u16,
        now: Timestamp,
    ) -> Result<Timestamp, ChangeError> {
        if !DELETION_DAYS.contains(&days) {
            return Err(ChangeError::Days);
        }
        let key = self.changing(arn, now)?;
        match key.state {
            KeyState::Enabled | KeyState::Disabled => {
                let due = now.plus(Duration::from_hours(24 * u64::from(days)));
                key.state = KeyState::PendingDeletion { due };
                Ok(due)
            }
            KeyState::PendingDeletion { .. } => {
                Err(in_state(arn, key.state, "Enabled or Disabled"))
            }
        }
    }

    /// Keeps a key that was to be deleted. It is disabled then, as on AWS.
    ///
    /// # Errors
    /// If there is no such key, or it is not to be deleted.
    pub fn cancel_deletion(&mut self, arn: &KeyArn, now: Timestamp) -> Result<(), ChangeError> {
        let key = self.changing(arn, now)?;
        match key.state {
            KeyState::Enabled | KeyState::Disabled => {
                Err(in_state(arn, key.state, "PendingDeletion"))
            }
            KeyState::PendingDeletion { .. } => {
                key.state = KeyState::Disabled;
                Ok(())
            }
        }
    }

    /// Gives an alias to a key, and takes it from another one of the same place.
    ///
    /// # Errors
    /// If there is no such key, it is to be deleted, or the alias cannot be given.
    pub fn set_alias(
        &mut self,
        arn: &KeyArn,
        alias: &str,
        now: Timestamp,
    ) -> Result<(), ChangeError> {
        if alias.starts_with(RESERVED_ALIASES) && alias != BUILT_IN_ALIAS {
            return Err(ChangeError::Reserved(alias.to_owned()));
        }
        let key = self.changing(arn, now)?;
        match key.state {
            KeyState::Enabled | KeyState::Disabled => (),
            KeyState::PendingDeletion { .. } => {
                return Err(in_state(arn, key.state, "Enabled or Disabled"));
            }
        }
        if key.aliases.contains(alias) {
            return Ok(());
        }
        if key.aliases.len() >= ALIASES_MAX {
            let what = "aliases of the key";
            return Err(ChangeError::Full {
                max: ALIASES_MAX,
                what,
            });
        }
        for (other, key) in &mut self.keys {
            if other.place() == arn.place() {
                key.aliases.remove(alias);
            }
        }
        let key = self.changing(arn, now)?;
        key.aliases.insert(alias.to_owned());
        Ok(())
    }

    /// The same if no key of the place has the alias.
    ///
    /// # Errors
    /// If one has, and as [`Keyring::set_alias`].
    pub fn give_alias(
        &mut self,
        arn: &KeyArn,
        alias: &str,
        now: Timestamp,
    ) -> Result<(), ChangeError> {
        if let Some(holder) = self.aliased(arn.place(), alias, now) {
            return Err(ChangeError::Taken {
                alias: format!("alias/{alias}"),
                key: holder.to_string(),
            });
        }
        self.set_alias(arn, alias, now)
    }

    /// The same for an alias as an operator names it: an ARN has to be of the key's place.
    ///
    /// # Errors
    /// If it is no alias or of another place, and as [`Keyring::set_alias`].
    pub fn move_alias(
        &mut self,
        arn: &KeyArn,
        alias: &KeyId,
        now: Timestamp,
    ) -> Result<(), ChangeError> {
        match alias {
            KeyId::Alias(name) => self.set_alias(arn, name, now),
            KeyId::AliasArn(place, name) if place == arn.place() => self.set_alias(arn, name, now),
            KeyId::AliasArn(..) => Err(ChangeError::Elsewhere {
                alias: alias.to_string(),
                key: arn.to_string(),
            }),
            KeyId::Id(_) | KeyId::Arn(_) => Err(ChangeError::NoAlias(alias.to_string())),
        }
    }

    /// Removes an alias from the key that has it.
    ///
    /// # Errors
    /// If there is no such alias, or there are several.
    pub fn remove_alias(&mut self, alias: &KeyId, now: Timestamp) -> Result<KeyArn, ChangeError> {
        let name = match alias {
            KeyId::Alias(name) | KeyId::AliasArn(_, name) => name,
            KeyId::Id(_) | KeyId::Arn(_) => return Err(ChangeError::NoAlias(alias.to_string())),
        };
        let arn = self.only(alias, now, ChangeError::NoSuchAlias)?;
        self.changing(&arn, now)?.aliases.remove(name);
        Ok(arn)
    }

    /// Refuses one more built-in key of an account that has as many as it may: its clients choose
    /// the regions.
    ///
    /// # Errors
    /// If it has.
    pub(super) fn check_built_in(&self, account: &AccountId) -> Result<(), ChangeError> {
        let own = self.keys.iter().filter(|(arn, key)| {
            arn.place().account == *account && key.aliases.contains(BUILT_IN_ALIAS)
        });
        if own.count() < BUILT_IN_KEYS_MAX {
            return Ok(());
        }
        Err(ChangeError::Full {
            max: BUILT_IN_KEYS_MAX,
            what: "regions of an account with a key of their own",
        })
    }

    /// Removes the keys whose deletion is due, with all their materials.
    pub fn remove_gone(&mut self, now: Timestamp) -> Vec<KeyArn> {
        let gone = self.keys.extract_if(.., |_, key| key.state.is_gone(now));
        gone.map(|(arn, _)| arn).collect()
    }

    fn changing(&mut self, arn: &KeyArn, now: Timestamp) -> Result<&mut Key, ChangeError> {
        let key = self.keys.get_mut(arn);
        key.filter(|key| !key.state.is_gone(now))
            .ok_or_else(|| ChangeError::NoSuchKey(arn.to_string()))
    }
}

/// Whether a key is to be usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usable {
    /// Enabled.
    Yes,
    /// Disabled.
    No,
}

fn in_state(arn: &KeyArn, state: KeyState, expected: &'static str) -> ChangeError {
    ChangeError::State {
        key: arn.to_string(),
        state: state.name(),
        expected,
    }
}

#[cfg(test)]
pub(super) mod tests;
