//! The handover between writer and keeper: prepared segments one way, sealed segments the other.

use crate::format::segment::Segment;
use crate::format::segment_index::SegmentIndex;
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;
use tokio::sync::Notify;

/// The jobs of the keeper, and their results.
#[derive(Default)]
pub(crate) struct Handover {
    jobs: Mutex<Jobs>,
    /// Notified when there is work for the keeper.
    keeper: Notify,
    /// Notified when the writer need not wait for a segment any longer.
    writer: Notify,
}

#[derive(Default)]
struct Jobs {
    prepared: Prepared,
    claim: Claim,
    sealed: Vec<SealJob>,
}

/// Whether a request for a segment may use the reserve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Claim {
    #[default]
    Ordinary,
    Privileged,
}

/// The segment after the active one.
#[derive(Default)]
enum Prepared {
    #[default]
    No,
    Wanted,
    Done(io::Result<Fresh>),
}

/// An empty segment, listed in the MANIFEST.
pub(crate) struct Fresh {
    pub(crate) segment: Arc<Segment>,
    pub(crate) capacity_bytes: u64,
}

/// A sealed segment whose footer is due.
pub(crate) struct SealJob {
    pub(crate) segment: Arc<Segment>,
    pub(crate) index: Arc<SegmentIndex>,
    pub(crate) frames_end: u32,
    pub(crate) last_frame_crc: u32,
}

impl Handover {
    /// Asks the keeper for the next segment, unless it was asked already.
    pub(crate) fn want(&self, claim: Claim) {
        let mut jobs = self.jobs.lock();
        jobs.claim = claim;
        if let Prepared::No = jobs.prepared {
            jobs.prepared = Prepared::Wanted;
            drop(jobs);
            self.keeper.notify_one();
        }
    }

    /// Takes the prepared segment, or the reason why there is none; `None` while the keeper works
    /// on it.
    pub(crate) fn take(&self) -> Option<io::Result<Fresh>> {
        let mut jobs = self.jobs.lock();
        match std::mem::take(&mut jobs.prepared) {
            Prepared::Done(done) => Some(done),
            before @ (Prepared::No | Prepared::Wanted) => {
                jobs.prepared = before;
                None
            }
        }
    }

    /// Forgets that the keeper failed: there may be space again.
    pub(crate) fn forget_failure(&self) {
        let mut jobs = self.jobs.lock();
        if let Prepared::Done(Err(_)) = jobs.prepared {
            jobs.prepared = Prepared::No;
        }
    }

    /// Whether a segment is wanted.
    pub(crate) fn is_wanted(&self) -> bool {
        matches!(self.jobs.lock().prepared, Prepared::Wanted)
    }

    /// The claim of the latest request.
    pub(crate) fn claim(&self) -> Claim {
        self.jobs.lock().claim
    }

    /// Gives the writer the segment, or the reason why there is none.
    pub(crate) fn give(&self, fresh: io::Result<Fresh>) {
        self.jobs.lock().prepared = Prepared::Done(fresh);
        self.writer.notify_one();
    }

    /// Queues a sealed segment for its footer, and wakes the keeper.
    pub(crate) fn seal(&self, job: SealJob) {
        self.put_back(job);
        self.keeper.notify_one();
    }

    /// Queues a sealed segment for its footer without waking the keeper.
    pub(crate) fn put_back(&self, job: SealJob) {
        self.jobs.lock().sealed.push(job);
    }

    pub(crate) fn take_sealed(&self) -> Vec<SealJob> {
        std::mem::take(&mut self.jobs.lock().sealed)
    }

    /// The number of segments that wait for their footers.
    pub(crate) fn sealed(&self) -> usize {
        self.jobs.lock().sealed.len()
    }

    /// Wakes the keeper.
    pub(crate) fn ring_keeper(&self) {
        self.keeper.notify_one();
    }

    /// Waits for work for the keeper.
    pub(crate) async fn work(&self) {
        self.keeper.notified().await;
    }

    /// Wakes the writer if it waits for a segment.
    pub(crate) fn ring_writer(&self) {
        self.writer.notify_one();
    }

    /// Waits until the keeper has given a segment, or has ended.
    pub(crate) async fn given(&self) {
        self.writer.notified().await;
    }

    /// Does something while nobody else can look.
    #[cfg(test)]
    pub(crate) fn while_locked(&self, work: &mut dyn FnMut()) {
        let _jobs = self.jobs.lock();
        work();
    }
}
