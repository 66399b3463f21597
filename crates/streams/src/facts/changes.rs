//! The catalog's refusals of a change, as facts.

use super::{Fact, Outcome};
use crate::catalog::{ProposeError, Refusal};
use millstream_protocol::ErrorCode;
use millstream_replicated::NotAppended;
use millstream_store::AppendError;

impl Fact for ProposeError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::NotApplied { .. } | Self::Unknown { .. } => ErrorCode::InternalFailure,
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.is_retryable(),
            Self::NotApplied { cause } => match cause {
                NotAppended::Store(AppendError::TooLarge | AppendError::Sealed(_)) => false,
                NotAppended::NotFollowed
                | NotAppended::Store(
                    AppendError::Full
                    | AppendError::NoSuchLog(_)
                    | AppendError::Fenced
                    | AppendError::NotApplied(_)
                    | AppendError::Unknown(_),
                ) => true,
            },
            Self::Unknown { .. } => true,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::Refused(refusal) => refusal.outcome(),
            Self::NotApplied { .. } => Outcome::NotApplied,
            Self::Unknown { .. } => Outcome::Unknown,
        }
    }
}

impl Fact for Refusal {
    fn code(&self) -> ErrorCode {
        match self {
            Self::StreamGone { .. }
            | Self::ConsumerNotFound { .. }
            | Self::NoPolicy { .. }
            | Self::ShardNotFound { .. } => ErrorCode::ResourceNotFoundException,
            Self::StreamExists { .. }
            | Self::StreamNotActive { .. }
            | Self::StreamHasConsumers { .. }
            | Self::ConsumerExists { .. }
            | Self::ConsumerNotActive { .. } => ErrorCode::ResourceInUseException,
            Self::StreamsInTransition { .. }
            | Self::TooManyOnDemandStreams { .. }
            | Self::TooManyShards { .. }
            | Self::TooManyConsumers { .. }
            | Self::TooManyConsumersCreating { .. }
            | Self::WarmThroughputTooHigh { .. }
            | Self::TooManyModeSwitches { .. }
            | Self::TooManyScalings { .. }
            | Self::ScalingTooFar { .. }
            | Self::ScalingTooLarge { .. } => ErrorCode::LimitExceededException,
            Self::NotOnDemand { .. } => ErrorCode::ValidationException,
            Self::NotEncryptedWith { .. } | Self::TooManyDataKeys { .. } => {
                ErrorCode::InternalFailure
            }
            Self::ModeUnchanged { .. }
            | Self::NotCommitted { .. }
            | Self::WarmStreams { .. }
            | Self::TooManyTags { .. }
            | Self::SplitKey { .. }
            | Self::NotAdjacent { .. }
            | Self::ShardClosed { .. }
            | Self::AutoHoldsMode { .. }
            | Self::AutoProvisioned { .. }
            | Self::RetentionNotLonger { .. }
            | Self::RetentionNotShorter { .. } => ErrorCode::InvalidArgumentException,
        }
    }

    /// Refusals that depend on time or on work in progress are transient.
    fn is_retryable(&self) -> bool {
        match self {
            Self::StreamNotActive { status, .. } => status.passes(),
            Self::ConsumerNotActive { status, .. } => status.passes(),
            Self::StreamsInTransition { .. }
            | Self::TooManyConsumersCreating { .. }
            | Self::NotEncryptedWith { .. }
            | Self::TooManyDataKeys { .. } => true,
            Self::StreamGone { .. }
            | Self::StreamExists { .. }
            | Self::StreamHasConsumers { .. }
            | Self::TooManyOnDemandStreams { .. }
            | Self::TooManyShards { .. }
            | Self::TooManyConsumers { .. }
            | Self::ModeUnchanged { .. }
            | Self::NotOnDemand { .. }
            | Self::NotCommitted { .. }
            | Self::WarmThroughputTooHigh { .. }
            | Self::WarmStreams { .. }
            | Self::TooManyModeSwitches { .. }
            | Self::TooManyScalings { .. }
            | Self::ScalingTooFar { .. }
            | Self::ScalingTooLarge { .. }
            | Self::TooManyTags { .. }
            | Self::ConsumerExists { .. }
            | Self::ConsumerNotFound { .. }
            | Self::NoPolicy { .. }
            | Self::AutoHoldsMode { .. }
            | Self::AutoProvisioned { .. }
            | Self::SplitKey { .. }
            | Self::NotAdjacent { .. }
            | Self::ShardClosed { .. }
            | Self::ShardNotFound { .. }
            | Self::RetentionNotLonger { .. }
            | Self::RetentionNotShorter { .. } => false,
        }
    }

    /// A refused command changes nothing.
    fn outcome(&self) -> Outcome {
        Outcome::NotApplied
    }
}
