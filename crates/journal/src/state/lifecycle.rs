//! The start and end of the journal's tasks, also when one panics.
//!
//! Each task owns a guard from before it is first polled, so that its end is noticed whether it
//! returns, is dropped or panics. Whoever waits for the task is then released, so nobody waits for
//! ever. The directory is unlocked when all tasks have ended.

use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// The lock that keeps other journals out of the directory.
pub(crate) type DirectoryLock = Box<dyn Send + Sync>;

/// How many tasks still run, and which of those have ended that others depend on.
pub(crate) struct Lifecycle {
    /// Whether the writer has ended.
    is_stopped: AtomicBool,
    /// Whether the keeper has ended: nobody prepares segments any more.
    is_unkept: AtomicBool,
    running: watch::Sender<u32>,
    lock: Mutex<Option<DirectoryLock>>,
}

/// A guard that reports the end of a task when it is dropped.
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

    /// Whether the writer has ended, so that the other tasks are to end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    /// Records that the writer has ended.
    pub(crate) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
    }

    /// Whether no more segments are prepared.
    pub(crate) fn is_unkept(&self) -> bool {
        self.is_unkept.load(Ordering::Acquire)
    }

    pub(crate) fn note_unkept(&self) {
        self.is_unkept.store(true, Ordering::Release);
    }

    /// Waits until no task runs any more.
    pub(crate) async fn ended(&self) {
        let mut running = self.running.subscribe();
        // The sender is a field of `self`, so this cannot fail.
        drop(running.wait_for(|running| *running == 0).await);
    }

    /// Unlocks the directory.
    pub(crate) fn unlock(&self) {
        *self.lock.lock() = None;
    }
}

impl Ending {
    /// Registers a task that is about to be spawned. `give_up` releases whoever waits for it.
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
