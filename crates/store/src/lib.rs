//! Append-only logs: the [`LogStore`] contract, its conformance suite, and in-memory stores. The
//! crate knows bytes and offsets, never Kinesis.

pub mod batch;
pub mod batches;
pub mod budget;
pub mod checksum;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
#[cfg(any(test, feature = "testing"))]
pub mod kafka_like;
#[cfg(any(test, feature = "testing"))]
mod memory;
pub mod metrics;
pub mod store;

pub use batch::{Batch, BatchBuilder, Kind};
pub use batches::{BatchView, Batches, BatchesBuilder};
#[cfg(any(test, feature = "testing"))]
pub use memory::MemoryStore;
pub use metrics::Metric;
pub use store::{
    AppendError, Appended, Bounds, Epoch, LogId, LogSettings, LogStore, Offset, Priority, Promises,
    ReadError, ReadLimit, Reads, Record, Run, Slice, StoreError, TailWatch,
};
