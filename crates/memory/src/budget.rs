//! A bounded number of bytes, shared by many holders.
//!
//! Taking fails at once if too few bytes are left; only [`Budget::wait`] waits. The sum of all
//! shares never exceeds the size of the budget, unless it is made smaller while they are held.

use crate::holders::Holder;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Part of a budget with a reserve that large shares may fill, in quarters.
const LARGE_QUARTERS: usize = 3;

/// A limit on bytes held at a time.
#[derive(Debug)]
pub struct Budget {
    taken: AtomicUsize,
    max: AtomicUsize,
    /// Size above which a share must not touch the reserve.
    small_max: usize,
    refused: AtomicU64,
    /// Number of waiters.
    waiting: AtomicUsize,
    freed: Notify,
}

impl Budget {
    /// A budget with nothing taken.
    pub fn new(max: usize) -> Arc<Self> {
        Self::with_reserve(max, usize::MAX)
    }

    /// A budget whose last quarter is reserved for shares of at most `small_max` bytes: holders
    /// that keep large shares for long do not block the others.
    pub fn with_reserve(max: usize, small_max: usize) -> Arc<Self> {
        Arc::new(Self {
            taken: AtomicUsize::new(0),
            max: AtomicUsize::new(max),
            small_max,
            refused: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
        })
    }

    /// Changes the size of the budget; what is taken stays taken.
    pub fn resize(&self, max: usize) {
        self.max.store(max, Ordering::Relaxed);
    }

    /// The size of the budget.
    pub fn max(&self) -> usize {
        self.max.load(Ordering::Relaxed)
    }

    /// Bytes currently taken.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Whether more than half is taken, so that holders have to hurry.
    pub fn is_short(&self) -> bool {
        self.taken() > self.max() / 2
    }

    /// Takes bytes unconditionally; returns `false` if that exceeds the limit, and the caller must
    /// give them back.
    #[must_use]
    pub fn add(&self, bytes: usize) -> bool {
        let before = self.taken.fetch_add(bytes, Ordering::SeqCst);
        before.saturating_add(bytes) <= self.max()
    }

    /// Returns bytes to the budget.
    pub fn give_back(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::SeqCst);
        if bytes > 0 && self.waiting.load(Ordering::SeqCst) > 0 {
            self.freed.notify_waiters();
        }
    }

    /// Counts a refusal because of this budget.
    pub fn note_refusal(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Total number of refusals.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// An empty share, to be grown.
    pub fn share(self: &Arc<Self>) -> Share {
        Share {
            budget: Arc::clone(self),
            holder: None,
            bytes: 0,
        }
    }

    /// An empty share that counts as a holder's, and is bounded by its part, too.
    pub fn share_of(self: &Arc<Self>, holder: &Arc<Holder>) -> Share {
        Share {
            budget: Arc::clone(self),
            holder: Some(Arc::clone(holder)),
            bytes: 0,
        }
    }

    /// Resolves once `share` has grown to `bytes` with no more than `max` taken in total.
    pub async fn wait(&self, share: &mut Share, bytes: usize, max: usize) {
        let _waiting = Waiting::new(&self.waiting);
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // Registers for notifications before checking.
            freed.as_mut().enable();
            if share.grow_within(bytes, max) {
                return;
            }
            freed.await;
        }
    }

    /// Takes bytes if no more than `max` are then taken in total, and `allows` agrees to what is
    /// then free. An attempt that fails takes nothing meanwhile, so that no other fails because of
    /// it.
    fn try_take(&self, bytes: usize, max: usize, allows: &dyn Fn(usize) -> bool) -> bool {
        let is_free = |taken: &usize| *taken <= max && allows(self.max().saturating_sub(*taken));
        let grow = |taken: usize| taken.checked_add(bytes).filter(is_free);
        let taken = &self.taken;
        taken
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, grow)
            .is_ok()
    }

    /// How much may be taken in total once a share has this many bytes.
    fn max_for(&self, bytes: usize) -> usize {
        if bytes > self.small_max {
            self.max() / 4 * LARGE_QUARTERS
        } else {
            self.max()
        }
    }
}

/// Counts a waiter.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::SeqCst);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Bytes that are taken until this is dropped.
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    holder: Option<Arc<Holder>>,
    bytes: usize,
}

impl Share {
    /// Their number.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The budget that it is a share of.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Resizes the share; returns `false` and leaves it unchanged if too few bytes are left.
    #[must_use]
    pub fn resize(&mut self, bytes: usize) -> bool {
        self.shrink_to(bytes);
        self.grow_to(bytes)
    }

