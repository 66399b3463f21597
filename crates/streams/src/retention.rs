//! Retention: expired records are hidden at once, and trimmed a little later.
//!
//! Reads hide what is too old at the moment they are made (see [`crate::horizon`]). A sweep every
//! minute makes that durable, so that a clock turned back or a longer retention brings nothing
//! back, and forgets closed shards and data keys whose records have all expired. The store frees
//! the space.
//!
//! A store may give up by itself what is older than its logs' settings say. So these are never
//! shorter than the retention in the catalog: of a longer one the store is told before the catalog.
//! Longer they may be, since expiry goes by the catalog alone.

use crate::admission::Waits;
use crate::catalog::{Command, Direction, DropDataKeys, ExpireShards, SetRetention, Shard, Stream};
use crate::encryption::{self, Encryption};
use crate::facts::{
    ChangeError, NotSwept, ReadFailure, SetRetentionError, StreamError, SweepError,
};
use crate::horizon::Horizons;
use crate::logs::ShardLogs;
use crate::reads::Reads;
use crate::runtime::Runtimes;
use crate::streams::Streams;
use millstream_env::Causes;
use millstream_store::{LogId, LogStore};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Changes to a longer retention are serialized: the later of two is the longer, and must reach the
/// store later.
const LENGTHENINGS_MAX: usize = 1;

/// Expiry of what time has hidden, and changes of how long that takes.
pub(crate) struct Retention {
    store: Arc<dyn LogStore>,
    streams: Streams,
    runtimes: Arc<Runtimes>,
    horizons: Arc<Horizons>,
    encryption: Arc<Encryption>,
    logs: ShardLogs,
    lengthenings: Semaphore,
}

impl Retention {
    pub(crate) fn new(
        store: &Arc<dyn LogStore>,
        streams: &Streams,
        runtimes: &Arc<Runtimes>,
        reads: &Reads,
        logs: &ShardLogs,
    ) -> Self {
        Self {
            store: Arc::clone(store),
            streams: streams.clone(),
            runtimes: Arc::clone(runtimes),
            horizons: Arc::clone(reads.horizons()),
            encryption: Arc::clone(reads.encryption()),
            logs: logs.clone(),
            lengthenings: Semaphore::new(LENGTHENINGS_MAX),
        }
    }

    /// Makes expiry durable in all streams, and forgets expired shards and data keys.
    pub(crate) async fn sweep(&self) {
        self.encryption.forget_gone();
        for stream in self.streams.all() {
            if let Err(error) = self.sweep_stream(&stream).await
                && !self.streams.is_going(&stream)
            {
                tracing::warn!(stream = %stream.arn(), error = %Causes(&error), "expiry");
            }
        }
    }

    /// Makes expiry durable in a stream.
    async fn sweep_stream(&self, stream: &Arc<Stream>) -> Result<(), SweepError> {
        for shard in stream.shards.all().iter().filter(|shard| shard.has_log()) {
            let horizon = self.horizons.advance(stream, shard, Waits::Long).await?;
            let log = stream.log(shard);
            // Local knowledge is enough: trimming is idempotent, and trimming backwards has no
            // effect.
            let known = self.store.known_bounds(log).map_err(ReadFailure::from)?;
            if horizon > known.first {
                self.store.trim(log, horizon).await?;
            }
        }
        self.expire_shards(stream).await?;
        Ok(self.drop_data_keys(stream).await?)
    }

    /// Drops the data keys of records that have expired.
    async fn drop_data_keys(&self, stream: &Stream) -> Result<(), ChangeError> {
        let cutoff = self.horizons.cutoff(stream);
        let Some(through) = encryption::unneeded_before(stream, cutoff) else {
            return Ok(());
        };
        let command = DropDataKeys {
            stream: stream.id,
            through,
        };
        let dropped = self.streams.change(stream, Command::DropDataKeys(command));
        dropped.await.map(drop)
    }

    /// Forgets closed shards whose last record has expired, parents before children.
    async fn expire_shards(&self, stream: &Stream) -> Result<(), ChangeError> {
        let cutoff = self.horizons.cutoff(stream);
        let has_expired = |shard: &&Shard| shard.closed.is_some_and(|closed| closed.at < cutoff);
        let expired: Vec<&Shard> = stream.shards.all().iter().filter(has_expired).collect();
        if expired.is_empty() || stream.reshard.is_some() || stream.deletion.is_some() {
            return Ok(());
        }
        let shards = expired.iter().map(|shard| shard.index).collect();
        let command = ExpireShards {
            stream: stream.id,
            shards,
        };
        self.streams
            .change(stream, Command::ExpireShards(command))
            .await?;
        let runtime = self.runtimes.stream(stream.id);
        expired
            .iter()
            .for_each(|shard| runtime.remove_shard(shard.index));
        let logs = expired
            .iter()
            .filter(|s| s.has_log())
            .map(|s| stream.log(s))
            .collect();
        self.logs.give_up(stream, logs).await;
        Ok(())
    }

    /// Changes a stream's retention, up or down. Records that were hidden before stay hidden.
    pub(crate) async fn set(
        &self,
        stream: &Arc<Stream>,
        hours: u32,
        direction: Direction,
    ) -> Result<(), SetRetentionError> {
        let set = SetRetention {
            stream: stream.id,
            hours,
            direction,
        };
        if direction == Direction::Decrease {
            self.streams
                .change(stream, Command::SetRetention(set))
                .await?;
            return Ok(());
        }
        let turn = self.lengthenings.acquire().await;
        let _turn = turn.expect("nobody closes it");
        let told = self.lengthen(stream, hours).await;
        let told = told.map_err(|error| {
            if self.streams.is_going(stream) {
                SetRetentionError::from(StreamError::gone(&stream.label()))
            } else {
                NotSwept(error).into()
            }
        })?;
        let changed = self
            .streams
            .change(stream, Command::SetRetention(set))
            .await?;
        // Logs of a reshard that intervened were created with the previous retention.
        let mut untold = changed.logs();
        untold.retain(|log| !told.contains(log));
        if let Err(error) = self.logs.keep_for(untold, changed.retention()).await {
            tracing::warn!(stream = %stream.arn(), %error, "new logs keep an earlier retention");
        }
        Ok(())
    }

    /// Prepares a stream's logs for a longer retention; returns them.
    async fn lengthen(&self, stream: &Stream, hours: u32) -> Result<Vec<LogId>, SweepError> {
        let now = self.streams.of_id(stream.id);
        let longer = now.filter(|now| hours > now.retention_hours);
        let Some(now) = longer else {
            return Ok(stream.logs());
        };
        self.sweep_stream(&now).await?;
        let retention = Duration::from_hours(u64::from(hours));
        self.logs.keep_for(now.logs(), retention).await?;
        Ok(now.logs())
    }
}
