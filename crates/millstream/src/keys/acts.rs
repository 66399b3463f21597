//! `millstream keys`: makes, rotates, disables, deletes, names and lists KMS keys in a keyring.
//!
//! Key material is never printed, not even once: nobody but a server has a use for it.

use crate::keys::command::{Action, Alias, Create, Delete, Keys, List, Which};
use millstream_env::Timestamp;
use millstream_kms::local::{
    Change, ChangeError, Key, KeyState, Keyring, KeyringError, KeyringFile,
};
use millstream_kms::local::{Missing, Usable};
use millstream_kms::{KeyArn, Place};
use millstream_tools::terminal::Table;
use millstream_tools::{Failure, Surroundings};
use serde_json::{Value, json};
use std::path::PathBuf;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Does it.
///
/// # Errors
/// If the keyring cannot be read or written, or the keys cannot be changed so.
pub fn run(keys: Keys, surroundings: &Surroundings) -> Result<(), Failure> {
    let around = Around(surroundings);
    match keys.action {
        Action::Create(create) => around.create(create),
        Action::List(list) => around.list(list),
        Action::Rotate(which) => around.change(which, Keyring::rotate),
        Action::Enable(which) => around.change(which, |keyring, arn, change| {
            keyring.set_state(arn, Usable::Yes, change.now)
        }),
        Action::Disable(which) => around.change(which, |keyring, arn, change| {
            keyring.set_state(arn, Usable::No, change.now)
        }),
        Action::Delete(delete) => around.delete(delete),
        Action::CancelDeletion(which) => around.change(which, |keyring, arn, change| {
            keyring.cancel_deletion(arn, change.now)
        }),
        Action::Alias(alias) => around.alias(alias),
    }
}

/// The world of a command.
struct Around<'a>(&'a Surroundings);

