//! An LRU cache whose bound is on what its values cost, not on how many there are.

use crate::measured::Looks;
use std::collections::BTreeMap;

/// A cache that evicts the least recently used. One value alone may exceed the bound.
pub(crate) struct Lru<K, V> {
    values: BTreeMap<K, Held<V>>,
    uses: BTreeMap<u64, K>,
    last_use: u64,
    cost: u64,
    cost_max: u64,
    looks: Looks,
}

struct Held<V> {
    value: V,
    cost: u64,
    used: u64,
}

impl<K: Ord + Copy, V: Clone> Lru<K, V> {
    pub(crate) fn new(cost_max: u64) -> Self {
        let (values, uses) = (BTreeMap::new(), BTreeMap::new());
        Self {
            values,
            uses,
            last_use: 0,
            cost: 0,
            cost_max,
            looks: Looks::default(),
        }
    }

    /// Lookups and hits.
    pub(crate) fn looks(&self) -> Looks {
        self.looks
    }

    pub(crate) fn get(&mut self, key: K) -> Option<V> {
        let held = self.looks.note(self.values.get_mut(&key))?;
        self.uses.remove(&held.used);
        self.last_use += 1;
        held.used = self.last_use;
        self.uses.insert(held.used, key);
        Some(held.value.clone())
    }

    pub(crate) fn insert(&mut self, key: K, value: V, cost: u64) {
        self.remove(key);
        self.last_use += 1;
        self.uses.insert(self.last_use, key);
        self.values.insert(
            key,
            Held {
                value,
                cost,
                used: self.last_use,
            },
        );
        self.cost += cost;
        while self.cost > self.cost_max && self.values.len() > 1 {
            let oldest = self.uses.first_key_value().map(|(_, key)| *key);
            oldest.into_iter().for_each(|key| self.remove(key));
        }
    }

    pub(crate) fn remove(&mut self, key: K) {
        if let Some(held) = self.values.remove(&key) {
            self.uses.remove(&held.used);
            self.cost -= held.cost;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_when_over_its_bound_then_forgets_what_was_unused_for_longest() {
        let mut cache = Lru::new(10);
        cache.insert(1, "one", 4);
        cache.insert(2, "two", 4);
        assert_eq!(cache.get(1), Some("one"));
        cache.insert(3, "three", 4);
        assert_eq!(
            (cache.get(1), cache.get(2), cache.get(3)),
            (Some("one"), None, Some("three"))
        );
        cache.insert(4, "huge", 100);
        assert_eq!(
            (cache.get(1), cache.get(3), cache.get(4)),
            (None, None, Some("huge"))
        );
        cache.insert(4, "small", 1);
        cache.insert(5, "five", 9);
        assert_eq!((cache.get(4), cache.get(5)), (Some("small"), Some("five")));
    }
}
