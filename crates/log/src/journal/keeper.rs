//! The background tasks: the keeper, which prepares segments and writes footers, so that the writer
//! never waits for more than it must; and the cleaner, which frees, rewrites and sorts, and for which
//! nobody waits.

use super::shared::{Prepared, Shared};
use std::sync::Arc;
use std::time::Duration;

/// Time between two looks at what can be freed.
const MAINTAIN_EVERY: Duration = Duration::from_secs(60);

/// Runs until the writer has ended.
pub(super) async fn keep(shared: Arc<Shared>) {
    loop {
        let has_ended = shared.jobs.lock().is_stopped;
        do_jobs(&shared).await;
        if has_ended {
            break;
        }
        shared.keeper_wake.notified().await;
    }
    shared.ended.send_modify(|ended| *ended += 1);
}

/// Cleans every minute and when it is rung for, until the writer has ended. Sorting is rung for by
/// itself: it comes with each segment of many logs, and what else there is to do looks at every log.
pub(super) async fn tidy(shared: Arc<Shared>) {
    let clock = &shared.env.clock;
    let mut maintained = clock.monotonic();
    loop {
        let left = MAINTAIN_EVERY.saturating_sub(clock.monotonic().since(maintained));
        let is_only_sorting = tokio::select! {
            biased;
            () = shared.cleaner_wake.notified() => false,
            () = shared.sorter_wake.notified() => !left.is_zero(),
            () = clock.sleep(left) => false,
        };
        if shared.jobs.lock().is_stopped {
            break;
        }
        if is_only_sorting {
            sort(&shared).await;
        } else {
            maintained = clock.monotonic();
            maintain(&shared).await;
        }
    }
    shared.ended.send_modify(|ended| *ended += 1);
}

/// Prepares the next segment if it is wanted, and writes the footers that are due.
async fn do_jobs(shared: &Arc<Shared>) {
    let is_wanted = matches!(shared.jobs.lock().prepared, Prepared::Wanted);
    let has_footers = !shared.jobs.lock().sealed.is_empty();
    if !is_wanted && !has_footers {
        return;
    }
    let this = shared.clone();
    let work = move || {
        if is_wanted {
            let is_privileged = this.jobs.lock().is_privileged;
            let prepared = match this.prepare_anyhow(is_privileged) {
                Ok(fresh) => Prepared::Ready(fresh),
                Err(error) => Prepared::Failed(error),
            };
            this.jobs.lock().prepared = prepared;
            this.writer_wake.notify_one();
        }
        this.write_footers();
    };
    shared.env.tasks.run_blocking(Box::new(work)).await;
}

/// Gives back space, rewrites segments of which little is left, and sorts those of small blocks.
pub(super) async fn maintain(shared: &Arc<Shared>) {
    let this = shared.clone();
    let work = move || {
        let _one = this.upkeep.lock();
        drop(std::mem::take(&mut *this.copy_room.lock()));
        this.write_footers();
        if let Err(error) = this.free() {
            tracing::warn!(%error, "cannot give back space yet");
        }
        if let Err(error) = this.clean() {
            tracing::warn!(%error, "cannot rewrite segments yet");
        }
        if let Err(error) = this.restore_reserve() {
            tracing::warn!(%error, "cannot restore the reserve yet");
        }
        this.sort_if_possible();
    };
    shared.env.tasks.run_blocking(Box::new(work)).await;
}

/// Sorts the segments of small blocks.
async fn sort(shared: &Arc<Shared>) {
    let this = shared.clone();
    let work = move || {
        let _one = this.upkeep.lock();
        this.sort_if_possible();
    };
    shared.env.tasks.run_blocking(Box::new(work)).await;
}

impl Shared {
    fn sort_if_possible(&self) {
        if let Err(error) = self.sort() {
            tracing::warn!(%error, "cannot sort segments yet");
        }
    }
}
