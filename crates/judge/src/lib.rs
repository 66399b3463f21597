//! The judge of what clients saw: histories, the payloads that make records recognizable, the
//! changes of shards that drivers make, and the checker that names every broken promise in a
//! history.
//!
//! The judge is deliberately independent of the code that it judges: it parses sequence numbers,
//! hash keys and shard ids itself, so that a mistake there cannot hide itself. It does no I/O,
//! reads no clock, and draws chance only from a generator that it is given. A driver records a
//! [`History`] and hands it to [`judge`]. There are two drivers: `millstream-crash` for a real
//! server process, `millstream-sim` for a simulated one.
//!
//! # What a driver must guarantee
//!
//! 1. All times come from one monotonic clock.
//! 2. Every attempt to write a record is one [`Put`] with its own [`RecordId`], even in a
//!    PutRecords call with others and even if no response came.
//! 3. An outcome is definite only if it is promised to be (a 4xx, a failed entry of PutRecords); a
//!    5xx or a broken connection is unknown.
//! 4. At the end, without faults, there is one [`List`] and one reader per shard, from TRIM_HORIZON
//!    to the tail or the shard's end. Acknowledged records that no read could have met are reported
//!    as [`Kind::Unseen`], so a driver that omits this does not pass.
//! 5. The history is shorter than the stream's retention: removal by age is not judged here.
//!
//! # Adding an anomaly
//!
//! 1. Add a variant to [`Kind`] with its name and its meaning.
//! 2. Detect it in the file of the closest rule, under `checker/`, or in a new file there that
//!    [`judge`] calls; a rule is a function from the `Ledger` to `Findings`.
//! 3. Add a mutator to `checker/tests/mutators.rs` that plants it into a good history. The tests
//!    fail until every `Kind` has at least one mutator and every planted fault is caught, and as
//!    long as any good history is accused.

mod checker;
mod draft;
mod history;
mod number;
pub mod payload;
mod shard_change;
mod verdict;

pub use checker::judge;
pub use draft::{Draft, KEYLESS};
pub use history::{
    Event, FormatError, History, Lineage, List, ListedShard, Open, Outcome, Put, Read, Reshard,
    ReshardOutcome, Seen, Span, Start, Subscribed,
};
pub use number::{HashKey, HashKeyRange, ParseError, SequenceNumber, ShardId};
pub use payload::RecordId;
pub use shard_change::{OPEN_MAX, Reshaping, ShardChange};
pub use verdict::{Anomaly, HistoryError, Judged, Kind, Verdict};
