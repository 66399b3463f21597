//! The keeper: prepares segments and writes footers ahead of the writer, which rarely waits for it.

use crate::space::footers::Footers;
use crate::space::shortage::Shortage;
use crate::state::handover::Handover;
use crate::state::lifecycle::{Ending, Lifecycle};
use millstream_env::Tasks;
use std::sync::Arc;

/// The task that does the writer's slow work.
pub(crate) struct Keeper {
    pub(crate) tasks: Arc<dyn Tasks>,
    pub(crate) footers: Arc<Footers>,
    pub(crate) handover: Arc<Handover>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) shortage: Arc<Shortage>,
}

impl Keeper {
    /// Runs until the writer has ended.
    pub(crate) async fn run(self: Arc<Self>, _ending: Ending) {
        loop {
            let has_ended = self.lifecycle.is_stopped();
            self.do_jobs().await;
            if has_ended {
                break;
            }
            self.handover.work().await;
        }
    }

    /// Prepares the next segment if it is wanted, and writes the footers that are due.
    async fn do_jobs(self: &Arc<Self>) {
        let is_wanted = self.handover.is_wanted();
        if !is_wanted && self.handover.sealed() == 0 {
            return;
        }
        let this = self.clone();
        let work = move || {
            if is_wanted {
                let claim = this.handover.claim();
                this.handover.give(this.shortage.prepare(claim));
            }
            this.footers.write();
        };
        self.tasks.run_blocking(Box::new(work)).await;
    }
}
