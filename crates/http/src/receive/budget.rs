//! A bounded number of bytes, shared by many holders.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A limit on bytes held at a time. Taking never waits: it fails if too much is held.
#[derive(Debug)]
pub(crate) struct Budget {
    taken: AtomicUsize,
    max: usize,
    refused: AtomicU64,
}

impl Budget {
    /// A budget with nothing taken.
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            taken: AtomicUsize::new(0),
            max,
            refused: AtomicU64::new(0),
        })
    }

    /// Bytes currently taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Whether more than half is taken, so that holders have to hurry.
    pub(crate) fn is_short(&self) -> bool {
        self.taken() > self.max / 2
    }

    /// Takes bytes; returns `false` and takes nothing if too few are left.
    #[must_use]
    pub(crate) fn take(&self, bytes: usize) -> bool {
        if self.add(bytes) {
            return true;
        }
        self.give_back(bytes);
        false
    }

    /// Takes bytes unconditionally; returns `false` if that exceeds the limit, and the caller must
    /// give them back.
    #[must_use]
    pub(crate) fn add(&self, bytes: usize) -> bool {
        self.taken.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.max
    }

    /// Returns bytes to the budget.
    pub(crate) fn give_back(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Counts a refusal because of this budget.
    pub(crate) fn note_refusal(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Total number of refusals.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// An empty share, to be grown.
    pub(crate) fn share(self: &Arc<Self>) -> Share {
        Share {
            budget: Arc::clone(self),
            bytes: 0,
        }
    }
}

/// Bytes that are taken until this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Share {
    /// Grows the share to at least `bytes`; returns `false` and leaves it unchanged if too few are
    /// left.
    #[must_use]
    pub(crate) fn grow_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        if more > 0 && !self.budget.take(more) {
            return false;
        }
        self.bytes += more;
        true
    }

    /// The budget that it is a share of.
    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budget_when_shares_come_and_go_then_never_gives_more_than_it_has() {
        let budget = Budget::new(100);
        let mut first = budget.share();
        assert!(first.grow_to(50));
        assert!(!budget.is_short());
        assert!(first.grow_to(60));
        assert!(budget.is_short());
        let mut second = budget.share();
        assert!(!second.grow_to(41));
        assert_eq!(budget.taken(), 60);
        assert!(second.grow_to(40));
        assert!(
            first.grow_to(50),
            "a share that is large enough already needs nothing"
        );
        drop(first);
        assert_eq!(budget.taken(), 40);
        assert!(second.grow_to(100));
        drop(second);
        assert_eq!(budget.taken(), 0);
    }
}
