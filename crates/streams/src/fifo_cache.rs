//! A cache that evicts what came first.
//!
//! Not least recently used: what is asked for again is about to be asked for by readers that stand
//! at the same place, and then by nobody. So a look changes nothing, and costs one search.

use std::collections::{BTreeMap, VecDeque};

/// Values by key, of so many bytes together.
#[derive(Debug)]
pub struct FifoCache<K, V> {
    values: BTreeMap<K, (V, usize)>,
    order: VecDeque<K>,
    bytes: usize,
    bytes_max: usize,
}

impl<K: Ord + Copy, V: Clone> FifoCache<K, V> {
    /// Keeps at most so many bytes.
    pub fn new(bytes_max: usize) -> Self {
        Self {
            values: BTreeMap::new(),
            order: VecDeque::new(),
            bytes: 0,
            bytes_max,
        }
    }

    /// The value of a key, if it is kept.
    pub fn get(&self, key: &K) -> Option<V> {
        self.values.get(key).map(|(value, _)| value.clone())
    }

    /// Inserts a value of this size, replacing an existing one.
    pub fn push(&mut self, key: K, value: V, bytes: usize) {
        self.bytes += bytes;
        match self.values.insert(key, (value, bytes)) {
            Some((_, former)) => self.bytes -= former,
            None => self.order.push_back(key),
        }
        while self.bytes > self.bytes_max {
            let oldest = self
                .order
                .pop_front()
                .and_then(|key| self.values.remove(&key));
            let (_, bytes) = oldest.expect("what is kept stands in order");
            self.bytes -= bytes;
        }
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Lets go of everything, and gives it.
    pub fn take(&mut self) -> Self {
        let empty = Self::new(self.bytes_max);
        std::mem::replace(self, empty)
    }
}
