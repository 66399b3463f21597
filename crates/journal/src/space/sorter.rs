//! The sorter: rewrites the segments in which many logs interleave, once each, ordered by log, so
//! that whoever reads one log need not read the others.
//!
//! Nobody waits for that. So it copies with the processor time that producers and readers leave,
//! unless so many segments wait that it would never keep up with producers who leave none.

use crate::format::segment::Segment;
use crate::shared::Shared;
use crate::space::clean_plan::Plan;
use crate::space::rewrite::{Abandoned, Copied, Rewrite};
use crate::space::upkeep::Grace;
use crate::write::ending::Ending;
use env::Work;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{Mutex, Notify, oneshot};

/// A segment whose mean block is smaller is sorted by log.
const SORTED_BELOW_BYTES: u64 = 32 * 1024;
/// Unless one log has more than this share of it: then it is as good as sorted.
const ONE_LOG_PERMILLE: u64 = 875;

/// What is to be sorted.
#[derive(Default)]
pub(crate) struct Sorting {
    /// Held while segments are sorted.
    one: Mutex<()>,
    /// Rung when there is a segment to sort.
    wake: Notify,
    /// How many segments wait, about: the next look counts them anew.
    waiting: AtomicUsize,
}

impl Sorting {
    /// There is one more segment to sort.
    pub(crate) fn note(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.look();
    }

    /// How many segments wait, about.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Lets the sorter look what there is to do.
    pub(crate) fn look(&self) {
        self.wake.notify_one();
    }
}

/// A segment being sorted.
struct Job {
    rewrite: Rewrite,
    pace: Pace,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    Hurried,
    Unhurried,
}

/// Sorts whenever it is rung for, until the writer has ended.
pub(crate) async fn run(shared: Arc<Shared>, _ending: Ending) {
    loop {
        shared.sorting.wake.notified().await;
        if shared.is_stopped() {
            break;
        }
        sort(&shared).await;
    }
}

/// Sorts all segments that wait, oldest first.
pub(crate) async fn sort(shared: &Arc<Shared>) {
    let _one = shared.sorting.one.lock().await;
    loop {
        match sort_next(shared).await {
            Ok(true) | Err(Abandoned::GivenUp) => {}
            Ok(false) => break,
            Err(Abandoned::Failed(error)) => {
                tracing::warn!(%error, "cannot sort segments yet");
                break;
            }
        }
    }
}

/// Sorts the next segment; `false` if there is none. Only copying is unhurried: all else takes
/// locks for which others wait.
async fn sort_next(shared: &Arc<Shared>) -> Result<bool, Abandoned> {
    let Some(job) = do_at(Pace::Hurried, shared, Shared::begin_sorting).await?? else {
        return Ok(false);
    };
    let pace = job.pace;
    let copy = move |shared: &Shared| shared.copy_sorted(job);
    let (job, copied) = do_at(pace, shared, copy).await?;
    let put_in_place = move |shared: &Shared| shared.end_sorting(job, copied);
    do_at(Pace::Hurried, shared, put_in_place).await??;
    Ok(true)
}

async fn do_at<T: Send + 'static>(
    pace: Pace,
    shared: &Arc<Shared>,
    work: impl FnOnce(&Shared) -> T + Send + 'static,
) -> Result<T, Abandoned> {
    let (tell, told) = oneshot::channel();
    let this = shared.clone();
    // Nobody waits for it if the sorter was dropped.
    let work: Work = Box::new(move || drop(tell.send(work(&this))));
    match pace {
        Pace::Hurried => shared.env.tasks.run_blocking(work).await,
        Pace::Unhurried => shared.env.tasks.run_unhurried(work).await,
    }
    let dropped = |_| Abandoned::Failed(io::Error::other("the process is being ended"));
    told.await.map_err(dropped)
}

impl Shared {
    fn begin_sorting(&self) -> io::Result<Option<Job>> {
        let now = self.env.clock.monotonic();
        let mut waiting = self.copyable_segments();
        waiting.retain(|segment| is_interleaved(segment));
        self.sorting.waiting.store(waiting.len(), Ordering::Relaxed);
        let may_sort = self.grace(now) == Some(Grace::Hour) && !self.is_stopped();
        let next = waiting.into_iter().next().filter(|_| may_sort);
        let Some(segment) = next else {
            return Ok(None);
        };
        let pace = match self.is_behind() {
            true => Pace::Hurried,
            false => Pace::Unhurried,
        };
        let rewrite = self.begin_rewrite(Plan::new(self, vec![segment], now, Grace::Hour))?;
        Ok(Some(Job { rewrite, pace }))
    }

    /// Gives up when the room is wanted, and when it is to begin again in a hurry: then it has
    /// hardly come far.
    fn copy_sorted(&self, mut job: Job) -> (Job, Result<Copied, Abandoned>) {
        let pace = job.pace;
        let goes_on = || {
            let is_late = pace == Pace::Unhurried && self.is_behind();
            !(is_late || self.is_stopped() || self.reserve.is_short())
        };
        let copied = job.rewrite.copy(self, &goes_on);
        (job, copied)
    }

    fn end_sorting(&self, job: Job, copied: Result<Copied, Abandoned>) -> Result<u64, Abandoned> {
        let _one = self.upkeep.lock();
        // Copying may have taken long: what was hidden meanwhile is kept its hour from now on.
        self.put_in_place(job.rewrite, copied, self.env.clock.monotonic())
    }

    /// Whether too many segments wait.
    fn is_behind(&self) -> bool {
        self.sorting.waiting() > self.options.unsorted_segments_max
    }
}

/// Whether a segment's blocks are small and of many logs.
pub(crate) fn is_interleaved(segment: &Segment) -> bool {
    let directory = segment.sealed.lock().directory.clone();
    let Some(directory) = directory.filter(|_| !segment.is_sorted) else {
        return false;
    };
    let find_out = || {
        let runs = &directory.entries;
        let blocks: u64 = runs.iter().map(|run| u64::from(run.block_count)).sum();
        let bytes: u64 = runs.iter().map(|run| run.bytes).sum();
        let largest = runs
            .chunk_by(|one, next| one.log == next.log)
            .map(|runs| runs.iter().map(|run| run.bytes).sum::<u64>());
        let largest = largest.max().unwrap_or_default();
        let is_of_one = largest * 1000 >= bytes * ONE_LOG_PERMILLE;
        bytes < blocks * SORTED_BELOW_BYTES && !is_of_one
    };
    *segment.is_interleaved.get_or_init(find_out)
}
