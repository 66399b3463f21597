//! A bounded number of bytes, shared by all requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many bytes may be taken at once. Taking never waits: too much is refused.
#[derive(Debug)]
pub(crate) struct Budget {
    taken: AtomicUsize,
    max: usize,
}

impl Budget {
    /// A budget of which nothing is taken.
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            taken: AtomicUsize::new(0),
            max,
        })
    }

    /// Bytes that are taken now.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// A share of nothing, to grow.
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
    /// Takes more until the share is at least `bytes`; `false` if there is not so much, and the share
    /// is then as it was.
    #[must_use]
    pub(crate) fn grow_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let taken = self.budget.taken.fetch_add(more, Ordering::Relaxed) + more;
        if taken > self.budget.max {
            self.budget.taken.fetch_sub(more, Ordering::Relaxed);
            return false;
        }
        self.bytes += more;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budget_when_shares_come_and_go_then_never_gives_more_than_it_has() {
        let budget = Budget::new(100);
        let mut first = budget.share();
        assert!(first.grow_to(60));
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
