//! DeleteResourcePolicy: removes the policy of a stream or a consumer.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteResourcePolicy.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::{Command, SetPolicy};
use crate::facts::ResourcePolicyError;
use crate::target::{Needs, PolicyHolder};
use millstream_protocol::operations::DeleteResourcePolicyInput;
use std::sync::Arc;

/// DeleteResourcePolicy.
pub struct DeleteResourcePolicy;

impl Handler for DeleteResourcePolicy {
    type Operation = millstream_protocol::operations::DeleteResourcePolicy;
    type Input = DeleteResourcePolicyInput;
    type Target = PolicyHolder;
    type Output = OutputOf<Self>;
    type Error = ResourcePolicyError;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<(), ResourcePolicyError> {
        let (PolicyHolder(found), _) = request.into_parts();
        found.check_status(Needs::Active, engine.clock().now())?;
        let set = SetPolicy {
            stream: found.stream().id,
            consumer: found.consumer_key(),
            policy: None,
        };
        engine
            .change(found.stream(), Command::SetPolicy(set))
            .await?;
        Ok(())
    }
}
