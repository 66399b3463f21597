//! What was sampled of a shard: how much, of which keys, and where a split would halve it.

use crate::shards::placed::Placed;
use millstream_client::routing::HashKey;
use millstream_client::types::Record;
use std::collections::BTreeMap;
use std::time::Duration;

/// Bytes that a shard takes in a second.
/// <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
const LIMIT_BYTES: f64 = 1024.0 * 1024.0;
/// Records that a shard takes in a second.
const LIMIT_RECORDS: f64 = 1000.0;
/// Most keys that are told apart in a shard. Of others, only the sum is known.
const KEYS_MAX: usize = 50_000;
/// A split helps if neither half has more than this share of the load.
const HALF_MAX: f64 = 0.8;
/// Where no split helps, a key that has more than this share of the load is the reason.
const ONE_KEY_MIN: f64 = 0.5;

/// Records and their size: data and partition key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// How many.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Load {
    fn add(&mut self, bytes: u64) {
        self.records += 1;
        self.bytes += bytes;
    }
}

/// What limits a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The bytes.
    Bytes,
    /// The number of records.
    Records,
}

impl Measure {
    /// The measure of a load.
    pub fn of(self, load: Load) -> u64 {
        match self {
            Self::Bytes => load.bytes,
            Self::Records => load.records,
        }
    }
}

/// What to do about a hot shard.
#[derive(Clone, Debug, PartialEq)]
pub enum Advice {
    /// A split halves the load.
    Split {
        /// The first hash key of the right half.
        at: HashKey,
        /// The share of the load that the left half keeps.
        left: f64,
    },
    /// A single key is the load: wherever it goes, it goes alone.
    OneKey(String),
    /// The sample does not say.
    Unknown,
}

/// A shard and what was sampled of it.
pub struct Sampled {
    /// The shard.
    pub placed: Placed,
    /// All of it.
    pub total: Load,
    /// The time in which it was written.
    pub span: Duration,
    keys: BTreeMap<String, Load>,
}

impl Sampled {
    /// A shard of which nothing was sampled yet.
    pub fn new(placed: Placed) -> Self {
        Self {
            placed,
            total: Load::default(),
            span: Duration::ZERO,
            keys: BTreeMap::new(),
        }
    }

    /// Counts a record.
    pub fn count(&mut self, record: Record) {
        let key = record.partition_key.unwrap_or_default();
        let bytes = u64::try_from(record.data.len() + key.len()).unwrap_or(u64::MAX);
        self.total.add(bytes);
        if let Some(load) = self.keys.get_mut(&key) {
            load.add(bytes);
        // A record that the service distributes itself has none.
        } else if !key.is_empty() && self.keys.len() < KEYS_MAX {
            self.keys.entry(key).or_default().add(bytes);
        }
    }

    /// A measure in a second.
    pub fn per_second(&self, measure: Measure) -> f64 {
        let seconds = self.span.as_secs_f64();
        match seconds > 0.0 {
            true => measure.of(self.total) as f64 / seconds,
            false => 0.0,
        }
    }

    /// The measure that is closer to the write limit.
    pub fn measure(&self) -> Measure {
        let share = |measure| self.share_of(measure);
        match share(Measure::Records) > share(Measure::Bytes) {
            true => Measure::Records,
            false => Measure::Bytes,
        }
    }

    /// The share of the write limit that is used.
    pub fn used(&self) -> f64 {
        self.share_of(self.measure())
    }

    fn share_of(&self, measure: Measure) -> f64 {
        let limit = match measure {
            Measure::Bytes => LIMIT_BYTES,
            Measure::Records => LIMIT_RECORDS,
        };
        self.per_second(measure) / limit
    }

    /// How many keys were told apart.
    pub fn key_count(&self) -> usize {
        self.keys.len()
    }

    /// The keys with the largest shares of the load, and these shares.
    pub fn top_keys(&self, most: usize) -> Vec<(&str, f64)> {
        let (measure, total) = (self.measure(), self.measure().of(self.total).max(1));
        let mut keys: Vec<(u64, &str)> = self
            .keys
            .iter()
            .map(|(key, load)| (measure.of(*load), key.as_str()))
            .collect();
        keys.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        keys.truncate(most);
        let share = |(load, key): (u64, _)| (key, load as f64 / total as f64);
        keys.into_iter().map(share).collect()
    }

    /// The hash key of a partition key; `None` if it does not lead to this shard: its records were
    /// put with an explicit hash key, which is not stored.
    pub fn hash_key(&self, key: &str) -> Option<HashKey> {
        let hash = HashKey::of_partition_key(key);
        self.placed.range.contains(hash).then_some(hash)
    }

