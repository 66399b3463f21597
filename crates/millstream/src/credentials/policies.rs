//! The policies of a credentials file's users: AWS's own by their ARN, others in files of JSON.
//!
//! Each is read once, however many users have it.

use crate::credentials::layout::Wrong;
use millstream_auth::policy::{IDENTITY_POLICY_BYTES_MAX, IdentityPolicy, MANAGED, managed};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The most different policies of a file. The largest take about 100 KiB of memory each.
pub const POLICIES_MAX: usize = 512;
/// The largest file with a policy.
pub const POLICY_FILE_BYTES_MAX: u64 = IDENTITY_POLICY_BYTES_MAX as u64;

/// What an ARN begins with, and no name of a file that is meant.
const ARN: &str = "arn:";

/// What an entry of a user's policies means.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// One of AWS's, by its ARN.
    Managed(String),
    /// A file.
    File(PathBuf),
}

impl Source {
    /// The source of an entry in a credentials file in this folder.
    pub fn of(entry: &str, folder: &Path) -> Self {
        match entry.starts_with(ARN) {
            true => Self::Managed(entry.to_owned()),
            false => Self::File(folder.join(entry)),
        }
    }
}

/// The policies that have been read.
#[derive(Default)]
pub struct Policies(BTreeMap<Source, IdentityPolicy>);

impl Policies {
    /// A policy that has been read.
    pub fn get(&self, source: &Source) -> Option<IdentityPolicy> {
        self.0.get(source).cloned()
    }

    /// Adds one that has just been read.
    ///
    /// # Errors
    /// If there are too many.
    pub fn add(&mut self, source: Source, policy: IdentityPolicy) -> Result<(), Wrong> {
        if self.0.len() >= POLICIES_MAX {
            let what = format!("there are more than {POLICIES_MAX} different policies");
            return Err(Wrong(what));
        }
        self.0.insert(source, policy);
        Ok(())
    }
}

/// A policy of AWS's.
///
/// # Errors
/// If it is not built in.
pub fn of_aws(arn: &str) -> Result<IdentityPolicy, Wrong> {
    managed(arn).ok_or_else(|| {
        let names = MANAGED.map(|(name, _)| format!("arn:aws:iam::aws:policy/{name}"));
        let names = names.join(", ");
        Wrong(format!(
            "expected one of {names}, or the name of a file with a policy"
        ))
    })
}

/// The policy in a file. What is wrong with it is said in one line.
///
/// # Errors
/// If it is none.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<IdentityPolicy, Wrong> {
    let name = path.display().to_string();
    let text = str::from_utf8(bytes).map_err(|_| Wrong::at(&name, "it is no text in UTF-8"))?;
    IdentityPolicy::parse(&name, text).map_err(|fault| {
        let fault = fault.to_string().replace(char::is_control, " ");
        Wrong::at(&name, fault)
    })
}
