//! Whose turn it is: items that have a key in common go one after the other, others side by side.
//!
//! Pure bookkeeping. What always holds: an item is given once, and not before every item that was
//! added earlier and shares a key with it is done. An item without keys waits for nothing.

use std::collections::{BTreeMap, VecDeque};

/// Items and their order.
#[derive(Debug)]
pub(super) struct Turns<T> {
    next: u64,
    /// Items that were added and are not done.
    items: BTreeMap<u64, Entry<T>>,
    /// Of each key, the item that was added last.
    last_of_key: BTreeMap<u128, u64>,
    ready: VecDeque<u64>,
}

#[derive(Debug)]
struct Entry<T> {
    /// The item, until it is given.
    item: Option<T>,
    keys: Vec<u128>,
    /// How many items it waits for.
    before: usize,
    /// The items that wait for it.
    followers: Vec<u64>,
}

impl<T> Turns<T> {
    pub(super) fn new() -> Self {
        Self {
            next: 0,
            items: BTreeMap::new(),
            last_of_key: BTreeMap::new(),
            ready: VecDeque::new(),
        }
    }

    /// Adds an item with its keys, each of which is named once.
    pub(super) fn add(&mut self, keys: Vec<u128>, item: T) {
        let ticket = self.next;
        self.next += 1;
        let earlier = keys
            .iter()
            .filter_map(|key| self.last_of_key.insert(*key, ticket));
        let mut earlier: Vec<u64> = earlier.collect();
        earlier.sort_unstable();
        earlier.dedup();
        for before in &earlier {
            if let Some(entry) = self.items.get_mut(before) {
                entry.followers.push(ticket);
            }
        }
        if earlier.is_empty() {
            self.ready.push_back(ticket);
        }
        let entry = Entry {
            item: Some(item),
            keys,
            before: earlier.len(),
            followers: Vec::new(),
        };
        self.items.insert(ticket, entry);
    }

    /// The next item whose turn it is, and its ticket.
    pub(super) fn take(&mut self) -> Option<(u64, T)> {
        loop {
            let ticket = self.ready.pop_front()?;
            let entry = self.items.get_mut(&ticket);
            if let Some(item) = entry.and_then(|entry| entry.item.take()) {
                return Some((ticket, item));
            }
        }
    }

    /// Lets those follow that waited for this item.
    pub(super) fn done(&mut self, ticket: u64) {
        let Some(entry) = self.items.remove(&ticket) else {
            return;
        };
        for key in entry.keys {
            if self.last_of_key.get(&key) == Some(&ticket) {
                self.last_of_key.remove(&key);
            }
        }
        for follower in entry.followers {
            if let Some(next) = self.items.get_mut(&follower) {
                next.before -= 1;
                if next.before == 0 {
                    self.ready.push_back(follower);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(turns: &mut Turns<&'static str>) -> Vec<(u64, &'static str)> {
        std::iter::from_fn(|| turns.take()).collect()
    }

    #[test]
    fn items_when_they_share_a_key_then_go_one_after_the_other() {
        let mut turns = Turns::new();
        turns.add(vec![1], "first of 1");
        turns.add(vec![2], "first of 2");
        turns.add(vec![1, 2, 3], "of all");
        turns.add(vec![3], "last of 3");
        turns.add(vec![], "of none");
        turns.add(vec![1], "last of 1");
        let first = [(0, "first of 1"), (1, "first of 2"), (4, "of none")];
        assert_eq!(taken(&mut turns), first);
        turns.done(1);
        assert_eq!(taken(&mut turns), []);
        turns.done(0);
        assert_eq!(taken(&mut turns), [(2, "of all")]);
        turns.add(vec![2], "after all");
        assert_eq!(taken(&mut turns), []);
        turns.done(2);
        let last = [(3, "last of 3"), (5, "last of 1"), (6, "after all")];
        assert_eq!(taken(&mut turns), last);
        for ticket in [3, 4, 5, 6] {
            turns.done(ticket);
        }
        turns.add(vec![1, 2, 3], "anew");
        assert_eq!(taken(&mut turns), [(7, "anew")]);
        turns.done(7);
        assert!(turns.items.is_empty() && turns.last_of_key.is_empty());
    }
}
