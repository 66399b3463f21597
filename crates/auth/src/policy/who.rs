//! Whoever asks for something: an account's root or one of its users, with their policies.

use super::identity::IdentityPolicy;
use super::principal::is_name;
use millstream_model::AccountId;
use std::sync::Arc;

/// The most policies that a user may have: AWS's highest quota of those that are managed.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub const POLICIES_PER_USER_MAX: usize = 20;

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
