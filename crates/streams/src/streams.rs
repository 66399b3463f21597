//! The streams of this node's catalog: looked at, changed, and told to be going.
//!
//! How a command comes into the catalog's log is not known here, nor what it does.

use crate::catalog::{
    Applied, Catalog, Command, Commitment, CreateStream, ProposeError, Refusal, SetCommitment,
    State, Stream,
};
use crate::facts::{ChangeError, DataKeyFailure, ReadFailure, ShardReadError, StreamError};
use millstream_replicated::Replayed;
use millstream_store::ReadError;
use std::ops::Deref;
use std::sync::Arc;

/// The streams that this node's catalog holds.
#[derive(Clone)]
pub(crate) struct Streams {
    catalog: Arc<Catalog>,
}

impl Streams {
    pub(crate) fn new(catalog: Arc<Catalog>) -> Self {
        Self { catalog }
    }

    /// The catalog's present state.
    pub(crate) fn state(&self) -> impl Deref<Target = Arc<Replayed<State>>> {
        self.catalog.state()
    }

    /// The stream of an id, as it is now.
    pub(crate) fn of_id(&self, id: u64) -> Option<Arc<Stream>> {
        self.catalog.state().stream_by_id(id).cloned()
    }

    /// All streams, as they are now.
    pub(crate) fn all(&self) -> Vec<Arc<Stream>> {
        self.catalog.state().streams().cloned().collect()
    }

    /// Resolves once the state is as wanted.
    pub(crate) async fn wait_until(&self, is_so: impl Fn(&State) -> bool) {
        self.catalog.wait_until(is_so).await;
    }

    /// Proposes a new stream.
    pub(crate) async fn create(&self, create: CreateStream) -> Result<Arc<Stream>, ProposeError> {
        let created = self.catalog.propose(Command::CreateStream(create)).await?;
        Ok(created
            .into_stream()
            .expect("a command that makes a stream answers it"))
    }

    /// Proposes an account's commitment, or its end; returns it as it is then.
    pub(crate) async fn set_commitment(
        &self,
        set: SetCommitment,
    ) -> Result<Option<Commitment>, ProposeError> {
        match self.catalog.propose(Command::SetCommitment(set)).await? {
            Applied::Account(commitment) => Ok(commitment),
            Applied::Stream(_) | Applied::NoStream => {
                unreachable!("a command about an account answers its settings")
            }
        }
    }

    /// Proposes a change to a stream as its proposer saw it.
    ///
    /// Only the catalog says that the stream is gone. A later state does not decide it: an unknown
    /// outcome stays unknown, since the change may have come before the deletion.
    pub(crate) async fn change(
        &self,
        stream: &Stream,
        command: Command,
    ) -> Result<Arc<Stream>, ChangeError> {
        match self.catalog.propose(command).await {
            Ok(applied) => Ok(applied
                .into_stream()
                .expect("a command about a stream that is there answers it")),
            Err(ProposeError::Refused(Refusal::StreamGone { .. })) => {
                Err(StreamError::gone(&stream.label()).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a stream is gone, or being deleted, since the caller saw it: errors because of that
    /// are not failures.
    pub(crate) fn is_going(&self, stream: &Stream) -> bool {
        let now = self.of_id(stream.id);
        now.is_none_or(|now| now.deletion.is_some())
    }

    /// Why a shard was not read: if it or its data key is missing because its stream is being
    /// deleted, nothing is wrong.
    pub(crate) fn read_failed(
        &self,
        stream: &Stream,
        failure: impl Into<ReadFailure>,
    ) -> ShardReadError {
        let failure = failure.into();
        let is_missing = matches!(
            failure,
            ReadFailure::Store(ReadError::NoSuchLog(_))
                | ReadFailure::DataKey(DataKeyFailure::Missing { .. })
        );
        if is_missing && self.is_going(stream) {
            StreamError::gone(&stream.label()).into()
        } else {
            failure.into()
        }
    }
}
