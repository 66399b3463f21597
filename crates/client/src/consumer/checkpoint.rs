//! Checkpoints: how far a consumer has come with each shard, kept by a store.

use millstream_env::BoxFuture;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

/// How far a shard has been processed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Checkpoint {
    /// Up to the record with this sequence number, which is included.
    After(String),
    /// All of it: it is closed.
    End,
}

/// The checkpoints of a stream, by shard.
pub type Checkpoints = BTreeMap<String, Checkpoint>;

/// Why a store could not load or save. Any error of its own will do.
pub type StoreError = Box<dyn Error + Send + Sync>;

/// A place where the checkpoints of one consumer of one stream survive it.
///
/// A checkpoint that was saved is in what is loaded later; one whose saving failed may or may not
/// be.
pub trait CheckpointStore: Send + Sync {
    /// All checkpoints.
    fn load(&self) -> BoxFuture<Result<Checkpoints, StoreError>>;
    /// Replaces the checkpoint of a shard.
    fn save(&self, shard_id: &str, checkpoint: Checkpoint) -> BoxFuture<Result<(), StoreError>>;
}

/// Checkpoints in memory: for tests, and for consumers within one process. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct MemoryCheckpoints(Arc<Mutex<Checkpoints>>);

impl MemoryCheckpoints {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl CheckpointStore for MemoryCheckpoints {
    fn load(&self) -> BoxFuture<Result<Checkpoints, StoreError>> {
        // A map is whole whoever panicked.
        let found = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        Box::pin(std::future::ready(Ok(found)))
    }

    fn save(&self, shard_id: &str, checkpoint: Checkpoint) -> BoxFuture<Result<(), StoreError>> {
        let mut checkpoints = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        checkpoints.insert(shard_id.to_owned(), checkpoint);
        Box::pin(std::future::ready(Ok(())))
    }
}
