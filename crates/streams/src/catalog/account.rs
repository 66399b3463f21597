//! What an account decides for all of its streams in a region.
//!
//! Nothing ends by a timer: the status of a commitment is a function of its times and the current
//! one.

use super::codec;
use super::scope::Scope;
use millstream_env::Timestamp;
use minicbor::{Decode, Encode};
use std::time::Duration;

/// A commitment to a minimum of throughput: in force, or the last one that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Commitment {
    /// When it began.
    #[cbor(n(0), with = "codec::timestamp")]
    pub started: Timestamp,
    /// When it may end at the earliest.
    #[cbor(n(1), with = "codec::timestamp")]
    pub earliest_end: Timestamp,
    /// When it ends, or ended, once that was asked for.
    #[n(2)]
    pub end_ms: Option<u64>,
}

/// A commitment's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitmentStatus {
    /// In force, without an end.
    InForce,
    /// In force until the earliest moment at which it may end.
    Ending,
    /// Over.
    Ended,
}

/// An account's settings in a region, as snapshots hold them.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Account {
    /// The account and region.
    #[n(0)]
    pub scope: Scope,
    /// Its commitment.
    #[n(1)]
    pub commitment: Option<Commitment>,
}

impl Commitment {
    /// One that begins now and binds for some time.
    pub(super) fn begin(now: Timestamp, binds: Duration) -> Self {
        Self {
            started: now,
            earliest_end: now.plus(binds),
            end_ms: None,
        }
    }

    /// The same without an end.
    pub(super) fn resumed(self) -> Self {
        Self {
            end_ms: None,
            ..self
        }
    }

    /// The same with an end: now, or as soon as it may.
    pub(super) fn ending(self, now: Timestamp) -> Self {
        Self {
            end_ms: Some(now.max(self.earliest_end).0),
            ..self
        }
    }

    /// Its status at a given time. One that was ended at once stays so, even if the clock is turned
    /// back.
    pub fn status_at(&self, now: Timestamp) -> CommitmentStatus {
        match self.end_ms {
            None => CommitmentStatus::InForce,
            Some(end) if now.0 < end && end == self.earliest_end.0 => CommitmentStatus::Ending,
            Some(_) => CommitmentStatus::Ended,
        }
    }

    /// Whether it is in force at a given time.
    pub fn is_in_force_at(&self, now: Timestamp) -> bool {
        match self.status_at(now) {
            CommitmentStatus::InForce | CommitmentStatus::Ending => true,
            CommitmentStatus::Ended => false,
        }
    }
}
