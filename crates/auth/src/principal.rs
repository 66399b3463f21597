//! The sender of a request.

use millstream_model::{AccountId, Region};
use std::sync::Arc;

/// The sender of a request and the region it was sent to: the account and region scope all names in
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The caller's account.
    pub account: AccountId,
    /// The region in the request's credential scope.
    pub region: Region,
    /// The account's user whose key signed the request; `None` is the account itself, its root.
    pub user: Option<Arc<User>>,
}

impl Principal {
    /// An account itself, as in all modes that verify nothing.
    pub fn root(account: AccountId, region: Region) -> Self {
        Self {
            account,
            region,
            user: None,
        }
    }

    /// The ARN by which policies and messages name the sender.
    pub fn arn(&self) -> String {
        let (partition, account) = (self.region.partition(), &self.account);
        match &self.user {
            None => format!("arn:{partition}:iam::{account}:root"),
            Some(user) => format!("arn:{partition}:iam::{account}:user/{}", user.name),
        }
    }
}

/// A user of an account, whom access keys belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The account.
    pub account: AccountId,
    /// The name, unique within the account.
    pub name: UserName,
}

/// A user's name: 1 to 64 of the letters that IAM allows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserName(Box<str>);

/// The longest name of a user, as in IAM.
const USER_NAME_BYTES_MAX: usize = 64;

impl UserName {
    /// Parses a name; `None` if it is not one.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html>
    pub fn parse(text: &str) -> Option<Self> {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
        let is_name =
            (1..=USER_NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_letter);
        is_name.then(|| Self(text.into()))
    }

    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for UserName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principal_when_named_then_is_its_user_or_the_root_of_its_account() {
        let account = || AccountId::parse("111122223333").unwrap();
        let mut principal = Principal::root(account(), Region::parse("cn-north-1").unwrap());
        assert_eq!(principal.arn(), "arn:aws-cn:iam::111122223333:root");
        principal.user = Some(Arc::new(User {
            account: account(),
            name: UserName::parse("ingest").unwrap(),
        }));
        assert_eq!(principal.arn(), "arn:aws-cn:iam::111122223333:user/ingest");
    }

    #[test]
    fn user_name_when_it_has_other_letters_or_lengths_then_is_none() {
        for name in ["a", "A.b-c_d+e=f,g@h9", &"x".repeat(64)] {
            assert_eq!(UserName::parse(name).unwrap().as_str(), name);
        }
        for name in [
            "",
            "a b",
            "a/b",
            "a:b",
            "*",
            "\u{e9}",
            "a\n",
            &"x".repeat(65),
        ] {
            assert_eq!(UserName::parse(name), None, "{name:?}");
        }
    }
}
