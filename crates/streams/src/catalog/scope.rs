//! The scope of names, and capacity modes: shared by commands and streams.

use super::codec;
use millstream_model::{AccountId, Region};
use minicbor::{Decode, Encode};

/// The account and region that a name belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Scope {
    /// The account.
    #[cbor(n(0), with = "codec::text")]
    pub account: AccountId,
    /// The region.
    #[cbor(n(1), with = "codec::text")]
    pub region: Region,
}

/// The capacity mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Mode {
    /// The user chooses the shards.
    #[n(0)]
    Provisioned,
    /// The service does.
    #[n(1)]
    OnDemand,
}
