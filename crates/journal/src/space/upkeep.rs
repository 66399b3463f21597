//! Upkeep: what is done every minute, and when room is wanted, in this order: frees, rewrites and
//! restores what keeps room on a full disk.
//!
//! All of it blocks and runs off the writer's thread, and never twice at once.

use crate::space::backlog::Backlog;
use crate::space::cleaner::Cleaner;
use crate::space::footers::Footers;
use crate::space::listing::Listing;
use crate::space::making::SegmentMaker;
use crate::space::reclaim::Reclaimer;
use crate::space::reserve::Reserve;
use crate::space::rewrite::Rewriter;
use crate::state::lifecycle::{Ending, Lifecycle};
use millstream_env::Env;
use std::sync::Arc;
use std::time::Duration;

/// Interval between two maintenance passes.
const MAINTAIN_EVERY: Duration = Duration::from_secs(60);

/// Who frees and rewrites.
pub(crate) struct Upkeep {
    pub(crate) env: Env,
    pub(crate) backlog: Arc<Backlog>,
    pub(crate) cleaner: Cleaner,
    pub(crate) footers: Arc<Footers>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) listing: Arc<Listing>,
    pub(crate) maker: Arc<SegmentMaker>,
    pub(crate) reclaimer: Arc<Reclaimer>,
    pub(crate) reserve: Arc<Reserve>,
    pub(crate) rewriter: Arc<Rewriter>,
}

impl Upkeep {
    /// Works every minute and when it is rung for, until the writer has ended.
    pub(crate) async fn run(self: Arc<Self>, _ending: Ending) {
        loop {
            tokio::select! {
                biased;
                () = self.reserve.room_wanted() => {}
                () = self.env.clock.sleep(MAINTAIN_EVERY) => {}
            }
            if self.lifecycle.is_stopped() {
                break;
            }
            self.maintain().await;
            // Retries what could not be sorted before.
            self.backlog.ring_sorter();
        }
    }

    /// Frees space, and rewrites segments with little live data.
    pub(crate) async fn maintain(self: &Arc<Self>) {
        let this = self.clone();
        let work = move || this.reclaimer.alone(|| this.maintain_now());
        self.env.tasks.run_blocking(Box::new(work)).await;
    }

    fn maintain_now(&self) {
        self.rewriter.drop_room();
        if let Err(error) = self.listing.settle() {
            tracing::warn!(%error, "cannot remove what is not listed yet");
        }
        if self.reserve.is_short() {
            self.maker.drop_spares();
        }
        self.footers.write();
        if let Err(error) = self.reclaimer.free() {
            tracing::warn!(%error, "cannot give back space yet");
        }
        if let Err(error) = self.cleaner.clean() {
            tracing::warn!(%error, "cannot rewrite segments yet");
        }
        if let Err(error) = self.reserve.restore() {
            tracing::warn!(%error, "cannot restore the reserve yet");
        }
    }
}
