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
    /// Nothing was sent.
    #[error("not sent: {message} (after {attempts} attempts)")]
    NotSent {
        /// What happened.
        message: String,
        /// The number of attempts.
        attempts: u32,
    },
    /// A request had no answer. The record may have been stored.
    #[error("{message} (after {attempts} attempts)")]
    Failed {
        /// What happened.
        message: String,
        /// The number of attempts.
        attempts: u32,
    },
    /// An earlier record of its key was given up, and their order matters: nothing was sent.
    #[error("not sent: an earlier record of its key was not stored")]
    Skipped,
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
    /// Its place in the order in which records were taken.
    pub(super) ticket: u64,
    /// Whether an attempt had no answer.
    may_be_stored: bool,
    tell: oneshot::Sender<Result<Stored, PutFailure>>,
    _room: OwnedSemaphorePermit,
}

/// What an attempt was for its record.
pub(super) enum Settled {
    /// It is sent again.
    Again(Taken),
    Stored,
    GivenUp,
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
            ticket: 0,
            may_be_stored: false,
            tell,
            _room: room,
        };
        (taken, Receipt(told))
    }

    /// Ends the record's way, unless the attempt is worth repeating: then it comes back.
    pub(super) fn settle(mut self, attempt: Attempt, now: Monotonic) -> Settled {
        self.attempts += 1;
        if let Attempt::Failed(error) = &attempt {
            self.may_be_stored |= !error.was_not_applied();
        }
        if now < self.until && attempt.is_worth_repeating() {
            return Settled::Again(self);
        }
        let outcome = self.outcome(attempt);
        let settled = match outcome {
            Ok(_) => Settled::Stored,
            Err(_) => Settled::GivenUp,
        };
        // The receipt may have been dropped.
        let _ = self.tell.send(outcome);
        settled
    }

    /// Ends the way of a record that would follow one that was given up.
    pub(super) fn skip(self) {
        let _ = self.tell.send(Err(PutFailure::Skipped));
    }

    fn outcome(&self, attempt: Attempt) -> Result<Stored, PutFailure> {
        let attempts = self.attempts;
        let failure = match attempt {
            Attempt::Stored {
                shard_id,
                sequence_number,
            } => {
                return Ok(Stored {
                    shard_id,
                    sequence_number,
                    attempts,
                });
            }
            Attempt::Refused { code, message } => PutFailure::Refused {
                code,
                message,
                attempts,
            },
            Attempt::Failed(Error::Service { remote, .. }) => PutFailure::Refused {
                code: remote.name,
                message: remote.message.unwrap_or_default(),
                attempts,
            },
            Attempt::Failed(error) => PutFailure::NotSent {
                message: error.to_string(),
                attempts,
            },
        };
        Err(match self.may_be_stored {
            true => failure.after_unknown(),
            false => failure,
        })
    }
}

impl PutFailure {
    /// The failure of a record of which an attempt had no answer.
    fn after_unknown(self) -> Self {
        match self {
            Self::Refused {
                code,
                message,
                attempts,
            } => Self::Failed {
                message: format!("{code}: {message}"),
                attempts,
            },
            Self::NotSent { message, attempts } => Self::Failed { message, attempts },
            Self::Failed { .. } | Self::Skipped | Self::Ended => self,
        }
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
