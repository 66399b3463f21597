//! Facts about returned tokens: shard iterators and NextTokens.

use super::{Fact, Outcome};
use millstream_env::Timestamp;
use millstream_protocol::ErrorCode;

/// Why a token is useless.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It is not one of our shard iterators, or belongs to another account or region.
    #[error("not a shard iterator")]
    NoIterator,
    /// The shard iterator has expired.
    #[error("a shard iterator of {created:?}, at {now:?}")]
    IteratorExpired {
        /// When it was sealed.
        created: Timestamp,
        /// The server's time.
        now: Timestamp,
    },
    /// It is not one of our NextTokens, or belongs to another list, account or region.
    #[error("not a token of a next page")]
    NoNextToken,
    /// The NextToken has expired.
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
        false
    }

    fn outcome(&self) -> Outcome {
        Outcome::NotApplied
    }
}
