//! DescribeAccountSettings: returns an account's billing commitment.

use millstream_protocol_derive::Shape;

use crate::{ErrorCode, Operation, Timestamp};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct DescribeAccountSettings;

impl Operation for DescribeAccountSettings {
    const NAME: &'static str = "DescribeAccountSettings";
    type Input = DescribeAccountSettingsInput;
    type Output = DescribeAccountSettingsOutput;
    const ERRORS: &'static [ErrorCode] = &[ErrorCode::LimitExceededException];
}

/// The operation's input.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct DescribeAccountSettingsInput {}

/// The operation's output.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct DescribeAccountSettingsOutput {
    /// The commitment.
    pub minimum_throughput_billing_commitment: Option<MinimumThroughputBillingCommitmentOutput>,
}

/// A commitment to pay for a minimum of throughput.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct MinimumThroughputBillingCommitmentOutput {
    /// Whether there is one.
    pub status: MinimumThroughputBillingCommitmentOutputStatus,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When it may be ended at the earliest.
    pub earliest_allowed_end_at: Option<Timestamp>,
}

/// Whether there is a commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
pub enum MinimumThroughputBillingCommitmentOutputStatus {
    /// There is one.
    #[shape(name = "ENABLED")]
    Enabled,
    /// There is none.
    #[shape(name = "DISABLED")]
    Disabled,
    /// There is one until it may be ended.
    #[shape(name = "ENABLED_UNTIL_EARLIEST_ALLOWED_END")]
    EnabledUntilEarliestAllowedEnd,
}
