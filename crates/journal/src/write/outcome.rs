//! The outcomes of calls: judged when their group is assembled, resolved once it is durable or has
//! failed.

use crate::space::reserve::is_full;
use crate::write::group::Group;
use crate::write::queue::{AppendCall, Call, ChangeCall};
use millstream_store::store::{AppendError, Appended, StoreError};
use std::io;

#[derive(Clone, Debug)]
pub(crate) enum Failure {
    Full,
    NotApplied(String),
    Unknown(String),
}

/// A judged call that waits for its group.
pub(crate) enum Outcome {
    Append(Vec<Result<Appended, AppendError>>, AppendCall),
    Change(Result<(), StoreError>, ChangeCall),
}

impl Failure {
    pub(crate) fn of_write(error: &io::Error) -> Self {
        if is_full(error) {
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

/// The result of a call if its group becomes durable.
pub(crate) enum Judgement {
    Append(Vec<Result<Appended, AppendError>>),
    Change(Result<(), StoreError>),
}

impl Judgement {
    pub(crate) fn of<'c>(call: &'c Call, group: &mut Group<'_, 'c>) -> Self {
        match call {
            Call::Append(call) => Self::Append(group.append_all(&call.batches)),
            Call::Change(call) => Self::Change(group.change(&call.change)),
        }
    }
}

impl Outcome {
    pub(crate) fn new(call: Call, judgement: Judgement) -> Self {
        match (call, judgement) {
            (Call::Append(call), Judgement::Append(results)) => Self::Append(results, call),
            (Call::Change(call), Judgement::Change(result)) => Self::Change(result, call),
            (Call::Append(_), Judgement::Change(_)) | (Call::Change(_), Judgement::Append(_)) => {
                unreachable!("a call is judged as what it is")
            }
        }
    }

    /// A call that is refused without being judged; its judgement does not matter.
    pub(crate) fn refused(call: Call) -> Self {
        match call {
            Call::Append(call) => {
                let refused = Err(AppendError::Full);
                Self::Append(vec![refused; call.batches.len()], call)
            }
            Call::Change(call) => Self::Change(Ok(()), call),
        }
    }

    /// The call, to be judged again.
    pub(crate) fn into_call(self) -> Call {
        match self {
            Self::Append(_, call) => Call::Append(call),
            Self::Change(_, call) => Call::Change(call),
        }
    }

    pub(crate) fn resolve(self, failure: Option<&Failure>) {
        // The caller may have gone.
        match (self, failure) {
            (Self::Append(results, call), None) => drop(call.reply.send(results)),
            (Self::Change(result, call), None) => drop(call.reply.send(result)),
            (Self::Append(results, call), Some(failure)) => {
                let failed = results.into_iter().map(|result| match result {
                    Err(AppendError::NoSuchLog(log)) => Err(AppendError::NoSuchLog(log)),
                    Ok(_) | Err(_) => Err(failure.of_append()),
                });
                drop(call.reply.send(failed.collect()));
            }
            (Self::Change(result, call), Some(failure)) => {
                let failed = result.and_then(|()| Err(failure.of_change()));
                drop(call.reply.send(failed));
            }
        }
    }
}
