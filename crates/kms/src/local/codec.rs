//! A keyring's text: JSON with a checksum at its end. `docs/formats/keyring.md` describes it.
//!
//! A text is taken whole or not at all, and what is wrong with it is said without anything of it.
//! Secrets are read from the text's own bytes and written into the result, with no copies between.

use crate::key::{KeyArn, KeyId, Place};
use crate::local::keyring::{ALIASES_MAX, KEYS_MAX, MATERIALS_MAX};
use crate::local::keyring::{Key, KeyState, Keyring, Material};
use aws_lc_rs::digest::{SHA256, digest};
use base64_simd::{Out, STANDARD as BASE64};
use millstream_auth::Secret;
use millstream_env::Timestamp;
use millstream_model::{AccountId, Region};
use serde::de::{self, Deserializer, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::io;
use zeroize::Zeroizing;

const FORMAT: &str = "millstream-keyring";
/// The newest version that is read, and the one that is written.
const VERSION: u32 = 1;
/// What follows what the checksum is of, up to its digits.
const BEFORE_SUM: &[u8] = b",\n  \"checksum\": \"";
const AFTER_SUM: &[u8] = b"\"\n}\n";
/// What the encoder ends a text with, instead of a checksum.
const END: &[u8] = b"\n}";
const SUM_DIGITS: usize = 64;
const SECRET_BYTES: usize = 32;
/// 32 bytes in base64.
const SECRET_LETTERS: usize = 44;

/// What is wrong with a keyring's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It is empty.
    #[error("it is empty; put a copy of it back")]
    Empty,
    /// Its checksum is not that of its content.
    #[error("it is damaged, or no keyring: its checksum does not match; put a copy of it back")]
    Damaged,
    /// It is of a later version.
    #[error("it is of version {0}, and this program reads up to {VERSION}: use a newer one")]
    Newer(u32),
    /// It is JSON of something else, or none.
    #[error("line {line} is not as a keyring is written")]
    Json {
        /// Where.
        line: usize,
    },
    /// A key cannot be.
    #[error("key {number}: {what}")]
    Key {
        /// Which one, counted from 1.
        number: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// There are too many keys.
    #[error("there are more than {KEYS_MAX} keys")]
    TooMany,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText<'a> {
    format: &'a str,
    version: u32,
    #[serde(borrow)]
    keys: Vec<KeyText<'a>>,
    #[serde(skip_serializing, rename = "checksum")]
    _checksum: &'a str,
}

/// What tells whether the rest can be read.
#[derive(Deserialize)]
struct Head<'a> {
    format: &'a str,
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct KeyText<'a> {
    account: &'a str,
    region: &'a str,
    id: &'a str,
    created_millis: u64,
    state: StateText,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deletion_millis: Option<u64>,
    #[serde(borrow)]
    aliases: Vec<&'a str>,
    materials: Vec<MaterialText>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum StateText {
    Enabled,
    Disabled,
    PendingDeletion,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct MaterialText {
    number: u32,
    created_millis: u64,
    secret: SecretBase64,
}

/// Secret bytes, in base64.
struct SecretBase64(Secret<SECRET_BYTES>);

impl Serialize for SecretBase64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut letters = Zeroizing::new([0; SECRET_LETTERS]);
        let text = BASE64.encode_as_str(self.0.expose(), Out::from_slice(&mut *letters));
        serializer.serialize_str(text)
    }
}

impl<'de> Deserialize<'de> for SecretBase64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(SecretVisitor)
    }
}

struct SecretVisitor;

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = SecretBase64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("32 bytes in base64, without escapes")
    }

    /// The text's own bytes: one with escapes would be a copy.
    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<SecretBase64, E> {
        let wrong = || E::custom("no secret");
        if text.len() != SECRET_LETTERS {
            return Err(wrong());
        }
        // As long as the letters may be for.
        let mut bytes = Zeroizing::new([0; SECRET_LETTERS / 4 * 3]);
        let decoded = BASE64.decode(text.as_bytes(), Out::from_slice(&mut *bytes));
        let decoded = decoded.map_err(|_| wrong())?;
        if decoded.len() != SECRET_BYTES {
            return Err(wrong());
        }
        let secret = Secret::filled(|place| place.copy_from_slice(decoded));
        Ok(SecretBase64(secret))
    }
}

/// A keyring's text.
pub fn encode_keyring(keyring: &Keyring) -> Zeroizing<Vec<u8>> {
    let text = FileText {
        format: FORMAT,
        version: VERSION,
        keys: keyring.keys().map(KeyText::of).collect(),
        _checksum: "",
    };
    let mut counter = Counter(0);
    write(&mut counter, &text);
    // Never moved while it grows: that would leave copies behind.
    let more = BEFORE_SUM.len() + SUM_DIGITS + AFTER_SUM.len();
    let mut bytes = Zeroizing::new(Vec::with_capacity(counter.0 + more));
    write(&mut *bytes, &text);
    let content = bytes.len() - END.len();
    bytes.truncate(content);
    let sum = checksum(&bytes);
    for part in [BEFORE_SUM, sum.as_bytes(), AFTER_SUM] {
        bytes.extend_from_slice(part);
    }
    bytes
}

fn write(into: impl io::Write, text: &FileText<'_>) {
    let written = serde_json::to_writer_pretty(into, text);
    written.expect("memory takes everything, and all keys of maps are text");
}

