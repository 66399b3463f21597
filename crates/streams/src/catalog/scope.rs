//! The scope of names, capacity modes and distributions: shared by commands and streams.

use super::codec;
use millstream_kms::Place;
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

impl Scope {
    /// Where its KMS keys are.
    pub fn place(&self) -> Place {
        Place {
            account: self.account.clone(),
            region: self.region.clone(),
        }
    }
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

impl Mode {
    /// The service model's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Provisioned => "PROVISIONED",
            Self::OnDemand => "ON_DEMAND",
        }
    }
}

/// How records are assigned to shards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Distribution {
    /// By the hash of their keys.
    #[default]
    #[n(0)]
    UserPartitionKey,
    /// Evenly, by the service. Only on-demand streams have it.
    #[n(1)]
    Auto,
}