impl Around<'_> {
    /// Changes a keyring, and removes the keys whose deletion is due.
    fn edit<T>(
        &self,
        file: PathBuf,
        missing: Missing,
        edit: impl FnOnce(&mut Keyring, Change<'_>) -> Result<T, ChangeError>,
    ) -> Result<(T, Keyring), Failure> {
        let env = &self.0.env;
        let change = Change {
            now: env.clock.now(),
            random: &*env.random,
        };
        let changed = KeyringFile::new(env.disk.clone(), file).change(missing, |keyring| {
            let gone = keyring.remove_gone(change.now);
            Ok((gone, edit(keyring, change)?))
        });
        let ((gone, done), keyring) = changed.map_err(failure)?;
        for arn in gone {
            let line = format!("millstream: {arn} is removed: its deletion was due.");
            self.0.terminal.say(line);
        }
        Ok((done, keyring))
    }

    /// Changes one key.
    fn change(
        &self,
        which: Which,
        change: impl FnOnce(&mut Keyring, &KeyArn, Change<'_>) -> Result<(), ChangeError>,
    ) -> Result<(), Failure> {
        let Which { file, key } = which;
        let changed = self.edit(file, Missing::Refused, |keyring, with| {
            let arn = keyring.meant(&key, with.now)?;
            change(keyring, &arn, with)
        });
        changed.map(drop)
    }

    fn create(&self, create: Create) -> Result<(), Failure> {
        let Create {
            file,
            account,
            region,
            alias,
            json,
        } = create;
        let place = Place { account, region };
        let (arn, keyring) = self.edit(file, Missing::Made, |keyring, change| {
            let arn = keyring.create(place, change)?;
            if let Some(alias) = alias {
                keyring.give_alias(&arn, &alias, change.now)?;
            }
            Ok(arn)
        })?;
        let output = self.0.terminal.output();
        match keyring.key(&arn, self.0.env.clock.now()) {
            Some(key) if json => output.document(&json!({ "KeyMetadata": shown(&arn, key) })),
            Some(_) | None => output.line(&arn),
        }
    }

    fn delete(&self, delete: Delete) -> Result<(), Failure> {
        let Delete { which, days } = delete;
        let Which { file, key } = which;
        let ((arn, due), _) = self.edit(file, Missing::Refused, |keyring, change| {
            let arn = keyring.meant(&key, change.now)?;
            let due = keyring.schedule_deletion(&arn, days, change.now)?;
            Ok((arn, due))
        })?;
        let due = date(due);
        let output = self.0.terminal.output();
        output.line(format_args!("{arn} is gone on {due}"))
    }

    fn alias(&self, alias: Alias) -> Result<(), Failure> {
        let Alias {
            file, alias, key, ..
        } = alias;
        let changed = self.edit(file, Missing::Refused, |keyring, change| match key {
            None => keyring.remove_alias(&alias, change.now).map(drop),
            Some(key) => {
                let arn = keyring.meant(&key, change.now)?;
                keyring.move_alias(&arn, &alias, change.now)
            }
        });
        changed.map(drop)
    }

    fn list(&self, list: List) -> Result<(), Failure> {
        let List { file, json } = list;
        let env = &self.0.env;
        let output = self.0.terminal.output();
        let keyring = KeyringFile::new(env.disk.clone(), file).read();
        let keyring = keyring.map_err(failure)?;
        let now = env.clock.now();
        let mut table = Table::new(&[
            "ACCOUNT", "REGION", "KEY", "STATE", "CREATED", "ROTATED", "ALIASES",
        ]);
        for (arn, key) in keyring.keys().filter(|(_, key)| !key.state.is_gone(now)) {
            if json {
                output.json_line(&shown(arn, key))?;
                continue;
            }
            let Place { account, region } = arn.place();
            let aliases: Vec<String> = aliases(key).collect();
            let aliases = match aliases.is_empty() {
                true => "-".to_owned(),
                false => aliases.join(" "),
            };
            let rotated = rotated(key).map_or_else(|| "-".to_owned(), date);
            let (account, region) = (account.as_str(), region.as_str());
            let [state, created] = [state(key), date(key.created)];
            table.row([
                account,
                region,
                arn.id(),
                &state,
                &created,
                &rotated,
                &aliases,
            ]);
        }
        match table.is_empty() {
            true => Ok(()),
            false => output.table(table),
        }
    }
}

fn failure(error: KeyringError) -> Failure {
    Failure::new(error.to_string())
}

/// A key's state, with the day on which it is gone.
fn state(key: &Key) -> String {
    let name = key.state.name();
    match key.state {
        KeyState::Enabled | KeyState::Disabled => name.to_owned(),
        KeyState::PendingDeletion { due } => format!("{name} {}", date(due)),
    }
}

/// When a key's newest material was made, if it is not the first.
fn rotated(key: &Key) -> Option<Timestamp> {
    let newest = key.materials.get(1..)?.last()?;
    Some(newest.created)
}

fn aliases(key: &Key) -> impl Iterator<Item = String> {
    key.aliases.iter().map(|alias| format!("alias/{alias}"))
}

/// A key in AWS KMS's words, as far as it has any.
fn shown(arn: &KeyArn, key: &Key) -> Value {
    let due = match key.state {
        KeyState::Enabled | KeyState::Disabled => None,
        KeyState::PendingDeletion { due } => Some(due),
    };
    json!({
        "AWSAccountId": arn.place().account.as_str(),
        "Region": arn.place().region.as_str(),
        "KeyId": arn.id(),
        "Arn": arn.to_string(),
        "KeyState": key.state.name(),
        "CreationDate": date(key.created),
        "DeletionDate": due.map(date),
        "RotationDate": rotated(key).map(date),
        "Materials": key.materials.len(),
        "Aliases": aliases(key).collect::<Vec<_>>(),
    })
}

/// A time as it is printed; one beyond the calendar in milliseconds.
fn date(time: Timestamp) -> String {
    let seconds = i64::try_from(time.seconds()).unwrap_or(i64::MAX);
    let date = OffsetDateTime::from_unix_timestamp(seconds);
    let text = date.ok().and_then(|date| date.format(&Rfc3339).ok());
    text.unwrap_or_else(|| time.millis().to_string())
}
