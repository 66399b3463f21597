//! Opened runs, cached on their second request.

use crate::record::AtRest;
use crate::record::sealed::first_sealed;
use crate::run_cache::{Lookup, RunCache};
use bytes::Bytes;
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
    pub(super) is_complete: bool,
}

/// A run that is to be cached once it is open.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) which: Which,
    /// The data keys that it needs.
    pub(super) data_keys: Vec<u32>,
    /// Whether its last group ends with it.
    pub(super) is_complete: bool,
}

/// The result of a look.
#[derive(Debug)]
pub(super) enum Found {
    /// It was opened before.
    Kept(Arc<OpenedRun>),
    /// It is to be opened, and cached under this key.
    Wanted(Which),
    /// It is to be opened, if any of its records is sealed.
    Nothing,
}

/// Opened runs.
pub(in crate::read) struct OpenedRuns(Mutex<RunCache<Which, Arc<OpenedRun>>>);

impl Default for OpenedRuns {
    fn default() -> Self {
        Self(Mutex::new(RunCache::new(KEPT_BYTES_MAX)))
    }
}

impl OpenedRuns {
    /// Looks up a run of which the records before an offset are read.
    pub(super) fn look(&self, log: LogId, run: &Run, end: Offset) -> Found {
        let is_whole = run.first.plus(run.count.into()) <= end;
        if !is_whole || first_sealed(&run.bytes).is_none() {
            return Found::Nothing;
        }
        let which = (log, run.first, run.count);
        match self.0.lock().find(&which, run.bytes.len()) {
            Lookup::Kept(kept) => Found::Kept(kept),
            Lookup::Again => Found::Wanted(which),
            Lookup::First => Found::Nothing,
        }
    }

    /// Caches the runs that are to be cached, if each of their records was opened.
    pub(super) fn keep(&self, wanted: &[Wanted], opened: &[(Run, AtRest)]) {
        for wanted in wanted {
            let (_, first, count) = wanted.which;
            let is_it = |(run, _): &&(Run, AtRest)| (run.first, run.count) == (first, count);
            let Some((run, _)) = opened.iter().find(is_it) else {
                continue;
            };
            let kept = OpenedRun {
                // Of its own: the buffer holds all that was read with it.
                bytes: Bytes::copy_from_slice(&run.bytes),
                data_keys: wanted.data_keys.clone(),
                is_complete: wanted.is_complete,
            };
            let bytes = kept.bytes.len();
            self.0.lock().keep(wanted.which, Arc::new(kept), bytes);
        }
    }
}
