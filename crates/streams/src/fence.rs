//! Begin → create the children → seal the parents with a CLOSE → Complete: how a shard's log ends.
//!
//! A record belongs to a shard if no CLOSE precedes it in the log, and a sealed log accepts nothing
//! more. Every step is idempotent and may be repeated by any node: creating an existing log,
//! sealing a sealed one and completing a completed reshard change nothing. So whichever node finds
//! an unfinished reshard or deletion carries it on, even after a restart. The same code runs above
//! every provider.

use crate::catalog::{Catalog, Command, CompleteReshard, ProposeError, Reshard, Stream};
use crate::logs::ShardLogs;
use crate::readiness::Readiness;
use crate::runtime::Runtimes;
use futures_util::future::join_all;
use millstream_env::{Causes, Env, Timestamp};
use millstream_store::{AppendError, LogId, LogStore, StoreError};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// The content of a CLOSE record (docs/formats/records.md): its version.
pub(crate) const CLOSE: [u8; 1] = [1];
/// Delay before an unfinished step is retried.
const RETRY: Duration = Duration::from_millis(500);

/// The end of a log.
struct Close {
    shard: u32,
    /// The offset of its first CLOSE.
    end: u64,
    /// When that arrived, or later: logs of older journals may hold records after it.
    arrived_ms: Option<u64>,
}

/// Whose unfinished changes a task of this node carries on.
#[derive(Debug, Default)]
struct Turns(Arc<Mutex<BTreeSet<u64>>>);

/// A stream's turn; until it is dropped, nobody else of this node has it.
struct Turn {
    turns: Arc<Mutex<BTreeSet<u64>>>,
    stream: u64,
}

