//! A map keyed by log, for lookups at every batch.
//!
//! Its hash is a multiplication: ids are issued by us, so clients cannot choose colliding ones, and
//! it is not randomized, so that runs are reproducible. Iteration order is unspecified; sort where
//! it matters.

use millstream_store::store::LogId;
use rustc_hash::FxHashMap;

/// A map keyed by log.
pub(crate) type LogMap<V> = FxHashMap<LogId, V>;
