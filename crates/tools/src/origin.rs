//! The hash key of a record that was read. The service does not return explicit ones, so a copy has
//! one only where there must have been one.

use millstream_client::aggregation::deaggregate;
use millstream_client::routing::{HashKey, HashRange};
use millstream_client::types::{Record, RecordDistributionStrategy, StreamDescriptionSummary};

/// Who decides about the shard of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placing {
    /// Its keys.
    Keys,
    /// The service, whatever its keys are.
    Service,
}

/// Where a record was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    pub(crate) placing: Placing,
    /// The hash keys of its shard.
    pub(crate) range: HashRange,
}

impl Placing {
    /// Who decides in a stream.
    pub(crate) fn of(summary: &StreamDescriptionSummary) -> Self {
        match summary.record_distribution_strategy {
            Some(RecordDistributionStrategy::Auto) => Self::Service,
            Some(RecordDistributionStrategy::UserPartitionKey) | None => Self::Keys,
        }
    }
}

impl Origin {
    /// The explicit hash key of a record's copy.
    ///
    /// An aggregated record goes with the first of its user records, as long as its shard owns them
    /// all. A record whose partition key's hash is not in the range of its shard was put with an
    /// explicit one: its copy gets the first hash key of that range.
    pub(crate) fn explicit_hash_key(self, record: &Record) -> Option<HashKey> {
        match self.placing {
            Placing::Keys => {}
            Placing::Service => return None,
        }
        self.of_aggregated(record).or_else(|| {
            let key = record.partition_key.as_deref();
            let hash_key = key.map(HashKey::of_partition_key)?;
            (!self.range.contains(hash_key)).then_some(self.range.start)
        })
    }

    /// The first hash key of a record's user records, if it is an aggregated one and its shard owns
    /// them all.
    fn of_aggregated(self, record: &Record) -> Option<HashKey> {
        let users = deaggregate(record);
        if !users.is_aggregated() {
            return None;
        }
        let mut first = None;
        for user in users {
            let hash_key = user.hash_key().filter(|key| self.range.contains(*key))?;
            first.get_or_insert(hash_key);
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_client::aggregation::Aggregator;

    /// The hash key of the partition key a, which the Kinesis Producer Library gives every
    /// aggregated record.
    fn hash_of_a() -> HashKey {
        HashKey::of_partition_key("a")
    }

    fn record(partition_key: Option<&str>) -> Record {
        Record {
            partition_key: partition_key.map(str::to_owned),
            data: b"data"[..].into(),
            ..Record::default()
        }
    }

    fn aggregated(hash_keys: &[u128]) -> Record {
        let mut aggregator = Aggregator::new();
        for hash_key in hash_keys {
            let added = aggregator.add("key", Some(HashKey(*hash_key)), b"data");
            added.unwrap();
        }
        Record {
            data: aggregator.finish().unwrap().data,
            ..record(Some("a"))
        }
    }

    #[test]
    fn copy_when_its_shard_does_not_own_its_key_then_has_the_first_hash_key_of_the_shard() {
        let HashKey(of_a) = hash_of_a();
        let beside = HashRange {
            start: HashKey(of_a + 1),
            end: HashKey(of_a + 100),
        };
        let first = Some(beside.start);
        for (placing, range, record, expected) in [
            (Placing::Keys, HashRange::ALL, record(Some("a")), None),
            (Placing::Keys, beside, record(Some("a")), first),
            (Placing::Keys, beside, record(None), None),
            (Placing::Service, beside, record(Some("a")), None),
            (
                Placing::Keys,
                beside,
                aggregated(&[of_a + 7, of_a + 3]),
                Some(HashKey(of_a + 7)),
            ),
            (
                Placing::Keys,
                HashRange::ALL,
                aggregated(&[of_a + 7, of_a + 3]),
                Some(HashKey(of_a + 7)),
            ),
            // Its readers drop it: it is a record like any other.
            (Placing::Keys, beside, aggregated(&[of_a + 7, 5]), first),
            (
                Placing::Service,
                beside,
                aggregated(&[of_a + 7, of_a + 3]),
                None,
            ),
        ] {
            let origin = Origin { placing, range };
            assert_eq!(origin.explicit_hash_key(&record), expected, "{record:?}");
        }
    }
}
