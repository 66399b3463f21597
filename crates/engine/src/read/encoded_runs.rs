//! Runs of records that were encoded for one reader and are asked for by another.
//!
//! Several consumers of a shard read the same records at about the same time. A run is kept when it
//! is asked for a second time, so that one who reads everything once pushes nothing out. What is kept
//! never changes: a log's record is what it is for as long as it is there.

use crate::kept::Kept;
use bytes::Bytes;
use log::{LogId, Offset};
use parking_lot::Mutex;
use wire::Protocol;

/// Stored bytes of a run that is worth keeping.
const RUN_BYTES_MIN: usize = 2 * 1024;
/// Stored bytes of a run that is not too large to be kept.
const RUN_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Encoded bytes that are kept.
const KEPT_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Runs of which it is known that they were asked for: about as many as can be kept, so that one who
/// reads a shard again and again from its beginning pushes nothing out.
const ASKED_MAX: usize = 512;

/// Where a run begins, how many records it has, and how it is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) log: LogId,
    pub(super) first: Offset,
    pub(super) count: usize,
    protocol: &'static str,
}

impl Key {
    pub(super) fn new(log: LogId, first: Offset, count: usize, protocol: Protocol) -> Self {
        let protocol = protocol.content_type();
        Self {
            log,
            first,
            count,
            protocol,
        }
    }
}

/// What is known of a run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It is here.
    Kept(Bytes),
    /// It was asked for before, and is to be kept now.
    Again,
    /// Nobody wanted it yet.
    First,
}

/// The encoded runs of an engine.
#[derive(Debug)]
pub(crate) struct EncodedRuns {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    kept: Kept<Key, Bytes>,
    /// What was asked for once, lately.
    asked: Kept<Key, ()>,
}

impl Default for EncodedRuns {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                kept: Kept::new(KEPT_BYTES_MAX),
                asked: Kept::new(ASKED_MAX),
            }),
        }
    }
}

impl EncodedRuns {
    /// Looks for a run of so many stored bytes.
    pub(super) fn find(&self, key: &Key, stored_bytes: usize) -> Found {
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
        state.asked.push(*key, (), 1);
        Found::First
    }

    /// Keeps an encoded run.
    pub(super) fn keep(&self, key: Key, bytes: Bytes) {
        let length = bytes.len();
        self.state.lock().kept.push(key, bytes, length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_when_asked_for_twice_then_is_wanted_and_the_newest_are_kept() {
        let runs = EncodedRuns::default();
        let log = LogId { group: 1, index: 2 };
        let key = |first| Key::new(log, Offset(first), 5, Protocol::Json);
        assert_eq!(runs.find(&key(1), RUN_BYTES_MIN), Found::First);
        assert_eq!(runs.find(&key(1), RUN_BYTES_MIN), Found::Again);
        let other = Key::new(log, Offset(1), 5, Protocol::Cbor);
        assert_eq!(runs.find(&other, RUN_BYTES_MIN), Found::First);
        let far = |first| Key {
            log: LogId {
                group: first,
                index: 9,
            },
            ..key(first << 20)
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
        let bytes = Bytes::from(vec![7; 1024 * 1024]);
        for first in 0..40 {
            runs.keep(key(first), bytes.clone());
        }
        assert_eq!(
            runs.find(&key(7), RUN_BYTES_MIN),
            Found::First,
            "it went first"
        );
        assert_eq!(runs.find(&key(8), RUN_BYTES_MIN), Found::Kept(bytes));
    }
}
