//! UpdateAccountSettings: makes an account's commitment to a minimum of throughput, or ends it.
//!
//! A commitment costs nothing here. While it is in force, the account's streams may have more
//! consumers, and on-demand streams may be given throughput before the traffic comes.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateAccountSettings.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::{Scope, SetCommitment};
use crate::facts::UpdateAccountSettingsError;
use crate::views;
use millstream_model::limits;
use millstream_protocol::operations::{UpdateAccountSettingsInput, UpdateAccountSettingsOutput};
use millstream_protocol::types::MinimumThroughputBillingCommitmentInputStatus as Wanted;
use std::sync::Arc;

/// UpdateAccountSettings.
pub struct UpdateAccountSettings;

impl Handler for UpdateAccountSettings {
    type Operation = millstream_protocol::operations::UpdateAccountSettings;
    type Input = UpdateAccountSettingsInput;
    type Target = Scope;
    type Output = OutputOf<Self>;
    type Error = UpdateAccountSettingsError;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<UpdateAccountSettingsOutput, UpdateAccountSettingsError> {
        let (scope, input) = request.into_parts();
        let set = SetCommitment {
            scope,
            is_enabled: match input.minimum_throughput_billing_commitment.status {
                Wanted::Enabled => true,
                Wanted::Disabled => false,
            },
            binds_ms: limits::COMMITMENT_HOURS_MIN * 3_600_000,
        };
        let commitment = engine.streams().set_commitment(set).await?;
        let shown = views::commitment(commitment.as_ref(), engine.clock().now());
        Ok(UpdateAccountSettingsOutput {
            minimum_throughput_billing_commitment: Some(shown),
        })
    }
}
