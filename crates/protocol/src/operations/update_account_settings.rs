//! UpdateAccountSettings: makes an account's commitment to a minimum of throughput, or ends it.

use millstream_protocol_derive::Shape;

use crate::types::{
    MinimumThroughputBillingCommitmentInput, MinimumThroughputBillingCommitmentOutput,
};
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct UpdateAccountSettings;

impl Operation for UpdateAccountSettings {
    const NAME: &'static str = "UpdateAccountSettings";
    type Input = UpdateAccountSettingsInput;
    type Output = UpdateAccountSettingsOutput;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::InvalidArgumentException,
        ErrorCode::ValidationException,
        ErrorCode::LimitExceededException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct UpdateAccountSettingsInput {
    /// The commitment as it is to be.
    pub minimum_throughput_billing_commitment: MinimumThroughputBillingCommitmentInput,
}

/// The operation's output.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct UpdateAccountSettingsOutput {
    /// The commitment as it is now.
    pub minimum_throughput_billing_commitment: Option<MinimumThroughputBillingCommitmentOutput>,
}
