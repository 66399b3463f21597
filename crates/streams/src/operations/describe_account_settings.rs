//! DescribeAccountSettings: an account's commitment to a minimum of throughput.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeAccountSettings.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::Scope;
use crate::views;
use millstream_protocol::operations::{
    DescribeAccountSettingsInput, DescribeAccountSettingsOutput,
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
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<DescribeAccountSettingsOutput, Infallible> {
        let (scope, _) = request.into_parts();
        let commitment = engine.state().commitment(&scope).copied();
        let shown = views::commitment(commitment.as_ref(), engine.clock().now());
        Ok(DescribeAccountSettingsOutput {
            minimum_throughput_billing_commitment: Some(shown),
        })
    }
}
