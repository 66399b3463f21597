//! Append-only logs: the [`LogStore`] contract, its conformance suite, and stores in memory. It
//! knows bytes and offsets, never Kinesis.

pub mod batch;
pub mod batches;
pub mod budget;
pub mod checksum;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
#[cfg(any(test, feature = "kafka-like"))]
pub mod kafka_like;
mod memory;
pub mod metrics;
pub mod store;

pub use batch::{Batch, BatchBuilder, Kind};
pub use batches::{BatchView, Batches, BatchesBuilder};
pub use memory::MemoryStore;
pub use metrics::Metric;
pub use store::{
    AppendError, Appended, Bounds, Epoch, LogId, LogSettings, LogStore, Offset, Priority, Promises,
    ReadError, ReadLimit, Reads, Record, Run, Slice, StoreError, TailWatch,
};
