//! How the journal's tasks begin and end, also when one panics.
//!
//! Each task holds its own end from before it first runs, so that it is told however the task goes:
//! done, dropped or unwound. What the others wait for from it is then given up, and nobody waits
//! for ever. The directory is let go of when all have ended.

use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// What keeps others out of the directory.
pub(crate) type DirectoryLock = Box<dyn Send + Sync>;

/// Which of the tasks still run.
pub(crate) struct Lifecycle {
    /// Whether the writer has ended.
    is_stopped: AtomicBool,
    /// Whether the keeper has: nobody prepares a segment any more.
    is_unkept: AtomicBool,
    running: watch::Sender<u32>,
    lock: Mutex<Option<DirectoryLock>>,
}

/// The end of one task, told when this is dropped.
pub(crate) struct Ending {
    lifecycle: Arc<Lifecycle>,
    give_up: Option<Box<dyn FnOnce() + Send>>,
}

impl Lifecycle {
    pub(crate) fn new(lock: DirectoryLock) -> Self {
        Self {
            is_stopped: AtomicBool::new(false),
            is_unkept: AtomicBool::new(false),
            running: watch::Sender::new(0),
            lock: Mutex::new(Some(lock)),
        }
    }

    /// Whether all is to end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    /// The writer has ended: so are all others to.
    pub(crate) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
    }

    /// Whether nobody prepares segments any more.
    pub(crate) fn is_unkept(&self) -> bool {
        self.is_unkept.load(Ordering::Acquire)
    }

    pub(crate) fn note_unkept(&self) {
        self.is_unkept.store(true, Ordering::Release);
    }

    /// Resolves when no task runs any more.
    pub(crate) async fn ended(&self) {
        let mut running = self.running.subscribe();
        // The sender lives as long as this.
        drop(running.wait_for(|running| *running == 0).await);
    }

    /// Lets others have the directory.
    pub(crate) fn unlock(&self) {
        *self.lock.lock() = None;
    }
}

impl Ending {
    /// A task is about to be started; `give_up` releases who waits for it.
    pub(crate) fn new(lifecycle: &Arc<Lifecycle>, give_up: impl FnOnce() + Send + 'static) -> Self {
        lifecycle.running.send_modify(|running| *running += 1);
        Self {
            lifecycle: lifecycle.clone(),
            give_up: Some(Box::new(give_up)),
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(give_up) = self.give_up.take() {
            give_up();
        }
        self.lifecycle.running.send_modify(|running| *running -= 1);
    }
}
