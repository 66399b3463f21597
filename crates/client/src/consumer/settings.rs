//! The settings of a consumer.

use super::checkpoint::CheckpointStore;
use super::position::Position;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How a consumer reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ReadWith {
    /// GetRecords: a shard's readers share its 2 MiB and five calls a second.
    #[default]
    Polling,
    /// SubscribeToShard, with a registered consumer of this ARN.
    Consumer(String),
    /// SubscribeToShard, with a consumer of this name. It is registered unless it exists, and stays
    /// until [`Consumer::deregister`](super::Consumer::deregister).
    ConsumerNamed(String),
}

/// The settings of a consumer.
#[derive(Clone)]
pub struct ConsumerSettings {
    /// Where shards begin that have no position of their own.
    pub from: Position,
    /// The positions of some shards. What comes of them by splits and merges follows whole.
    pub positions: BTreeMap<String, Position>,
    /// The shards to follow, with all that comes of them; empty for all of the stream.
    pub shards: BTreeSet<String>,
    /// Where checkpoints are loaded from and saved to. A checkpoint comes before every other
    /// position of its shard; a shard without one begins as it would without a store.
    pub checkpoints: Option<Arc<dyn CheckpointStore>>,
    /// How shards are read.
    pub read_with: ReadWith,
    /// Maximum records of a batch when polling; the service's own maximum is 10,000.
    pub records_max: Option<i32>,
    /// How often a shard is polled that has nothing new; 200 ms at least.
    pub poll_every: Duration,
    /// Bytes of records that may be read ahead. Beside them, each shard holds one batch that was
    /// pushed.
    pub bytes_ahead_max: usize,
    /// How long the calls for a shard may fail before the consumer does. Being throttled is no
    /// failure.
    pub gives_up_after: Duration,
}

impl Default for ConsumerSettings {
    /// All shards from their oldest records, polled every second when there is nothing new; 64 MiB
    /// read ahead; a minute of failures.
    fn default() -> Self {
        Self {
            from: Position::TrimHorizon,
            positions: BTreeMap::new(),
            shards: BTreeSet::new(),
            checkpoints: None,
            read_with: ReadWith::Polling,
            records_max: None,
            poll_every: Duration::from_secs(1),
            bytes_ahead_max: 64 * 1024 * 1024,
            gives_up_after: Duration::from_secs(60),
        }
    }
}

impl fmt::Debug for ConsumerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsumerSettings")
            .field("from", &self.from)
            .field("positions", &self.positions)
            .field("shards", &self.shards)
            .field("checkpoints", &self.checkpoints.is_some())
            .field("read_with", &self.read_with)
            .field("records_max", &self.records_max)
            .field("poll_every", &self.poll_every)
            .field("bytes_ahead_max", &self.bytes_ahead_max)
            .field("gives_up_after", &self.gives_up_after)
            .finish()
    }
}
