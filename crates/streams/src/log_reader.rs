//! Reads of logs: what is at hand comes at once, the rest when it is admitted to the disk.
//!
//! What a read brings comes with its share of the room for answers. Retention is not known here.

use crate::admission::{Admission, Waits};
use crate::catalog::{Shard, Stream};
use crate::facts::ReadFailure;
use millstream_env::{Env, Timestamp};
use millstream_memory::Share;
use millstream_model::AccountId;
use millstream_store::{LogId, LogStore, Offset, ReadError, ReadLimit, Slice};
use std::sync::Arc;
use tokio::sync::oneshot;

/// A log, and the account that what is read of it counts for.
#[derive(Clone, Copy)]
pub(crate) struct OwnedLog<'a> {
    pub(crate) log: LogId,
    pub(crate) account: &'a AccountId,
}

impl<'a> OwnedLog<'a> {
    /// The log of a stream's shard, which counts for the stream's owner, whoever reads it.
    pub(crate) fn of(stream: &'a Stream, shard: &Shard) -> Self {
        Self {
            log: stream.log(shard),
            account: &stream.scope.account,
        }
    }
}

/// Reads logs of a store for as many as there is room for.
pub(crate) struct LogReader {
    env: Env,
    store: Arc<dyn LogStore>,
    admission: Arc<Admission>,
}

impl LogReader {
    pub(crate) fn new(env: Env, store: Arc<dyn LogStore>, admission: Arc<Admission>) -> Self {
        Self {
            env,
            store,
            admission,
        }
    }

    /// An empty share of the memory for responses; passed on to whoever sends them.
    pub(crate) fn share_of(&self, account: &AccountId) -> Share {
        self.admission.share_of(account)
    }

    /// Room for what is made of a read that is at hand; it does not wait.
    pub(crate) fn room_at_once(
        &self,
        account: &AccountId,
        bytes: usize,
    ) -> Result<Share, ReadFailure> {
        self.admission.share_at_once(account, bytes)
    }

    /// Reads forward in a log for a waiting client; returns the result's memory with it.
    pub(crate) async fn read(
        &self,
        log: OwnedLog<'_>,
        from: Offset,
        limit: ReadLimit,
    ) -> Result<(Slice, Share), ReadFailure> {
        self.read_if(log, from, limit, Waits::Bounded).await
    }

    /// The same for somebody who waits so long.
    pub(crate) async fn read_if(
        &self,
        OwnedLog { log, account }: OwnedLog<'_>,
        from: Offset,
        limit: ReadLimit,
        waits: Waits,
    ) -> Result<(Slice, Share), ReadFailure> {
        if let Some(read) = self.store.read_at_hand(log, from, limit) {
            let slice = read?;
            let share = self.admission.share_at_once(account, slice.held_bytes)?;
            return Ok((slice, share));
        }
        let store = Arc::clone(&self.store);
        let read = async move { store.read(log, from, limit).await };
        let bytes = limit.held_bytes_max();
        let (slice, mut share) = self.read_cold(account, bytes, waits, read).await?;
        share.shrink_to(slice.held_bytes);
        Ok((slice, share))
    }

    /// The first kept offset that arrived at or after a time.
    pub(crate) async fn offset_at(
        &self,
        OwnedLog { log, account }: OwnedLog<'_>,
        time: Timestamp,
        waits: Waits,
    ) -> Result<Offset, ReadFailure> {
        if let Some(found) = self.store.offset_at_hand(log, time) {
            return Ok(found?);
        }
        let store = Arc::clone(&self.store);
        let find = async move { store.offset_at(log, time).await };
        let found = self.read_cold(account, ReadLimit::HELD_BESIDE_BYTES, waits, find);
        Ok(found.await?.0)
    }

    /// Lets the store wait for the disk once a permit is held; returns the memory reserved for the
    /// result.
    async fn read_cold<T: Send + 'static>(
        &self,
        account: &AccountId,
        bytes: usize,
        waits: Waits,
        read: impl Future<Output = Result<T, ReadError>> + Send + 'static,
    ) -> Result<(T, Share), ReadFailure> {
        let clock = &*self.env.clock;
        let turn = self.admission.admit(clock, account, bytes, waits).await?;
        let (tell, told) = oneshot::channel();
        let task = async move {
            let found = read.await;
            let share = turn.end();
            // The caller may have gone.
            drop(tell.send(found.map(|found| (found, share))));
        };
        self.env.tasks.spawn("cold-read", Box::pin(task));
        let lost = || Err(ReadError::Io("the read was given up".to_owned()));
        Ok(told.await.unwrap_or_else(|_| lost())?)
    }
}
