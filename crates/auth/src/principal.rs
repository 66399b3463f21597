//! The sender of a request.

use millstream_model::{AccountId, Region};

/// The sender of a request and the region it was sent to: the account and region scope all names in
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The caller's account.
    pub account: AccountId,
    /// The region in the request's credential scope.
    pub region: Region,
}
