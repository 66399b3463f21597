//! Kinesis semantics over a [`millstream_store::LogStore`]: streams, shards, iterators, consumers,
//! retention, limits. The crate knows Kinesis, never HTTP; bytes and offsets, never files.

mod answer;
mod handler;
pub mod operations;

mod engine;
mod open_error;
mod settings;

mod admission;
mod call_rates;
mod catalog;
mod duties;
mod encryption;
pub mod facts;
mod fanout;
mod fence;
mod fifo_cache;
mod horizon;
pub mod inspect;
mod log_reader;
mod logs;
mod position;
mod put;
mod read;
mod readiness;
mod reads;
mod retention;
mod scaling;
mod streams;

mod counters;
mod limits;
mod metrics;
mod record;
mod run_cache;
mod runtime;
mod sink;
mod store_series;
mod target;
#[cfg(feature = "testing")]
pub mod testing;
mod token;
mod views;

pub use admission::{
    COLD_READS_MAX, COLD_READS_OF_ACCOUNT, COLD_WAIT_MAX, ROOM_BYTES, SUBSCRIPTIONS_MAX,
};
pub use answer::{Answer, Output, PutResults, RecordPut, RecordsRead};
pub use encryption::{DATA_KEY_USED_MAX, KEY_FRESH, REFUSAL_KEPT, UNCONFIRMED_MAX};
pub use engine::Engine;
pub use facts::{AnyFact, Fact, Outcome, UnknownForm};
pub use fanout::{Event, RecordEncoder, Subscription};
pub use fifo_cache::FifoCache;
pub use handler::{Counted, Found, Handler, OutputOf, count, find};
pub use metrics::Metrics;
pub use millstream_env::Causes;
pub use open_error::OpenError;
pub use put::{Placed, PutError, PutResult};
pub use read::{NumberedRun, Records};
pub use record::{AtRest, KeyedIter, StoredIter, StoredParts, StoredRecord};
pub use run_cache::{Lookup, RUNS_MAX, RunCache};
pub use settings::{Limits, NamedKey, ScalingPace, Settings};
pub use sink::RecordArena;
pub use target::{Lacking, Named, Target, subject_of};
