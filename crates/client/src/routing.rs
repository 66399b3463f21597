//! Which shard a record goes to: what a producer needs that keeps the order of each key, aggregates
//! records, or looks for hot shards.

use millstream_protocol::types::{HashKeyRange, Shard};

pub use millstream_model::{HashKey, HashRange};

/// The open shards of a stream, by the hash keys that they own.
///
/// ```
/// use millstream_client::routing::Router;
/// use millstream_protocol::types::{HashKeyRange, Shard};
///
/// let shard = |shard_id: &str, start: u128, end: u128| Shard {
///     shard_id: shard_id.to_owned(),
///     hash_key_range: HashKeyRange {
///         starting_hash_key: start.to_string(),
///         ending_hash_key: end.to_string(),
///     },
///     ..Shard::default()
/// };
/// let half = 1 << 127;
/// let shards = [
///     shard("shardId-000000000000", 0, half - 1),
///     shard("shardId-000000000001", half, u128::MAX),
/// ];
/// let router = Router::new(&shards)?;
/// assert_eq!(router.shard_of("customer-7", None), Some("shardId-000000000000"));
/// # Ok::<(), millstream_client::routing::RouterError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Router {
    /// Sorted by their ranges, which do not overlap.
    shards: Vec<(HashRange, String)>,
}

/// Why shards cannot be routed to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouterError {
    /// A shard's hash keys are no range of numbers below 2^128.
    #[error("the hash keys of the shard {0} are no range")]
    Range(String),
    /// Two open shards own a hash key: they were not listed at one time.
    #[error("the shards {0} and {1} are open and own the same hash keys")]
    Overlap(String, String),
}

impl Router {
    /// A router to the open shards among those that ListShards or DescribeStream returned. Closed
    /// ones, which have an ending sequence number, are left out.
    ///
    /// # Errors
    /// If a shard's range cannot be read, or two overlap.
    pub fn new(shards: &[Shard]) -> Result<Self, RouterError> {
        let is_open = |shard: &&Shard| {
            let last = &shard.sequence_number_range.ending_sequence_number;
            last.is_none()
        };
        let read = |shard: &Shard| {
            let range = range_of(&shard.hash_key_range)
                .ok_or_else(|| RouterError::Range(shard.shard_id.clone()))?;
            Ok((range, shard.shard_id.clone()))
        };
        let shards: Result<Vec<_>, _> = shards.iter().filter(is_open).map(read).collect();
        let mut shards = shards?;
        shards.sort_unstable();
        let overlap = shards
            .windows(2)
            .find(|pair| pair[0].0.end >= pair[1].0.start);
        if let Some([(_, left), (_, right)]) = overlap {
            return Err(RouterError::Overlap(left.clone(), right.clone()));
        }
        Ok(Self { shards })
    }

    /// The shard of a record; `None` if no open shard owns its hash key.
    pub fn shard_of(
        &self,
        partition_key: &str,
        explicit_hash_key: Option<HashKey>,
    ) -> Option<&str> {
        let of_key = || HashKey::of_partition_key(partition_key);
        self.shard_of_hash_key(explicit_hash_key.unwrap_or_else(of_key))
    }

    /// The shard that owns a hash key; `None` if no open shard does.
    pub fn shard_of_hash_key(&self, key: HashKey) -> Option<&str> {
        let after = self.shards.partition_point(|(range, _)| range.start <= key);
        let (range, shard) = &self.shards[..after].last()?;
        range.contains(key).then_some(shard)
    }

    /// The open shards and what they own, by their first hash keys.
    pub fn shards(&self) -> impl ExactSizeIterator<Item = (&str, HashRange)> {
        self.shards
            .iter()
            .map(|(range, shard)| (shard.as_str(), *range))
    }
}

/// The range of a shard; `None` if it is none.
pub fn range_of(range: &HashKeyRange) -> Option<HashRange> {
    let start = HashKey::parse(&range.starting_hash_key).ok()?;
    let end = HashKey::parse(&range.ending_hash_key).ok()?;
    (start <= end).then_some(HashRange { start, end })
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_protocol::types::{HashKeyRange, SequenceNumberRange};

    fn shard(index: u32, start: &str, end: &str, last: Option<&str>) -> Shard {
        Shard {
            shard_id: format!("shardId-{index:012}"),
            hash_key_range: HashKeyRange {
                starting_hash_key: start.to_owned(),
                ending_hash_key: end.to_owned(),
            },
            sequence_number_range: SequenceNumberRange {
                starting_sequence_number: "1".to_owned(),
                ending_sequence_number: last.map(str::to_owned),
            },
            ..Shard::default()
        }
    }

    const HALF: &str = "170141183460469231731687303715884105728";
    const BELOW_HALF: &str = "170141183460469231731687303715884105727";
    const MAX: &str = "340282366920938463463374607431768211455";

    #[test]
    fn record_when_routed_then_goes_to_the_open_shard_that_owns_its_hash_key() {
        let shards = [
            shard(0, "0", MAX, Some("9")),
            shard(2, HALF, MAX, None),
            shard(1, "0", BELOW_HALF, None),
        ];
        let router = Router::new(&shards).unwrap();
        let (low, high) = (Some("shardId-000000000001"), Some("shardId-000000000002"));
        // MD5("a") begins with 0c, MD5("b") with 92.
        assert_eq!(router.shard_of("a", None), low);
        assert_eq!(router.shard_of("b", None), high);
        for (key, expected) in [("0", low), (BELOW_HALF, low), (HALF, high), (MAX, high)] {
            let key = HashKey::parse(key).unwrap();
            assert_eq!(router.shard_of("b", Some(key)), expected);
            assert_eq!(router.shard_of_hash_key(key), expected);
        }
        let ids: Vec<&str> = router.shards().map(|(shard, _)| shard).collect();
        assert_eq!(ids, [low.unwrap(), high.unwrap()]);
    }

    #[test]
    fn record_when_no_open_shard_owns_its_hash_key_then_has_none() {
        let router = Router::new(&[shard(0, "10", "20", None)]).unwrap();
        for (key, expected) in [(9, None), (10, Some(())), (20, Some(())), (21, None)] {
            assert_eq!(router.shard_of_hash_key(HashKey(key)).map(|_| ()), expected);
        }
        assert_eq!(Router::default().shard_of("a", None), None);
    }

    #[test]
    fn shards_when_they_are_wrong_then_are_named() {
        for (start, end) in [("", "1"), ("2", "1"), ("0", "x"), ("0", &format!("{MAX}0"))] {
            let error = Router::new(&[shard(3, start, end, None)]).unwrap_err();
            assert_eq!(error, RouterError::Range("shardId-000000000003".to_owned()));
        }
        let error = Router::new(&[shard(1, "5", "9", None), shard(2, "0", "5", None)]).unwrap_err();
        let expected = "the shards shardId-000000000002 and shardId-000000000001 are open and own \
                        the same hash keys";
        assert_eq!(error.to_string(), expected);
    }
}
