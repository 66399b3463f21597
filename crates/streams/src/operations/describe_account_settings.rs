//! DescribeAccountSettings: the billing commitment of an account, which nobody can make here.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeAccountSettings.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::Scope;
use millstream_protocol::operations::{
    DescribeAccountSettingsInput, DescribeAccountSettingsOutput,
    MinimumThroughputBillingCommitmentOutput, MinimumThroughputBillingCommitmentOutputStatus,
};
use std::convert::Infallible;
use std::sync::Arc;

/// DescribeAccountSettings.
pub struct DescribeAccountSettings;

impl Handler for DescribeAccountSettings {
    type Operation = millstream_protocol::operations::DescribeAccountSettings;
    type Input = DescribeAccountSettingsInput;
    type Target = Scope;
    type Output = OutputOf<Self>;
    type Error = Infallible;

    async fn handle(
        _: Arc<Engine>,
        _: Request<Self>,
    ) -> Result<DescribeAccountSettingsOutput, Infallible> {
        let commitment = MinimumThroughputBillingCommitmentOutput {
            status: MinimumThroughputBillingCommitmentOutputStatus::Disabled,
            started_at: None,
            ended_at: None,
            earliest_allowed_end_at: None,
        };
        Ok(DescribeAccountSettingsOutput {
            minimum_throughput_billing_commitment: Some(commitment),
        })
    }
}
