//! Facts about what a caller gives back: shard iterators and NextTokens.

use super::{Fact, Outcome};
use env::Timestamp;
use wire::ErrorCode;

/// Why a token is of no use.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It is no shard iterator of ours, or of another account or region.
    #[error("not a shard iterator")]
    NoIterator,
    /// The shard iterator is too old.
    #[error("a shard iterator of {created:?}, at {now:?}")]
    IteratorExpired {
        /// When it was made.
        created: Timestamp,
        /// The server's time.
        now: Timestamp,
    },
    /// It is no NextToken of ours, for this list, or of another account or region.
    #[error("not a token of a next page")]
    NoNextToken,
    /// The NextToken is too old.
    #[error("a token of a next page that is too old")]
    NextTokenExpired,
}

impl Fact for TokenError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NoIterator | Self::NoNextToken => ErrorCode::InvalidArgumentException,
            Self::IteratorExpired { .. } => ErrorCode::ExpiredIteratorException,
            Self::NextTokenExpired => ErrorCode::ExpiredNextTokenException,
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::NoIterator
            | Self::IteratorExpired { .. }
            | Self::NoNextToken
            | Self::NextTokenExpired => false,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::NoIterator
            | Self::IteratorExpired { .. }
            | Self::NoNextToken
            | Self::NextTokenExpired => Outcome::NotApplied,
        }
    }
}
