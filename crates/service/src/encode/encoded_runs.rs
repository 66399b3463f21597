//! Encoded runs of records, cached on their second request.

use super::stored_records::StoredLengths;
use bytes::Bytes;
use millstream_protocol::Protocol;
use millstream_store::{LogId, Offset, Run};
use millstream_streams::{FifoCache, Lookup, RUNS_MAX, RunCache};
use parking_lot::Mutex;
use std::sync::Arc;

/// Size of the cache, in encoded bytes.
const KEPT_BYTES_MAX: usize = 32 * 1024 * 1024;

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

/// The encoded runs of an engine's readers.
#[derive(Debug)]
pub(super) struct EncodedRuns {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    runs: RunCache<Key, Bytes>,
    /// The lengths of runs that are or were recently cached; their records were validated.
    lengths: FifoCache<Place, StoredLengths>,
}

impl Default for EncodedRuns {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                runs: RunCache::new(KEPT_BYTES_MAX),
                lengths: FifoCache::new(RUNS_MAX),
            }),
        }
    }
}

impl EncodedRuns {
    /// Looks up a run of this stored size.
    fn find(&self, key: &Key, stored_bytes: usize) -> Lookup<Bytes> {
        self.state.lock().runs.find(key, stored_bytes)
    }

    /// The lengths of a run of this stored size, if its records were validated before.
    fn lengths(&self, place: &Place, stored_bytes: usize) -> Option<StoredLengths> {
        let is_worth_it = RunCache::<Key, Bytes>::is_worth_it(stored_bytes);
        is_worth_it.then(|| self.state.lock().lengths.get(place))?
    }

    /// Caches an encoded run, and its lengths.
    pub(super) fn keep(&self, key: Key, bytes: Bytes, lengths: StoredLengths) {
        let length = bytes.len();
        let mut state = self.state.lock();
        state.runs.keep(key, bytes, length);
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
    pub(super) fn find(&self, run: &Run, count: usize, protocol: Protocol) -> (Key, Lookup<Bytes>) {
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
    fn run_when_kept_then_its_lengths_are_and_other_protocols_have_it_not() {
        let runs = EncodedRuns::default();
        let log = LogId { group: 1, index: 2 };
        let place = |first| Place {
            log,
            first: Offset(first),
            count: 5,
        };
        let key = |first| Key::new(place(first), Protocol::Json);
        let (stored_bytes, bytes) = (4096, Bytes::from(vec![7; 1024 * 1024]));
        assert_eq!(runs.find(&key(1), stored_bytes), Lookup::First);
        assert_eq!(runs.find(&key(1), stored_bytes), Lookup::Again);
        for first in 0..40 {
            let stored = vec![b'k'; 1 + first as usize];
            let lengths = StoredLengths::of(std::iter::once(StoredParts::new(&stored, 1))).unwrap();
            runs.keep(key(first), bytes.clone(), lengths);
        }
        assert_eq!(runs.find(&key(8), stored_bytes), Lookup::Kept(bytes));
        let other = Key::new(place(8), Protocol::Cbor);
        assert_eq!(runs.find(&other, stored_bytes), Lookup::First);
        let payload = |first| Some(runs.lengths(&place(first), stored_bytes)?.payload);
        assert_eq!((payload(8), payload(41)), (Some(9), None));
    }
}
