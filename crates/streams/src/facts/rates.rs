//! Facts about how often operations are called.

use super::{Fact, Outcome, Throttled, operation_facts};
use crate::catalog::StreamLabel;
use millstream_model::AccountId;
use millstream_protocol::ErrorCode;

/// Why a call comes too soon.
#[derive(Debug, thiserror::Error)]
pub enum RateExceeded {
    /// The account calls the operation too often.
    #[error("account {account} calls too often")]
    Account {
        /// The account.
        account: AccountId,
    },
    /// The operation is called too often: on the stream, or by an account that names the stream.
    #[error("{stream} is called too often")]
    Stream {
        /// The stream, which need not exist.
        stream: StreamLabel,
    },
    /// The operation has changed the stream as often as it may within 24 hours.
    #[error("{operation} on {stream} more than {most} times in a day")]
    Changes {
        /// The operation.
        operation: &'static str,
        /// How often it may.
        most: u32,
        /// The stream.
        stream: StreamLabel,
    },
}

impl Fact for RateExceeded {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Account { .. } | Self::Stream { .. } | Self::Changes { .. } => {
                ErrorCode::LimitExceededException
            }
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::Account { .. } | Self::Stream { .. } => true,
            Self::Changes { .. } => false,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::Account { .. } | Self::Stream { .. } | Self::Changes { .. } => {
                Outcome::NotApplied
            }
        }
    }
}

operation_facts! {
    /// Why a call is refused before its operation begins.
    CallRefused {
        /// It is called too often.
        Rate(RateExceeded),
        /// The shard is called too often.
        Throttled(Throttled),
    }
}
