//! A table of access keys, and the policies of their users, read from a credentials file and the
//! files that it refers to.
//!
//! A file is taken as a whole or not at all. Of a secret nothing remains but the state of an HMAC
//! keyed with it; what was read is overwritten, apart from what the TOML parser has copied.

use crate::credentials::layout::{
    self, ACCOUNT, CREATED, EXPIRES, FILE_BYTES_MAX, ID, KEYS, NAME, POLICIES, Part, REGIONS,
    SECRET, SECRET_BYTES_MAX, SECRET_BYTES_MIN, SECRET_FILE_BYTES_MAX, TOKEN, TOKEN_BYTES_MAX,
    USERS, Wrong,
};
use crate::credentials::policies::{self, POLICY_FILE_BYTES_MAX, Policies, Source};
use anyhow::Context;
use aws_lc_rs::digest::{self, SHA256};
use millstream_auth::policy::{IdentityPolicy, POLICIES_PER_USER_MAX};
use millstream_auth::{AccessKey, AccessKeyId, Keys, SecretText, User, UserName, Validity};
use millstream_env::Timestamp;
use millstream_env::{Guard, read_guarded, read_private};
use millstream_model::{AccountId, Region};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// What was read.
pub struct Read {
    /// The keys.
    pub keys: Keys,
    /// The number of users.
    pub users: usize,
    /// What it was read from.
    pub print: Print,
}

/// The fingerprint of all files that keys were read from: the same as long as none has changed.
#[derive(Clone, PartialEq, Eq)]
pub struct Print {
    /// The other files.
    others: Vec<Other>,
    hash: Vec<u8>,
}

/// A file that a credentials file refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Other {
    Secret(PathBuf),
    Policy(PathBuf),
}

impl Other {
    fn read(&self) -> Result<Zeroizing<Vec<u8>>, Wrong> {
        let (path, read) = match self {
            Self::Secret(path) => (path, read_private(path, SECRET_FILE_BYTES_MAX)),
            Self::Policy(path) => {
                let read = read_guarded(path, Guard::Unchanged, POLICY_FILE_BYTES_MAX);
                (path, read)
            }
        };
        read.map_err(|error| Wrong::at(path.display(), error))
    }
}

/// Reads a credentials file.
///
/// # Errors
/// What is wrong with it or with a file that it refers to.
pub fn read(path: &Path) -> anyhow::Result<Read> {
    let bytes = read_main(path)?;
    let text = str::from_utf8(&bytes).context("it is no text in UTF-8");
    let text = text.with_context(|| named(path))?;
    let mut reading = Reading::new(path, &bytes);
    let (keys, users) = reading.read(text).with_context(|| named(path))?;
    Ok(Read {
        keys,
        users,
        print: reading.print(),
    })
}

/// Holds a text that is to become a credentials file against what may be in it.
///
/// # Errors
/// What is wrong with it or with a file that it refers to.
pub fn check(path: &Path, text: &str) -> Result<(), Wrong> {
    let mut reading = Reading::new(path, text.as_bytes());
    reading.read(text).map(drop)
}

/// The fingerprint that a file has now, if it refers to the same files as before.
///
/// # Errors
/// If one of them cannot be read.
pub fn print(path: &Path, before: &Print) -> anyhow::Result<Print> {
    let mut reading = Reading::new(path, &read_main(path)?);
    for other in &before.others {
        reading.other(other.clone()).with_context(|| named(path))?;
    }
    Ok(reading.print())
}

fn named(path: &Path) -> String {
    format!("--credentials {}", path.display())
}

fn read_main(path: &Path) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    read_private(path, FILE_BYTES_MAX).with_context(|| named(path))
}

/// A file that is being read.
struct Reading<'a> {
    /// Where relative names of other files begin.
    folder: &'a Path,
    policies: Policies,
    others: Vec<Other>,
    hash: digest::Context,
}

impl<'a> Reading<'a> {
    fn new(path: &'a Path, bytes: &[u8]) -> Self {
        let mut reading = Self {
            folder: path.parent().unwrap_or(Path::new("")),
            policies: Policies::default(),
            others: Vec::new(),
            hash: digest::Context::new(&SHA256),
        };
        reading.add(bytes);
        reading
    }

    fn add(&mut self, bytes: &[u8]) {
        self.hash.update(&(bytes.len() as u64).to_be_bytes());
        self.hash.update(bytes);
    }

    fn print(self) -> Print {
        Print {
            others: self.others,
            hash: self.hash.finish().as_ref().to_vec(),
        }
    }

    fn read(&mut self, text: &str) -> Result<(Keys, usize), Wrong> {
        let document = layout::parse(text)?;
        let whole = Part::whole(&document);
        whole.has_only(&[REGIONS, USERS])?;
        let mut keys = Keys::none(regions(&whole)?);
        let users = whole.parts(USERS)?;
        let mut known = BTreeSet::new();
        for user in &users {
            user.has_only(&[ACCOUNT, NAME, KEYS, POLICIES])?;
            let (account, name) = owner(user)?;
            let policies = self.policies(user, &name)?;
            let owner = Arc::new(User::new(account, name, policies));
            if !known.insert((owner.account.clone(), owner.name.clone())) {
                return Err(Wrong::at(
                    user.place(NAME),
                    "the account has a user of this name",
                ));
            }
            for key in user.parts(KEYS)? {
                let (id, key) = self.key(&key, &owner)?;
                keys.add(id, key)
                    .map_err(|error| Wrong(error.to_string()))?;
            }
        }
        Ok((keys, users.len()))
    }

