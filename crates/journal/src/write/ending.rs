//! The ends of the journal's tasks, also when one panics.
//!
//! Each task holds its own end from before it first runs, so that it is told however the task goes:
//! done, dropped or unwound. What the others wait for from it is then given up, and nobody waits
//! for ever.

use crate::shared::Shared;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The journal's tasks: writer, keeper, cleaner, sorter.
pub(crate) const TASKS: u32 = 4;

/// Whose end it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Writer,
    Keeper,
    /// The cleaner or the sorter: nobody waits for what they do.
    Helper,
}

/// The end of one task, told when this is dropped.
pub(crate) struct Ending {
    shared: Arc<Shared>,
    part: Part,
}

impl Ending {
    pub(crate) fn new(shared: &Arc<Shared>, part: Part) -> Self {
        Self {
            shared: shared.clone(),
            part,
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let shared = &self.shared;
        match self.part {
            Part::Writer => {
                // There is nothing in it after a good end.
                shared.queue.abandon();
                shared.is_stopped.store(true, Ordering::Release);
                shared.keeper_wake.notify_one();
                shared.cleaner_wake.notify_one();
                shared.sorting.look();
            }
            Part::Keeper => {
                shared.is_unkept.store(true, Ordering::Release);
                shared.writer_wake.notify_one();
            }
            Part::Helper => {}
        }
        shared.ended.send_modify(|ended| *ended += 1);
    }
}
