//! Append-only logs: the [`LogStore`] contract, its conformance suite, and the providers that live
//! on this machine. It knows bytes and offsets, never Kinesis.

pub mod batch;
pub mod store;

pub use batch::{Batch, BatchBuilder, Kind};
pub use store::{
    AppendError, Appended, Bounds, LogId, LogSettings, LogStore, Offset, ReadError, ReadLimit,
    Record, Slice, StoreError, TailWatch,
};
