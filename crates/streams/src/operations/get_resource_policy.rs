//! GetResourcePolicy: the policy of a stream or a consumer, byte for byte.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetResourcePolicy.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::facts::FindResourceError;
use crate::target::{Needs, PolicyHolder};
use millstream_protocol::operations::{GetResourcePolicyInput, GetResourcePolicyOutput};
use std::sync::Arc;

/// What AWS answers for a resource without a policy.
const NO_POLICY: &str = "{}";

/// GetResourcePolicy.
pub struct GetResourcePolicy;

impl Handler for GetResourcePolicy {
    type Operation = millstream_protocol::operations::GetResourcePolicy;
    type Input = GetResourcePolicyInput;
    type Target = PolicyHolder;
    type Output = OutputOf<Self>;
    type Error = FindResourceError;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<GetResourcePolicyOutput, FindResourceError> {
        let (PolicyHolder(found), _) = request.into_parts();
        found.check_status(Needs::Active, engine.clock().now())?;
        let policy = found.policy().map_or(NO_POLICY, |policy| policy.as_str());
        Ok(GetResourcePolicyOutput {
            policy: policy.to_owned(),
        })
    }
}
