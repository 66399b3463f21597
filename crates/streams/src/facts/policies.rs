//! Facts about resource policies.

use super::{Fact, Outcome};
use millstream_auth::policy;
use millstream_protocol::ErrorCode;

/// A text cannot be attached as a policy to the resource.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidPolicy(pub policy::Fault);

impl Fact for InvalidPolicy {
    fn code(&self) -> ErrorCode {
        ErrorCode::InvalidArgumentException
    }

    fn is_retryable(&self) -> bool {
        false
    }

    fn outcome(&self) -> Outcome {
        Outcome::NotApplied
    }
}
