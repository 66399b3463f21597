//! A record on its way, and what comes of it.

use super::record::ProducerRecord;
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
    /// The number: of the aggregated record, if it is in one.
    pub sequence_number: String,
    /// The place in the aggregated record, from 0; `None` if the record is stored by itself.
    pub sub_sequence_number: Option<u64>,
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
    /// When it has waited long enough for others; set when the task takes it.
    pub(super) lingers_until: Monotonic,
    /// When it is given up; set when the task takes it.
    pub(super) until: Monotonic,
    /// Its place in the order in which records were taken.
    pub(super) ticket: u64,
    /// Whether an attempt had no answer, or stored it where readers leave it out.
    may_be_stored: bool,
    goes: Goes,
    tell: oneshot::Sender<Result<Stored, PutFailure>>,
    _room: OwnedSemaphorePermit,
}

/// Whether a record may share an aggregated one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goes {
    Together,
    Alone,
}

/// What an attempt was for its record.
pub(super) enum Settled {
    /// It is sent again.
    Again(Taken),
    Stored,
    GivenUp,
}

/// What one attempt came to.
#[derive(Clone)]
pub(super) enum Attempt {
    Stored {
        shard_id: String,
        sequence_number: String,
    },
    /// Its aggregated record is in a shard whose readers leave it out.
    Misplaced {
        shard_id: String,
    },
    Refused {
        code: String,
        message: String,
    },
    Failed(Error),
    /// Its aggregated record was refused, perhaps for another's fault.
    RefusedTogether(Error),
}

impl Taken {
    pub(super) fn new(record: ProducerRecord, room: OwnedSemaphorePermit) -> (Self, Receipt) {
        let (tell, told) = oneshot::channel();
        let taken = Self {
            record,
            attempts: 0,
            lingers_until: Monotonic::default(),
            until: Monotonic::default(),
            ticket: 0,
            may_be_stored: false,
            goes: Goes::Together,
            tell,
            _room: room,
        };
        (taken, Receipt(told))
    }

    pub(super) fn goes_alone(&self) -> bool {
        self.goes == Goes::Alone
    }

    /// Ends the record's way, unless the attempt is worth repeating: then it comes back. `sub` is
    /// its place if it was in an aggregated record.
    pub(super) fn settle(mut self, attempt: Attempt, sub: Option<u64>, now: Monotonic) -> Settled {
        if now < self.until && attempt.is_worth_repeating() {
            self.count(&attempt);
            return Settled::Again(self);
        }
        self.end(attempt, sub)
    }

    /// Notes an attempt after which the record is sent again.
    pub(super) fn count(&mut self, attempt: &Attempt) {
        self.attempts += 1;
        match attempt {
            Attempt::Failed(error) => self.may_be_stored |= !error.was_not_applied(),
            Attempt::Misplaced { .. } => self.may_be_stored = true,
            Attempt::RefusedTogether(_) => self.goes = Goes::Alone,
            Attempt::Stored { .. } | Attempt::Refused { .. } => {}
        }
    }

    /// Ends the record's way with an attempt.
    pub(super) fn end(mut self, attempt: Attempt, sub: Option<u64>) -> Settled {
        self.count(&attempt);
        let outcome = self.outcome(attempt, sub);
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
        let failure = match self.may_be_stored {
            true => PutFailure::Failed {
                message: "an earlier record of its key was not stored".to_owned(),
                attempts: self.attempts,
            },
            false => PutFailure::Skipped,
        };
        let _ = self.tell.send(Err(failure));
    }

    fn outcome(&self, attempt: Attempt, sub: Option<u64>) -> Result<Stored, PutFailure> {
        let attempts = self.attempts;
        let failure = match attempt {
            Attempt::Stored {
                shard_id,
                sequence_number,
            } => {
                return Ok(Stored {
                    shard_id,
                    sequence_number,
                    sub_sequence_number: sub,
                    attempts,
                });
            }
            Attempt::Misplaced { shard_id } => PutFailure::Failed {
                message: format!("stored in {shard_id}, which does not own its hash key"),
                attempts,
            },
            Attempt::Refused { code, message } => PutFailure::Refused {
                code,
                message,
                attempts,
            },
            Attempt::Failed(Error::Service { remote, .. })
            | Attempt::RefusedTogether(Error::Service { remote, .. }) => PutFailure::Refused {
                code: remote.name,
                message: remote.message.unwrap_or_default(),
                attempts,
            },
            Attempt::Failed(error) | Attempt::RefusedTogether(error) => PutFailure::NotSent {
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
            Self::Misplaced { .. } | Self::RefusedTogether(_) => true,
            // A code that is not known is a newer service's.
            Self::Refused { code, .. } => {
                ErrorCode::from_name(code).is_none_or(ErrorCode::is_retryable)
            }
            Self::Failed(error) => error.is_retryable(),
        }
    }
}