    /// What a user may do. The root user of an account may do everything in it.
    fn policies(
        &mut self,
        user: &Part<'_>,
        name: &UserName,
    ) -> Result<Arc<[IdentityPolicy]>, Wrong> {
        let entries = user.texts(POLICIES)?;
        if name.is_root() && user.has(POLICIES) {
            let what = "the user called root may do everything in its account: remove its policies";
            return Err(Wrong::at(user.place(POLICIES), what));
        }
        if entries.len() > POLICIES_PER_USER_MAX {
            let what = format!("a user has at most {POLICIES_PER_USER_MAX} policies");
            return Err(Wrong::at(user.place(POLICIES), what));
        }
        let mut found = Vec::with_capacity(entries.len());
        for (place, entry) in entries.into_iter().enumerate() {
            let policy = self.policy(entry);
            let place = || user.place(&format!("{POLICIES}[{place}]"));
            found.push(policy.map_err(|wrong| Wrong::at(place(), wrong))?);
        }
        Ok(found.into())
    }

    fn policy(&mut self, entry: &str) -> Result<IdentityPolicy, Wrong> {
        let source = Source::of(entry, self.folder);
        if let Some(policy) = self.policies.get(&source) {
            return Ok(policy);
        }
        let policy = match &source {
            Source::Managed(arn) => policies::of_aws(arn)?,
            Source::File(path) => {
                let bytes = self.other(Other::Policy(path.clone()))?;
                policies::parse(path, &bytes)?
            }
        };
        self.policies.add(source, policy.clone())?;
        Ok(policy)
    }

    fn key(
        &mut self,
        key: &Part<'_>,
        owner: &Arc<User>,
    ) -> Result<(AccessKeyId, AccessKey), Wrong> {
        let [secret, secret_file] = SECRET;
        let [token, token_file] = TOKEN;
        key.has_only(&[ID, secret, secret_file, token, token_file, EXPIRES, CREATED])?;
        let id = AccessKeyId::parse(key.required(ID)?);
        let id =
            id.ok_or_else(|| Wrong::at(key.place(ID), "expected 3 to 128 letters and digits"))?;
        let lengths = SECRET_BYTES_MIN..=SECRET_BYTES_MAX;
        let secret = self.secret(key, SECRET, lengths)?;
        let secret = secret.ok_or_else(|| {
            Wrong(format!(
                "{} or {secret_file} is missing",
                key.place(secret_member())
            ))
        })?;
        let expires = key.seconds(EXPIRES)?;
        key.seconds(CREATED)?;
        let validity = match self.secret(key, TOKEN, 1..=TOKEN_BYTES_MAX)? {
            Some(token) => Validity::Session {
                token,
                expires: expires.map(|seconds| Timestamp(seconds.saturating_mul(1000))),
            },
            None if expires.is_some() => {
                let what = "only a session expires: add its session-token, or remove the key";
                return Err(Wrong::at(key.place(EXPIRES), what));
            }
            None => Validity::Lasting,
        };
        Ok((id, AccessKey::new(Arc::clone(owner), &secret, validity)))
    }

    /// A secret, from the file or from one of its own.
    fn secret(
        &mut self,
        key: &Part<'_>,
        [inline, by_file]: [&str; 2],
        lengths: std::ops::RangeInclusive<usize>,
    ) -> Result<Option<SecretText>, Wrong> {
        let text = match (key.text(inline)?, key.text(by_file)?) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                let what = format!("give it or {by_file}, not both");
                return Err(Wrong::at(key.place(inline), what));
            }
            (Some(text), None) => SecretText::from(text.to_owned()),
            (None, Some(name)) => {
                let bytes = self.other(Other::Secret(self.folder.join(name)));
                let bytes = bytes.map_err(|error| Wrong::at(key.place(by_file), error))?;
                let text = str::from_utf8(&bytes).unwrap_or_default();
                SecretText::from(text.trim_ascii_end().to_owned())
            }
        };
        let is_visible = text.expose().iter().all(u8::is_ascii_graphic);
        if !is_visible || !lengths.contains(&text.expose().len()) {
            let (min, max) = (lengths.start(), lengths.end());
            let what = format!("expected {min} to {max} visible ASCII characters");
            return Err(Wrong::at(key.place(inline), what));
        }
        Ok(Some(text))
    }

    /// Reads another file.
    fn other(&mut self, other: Other) -> Result<Zeroizing<Vec<u8>>, Wrong> {
        let bytes = other.read()?;
        self.add(&bytes);
        self.others.push(other);
        Ok(bytes)
    }
}

fn secret_member() -> &'static str {
    let [inline, _] = SECRET;
    inline
}

fn regions(whole: &Part<'_>) -> Result<BTreeSet<Region>, Wrong> {
    let regions = whole.texts(REGIONS)?;
    if whole.has(REGIONS) && regions.is_empty() {
        let what = "an empty list serves no region: name some, or leave it out for all";
        return Err(Wrong::at(REGIONS, what));
    }
    let wrong = |_| Wrong::at(REGIONS, "expected names of regions, such as eu-west-1");
    let regions = regions.into_iter();
    regions
        .map(|region| Region::parse(region).map_err(wrong))
        .collect()
}

fn owner(user: &Part<'_>) -> Result<(AccountId, UserName), Wrong> {
    let account = AccountId::parse(user.required(ACCOUNT)?);
    let account = account.map_err(|_| Wrong::at(user.place(ACCOUNT), "expected twelve digits"))?;
    let name = UserName::parse(user.required(NAME)?);
    let name = name.ok_or_else(|| {
        Wrong::at(
            user.place(NAME),
            "expected 1 to 64 letters, digits and _+=,.@-",
        )
    })?;
    Ok((account, name))
}

#[cfg(test)]
mod fuzzed;
#[cfg(test)]
pub mod tests;