/// Counts what is written.
struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn checksum(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(SUM_DIGITS);
    for byte in digest(&SHA256, bytes).as_ref() {
        write!(digits, "{byte:02x}").expect("memory takes everything");
    }
    digits
}

/// Reads a keyring's text.
///
/// # Errors
/// What is wrong with it.
pub fn decode_keyring(bytes: &[u8]) -> Result<Keyring, Wrong> {
    if bytes.is_empty() {
        return Err(Wrong::Empty);
    }
    check_sum(bytes).ok_or(Wrong::Damaged)?;
    let wrong = |error: serde_json::Error| Wrong::Json { line: error.line() };
    let Head { format, version } = serde_json::from_slice(bytes).map_err(wrong)?;
    if format != FORMAT || version == 0 {
        return Err(Wrong::Json { line: 1 });
    }
    if version > VERSION {
        return Err(Wrong::Newer(version));
    }
    let text: FileText<'_> = serde_json::from_slice(bytes).map_err(wrong)?;
    if text.keys.len() > KEYS_MAX {
        return Err(Wrong::TooMany);
    }
    let mut keys = BTreeMap::new();
    let mut aliases = BTreeSet::new();
    for (index, text) in text.keys.into_iter().enumerate() {
        let number = index + 1;
        let wrong = |what| Wrong::Key { number, what };
        let (arn, key) = text.read().map_err(wrong)?;
        for alias in &key.aliases {
            if !aliases.insert((arn.place().clone(), alias.clone())) {
                return Err(wrong("another key has the same alias"));
            }
        }
        if keys.insert(arn, key).is_some() {
            return Err(wrong("it is there twice"));
        }
    }
    Ok(Keyring { keys })
}

fn check_sum(bytes: &[u8]) -> Option<()> {
    let bytes = bytes.strip_suffix(AFTER_SUM)?;
    let (content, sum) = bytes.split_at_checked(bytes.len().checked_sub(SUM_DIGITS)?)?;
    let content = content.strip_suffix(BEFORE_SUM)?;
    (checksum(content).as_bytes() == sum).then_some(())
}

impl<'a> KeyText<'a> {
    fn of((arn, key): (&'a KeyArn, &'a Key)) -> Self {
        let (state, due) = match key.state {
            KeyState::Enabled => (StateText::Enabled, None),
            KeyState::Disabled => (StateText::Disabled, None),
            KeyState::PendingDeletion { due } => (StateText::PendingDeletion, Some(due)),
        };
        let material = |material: &Material| MaterialText {
            number: material.number,
            created_millis: material.created.millis(),
            secret: SecretBase64(material.secret.clone()),
        };
        Self {
            account: arn.place().account.as_str(),
            region: arn.place().region.as_str(),
            id: arn.id(),
            created_millis: key.created.millis(),
            state,
            deletion_millis: due.map(Timestamp::millis),
            aliases: key.aliases.iter().map(String::as_str).collect(),
            materials: key.materials.iter().map(material).collect(),
        }
    }

    fn read(self) -> Result<(KeyArn, Key), &'static str> {
        let account = AccountId::parse(self.account).map_err(|_| "its account is none")?;
        let region = Region::parse(self.region).map_err(|_| "its region is none")?;
        let KeyId::Id(id) = KeyId::parse(self.id).map_err(|_| "its id is none")? else {
            return Err("its id is none");
        };
        let state = match (self.state, self.deletion_millis) {
            (StateText::Enabled, None) => KeyState::Enabled,
            (StateText::Disabled, None) => KeyState::Disabled,
            (StateText::PendingDeletion, Some(due)) => KeyState::PendingDeletion {
                due: Timestamp(due),
            },
            (StateText::PendingDeletion, None) => {
                return Err("the time of its deletion is missing");
            }
            (StateText::Enabled | StateText::Disabled, Some(_)) => {
                return Err("it has a time of deletion, and is not to be deleted");
            }
        };
        Ok((
            KeyArn::new(Place { account, region }, &id),
            Key {
                created: Timestamp(self.created_millis),
                state,
                aliases: aliases(&self.aliases)?,
                materials: materials(self.materials)?,
            },
        ))
    }
}

fn aliases(texts: &[&str]) -> Result<BTreeSet<String>, &'static str> {
    if texts.len() > ALIASES_MAX {
        return Err("it has too many aliases");
    }
    let mut aliases = BTreeSet::new();
    for text in texts {
        let parsed = KeyId::parse(&format!("alias/{text}"));
        let Ok(KeyId::Alias(alias)) = parsed else {
            return Err("one of its aliases is none");
        };
        if !aliases.insert(alias) {
            return Err("it has an alias twice");
        }
    }
    Ok(aliases)
}

fn materials(texts: Vec<MaterialText>) -> Result<Vec<Material>, &'static str> {
    if texts.is_empty() {
        return Err("it has no material");
    }
    if texts.len() > MATERIALS_MAX {
        return Err("it has too many materials");
    }
    let mut last = 0;
    let mut materials = Vec::with_capacity(texts.len());
    for text in texts {
        if text.number <= last {
            return Err("its materials are not in the order of their numbers");
        }
        last = text.number;
        materials.push(Material {
            number: text.number,
            created: Timestamp(text.created_millis),
            secret: text.secret.0,
        });
    }
    Ok(materials)
}

#[cfg(test)]
pub(super) mod tests;