    /// Grows the share to at least `bytes`; returns `false` and leaves it unchanged if too few are
    /// left.
    #[must_use]
    pub fn grow_to(&mut self, bytes: usize) -> bool {
        bytes <= self.bytes || self.grow_within(bytes, self.budget.max_for(bytes))
    }

    /// Grows the share to at least `bytes` if no more than `max` are then taken in total.
    #[must_use]
    pub fn grow_within(&mut self, bytes: usize, max: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let has_grown = match &self.holder {
            None => self.budget.try_take(more, max, &|_| true),
            Some(_) if more == 0 => true,
            Some(holder) => holder.grow(more, |allows| self.budget.try_take(more, max, allows)),
        };
        if has_grown {
            self.bytes += more;
        }
        has_grown
    }

    /// Returns the surplus.
    pub fn shrink_to(&mut self, bytes: usize) {
        let less = self.bytes.saturating_sub(bytes);
        if less > 0 {
            self.bytes -= less;
            self.give_back(less);
        }
    }

    /// Merges another share of the same budget; what it had counts as this one's holder's.
    pub fn join(&mut self, mut other: Self) {
        let bytes = std::mem::take(&mut other.bytes);
        if let Some(holder) = &other.holder {
            holder.give_back(bytes);
        }
        if let Some(holder) = &self.holder {
            holder.add(bytes);
        }
        self.bytes += bytes;
    }

    fn give_back(&self, bytes: usize) {
        // First the holder: whoever is woken by the budget finds the part as it is.
        if let Some(holder) = &self.holder {
            holder.give_back(bytes);
        }
        self.budget.give_back(bytes);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Waker};

    #[test]
    fn budget_when_shares_come_and_go_then_never_gives_more_than_it_has() {
        let budget = Budget::new(100);
        let mut first = budget.share();
        assert!(first.resize(50));
        assert!(!budget.is_short());
        assert!(first.resize(60));
        assert!(budget.is_short());
        let mut second = budget.share();
        assert!(!second.resize(41));
        assert_eq!((budget.taken(), second.bytes()), (60, 0));
        assert!(second.resize(40));
        assert!(first.grow_to(50), "it has as much already");
        assert_eq!((budget.taken(), first.bytes()), (100, 60));
        assert!(first.resize(50), "less can always be had");
        assert_eq!((budget.taken(), first.bytes()), (90, 50));
        first.join(second);
        assert_eq!((budget.taken(), first.bytes()), (90, 90));
        drop(first);
        assert_eq!(budget.taken(), 0);
        assert!(budget.share().resize(100));
        budget.resize(10);
        assert!(!budget.share().resize(11));
    }

    #[test]
    fn bytes_when_added_beyond_the_limit_then_are_taken_until_they_are_given_back() {
        let budget = Budget::new(100);
        assert!(budget.add(100));
        assert!(!budget.add(1));
        assert_eq!(budget.taken(), 101);
        budget.give_back(101);
        assert_eq!(budget.taken(), 0);
        let unlimited = Budget::new(usize::MAX);
        assert!(unlimited.add(usize::MAX));
        assert!(!unlimited.share().grow_to(1), "the sum does not overflow");
    }

    #[test]
    fn reserve_when_large_shares_fill_the_rest_then_is_for_small_ones() {
        const SMALL_BYTES: usize = 1024;
        let budget = Budget::with_reserve(16 * SMALL_BYTES, SMALL_BYTES);
        let mut large: Vec<Share> = (0..3).map(|_| budget.share()).collect();
        assert!(large.iter_mut().all(|share| share.resize(4 * SMALL_BYTES)));
        assert!(!budget.share().resize(SMALL_BYTES + 1));
        let mut small: Vec<Share> = (0..4).map(|_| budget.share()).collect();
        assert!(small.iter_mut().all(|share| share.resize(SMALL_BYTES)));
        assert!(!budget.share().resize(1));
    }

    #[test]
    fn who_waits_for_bytes_when_some_are_given_back_then_gets_them_and_never_above_its_bound() {
        let budget = Budget::new(100);
        let mut held = budget.share();
        assert!(held.resize(80));
        let mut share = budget.share();
        let mut waiting = Box::pin(budget.wait(&mut share, 30, 75));
        let mut cx = Context::from_waker(Waker::noop());
        for (held_bytes, is_there) in [(60, false), (46, false), (45, true)] {
            assert!(waiting.as_mut().poll(&mut cx).is_pending());
            held.shrink_to(held_bytes);
            if is_there {
                assert!(waiting.as_mut().poll(&mut cx).is_ready());
            }
        }
        drop(waiting);
        assert_eq!((share.bytes(), budget.taken()), (30, 75));
        assert_eq!(budget.waiting.load(Ordering::Relaxed), 0);
    }
}
