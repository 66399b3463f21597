//! Opened runs, cached on their second request.

use super::Need;
use crate::record::AtRest;
use crate::record::sealed::{Sealed, first_sealed};
use crate::run_cache::{Lookup, RunCache};
use bytes::Bytes;
use millstream_store::batch::RecordIter;
use millstream_store::{LogId, Offset, Run};
use parking_lot::Mutex;
use std::sync::Arc;

/// Size of the cache.
const KEPT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Which run: where it begins, and its number of records.
pub(super) type Which = (LogId, Offset, u32);

/// A run all of whose records were sealed, opened.
#[derive(Debug)]
pub(super) struct OpenedRun {
    pub(super) bytes: Bytes,
    /// The data keys that opened it.
    pub(super) data_keys: Vec<u32>,
    /// Whether its last group ends with it.
    is_complete: bool,
}

/// Opened runs.
pub(in crate::read) struct OpenedRuns(Mutex<RunCache<Which, Arc<OpenedRun>>>);

impl Default for OpenedRuns {
    fn default() -> Self {
        Self(Mutex::new(RunCache::new(KEPT_BYTES_MAX)))
    }
}

impl OpenedRuns {
    /// What the records of a run need that are wanted up to an offset; whether it is the first of
    /// its read, and the last. The others have no part in groups of their neighbours, or are
    /// opened with them.
    pub(super) fn look(
        &self,
        log: LogId,
        run: &Run,
        (is_first, is_last): (bool, bool),
        end: Offset,
    ) -> Need {
        let begins = match first_sealed(&run.bytes) {
            Some(Sealed::First(..)) => true,
            Some(Sealed::Following(..)) => is_first,
            None => false,
        };
        if !begins || run.first.plus(run.count.into()) > end {
            return Need::Opening(None);
        }
        let which = (log, run.first, run.count);
        match self.0.lock().find(&which, run.bytes.len()) {
            Lookup::Kept(kept) if kept.is_complete || is_last => Need::Kept(kept),
            Lookup::Again => Need::Opening(Some(which)),
            Lookup::Kept(_) | Lookup::First => Need::Opening(None),
        }
    }

    /// Caches the runs that are to be cached, if each of their records is among those that were
    /// opened. `before` is what stands in front of them of their first group.
    pub(super) fn keep(
        &self,
        before: &[Run],
        (runs, needs): (&[Run], &[Need]),
        opened: &[(Run, AtRest)],
    ) {
        for (place, (run, need)) in runs.iter().zip(needs).enumerate() {
            let Need::Opening(Some(which)) = need else {
                continue;
            };
            let is_it = |(part, at_rest): &&(Run, AtRest)| {
                (part.first, part.count, *at_rest) == (run.first, run.count, AtRest::Encrypted)
            };
            if let Some((part, _)) = opened.iter().find(is_it) {
                let before = if place == 0 { before } else { &[] };
                let kept = OpenedRun::new(before, run, part);
                self.0.lock().keep(*which, Arc::new(kept), part.bytes.len());
            }
        }
    }
}

impl OpenedRun {
    /// A run as it is stored, with what stands in front of it of its first group, and opened.
    fn new(before: &[Run], run: &Run, opened: &Run) -> Self {
        let (mut data_keys, mut group_end) = (Vec::new(), run.first);
        for run in before.iter().chain([run]) {
            for ((_, stored), offset) in RecordIter::new(&run.bytes).zip(run.first.0..) {
                if let Some(Sealed::First(head, _)) = Sealed::new(stored) {
                    group_end = Offset(offset).plus(head.count.into());
                    if !data_keys.contains(&head.data_key) {
                        data_keys.push(head.data_key);
                    }
                }
            }
        }
        Self {
            // Of its own: the buffer holds all that was read with it.
            bytes: Bytes::copy_from_slice(&opened.bytes),
            data_keys,
            is_complete: group_end <= run.first.plus(run.count.into()),
        }
    }
}
