//! Append-only logs: the [`LogStore`] contract, its conformance suite, and the providers that live
//! on this machine. It knows bytes and offsets, never Kinesis.

pub mod batch;
pub mod batches;
mod budget;
pub mod checksum;
pub mod conformance;
pub mod journal;
#[cfg(any(test, feature = "kafka-like"))]
pub mod kafka_like;
mod memory;
pub mod metrics;
pub mod store;

pub use batch::{Batch, BatchBuilder, Kind};
pub use batches::{BatchView, Batches, BatchesBuilder};
pub use journal::{Durability, Journal, OpenError, Options};
pub use memory::MemoryStore;
pub use metrics::Metric;
pub use store::{
    AppendError, Appended, Bounds, Epoch, LogId, LogSettings, LogStore, Offset, Priority, Promises,
    ReadError, ReadLimit, Reads, Record, Run, Slice, StoreError, TailWatch,
};
