//! How calls end: judged when their group is put together, resolved once it is durable or has failed.

use super::group::Group;
use super::queue::Call;
use crate::store::{AppendError, Appended, StoreError};
use std::io;
use tokio::sync::oneshot;

type Appends = Vec<Result<Appended, AppendError>>;

#[derive(Clone, Debug)]
pub(super) enum Failure {
    Full,
    NotApplied(String),
    Unknown(String),
}

/// A call, judged, that waits for its group.
pub(super) enum Outcome {
    Append(Vec<Result<Appended, AppendError>>, oneshot::Sender<Appends>),
    Change(
        Result<(), StoreError>,
        oneshot::Sender<Result<(), StoreError>>,
    ),
}

impl Failure {
    pub(super) fn of_write(error: &io::Error) -> Self {
        let is_full = matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        );
        if is_full {
            Self::Full
        } else {
            Self::NotApplied(error.to_string())
        }
    }

    fn of_append(&self) -> AppendError {
        match self {
            Self::Full => AppendError::Full,
            Self::NotApplied(why) => AppendError::NotApplied(why.clone()),
            Self::Unknown(why) => AppendError::Unknown(why.clone()),
        }
    }

    fn of_change(&self) -> StoreError {
        match self {
            Self::Full => StoreError::NotApplied("the disk is full".to_owned()),
            Self::NotApplied(why) => StoreError::NotApplied(why.clone()),
            Self::Unknown(why) => StoreError::Unknown(why.clone()),
        }
    }
}

impl Outcome {
    pub(super) fn judge(call: Call, group: &mut Group<'_>) -> Self {
        match call {
            Call::Append(call) => {
                let batches = call.batches.iter();
                let results = batches
                    .map(|(log, batch)| group.append(*log, batch))
                    .collect();
                Self::Append(results, call.reply)
            }
            Call::Change(call) => Self::Change(group.change(&call.change), call.reply),
        }
    }

    /// A call that is not even looked at; what it would have been answered does not matter.
    pub(super) fn refused(call: Call) -> Self {
        match call {
            Call::Append(call) => {
                let refused = Err(AppendError::Full);
                Self::Append(vec![refused; call.batches.len()], call.reply)
            }
            Call::Change(call) => Self::Change(Ok(()), call.reply),
        }
    }

    pub(super) fn resolve(self, failure: Option<&Failure>) {
        // Whoever no longer waits does not want to know.
        match (self, failure) {
            (Self::Append(results, reply), None) => drop(reply.send(results)),
            (Self::Change(result, reply), None) => drop(reply.send(result)),
            (Self::Append(results, reply), Some(failure)) => {
                let failed = results.into_iter().map(|result| match result {
                    Err(AppendError::NoSuchLog(log)) => Err(AppendError::NoSuchLog(log)),
                    Ok(_) | Err(_) => Err(failure.of_append()),
                });
                drop(reply.send(failed.collect()));
            }
            (Self::Change(result, reply), Some(failure)) => {
                let failed = result.and_then(|()| Err(failure.of_change()));
                drop(reply.send(failed));
            }
        }
    }
}
