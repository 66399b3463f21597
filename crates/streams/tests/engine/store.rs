//! The store of most tests: the simplest, in memory.

use millstream_env::ManualClock;
use millstream_store::{LogStore, MemoryStore};
use std::sync::Arc;

pub fn new_store(clock: Arc<ManualClock>) -> Arc<dyn LogStore> {
    Arc::new(MemoryStore::new(clock))
}
