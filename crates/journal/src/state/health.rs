//! Whether the journal may still write: after a failed sync it never does again.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a sync has failed.
#[derive(Default)]
pub(crate) struct Health {
    is_poisoned: AtomicBool,
}

impl Health {
    /// Ends all writing after a failed sync: the contents of the file are unknown.
    pub(crate) fn poison(&self, error: &io::Error) {
        tracing::error!(%error, "a sync failed: the journal takes no more writes");
        self.is_poisoned.store(true, Ordering::Release);
    }

    pub(crate) fn is_poisoned(&self) -> bool {
        self.is_poisoned.load(Ordering::Acquire)
    }
}
