//! Encoded runs of records, cached for other readers of the same shard.
//!
//! Several consumers of a shard read the same records at about the same time. A run is cached on
//! its second request, so that a single sequential reader evicts nothing. Cached runs are never
//! stale: a log's records do not change while they exist.

use super::stored_records::StoredLengths;
use bytes::Bytes;
use millstream_protocol::Protocol;
use millstream_store::{LogId, Offset, Run};
use millstream_streams::FifoCache;
use parking_lot::Mutex;
use std::sync::Arc;

/// Minimum stored size of a run worth caching.
const RUN_BYTES_MIN: usize = 2 * 1024;
/// Maximum stored size of a run to be cached.
const RUN_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Size of the cache, in encoded bytes.
const KEPT_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Size of the ghost list (runs requested once). Keeps the cache scan-resistant: re-reading a large
/// range evicts nothing.
const ASKED_BYTES_MAX: usize = KEPT_BYTES_MAX / 4 * 3;
/// Maximum number of runs in the ghost list, and of runs with known lengths.
const RUNS_MAX: usize = 512;
/// Minimum size that a run counts as.
const ASKED_BYTES_MIN: usize = ASKED_BYTES_MAX / RUNS_MAX;

/// Where a run begins, and its number of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) log: LogId,
    pub(super) first: Offset,
    pub(super) count: usize,
}

/// A run, and its encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    place: Place,
    protocol: &'static str,
}

impl Key {
    pub(super) fn new(place: Place, protocol: Protocol) -> Self {
        let protocol = protocol.content_type();
        Self { place, protocol }
    }
}

/// The result of a lookup.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A hit.
    Kept(Bytes),
    /// A ghost hit: it was requested before, and is to be cached now.
    Again,
    /// Its first request.
    First,
}

/// The encoded runs of an engine's readers.
#[derive(Debug)]
pub(super) struct EncodedRuns {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    kept: FifoCache<Key, Bytes>,
    /// The lengths of runs that are or were recently cached; their records were validated.
    lengths: FifoCache<Place, StoredLengths>,
    /// The ghost list.
    asked: FifoCache<Key, ()>,
}

impl Default for EncodedRuns {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                kept: FifoCache::new(KEPT_BYTES_MAX),
                lengths: FifoCache::new(RUNS_MAX),
                asked: FifoCache::new(ASKED_BYTES_MAX),
            }),
        }
    }
}

impl EncodedRuns {
    /// Looks up a run of this stored size.
    fn find(&self, key: &Key, stored_bytes: usize) -> Found {
        if !(RUN_BYTES_MIN..=RUN_BYTES_MAX).contains(&stored_bytes) {
            return Found::First;
        }
        let mut state = self.state.lock();
        if let Some(bytes) = state.kept.get(key) {
            return Found::Kept(bytes);
        }
        if state.asked.get(key).is_some() {
            return Found::Again;
        }
        let counted = stored_bytes.max(ASKED_BYTES_MIN);
        state.asked.push(*key, (), counted);
        Found::First
    }

    /// The lengths of a run of this stored size, if its records were validated before.
    fn lengths(&self, place: &Place, stored_bytes: usize) -> Option<StoredLengths> {
        let is_worth_it = (RUN_BYTES_MIN..=RUN_BYTES_MAX).contains(&stored_bytes);
        is_worth_it.then(|| self.state.lock().lengths.get(place))?
    }

    /// Caches an encoded run, and its lengths.
    pub(super) fn keep(&self, key: Key, bytes: Bytes, lengths: StoredLengths) {
        let length = bytes.len();
        let mut state = self.state.lock();
        state.kept.push(key, bytes, length);
        state.lengths.push(key.place, lengths, 1);
    }
}

/// The encoded runs of one log.
#[derive(Clone, Debug)]
pub(super) struct Runs {
    /// The log.
    pub(super) log: LogId,
    /// The cache.
    pub(super) encoded: Arc<EncodedRuns>,
}

impl Runs {
    /// The lengths of the first records of a run, if they were validated before.
    pub(super) fn lengths(&self, run: &Run, count: usize) -> Option<StoredLengths> {
        self.encoded
            .lengths(&self.place(run, count), run.bytes.len())
    }

    /// Looks up the first records of a run; returns the key for caching them, too.
    pub(super) fn find(&self, run: &Run, count: usize, protocol: Protocol) -> (Key, Found) {
        let key = Key::new(self.place(run, count), protocol);
        (key, self.encoded.find(&key, run.bytes.len()))
    }

    fn place(&self, run: &Run, count: usize) -> Place {
        Place {
            log: self.log,
            first: run.first,
            count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_streams::StoredParts;

    #[test]
    fn run_when_asked_for_twice_then_is_wanted_and_the_newest_are_kept() {
        let runs = EncodedRuns::default();
        let log = LogId { group: 1, index: 2 };
        let place = |first| Place {
            log,
            first: Offset(first),
            count: 5,
        };
        let key = |first| Key::new(place(first), Protocol::Json);
        assert_eq!(runs.find(&key(1), RUN_BYTES_MIN), Found::First);
        assert_eq!(runs.find(&key(1), RUN_BYTES_MIN), Found::Again);
        let other = Key::new(place(1), Protocol::Cbor);
        assert_eq!(runs.find(&other, RUN_BYTES_MIN), Found::First);
        let far = |first| {
            let log = LogId {
                group: first,
                index: 9,
            };
            let place = Place {
                log,
                ..place(first << 20)
            };
            Key::new(place, Protocol::Json)
        };
        for expected in [Found::First, Found::Again] {
            let mut found = (0..64).map(|first| runs.find(&far(first), RUN_BYTES_MIN));
            assert!(
                found.all(|found| found == expected),
                "none takes another's place"
            );
        }
        for bytes in [RUN_BYTES_MIN - 1, RUN_BYTES_MAX + 1] {
            assert_eq!(runs.find(&key(2), bytes), Found::First);
            assert_eq!(runs.find(&key(2), bytes), Found::First, "{bytes}");
        }
        let walk =
            |runs_max| (1000..1000 + runs_max).map(|first| runs.find(&key(first), RUN_BYTES_MAX));
        let (kept, more) = (
            ASKED_BYTES_MAX / RUN_BYTES_MAX,
            ASKED_BYTES_MAX / RUN_BYTES_MAX + 1,
        );
        for (runs_max, again) in [(more, Found::First), (kept, Found::Again)] {
            assert!(
                walk(runs_max as u64).all(|found| found == Found::First),
                "they were pushed out"
            );
            assert!(
                walk(runs_max as u64).all(|found| found == again),
                "{runs_max} runs"
            );
        }
        let bytes = Bytes::from(vec![7; 1024 * 1024]);
        for first in 0..40 {
            let stored = vec![b'k'; 1 + first as usize];
            let lengths = StoredLengths::of(std::iter::once(StoredParts::new(&stored, 1))).unwrap();
            runs.keep(key(first), bytes.clone(), lengths);
        }
        assert_eq!(
            runs.find(&key(7), RUN_BYTES_MIN),
            Found::First,
            "it went first"
        );
        assert_eq!(runs.find(&key(8), RUN_BYTES_MIN), Found::Kept(bytes));
        let payload = |first| Some(runs.lengths(&place(first), RUN_BYTES_MIN)?.payload);
        assert_eq!((payload(8), payload(41)), (Some(9), None));
    }
}
