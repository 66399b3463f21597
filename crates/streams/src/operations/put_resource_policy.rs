//! PutResourcePolicy: attaches a policy to a stream or a consumer, in place of the
//! present one.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutResourcePolicy.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::{Command, SetPolicy};
use crate::facts::{InvalidPolicy, ResourcePolicyError};
use crate::target::{Needs, PolicyHolder, Target as _};
use millstream_auth::policy::Policy;
use millstream_protocol::operations::PutResourcePolicyInput;
use std::sync::Arc;

/// PutResourcePolicy.
pub struct PutResourcePolicy;

impl Handler for PutResourcePolicy {
    type Operation = millstream_protocol::operations::PutResourcePolicy;
    type Input = PutResourcePolicyInput;
    type Target = PolicyHolder;
    type Output = OutputOf<Self>;
    type Error = ResourcePolicyError;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<(), ResourcePolicyError> {
        let (PolicyHolder(found), input) = request.into_parts();
        found.check_status(Needs::Active, engine.clock().now())?;
        Policy::parse(&input.policy, found.resource()).map_err(InvalidPolicy)?;
        let set = SetPolicy {
            stream: found.stream().id,
            consumer: found.consumer_key(),
            policy: Some(input.policy.into()),
        };
        engine
            .change(found.stream(), Command::SetPolicy(set))
            .await?;
        Ok(())
    }
}
