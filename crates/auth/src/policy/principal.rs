//! Whom a policy is about: accounts, users and roles, each by name.
//!
//! AWS shares streams with these alone: not with everyone, not with services, not with federated or
//! canonical users.

use super::fault::{Element, Fault};
use millstream_model::AccountId;

/// The longest name of a user or a role.
const NAME_BYTES_MAX: usize = 64;
/// The longest path before it.
const PATH_BYTES_MAX: usize = 512;

/// A principal. Whether it exists is not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// An account, and everyone in it whom that account permits.
    Account(AccountId),
    /// A user.
    User {
        /// The user's account.
        account: AccountId,
        /// Path and name, without a slash at the beginning.
        name: String,
    },
    /// A role.
    Role {
        /// The role's account.
        account: AccountId,
        /// Path and name, without a slash at the beginning.
        name: String,
    },
}

impl Principal {
    /// Parses an account's id, or the ARN of an account's root, a user or a role in a partition.
    pub(super) fn parse(text: &str, partition: &str) -> Result<Self, Fault> {
        if text.contains(['*', '?']) {
            let element = Element::Principal;
            return Err(Fault::Wildcard { element });
        }
        let account = AccountId::parse(text).map(Self::Account).ok();
        account
            .or_else(|| Self::parse_arn(text, partition))
            .ok_or_else(|| Fault::Principal {
                given: text.to_owned(),
            })
    }

    fn parse_arn(text: &str, partition: &str) -> Option<Self> {
        let rest = text.strip_prefix("arn:")?.strip_prefix(partition)?;
        let (account, name) = rest.strip_prefix(":iam::")?.split_once(':')?;
        let account = AccountId::parse(account).ok()?;
        if name == "root" {
            return Some(Self::Account(account));
        }
        let (kind, name) = name.split_once('/')?;
        let name = is_name(name).then(|| name.to_owned())?;
        match kind {
            "user" => Some(Self::User { account, name }),
            "role" => Some(Self::Role { account, name }),
            _ => None,
        }
    }
}

/// Whether a text is a name as IAM gives it, after a path if there is one.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub(super) fn is_name(text: &str) -> bool {
    let (path, name) = text.rsplit_once('/').unwrap_or(("", text));
    let has_path = name.len() < text.len();
    let is_path = path.len() <= PATH_BYTES_MAX
        && path.bytes().all(|byte| byte.is_ascii_graphic())
        && path.split('/').all(|part| !part.is_empty());
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
        && (!has_path || is_path)
}
