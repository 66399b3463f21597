//! Settings of an account, as they are described.

use millstream_protocol_derive::Shape;

use crate::Timestamp;

/// The state of an account's commitment to pay for a minimum of throughput.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct MinimumThroughputBillingCommitmentOutput {
    /// Whether it is in force.
    pub status: MinimumThroughputBillingCommitmentOutputStatus,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When it may end at the earliest.
    pub earliest_allowed_end_at: Option<Timestamp>,
}

/// The requested state of the commitment.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct MinimumThroughputBillingCommitmentInput {
    /// Whether it is to be in force.
    pub status: MinimumThroughputBillingCommitmentInputStatus,
}

/// A state of the commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Shape)]
pub enum MinimumThroughputBillingCommitmentOutputStatus {
    /// In force.
    #[shape(name = "ENABLED")]
    Enabled,
    /// Not in force.
    #[shape(name = "DISABLED")]
    Disabled,
    /// In force until the earliest moment at which it may end.
    #[shape(name = "ENABLED_UNTIL_EARLIEST_ALLOWED_END")]
    EnabledUntilEarliestAllowedEnd,
}

/// A requested state of the commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Shape)]
pub enum MinimumThroughputBillingCommitmentInputStatus {
    /// In force.
    #[shape(name = "ENABLED")]
    Enabled,
    /// Not in force.
    #[shape(name = "DISABLED")]
    Disabled,
}
