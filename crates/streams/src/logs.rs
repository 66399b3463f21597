//! The logs of shards: made where they are missing, told how long they are wanted, given up.
//!
//! Nothing is put or read here, and no shard ends here: see [`crate::fence`]. A log that damage may
//! have taken along is never made anew where it may have held records: they would be missing
//! without a word.

use crate::catalog::{Catalog, Shard, Stream};
use futures_util::future::join_all;
use millstream_replicated::{CollectError, Owner, collect_orphans};
use millstream_store::{LogId, LogSettings, LogStore, ReadError, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// The logs of all streams' shards in a store.
#[derive(Clone)]
pub(crate) struct ShardLogs {
    store: Arc<dyn LogStore>,
    catalog: Arc<Catalog>,
}

impl ShardLogs {
    pub(crate) fn new(store: Arc<dyn LogStore>, catalog: Arc<Catalog>) -> Self {
        Self { store, catalog }
    }

    /// Makes a shard's log if its stream is so new that it has none yet.
    pub(crate) async fn ensure(&self, stream: &Stream, shard: &Shard) {
        let log = stream.log(shard);
        // Local knowledge is enough: a known log exists, and the others are looked up.
        if shard.has_log() && self.store.known_bounds(log) == Err(ReadError::NoSuchLog(log)) {
            self.repair_missing(stream, log).await;
        }
    }

    /// Makes the logs of a stream, of which one was found missing, unless the stream goes.
    pub(crate) async fn repair_missing(&self, stream: &Stream, log: LogId) {
        let state = self.catalog.state().clone();
        let now = state.stream_by_id(stream.id);
        let Some(stream) = now.filter(|now| now.deletion.is_none()) else {
            return;
        };
        if let Err(error) = self.make_never_made(stream).await {
            tracing::error!(%log, %error, "a shard has no log");
        }
    }

    /// Makes the logs of a stream that were never made.
    pub(crate) async fn make_never_made(&self, stream: &Stream) -> Result<(), StoreError> {
        let mut unmade = Vec::new();
        for log in stream.logs() {
            if self.store.fresh_bounds(log).await == Err(ReadError::NoSuchLog(log)) {
                unmade.push(log);
            }
        }
        self.make(stream, unmade).await
    }

    /// Makes the logs of all streams that were never made.
    pub(crate) async fn make_all_never_made(&self) -> Result<(), StoreError> {
        let streams: Vec<Arc<Stream>> = self.catalog.state().streams().cloned().collect();
        for stream in streams {
            self.make_never_made(&stream).await?;
        }
        Ok(())
    }

    /// Removes the logs that neither the catalog needs nor any other machine on the store.
    pub(crate) async fn collect_orphans(
        &self,
        others: &[Arc<dyn Owner>],
    ) -> Result<(), CollectError> {
        let catalog: Arc<dyn Owner> = self.catalog.clone();
        let owners: Vec<_> = others.iter().cloned().chain([catalog]).collect();
        collect_orphans(&*self.store, &owners).await
    }

    /// Makes those of these logs that cannot be read, also if damage took them along: they hold
    /// nothing that is wanted.
    pub(crate) async fn make_empty(
        &self,
        stream: &Stream,
        logs: Vec<LogId>,
    ) -> Result<(), StoreError> {
        let mut absent = Vec::new();
        for log in logs {
            if self.store.fresh_bounds(log).await.is_err() {
                absent.push(log);
            }
        }
        self.make(stream, absent).await
    }

    async fn make(&self, stream: &Stream, logs: Vec<LogId>) -> Result<(), StoreError> {
        if logs.is_empty() {
            return Ok(());
        }
        let settings = settings(stream.retention());
        let logs = logs.into_iter().map(|log| (log, settings)).collect();
        match self.store.create(logs).await {
            // Another node is creating them at this moment; the next look will tell.
            Err(StoreError::Exists(_)) => Ok(()),
            other => other,
        }
    }

    /// Tells the store how long logs are wanted. Those that are not made yet are made so.
    pub(crate) async fn keep_for(
        &self,
        logs: Vec<LogId>,
        retention: Duration,
    ) -> Result<(), StoreError> {
        let settings = settings(retention);
        let changes = logs
            .into_iter()
            .map(|log| self.store.configure(log, settings));
        for told in join_all(changes).await {
            match told {
                Ok(()) | Err(StoreError::NoSuchLog(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Gives up logs of a stream that no shard needs any more. Those that a fault or a crash leaves
    /// behind are collected at the next start.
    pub(crate) async fn give_up(&self, stream: &Stream, logs: Vec<LogId>) {
        if let Err(error) = self.store.delete(logs).await {
            tracing::warn!(stream = %stream.arn(), %error, "logs remain until the next start");
        }
    }
}

/// The settings of a stream's logs with this retention.
fn settings(retention: Duration) -> LogSettings {
    LogSettings {
        retention_ms: u64::try_from(retention.as_millis()).unwrap_or(u64::MAX),
        ..LogSettings::default()
    }
}
