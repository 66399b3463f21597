//! The one who asks.

use model::{AccountId, Region};

/// Who sent a request, and where it was sent: its account and region bound all names in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The caller's account.
    pub account: AccountId,
    /// The region of the request's credential scope.
    pub region: Region,
}
