//! The sender of a request.

use crate::policy::{self, IdentityPolicy, PARTITIONS, Who};
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
    /// The account's user whose key signed the request, with the policies it had then; `None` is
    /// the account itself, its root.
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

    /// The sender as policies see it.
    pub(crate) fn who(&self) -> Arc<Who> {
        let partition = self.region.partition();
        match &self.user {
            None => Arc::new(Who::root(self.account.clone(), partition)),
            Some(user) => user.who(partition),
        }
    }
}

/// A user of an account, whom access keys belong to. Two are the same if their names are.
#[derive(Clone, Debug)]
pub struct User {
    /// The account.
    pub account: AccountId,
    /// The name, unique within the account.
    pub name: UserName,
    /// The user in each of the partitions.
    callers: [Arc<Who>; PARTITIONS.len()],
}

impl User {
    /// A user with these policies; without any, one who may do nothing.
    pub fn new(account: AccountId, name: UserName, policies: Arc<[IdentityPolicy]>) -> Self {
        // Without a user it would be the account's root.
        let user = policy::User::new(name.as_str(), None);
        let user = user.expect("every user name is one that policies can have");
        let callers = PARTITIONS.map(|partition| {
            Arc::new(Who {
                account: account.clone(),
                partition,
                user: Some(user.clone()),
                policies: Arc::clone(&policies),
            })
        });
        Self {
            account,
            name,
            callers,
        }
    }

    fn who(&self, partition: &str) -> Arc<Who> {
        let [aws, others @ ..] = &self.callers;
        let other = others.iter().find(|caller| caller.partition == partition);
        Arc::clone(other.unwrap_or(aws))
    }
}

impl PartialEq for User {
    fn eq(&self, other: &Self) -> bool {
        (&self.account, &self.name) == (&other.account, &other.name)
    }
}

impl Eq for User {}

/// A user's name: 1 to 64 of the letters that IAM allows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserName(Box<str>);

/// The name that stands for an account's root user.
const ROOT: &str = "root";

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

    /// Whether it stands for the account's root user.
    pub fn is_root(&self) -> bool {
        *self.0 == *ROOT
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
    use crate::policy::managed;

    #[test]
    fn principal_when_named_then_is_its_user_or_the_root_of_its_account() {
        let account = || AccountId::parse("111122223333").unwrap();
        let mut principal = Principal::root(account(), Region::parse("cn-north-1").unwrap());
        assert_eq!(principal.arn(), "arn:aws-cn:iam::111122223333:root");
        let name = UserName::parse("ingest").unwrap();
        principal.user = Some(Arc::new(User::new(account(), name, Arc::default())));
        assert_eq!(principal.arn(), "arn:aws-cn:iam::111122223333:user/ingest");
    }

    #[test]
    fn principal_when_judged_then_is_who_it_says_in_every_partition() {
        let account = AccountId::parse("111122223333").unwrap();
        for (name, policies) in [("a", 1), (&*"+".repeat(64), 0)] {
            let policy = managed("arn:aws:iam::aws:policy/AmazonKinesisFullAccess").unwrap();
            let policies = vec![policy; policies].into();
            let user = User::new(
                account.clone(),
                UserName::parse(name).unwrap(),
                Arc::clone(&policies),
            );
            let user = Arc::new(user);
            for region in ["eu-west-1", "cn-north-1", "us-gov-west-1"] {
                let mut principal =
                    Principal::root(account.clone(), Region::parse(region).unwrap());
                let root = principal.who();
                assert_eq!((root.arn(), &root.user), (principal.arn(), &None));
                principal.user = Some(Arc::clone(&user));
                let who = principal.who();
                assert_eq!((who.arn(), &who.policies), (principal.arn(), &policies));
                assert!(who.user.is_some());
            }
        }
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
