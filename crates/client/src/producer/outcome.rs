//! A record on its way, and what comes of it.

use super::ProducerRecord;
use crate::Error;
use millstream_env::Monotonic;
use millstream_protocol::ErrorCode;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// Where a record was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The shard.
    pub shard_id: String,
    /// The number.
    pub sequence_number: String,
    /// The number of attempts.
    pub attempts: u32,
}

/// Why a record was not stored, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PutFailure {
    /// The service refused it, to the last.
    #[error("{code}: {message} (after {attempts} attempts)")]
    Refused {
        /// The error's code.
        code: String,
        /// The error's text.
        message: String,
        /// The number of attempts.
        attempts: u32,
    },
    /// A request failed, to the last. The record may have been stored.
    #[error("{message} (after {attempts} attempts)")]
    Failed {
        /// What happened.
        message: String,
        /// The number of attempts.
        attempts: u32,
    },
    /// The producer has ended: nothing was sent.
    #[error("the producer has ended")]
    Ended,
}

/// The promise of a record's outcome.
#[derive(Debug)]
pub struct Receipt(oneshot::Receiver<Result<Stored, PutFailure>>);

impl Future for Receipt {
    type Output = Result<Stored, PutFailure>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let told = Pin::new(&mut self.0).poll(context);
        told.map(|told| told.unwrap_or(Err(PutFailure::Ended)))
    }
}

/// A record that was taken, until it has its outcome.
pub(super) struct Taken {
    pub(super) record: ProducerRecord,
    pub(super) attempts: u32,
    /// When it is given up; set when the task takes it.
    pub(super) until: Monotonic,
    tell: oneshot::Sender<Result<Stored, PutFailure>>,
    _room: OwnedSemaphorePermit,
}

/// What one attempt came to.
pub(super) enum Attempt {
    Stored {
        shard_id: String,
        sequence_number: String,
    },
    Refused {
        code: String,
        message: String,
    },
    Failed(Error),
}

impl Taken {
    pub(super) fn new(record: ProducerRecord, room: OwnedSemaphorePermit) -> (Self, Receipt) {
        let (tell, told) = oneshot::channel();
        let taken = Self {
            record,
            attempts: 0,
            until: Monotonic::default(),
            tell,
            _room: room,
        };
        (taken, Receipt(told))
    }

    /// Ends the record's way, unless the attempt is worth repeating: then it comes back.
    pub(super) fn settle(mut self, attempt: Attempt, now: Monotonic) -> Option<Self> {
        self.attempts += 1;
        let attempts = self.attempts;
        let may_repeat = now < self.until && attempt.is_worth_repeating();
        let outcome = match attempt {
            Attempt::Stored {
                shard_id,
                sequence_number,
            } => Ok(Stored {
                shard_id,
                sequence_number,
                attempts,
            }),
            Attempt::Refused { .. } | Attempt::Failed(_) if may_repeat => return Some(self),
            Attempt::Refused { code, message } => Err(PutFailure::Refused {
                code,
                message,
                attempts,
            }),
            Attempt::Failed(error) => Err(match (&error, error.was_not_applied()) {
                (Error::Service { remote, .. }, true) => PutFailure::Refused {
                    code: remote.name.clone(),
                    message: remote.message.clone().unwrap_or_default(),
                    attempts,
                },
                _ => PutFailure::Failed {
                    message: error.to_string(),
                    attempts,
                },
            }),
        };
        // The receipt may have been dropped.
        let _ = self.tell.send(outcome);
        None
    }
}

impl Attempt {
    fn is_worth_repeating(&self) -> bool {
        match self {
            Self::Stored { .. } => false,
            // A code that is not known is a newer service's.
            Self::Refused { code, .. } => {
                ErrorCode::from_name(code).is_none_or(ErrorCode::is_retryable)
            }
            Self::Failed(error) => error.is_retryable(),
        }
    }
}
