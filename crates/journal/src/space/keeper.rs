//! The background tasks: the keeper, which prepares segments and writes footers, so that the writer
//! never waits for more than it must; and the cleaner, which frees and rewrites.

use crate::shared::{Prepared, Shared};
use crate::write::ending::Ending;
use std::sync::Arc;
use std::time::Duration;

/// Time between two looks at what can be freed.
const MAINTAIN_EVERY: Duration = Duration::from_secs(60);

/// Runs until the writer has ended.
pub(crate) async fn keep(shared: Arc<Shared>, _ending: Ending) {
    loop {
        let has_ended = shared.is_stopped();
        do_jobs(&shared).await;
        if has_ended {
            break;
        }
        shared.keeper_wake.notified().await;
    }
}

/// Cleans every minute and when it is rung for, until the writer has ended.
pub(crate) async fn tidy(shared: Arc<Shared>, _ending: Ending) {
    loop {
        tokio::select! {
            biased;
            () = shared.cleaner_wake.notified() => {}
            () = shared.env.clock.sleep(MAINTAIN_EVERY) => {}
        }
        if shared.is_stopped() {
            break;
        }
        maintain(&shared).await;
        // What could not be sorted before is tried again.
        shared.sorting.look();
    }
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

/// Gives back space, and rewrites segments of which little is left.
pub(crate) async fn maintain(shared: &Arc<Shared>) {
    let this = shared.clone();
    let work = move || {
        let _one = this.upkeep.lock();
        drop(std::mem::take(&mut *this.copy_room.lock()));
        if let Err(error) = this.settle() {
            tracing::warn!(%error, "cannot remove what is not listed yet");
        }
        if this.reserve.is_short() {
            this.drop_spares();
        }
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
    };
    shared.env.tasks.run_blocking(Box::new(work)).await;
}
