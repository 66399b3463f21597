//! Parts of a budget that several hold who do not know each other, such as accounts.
//!
//! One of them may hold three quarters of what the others leave, so that whoever comes next finds
//! some. Whoever holds nothing yet is bounded by the budget alone: everybody gets something. As
//! long as there has been only one, it may hold everything.
//!
//! Nothing here waits, and a part never depends on what others want, only on what they hold: so
//! whoever is refused has a chance as soon as anybody gives something back.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What one holder may have, in quarters of what the others leave.
pub const HOLDER_QUARTERS: usize = 3;
/// Number of known holders from which on those that hold nothing are looked for, to forget them.
const FORGETS_FROM: usize = 64;

/// The holders of a budget, by key.
#[derive(Debug)]
pub struct Holders<K> {
    known: Mutex<Known<K>>,
    /// Whether there has ever been more than one.
    are_several: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Known<K> {
    by_key: BTreeMap<K, Arc<Holder>>,
    /// Their number at which idle ones are forgotten: twice as many as were left the last time.
    forgets_at: usize,
}

impl<K: Ord + Clone> Default for Holders<K> {
    fn default() -> Self {
        Self {
            known: Mutex::new(Known {
                by_key: BTreeMap::new(),
                forgets_at: FORGETS_FROM,
            }),
            are_several: Arc::default(),
        }
    }
}

impl<K: Ord + Clone> Holders<K> {
    /// The holder with a key. It is known for as long as somebody has it, and a while longer.
    pub fn of(&self, key: &K) -> Arc<Holder> {
        let mut known = self.known.lock();
        if let Some(holder) = known.by_key.get(key) {
            return Arc::clone(holder);
        }
        if known.by_key.len() >= known.forgets_at {
            known
                .by_key
                .retain(|_, holder| Arc::strong_count(holder) > 1);
            known.forgets_at = FORGETS_FROM.max(2 * known.by_key.len());
        }
        let holder = Arc::new(Holder {
            held: Mutex::new(0),
            are_several: Arc::clone(&self.are_several),
        });
        known.by_key.insert(key.clone(), Arc::clone(&holder));
        if known.by_key.len() > 1 {
            self.are_several.store(true, Ordering::Relaxed);
        }
        holder
    }

    /// Whether there has ever been more than one, so that they have parts.
    pub fn are_several(&self) -> bool {
        self.are_several.load(Ordering::Relaxed)
    }

    #[cfg(test)]
    fn count(&self) -> usize {
        self.known.lock().by_key.len()
    }
}

/// One holder, and how much of the budget it has.
#[derive(Debug)]
pub struct Holder {
    held: Mutex<usize>,
    are_several: Arc<AtomicBool>,
}

impl Holder {
    /// Bytes that it holds.
    pub fn held(&self) -> usize {
        *self.held.lock()
    }

    /// Grows what it holds if `take` takes as much from the budget, given whether so much may be
    /// held with so much left free.
    pub(crate) fn grow(
        &self,
        more: usize,
        take: impl FnOnce(&dyn Fn(usize) -> bool) -> bool,
    ) -> bool {
        let mut held = self.held.lock();
        let has_taken = take(&|free| self.allows(*held, more, free));
        if has_taken {
            *held += more;
        }
        has_taken
    }

    pub(crate) fn add(&self, bytes: usize) {
        *self.held.lock() += bytes;
    }

    pub(crate) fn give_back(&self, bytes: usize) {
        *self.held.lock() -= bytes;
    }

    /// Whether it may hold more, if so many bytes are then left free.
    fn allows(&self, held: usize, more: usize, free: usize) -> bool {
        const OTHER_QUARTERS: usize = 4 - HOLDER_QUARTERS;
        let is_alone = !self.are_several.load(Ordering::Relaxed);
        let part = free.saturating_mul(HOLDER_QUARTERS) / OTHER_QUARTERS;
        is_alone || held == 0 || held.saturating_add(more) <= part
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Share};

    /// Takes pieces of ten until no more are to be had; returns their number.
    fn fill(budget: &Arc<Budget>, holder: &Arc<Holder>) -> Vec<Share> {
        let piece = || {
            let mut share = budget.share_of(holder);
            share.grow_to(10).then_some(share)
        };
        std::iter::from_fn(piece).collect()
    }

    #[test]
    fn holder_when_there_was_no_other_then_may_have_everything() {
        let (budget, holders) = (Budget::new(1000), Holders::default());
        let alone = fill(&budget, &holders.of(&"a"));
        assert_eq!((alone.len(), holders.are_several()), (100, false));
    }

    #[test]
    fn holders_when_several_want_all_then_each_leaves_some_for_the_next() {
        let (budget, holders) = (Budget::new(1000), Holders::default());
        let [first, second, third] = ["a", "b", "c"].map(|key| holders.of(&key));
        let all = [&first, &second, &third].map(|holder| fill(&budget, holder));
        // Three quarters of 1000, of the 250 that are left, and of the 70 that are then left.
        assert_eq!(all.each_ref().map(Vec::len), [75, 18, 5]);
        let [_, others @ ..] = all;
        // What the first gives back is for all others.
        let freed = fill(&budget, &first);
        assert!(freed.is_empty());
        drop(others);
        assert_eq!([second.held(), third.held()], [0, 0]);
    }

    #[test]
    fn holder_when_it_has_nothing_yet_then_gets_what_there_is() {
        let (budget, holders) = (Budget::new(100), Holders::default());
        let [large, small] = ["a", "b"].map(|key| holders.of(&key));
        let mut share = budget.share_of(&large);
        assert!(share.grow_to(75), "its part");
        assert!(!share.grow_to(76));
        let mut other = budget.share_of(&small);
        assert!(other.grow_to(25), "all that is left");
        assert!(!budget.share_of(&small).grow_to(1));
        assert_eq!(budget.taken(), 100);
    }

    #[test]
    fn shares_when_they_come_and_go_then_nothing_is_counted_for_ever() {
        let (budget, holders) = (Budget::new(1000), Holders::default());
        let [a, b] = ["a", "b"].map(|key| holders.of(&key));
        let [mut one, mut other] = [&a, &b].map(|holder| budget.share_of(holder));
        assert!(one.grow_to(100) && other.grow_to(50));
        one.shrink_to(30);
        assert_eq!((a.held(), b.held(), budget.taken()), (30, 50, 80));
        one.join(other);
        assert_eq!((a.held(), b.held(), budget.taken()), (80, 0, 80));
        let mut without = budget.share();
        assert!(without.grow_to(20));
        one.join(without);
        assert_eq!((a.held(), budget.taken()), (100, 100));
        let mut without = budget.share();
        without.join(one);
        assert_eq!((a.held(), budget.taken()), (0, 100));
        drop(without);
        assert_eq!((b.held(), budget.taken()), (0, 0));
    }

    #[test]
    fn holders_when_they_hold_nothing_then_are_forgotten_when_there_are_many() {
        let holders = Holders::default();
        let kept = holders.of(&0);
        for key in 1..10_000 {
            holders.of(&key);
            assert!(holders.count() <= FORGETS_FROM + 1);
        }
        assert!(Arc::ptr_eq(&kept, &holders.of(&0)));
    }
}
