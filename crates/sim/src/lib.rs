//! The judge of what clients saw: histories, the payloads that make records recognisable, and the
//! checker that names every broken promise in a history.
//!
//! It is deliberately independent of the code that it judges: it parses sequence numbers, hash keys
//! and shard ids itself, so that a mistake there cannot hide itself. Nothing here does I/O, reads a
//! clock or draws chance; a driver records a [`History`] and hands it to the checker.
//!
//! # What a driver owes the checker
//!
//! 1. All times come from one monotonic clock.
//! 2. Every attempt to write a record is one [`Put`] under a [`RecordId`] of its own, also when it
//!    travels in a PutRecords call with others and also when its answer never came.
//! 3. An outcome is definite only if the promise says so (a 4xx, a failed entry of PutRecords);
//!    a 5xx or a broken connection is unknown.
//! 4. At the end, with the faults off, one [`List`] and one reader per shard, from TRIM_HORIZON to
//!    the tail or the shard's end.
//! 5. The history is shorter than the stream's retention: removal by age is not judged here.

mod history;
mod number;
mod payload;

pub use history::{
    Event, FormatError, History, Lineage, List, ListedShard, Open, Outcome, Put, Read, Reshard,
    ReshardOutcome, Seen, Span, Start,
};
pub use number::{HashKey, HashKeyRange, ParseError, SequenceNumber, ShardId};
pub use payload::{DecodeError, MIN_LEN, RecordId, decode, encode};