impl Turns {
    fn take(&self, stream: u64) -> Option<Turn> {
        let is_free = self.0.lock().insert(stream);
        is_free.then(|| Turn {
            turns: self.0.clone(),
            stream,
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.lock().remove(&self.stream);
    }
}

/// Why a step has to be repeated.
#[derive(Debug, thiserror::Error)]
enum Unfinished {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Seal(#[from] AppendError),
    #[error(transparent)]
    Read(#[from] millstream_store::ReadError),
    #[error("the catalog did not take the end")]
    Catalog(#[from] ProposeError),
}

/// Ends the shards of streams.
pub(crate) struct Fence {
    env: Env,
    store: Arc<dyn LogStore>,
    catalog: Arc<Catalog>,
    runtimes: Arc<Runtimes>,
    logs: ShardLogs,
    readiness: Arc<Readiness>,
    turns: Turns,
}

impl Fence {
    pub(crate) fn new(
        env: &Env,
        store: &Arc<dyn LogStore>,
        catalog: &Arc<Catalog>,
        runtimes: &Arc<Runtimes>,
        logs: &ShardLogs,
        readiness: &Arc<Readiness>,
    ) -> Self {
        Self {
            env: env.clone(),
            store: Arc::clone(store),
            catalog: Arc::clone(catalog),
            runtimes: Arc::clone(runtimes),
            logs: logs.clone(),
            readiness: Arc::clone(readiness),
            turns: Turns::default(),
        }
    }

    /// Carries on a stream's unfinished work, in a task of its own, until it is complete.
    pub(crate) fn carry_on(self: &Arc<Self>, stream: u64) {
        let Some(turn) = self.turns.take(stream) else {
            return;
        };
        let fence = self.clone();
        let task = async move {
            let mut turn = Some(turn);
            while turn.is_some() {
                fence.carry_to_end(stream).await;
                drop(turn.take());
                // Whoever began something since the last look may have found the turn taken.
                if fence.readiness.is_writable() && fence.unfinished(stream).is_some() {
                    turn = fence.turns.take(stream);
                }
            }
        };
        self.env.tasks.spawn("fence", Box::pin(task));
    }

    /// Returns once nothing of a stream is unfinished, or the store takes no appends.
    async fn carry_to_end(&self, stream: u64) {
        while let Some(stream) = self.unfinished(stream) {
            if let Err(error) = self.step(&stream).await {
                if !self.is_as_it_was(&stream) {
                    // Another node got further, and removed what this step needed.
                    tracing::debug!(stream = %stream.arn(), error = %Causes(&error), "overtaken");
                    continue;
                }
                tracing::warn!(stream = %stream.arn(), error = %Causes(&error), "to be tried again");
                if !self.readiness.is_writable() {
                    return;
                }
                self.env.clock.sleep(RETRY).await;
            }
        }
    }

    /// Takes up all that is unfinished: what a crash left behind, and what turned up in the catalog
    /// though nobody heard that it was begun.
    pub(crate) fn carry_on_all(self: &Arc<Self>) {
        let unfinished: Vec<u64> = self
            .catalog
            .state()
            .streams()
            .map(|stream| stream.id)
            .collect();
        for stream in unfinished
            .into_iter()
            .filter(|id| self.unfinished(*id).is_some())
        {
            self.carry_on(stream);
        }
    }

    fn unfinished(&self, id: u64) -> Option<Arc<Stream>> {
        let state = self.catalog.state();
        let stream = state.stream_by_id(id)?;
        (stream.deletion.is_some() || stream.reshard.is_some()).then(|| stream.clone())
    }

    /// Whether a stream's unfinished work is still the same.
    fn is_as_it_was(&self, before: &Stream) -> bool {
        let state = self.catalog.state();
        let reshard = |stream: &Stream| stream.reshard.as_ref().map(|reshard| reshard.id);
        state.stream_by_id(before.id).is_some_and(|now| {
            let is_same_reshard = reshard(now) == reshard(before);
            is_same_reshard && now.deletion.is_some() == before.deletion.is_some()
        })
    }

    /// Completes one reshard or deletion from its current step. A deletion waits for a reshard in
    /// progress: both close the same logs.
    async fn step(&self, stream: &Arc<Stream>) -> Result<(), Unfinished> {
        match (&stream.reshard, &stream.deletion) {
            (Some(reshard), _) => self.finish_reshard(stream, reshard).await,
            (None, Some(deletion)) => {
                self.wait_until(deletion.begun, deletion.lasts_ms).await;
                self.finish_delete(stream).await
            }
            (None, None) => Ok(()),
        }
    }

    async fn finish_reshard(
        &self,
        stream: &Arc<Stream>,
        reshard: &Reshard,
    ) -> Result<(), Unfinished> {
        self.wait_until(reshard.begun, reshard.lasts_ms).await;
        let log = |index: u32| stream.log_of(index);
        self.logs.make_never_made(stream).await?;
        // No records are put into the children before it is complete.
        let children = reshard.plan.with_logs().map(log).collect();
        self.logs.make_empty(stream, children).await?;
        let parents = reshard.plan.parents.iter().copied();
        let closes = self.close(parents.map(log).collect()).await?;
        let complete = CompleteReshard {
            stream: stream.id,
            reshard: reshard.id,
            arrived_ms: closes.iter().filter_map(|close| close.arrived_ms).max(),
            closes: closes
                .iter()
                .map(|close| (close.shard, close.end))
                .collect(),
        };
        self.catalog
            .propose(Command::CompleteReshard(complete))
            .await?;
        Ok(())
    }

    async fn finish_delete(&self, stream: &Arc<Stream>) -> Result<(), Unfinished> {
        // A crash may have occurred between the stream and its logs.
        self.logs.make_empty(stream, stream.logs()).await?;
        let open = stream
            .shards
            .open()
            .map(|shard| stream.log(shard))
            .collect();
        self.close(open).await?;
        self.catalog
            .propose(Command::CompleteDelete(stream.id))
            .await?;
        self.runtimes.remove(stream.id);
        self.logs.give_up(stream, stream.logs()).await;
        Ok(())
    }

    /// Seals logs, if they are not sealed yet; returns where and when each one ended.
    async fn close(&self, logs: Vec<LogId>) -> Result<Vec<Close>, Unfinished> {
        let seals = logs.iter().map(|log| self.store.seal(*log, &CLOSE));
        let ends = join_all(seals).await;
        let mut closes = Vec::with_capacity(logs.len());
        for (log, end) in logs.into_iter().zip(ends) {
            let end = end?;
            // A fresh look: another node may have sealed the log.
            let bounds = self.store.fresh_bounds(log).await?;
            closes.push(Close {
                shard: log.index,
                end: end.0,
                arrived_ms: bounds.last_arrival.map(|arrival| arrival.0),
            });
        }
        Ok(closes)
    }

    async fn wait_until(&self, begun: Timestamp, lasts_ms: u64) {
        let ends = begun.plus(Duration::from_millis(lasts_ms));
        // A clock that was turned back must not prolong this.
        let left = ends
            .since(self.env.clock.now())
            .min(Duration::from_millis(lasts_ms));
        if !left.is_zero() {
            self.env.clock.sleep(left).await;
        }
    }
}
