//! Whether a statement is about a caller, and how it says so.

use super::principal::Principal;
use super::rule::Whom;
use super::who::{User, Who};

/// How a statement speaks of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Claim {
    /// By the account, which decides further.
    Account,
    /// Directly.
    Direct,
}

impl Claim {
    /// The strongest, if there is any.
    pub(super) fn of(whom: &Whom, who: &Who) -> Option<Self> {
        match whom {
            Whom::Holder => Some(Self::Direct),
            Whom::These(all) => all.iter().filter_map(|one| Self::by(one, who)).max(),
        }
    }

    fn by(principal: &Principal, who: &Who) -> Option<Self> {
        match principal {
            Principal::Account(account) => (*account == who.account).then_some(match who.user {
                None => Self::Direct,
                Some(_) => Self::Account,
            }),
            Principal::User { account, name } => {
                let is_named = |user: &User| user.path_and_name() == name;
                let is_so = *account == who.account && who.user.as_ref().is_some_and(is_named);
                is_so.then_some(Self::Direct)
            }
            Principal::Role { .. } => None,
        }
    }
}