    /// What to do about it.
    pub fn advice(&self) -> Advice {
        let measure = self.measure();
        let placed = self.keys.iter().filter_map(|(key, load)| {
            let hash = self.hash_key(key)?;
            Some((hash, measure.of(*load)))
        });
        let mut placed: Vec<(HashKey, u64)> = placed.collect();
        placed.sort_unstable();
        let sum: u64 = placed.iter().map(|(_, load)| load).sum();
        // What was put with explicit hash keys, or is not counted by key, may be on either side.
        let total = measure.of(self.total);
        let unknown = total.saturating_sub(sum);
        let mut left = 0;
        let mut best: Option<(u64, HashKey, u64)> = None;
        for (hash, load) in placed {
            let larger = left.max(sum - left);
            let is_better = best.is_none_or(|(found, _, _)| larger < found);
            if is_better && self.placed.range.split_at(hash).is_some() {
                best = Some((larger, hash, left));
            }
            left += load;
        }
        match best {
            Some((larger, at, left)) if (larger + unknown) as f64 <= HALF_MAX * total as f64 => {
                let left = left as f64 / total as f64;
                Advice::Split { at, left }
            }
            Some(_) | None => match self.top_keys(1).first() {
                Some((key, share)) if *share > ONE_KEY_MIN => Advice::OneKey((*key).to_owned()),
                Some(_) | None => Advice::Unknown,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shards::placed::parse_id;
    use millstream_client::Blob;
    use millstream_client::types::{HashKeyRange, Shard};

    /// A shard of all hash keys, and what it got in a second: keys, records of each, and the bytes
    /// of such a record.
    fn sampled(keys: &[(&str, u64, usize)]) -> Sampled {
        let hash_key_range = HashKeyRange {
            starting_hash_key: "0".to_owned(),
            ending_hash_key: u128::MAX.to_string(),
        };
        let shard = Shard {
            shard_id: parse_id("0"),
            hash_key_range,
            ..Shard::default()
        };
        let mut sampled = Sampled::new(Placed::new(shard).unwrap());
        sampled.span = Duration::from_secs(1);
        for (key, records, bytes) in keys {
            for _ in 0..*records {
                sampled.count(Record {
                    partition_key: Some((*key).to_owned()),
                    data: Blob::from(vec![0; bytes - key.len()]),
                    ..Record::default()
                });
            }
        }
        sampled
    }

    #[test]
    fn load_when_counted_then_is_measured_by_what_is_closer_to_the_limit() {
        let many = sampled(&[("a", 400, 10), ("b", 100, 10)]);
        assert_eq!((many.measure(), many.used()), (Measure::Records, 0.5));
        assert_eq!(many.top_keys(1), [("a", 0.8)]);
        let large = sampled(&[("a", 2, 1 << 18), ("b", 1, 1 << 18)]);
        assert_eq!((large.measure(), large.used()), (Measure::Bytes, 0.75));
        let none = sampled(&[]);
        assert_eq!((none.used(), none.advice()), (0.0, Advice::Unknown));
    }

    #[test]
    fn split_when_it_halves_the_load_then_is_between_the_keys() {
        // MD5("a") begins with 0c, "c" with 4a, "d" with 82, "b" with 92.
        let shard = sampled(&[("a", 30, 10), ("b", 25, 10), ("c", 20, 10), ("d", 25, 10)]);
        let at = HashKey::of_partition_key("d");
        assert_eq!(shard.advice(), Advice::Split { at, left: 0.5 });
        let shard = sampled(&[("a", 5, 10), ("b", 20, 10), ("c", 75, 10)]);
        let at = HashKey::of_partition_key("b");
        assert_eq!(shard.advice(), Advice::Split { at, left: 0.8 });
    }

    #[test]
    fn split_when_one_key_is_the_load_then_does_not_help() {
        for others in [5, 14] {
            let shard = sampled(&[("a", others, 10), ("b", others, 10), ("c", 80, 10)]);
            assert_eq!(shard.advice(), Advice::OneKey("c".to_owned()));
        }
        assert_eq!(
            sampled(&[("a", 1, 10)]).advice(),
            Advice::OneKey("a".to_owned())
        );
    }

    #[test]
    fn key_when_it_leads_to_another_shard_then_says_nothing_about_a_split() {
        let mut shard = sampled(&[("a", 50, 10), ("b", 50, 10)]);
        shard.placed.range.end = HashKey(u128::MAX / 2);
        assert!(shard.hash_key("a").is_some());
        assert_eq!(shard.hash_key("b"), None);
        assert_eq!(shard.advice(), Advice::Unknown);
    }

    #[test]
    fn split_when_most_of_the_load_has_no_known_place_then_is_not_advised() {
        let mut shard = sampled(&[("a", 5, 10), ("d", 5, 10), ("b", 90, 10)]);
        shard.placed.range.end = HashKey::of_partition_key("d");
        assert_eq!(shard.hash_key("b"), None);
        assert_eq!(shard.advice(), Advice::OneKey("b".to_owned()));
    }
}
