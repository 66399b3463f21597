//! DescribeAccountSettings: returns an account's commitment to a minimum of throughput.

use millstream_protocol_derive::Shape;

use crate::types::MinimumThroughputBillingCommitmentOutput;
use crate::{ErrorCode, Operation};

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
