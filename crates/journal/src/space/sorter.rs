//! The sorter: rewrites each segment in which many logs interleave, once, ordered by log, so that a
//! reader of one log need not read the others.
//!
//! It is background work: it yields to producers and readers until its backlog exceeds a threshold,
//! and then runs at full priority, so that it cannot starve.

use crate::options::Options;
use crate::space::abandoned::Abandoned;
use crate::space::backlog::{Backlog, is_interleaved};
use crate::space::clean_plan::Plan;
use crate::space::grace::Grace;
use crate::space::reclaim::Reclaimer;
use crate::space::reserve::Reserve;
use crate::space::rewrite::{Copied, Rewrite, Rewriter};
use crate::state::lifecycle::{Ending, Lifecycle};
use crate::state::logs::Logs;
use crate::state::segments::Segments;
use millstream_env::{Env, Work};
use std::io;
use std::sync::Arc;
use tokio::sync::oneshot;

/// The sorter.
pub(crate) struct Sorter {
    pub(crate) env: Env,
    pub(crate) options: Options,
    pub(crate) backlog: Arc<Backlog>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) logs: Arc<Logs>,
    pub(crate) reclaimer: Arc<Reclaimer>,
    pub(crate) reserve: Arc<Reserve>,
    pub(crate) rewriter: Arc<Rewriter>,
    pub(crate) segments: Arc<Segments>,
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

impl Sorter {
    /// Sorts whenever notified, until the writer has ended.
    pub(crate) async fn run(self: Arc<Self>, _ending: Ending) {
        loop {
            self.backlog.rung().await;
            if self.lifecycle.is_stopped() {
                break;
            }
            self.sort().await;
        }
    }

    /// Sorts all waiting segments, oldest first.
    pub(crate) async fn sort(self: &Arc<Self>) {
        let _turn = self.backlog.turn().await;
        loop {
            match self.sort_next().await {
                Ok(true) | Err(Abandoned::GivenUp) => {}
                Ok(false) => break,
                Err(Abandoned::Failed(error)) => {
                    tracing::warn!(%error, "cannot sort segments yet");
                    break;
                }
            }
        }
    }

    /// Sorts the next segment; `false` if there is none. Only copying runs at low priority: the
    /// other steps hold locks that others wait for.
    async fn sort_next(self: &Arc<Self>) -> Result<bool, Abandoned> {
        let Some(job) = self.do_at(Pace::Hurried, Self::begin_sorting).await?? else {
            return Ok(false);
        };
        let pace = job.pace;
        let copy = move |this: &Self| this.copy_sorted(job);
        let (job, copied) = self.do_at(pace, copy).await?;
        let put_in_place = move |this: &Self| this.end_sorting(job, copied);
        self.do_at(Pace::Hurried, put_in_place).await??;
        Ok(true)
    }

    async fn do_at<T: Send + 'static>(
        self: &Arc<Self>,
        pace: Pace,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, Abandoned> {
        let (tell, told) = oneshot::channel();
        let this = self.clone();
        // There is no receiver if the sorter was dropped.
        let work: Work = Box::new(move || drop(tell.send(work(&this))));
        match pace {
            Pace::Hurried => self.env.tasks.run_blocking(work).await,
            Pace::Unhurried => self.env.tasks.run_unhurried(work).await,
        }
        let dropped = |_| Abandoned::Failed(io::Error::other("the process is being ended"));
        told.await.map_err(dropped)
    }

    fn begin_sorting(&self) -> io::Result<Option<Job>> {
        let now = self.env.clock.monotonic();
        let mut waiting = self.segments.copyable();
        waiting.retain(|segment| is_interleaved(segment));
        self.backlog.count(waiting.len());
        let may_sort =
            self.reclaimer.grace(now) == Some(Grace::Hour) && !self.lifecycle.is_stopped();
        let next = waiting.into_iter().next().filter(|_| may_sort);
        let Some(segment) = next else {
            return Ok(None);
        };
        let pace = if self.is_behind() {
            Pace::Hurried
        } else {
            Pace::Unhurried
        };
        let plan = Plan::new(&self.logs, vec![segment], now, Grace::Hour);
        let rewrite = self.rewriter.begin(plan)?;
        Ok(Some(Job { rewrite, pace }))
    }

    /// Gives up during a shortage of space, and when the backlog grows too long at low priority:
    /// the copy then restarts at full priority, at the cost of little progress.
    fn copy_sorted(&self, mut job: Job) -> (Job, Result<Copied, Abandoned>) {
        let pace = job.pace;
        let goes_on = || {
            let is_late = pace == Pace::Unhurried && self.is_behind();
            !(is_late || self.lifecycle.is_stopped() || self.reserve.is_short())
        };
        let copied = job.rewrite.copy(&self.rewriter, &goes_on);
        (job, copied)
    }

    fn end_sorting(&self, job: Job, copied: Result<Copied, Abandoned>) -> Result<u64, Abandoned> {
        self.reclaimer.alone(|| {
            // Copying may have taken long: the grace period of what was hidden meanwhile starts
            // now.
            let now = self.env.clock.monotonic();
            self.rewriter.put_in_place(job.rewrite, copied, now)
        })
    }

    /// Whether the backlog exceeds the threshold.
    fn is_behind(&self) -> bool {
        self.backlog.waiting() > self.options.unsorted_segments_max
    }
}
