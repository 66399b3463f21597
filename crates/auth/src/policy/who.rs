//! Whoever asks for something: an account's root or one of its users, with their policies.

use super::identity::IdentityPolicy;
use super::principal::is_name;
use millstream_model::AccountId;
use std::sync::Arc;

/// The most policies that a user may have: AWS's highest quota of those that are managed.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub const POLICIES_PER_USER_MAX: usize = 20;

/// AWS's partitions.
pub const PARTITIONS: [&str; 3] = ["aws", "aws-cn", "aws-us-gov"];

/// A caller.
#[derive(Clone, Debug, PartialEq)]
pub struct Who {
    /// The caller's account.
    pub account: AccountId,
    /// `aws`, or another partition.
    pub partition: &'static str,
    /// The user; without one it is the account's root, whom identity policies do not concern.
    pub user: Option<User>,
    /// What the user is permitted, and refused. None of it concerns the root.
    pub policies: Arc<[IdentityPolicy]>,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    path_and_name: Box<str>,
    /// The unique id, if the user has one.
    pub id: Option<Box<str>>,
}

impl User {
    /// A user by its name, after a path if there is one (`team/ann`); `None` if that is no name.
    pub fn new(path_and_name: &str, id: Option<&str>) -> Option<Self> {
        is_name(path_and_name).then(|| Self {
            path_and_name: path_and_name.into(),
            id: id.map(Into::into),
        })
    }

    /// The path, without a slash at the beginning, and the name.
    pub fn path_and_name(&self) -> &str {
        &self.path_and_name
    }

    /// The name alone.
    pub fn name(&self) -> &str {
        let name = self.path_and_name.rsplit('/').next();
        name.unwrap_or_default()
    }
}

impl Who {
    /// An account's root.
    pub fn root(account: AccountId, partition: &'static str) -> Self {
        Self {
            account,
            partition,
            user: None,
            policies: Arc::default(),
        }
    }

    /// The caller of an ARN, a user's or a root's, without policies; `None` if it is neither.
    pub fn parse(arn: &str) -> Option<Self> {
        let parts: Vec<&str> = arn.split(':').collect();
        let &["arn", partition, "iam", "", account, name] = parts.as_slice() else {
            return None;
        };
        let partition = PARTITIONS.iter().find(|known| **known == partition)?;
        let root = Self::root(AccountId::parse(account).ok()?, partition);
        match name.strip_prefix("user/") {
            None => (name == "root").then_some(root),
            Some(name) => Some(Self {
                user: Some(User::new(name, None)?),
                ..root
            }),
        }
    }

    /// The caller's ARN.
    pub fn arn(&self) -> String {
        let Self {
            account, partition, ..
        } = self;
        match &self.user {
            None => format!("arn:{partition}:iam::{account}:root"),
            Some(user) => format!("arn:{partition}:iam::{account}:user/{}", user.path_and_name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caller_when_read_from_an_arn_then_has_that_arn() {
        for arn in [
            "arn:aws:iam::111111111111:root",
            "arn:aws-cn:iam::111111111111:user/ann",
            "arn:aws:iam::111111111111:user/team/a/ann",
        ] {
            assert_eq!(Who::parse(arn).unwrap().arn(), arn);
        }
        let ann = Who::parse("arn:aws:iam::111111111111:user/team/ann").unwrap();
        assert_eq!(ann.user.unwrap().name(), "ann");
        for other in [
            "111111111111",
            "arn:aws:iam::111111111111:user/",
            "arn:aws:iam::111111111111:role/r",
            "arn:aws:iam::1:root",
            "arn:aws:sts::111111111111:root",
            "arn:aws-x:iam::111111111111:root",
        ] {
            assert_eq!(Who::parse(other), None, "{other}");
        }
    }
}
