//! What is put into the target for a record of the source: where it goes, and which order it is
//! part of.
//!
//! The service does not return explicit hash keys. A record whose partition key's hash is not in
//! the range of its shard was put with one; its copy gets the first hash key of that range. The
//! user records of an aggregated record have to be where readers accept them: together, if one
//! shard of the target owns them all, else aggregated anew for each shard. An aggregated record
//! with a user record that its own shard does not own is copied like any other: its readers do not
//! agree on what it is.

use millstream_client::aggregation::{Aggregated, Aggregator, NotAdded, UserRecord, deaggregate};
use millstream_client::producer::ProducerRecord;
use millstream_client::routing::{HashKey, HashRange, Router};
use millstream_client::types::Record;
use std::collections::BTreeMap;

/// Who decides about the shard of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placing {
    /// Its keys.
    Keys,
    /// The service, whatever its keys are.
    Service,
}

/// Where a record was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub(super) placing: Placing,
    /// The hash keys of its shard.
    pub(super) range: HashRange,
}

/// Where records are put.
#[derive(Clone, Debug)]
pub(super) struct Targets {
    pub(super) placing: Placing,
    /// The open shards, as far as is known.
    pub(super) router: Router,
    /// The maximum size of a record, its key included.
    pub(super) record_bytes_max: usize,
}

/// A record to be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Copy {
    pub(super) record: ProducerRecord,
    /// The digests of the partition keys whose order it is part of, each once.
    pub(super) keys: Vec<u128>,
    /// The shard that has to take an aggregated record.
    pub(super) shard: Option<String>,
}

/// A part of an aggregated record for one shard.
struct Part {
    aggregator: Aggregator,
    keys: Vec<u128>,
}

/// What the user records of an aggregated record have in common.
struct Survey {
    /// The digests of their partition keys, each once.
    keys: Vec<u128>,
    first: Option<HashKey>,
    are_of_origin: bool,
    /// The one shard of the target that owns them all.
    shard: Option<String>,
}

impl Targets {
    /// The copies of a record, in the order of what they carry; one at least.
    pub(super) fn copies(&self, record: &Record, origin: Origin) -> Vec<Copy> {
        if !deaggregate(record).is_aggregated() {
            let key = record.partition_key.as_deref();
            let keys = key.map(digest).into_iter().collect();
            return vec![plain(record, origin, keys)];
        }
        let survey = self.survey(record, origin.range);
        if !survey.are_of_origin {
            return vec![plain(record, origin, survey.keys)];
        }
        if let (Some(shard), Some(first), Placing::Keys) =
            (survey.shard, survey.first, self.placing)
        {
            return vec![Copy {
                record: ProducerRecord {
                    data: record.data.clone(),
                    partition_key: record.partition_key.clone(),
                    explicit_hash_key: Some(first.to_string()),
                },
                keys: survey.keys,
                shard: Some(shard),
            }];
        }
        let apart = self.apart(record);
        apart.unwrap_or_else(|_| vec![plain(record, origin, survey.keys)])
    }

    fn survey(&self, record: &Record, range: HashRange) -> Survey {
        let mut keys = Vec::new();
        let mut hash_keys = deaggregate(record).map(|user| {
            keys.extend(user.partition_key.map(digest));
            user.hash_key()
        });
        let first = hash_keys.next().flatten();
        let shard = first.and_then(|first| self.router.shard_of_hash_key(first));
        let mut are_of_origin = first.is_some_and(|first| range.contains(first));
        let mut are_of_shard = shard.is_some();
        for hash_key in hash_keys {
            are_of_origin &= hash_key.is_some_and(|key| range.contains(key));
            let of = hash_key.and_then(|key| self.router.shard_of_hash_key(key));
            are_of_shard &= of == shard;
        }
        keys.sort_unstable();
        keys.dedup();
        Survey {
            keys,
            first,
            are_of_origin,
            shard: shard.filter(|_| are_of_shard).map(str::to_owned),
        }
    }

    /// The user records of an aggregated record, aggregated anew for each shard of the target.
    ///
    /// # Errors
    /// If the service would not take one of them on its own.
    fn apart(&self, record: &Record) -> Result<Vec<Copy>, NotAdded> {
        let mut parts: BTreeMap<Option<&str>, Part> = BTreeMap::new();
        let mut copies = Vec::new();
        for user in deaggregate(record) {
            let Some(key) = user.partition_key else {
                return Err(NotAdded::PartitionKey);
            };
            let hash_key = user.hash_key();
            let shard = hash_key.and_then(|key| self.router.shard_of_hash_key(key));
            let part = parts.entry(shard).or_insert_with(|| self.part());
            let explicit = user.explicit_hash_key.and(hash_key);
            let mut added = part.aggregator.add(key, explicit, &user.data);
            if added == Err(NotAdded::Full) {
                copies.extend(part.finish(shard));
                added = part.aggregator.add(key, explicit, &user.data);
            }
            match added {
                Ok(()) => part.keys.push(digest(key)),
                Err(NotAdded::TooLarge | NotAdded::Full) => {
                    copies.extend(part.finish(shard));
                    copies.push(alone(&user));
                }
                Err(NotAdded::PartitionKey) => return Err(NotAdded::PartitionKey),
            }
            if self.placing == Placing::Service {
                copies.extend(part.finish(shard));
            }
        }
        for (shard, mut part) in parts {
            copies.extend(part.finish(shard));
        }
        Ok(copies)
    }

    fn part(&self) -> Part {
        // The partition key of an aggregated record has a byte.
        let bytes_max = self.record_bytes_max.saturating_sub(1);
        Part {
            aggregator: Aggregator::with_bytes_max(bytes_max),
            keys: Vec::new(),
        }
    }
}

impl Part {
    /// The record of what was added since the last.
    fn finish(&mut self, shard: Option<&str>) -> Option<Copy> {
        let Aggregated {
            data,
            partition_key,
            explicit_hash_key,
            user_records,
        } = self.aggregator.finish()?;
        let mut keys = std::mem::take(&mut self.keys);
        keys.sort_unstable();
        keys.dedup();
        Some(Copy {
            record: ProducerRecord {
                data,
                partition_key: Some(partition_key),
                explicit_hash_key: explicit_hash_key.map(|key| key.to_string()),
            },
            keys,
            shard: shard.filter(|_| user_records > 1).map(str::to_owned),
        })
    }
}

/// The copy of a record that is put as it is.
fn plain(record: &Record, origin: Origin, keys: Vec<u128>) -> Copy {
    let hash_key = record
        .partition_key
        .as_deref()
        .map(HashKey::of_partition_key);
    let is_elsewhere = hash_key.is_some_and(|key| !origin.range.contains(key));
    let explicit_hash_key = match origin.placing {
        Placing::Keys if is_elsewhere => Some(origin.range.start.to_string()),
        Placing::Keys | Placing::Service => None,
    };
    Copy {
        record: ProducerRecord {
            data: record.data.clone(),
            partition_key: record.partition_key.clone(),
            explicit_hash_key,
        },
        keys,
        shard: None,
    }
}

/// A user record that is put on its own.
fn alone(user: &UserRecord<'_>) -> Copy {
    Copy {
        record: ProducerRecord {
            data: user.data.clone(),
            partition_key: user.partition_key.map(str::to_owned),
            explicit_hash_key: user.explicit_hash_key.map(str::to_owned),
        },
        keys: user.partition_key.map(digest).into_iter().collect(),
        shard: None,
    }
}

/// What stands for a partition key where its order is kept.
fn digest(key: &str) -> u128 {
    HashKey::of_partition_key(key).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_client::types::{HashKeyRange, Shard};

    const HALF: u128 = 1 << 127;
    const LOWER: HashRange = HashRange {
        start: HashKey(7),
        end: HashKey(HALF - 1),
    };
    const UPPER: HashRange = HashRange {
        start: HashKey(HALF),
        end: HashKey::MAX,
    };
    // MD5("a") begins with 0c, MD5("b") with 92, MD5("c") with 4a, MD5("e") with e1.

    fn targets(starts: &[u128]) -> Targets {
        let ends = starts.iter().skip(1).map(|start| start - 1);
        let shards: Vec<Shard> = (starts.iter().zip(ends.chain([u128::MAX])))
            .map(|(start, end)| Shard {
                shard_id: format!("from-{start}"),
                hash_key_range: HashKeyRange {
                    starting_hash_key: start.to_string(),
                    ending_hash_key: end.to_string(),
                },
                ..Shard::default()
            })
            .collect();
        Targets {
            placing: Placing::Keys,
            router: Router::new(&shards).unwrap(),
            record_bytes_max: 1024,
        }
    }

    fn origin(range: HashRange) -> Origin {
        Origin {
            placing: Placing::Keys,
            range,
        }
    }

    fn record(key: Option<&str>, data: &[u8]) -> Record {
        Record {
            data: data.to_vec().into(),
            partition_key: key.map(str::to_owned),
            ..Record::default()
        }
    }

    fn aggregate(users: &[(&str, Option<u128>, &str)]) -> Record {
        let mut aggregator = Aggregator::new();
        for (key, hash_key, data) in users {
            let hash_key = hash_key.map(HashKey);
            aggregator.add(key, hash_key, data.as_bytes()).unwrap();
        }
        record(Some("a"), &aggregator.finish().unwrap().data)
    }

    /// The user records of a copy as text.
    fn users(copy: &Copy) -> Vec<String> {
        let stored = record(copy.record.partition_key.as_deref(), &copy.record.data);
        let text = |user: UserRecord<'_>| {
            let data = str::from_utf8(&user.data).unwrap().to_owned();
            format!("{}={data}", user.partition_key.unwrap())
        };
        deaggregate(&stored).map(text).collect()
    }

    #[test]
    fn record_when_its_key_is_not_of_its_shard_then_gets_the_first_hash_key_of_the_shard() {
        let targets = targets(&[0]);
        let by_service = Origin {
            placing: Placing::Service,
            range: UPPER,
        };
        for (key, origin, expected) in [
            (Some("a"), origin(LOWER), None),
            (Some("a"), origin(UPPER), Some(HALF.to_string())),
            (Some("b"), origin(UPPER), None),
            (Some("b"), origin(LOWER), Some("7".to_owned())),
            (None, origin(UPPER), None),
            (Some("a"), by_service, None),
        ] {
            let [copy] = &targets.copies(&record(key, b"data"), origin)[..] else {
                panic!("{key:?}");
            };
            assert_eq!(copy.record.explicit_hash_key, expected, "{key:?}");
            assert_eq!(copy.record.partition_key.as_deref(), key);
            let keys: Vec<u128> = key.map(digest).into_iter().collect();
            assert_eq!((&*copy.record.data, &copy.keys), (&b"data"[..], &keys));
        }
    }

    #[test]
    fn aggregate_when_a_shard_of_the_target_owns_it_then_is_copied_as_it_is() {
        let stored = aggregate(&[("c", None, "1"), ("a", None, "2"), ("c", None, "3")]);
        for starts in [&[0][..], &[0, HALF]] {
            let copies = targets(starts).copies(&stored, origin(LOWER));
            let [copy] = &copies[..] else {
                panic!("{copies:?}");
            };
            assert_eq!(copy.record.data, stored.data);
            assert_eq!(copy.record.partition_key.as_deref(), Some("a"));
            let first = digest("c").to_string();
            assert_eq!(copy.record.explicit_hash_key, Some(first));
            assert_eq!(copy.keys, [digest("a"), digest("c")]);
            assert_eq!(copy.shard.as_deref(), Some("from-0"));
        }
    }

    #[test]
    fn aggregate_when_the_target_is_finer_then_is_parted_in_order_with_its_hash_keys() {
        let upper = Some(HALF + 1);
        let stored = aggregate(&[
            ("a", None, "1"),
            ("b", None, "2"),
            ("a", None, "3"),
            ("c", upper, "4"),
            ("e", None, "5"),
        ]);
        let copies = targets(&[0, HALF, HALF / 2 * 3]).copies(&stored, origin(HashRange::ALL));
        let parts: Vec<_> = copies.iter().map(users).collect();
        let expected = [&["a=1", "a=3"][..], &["b=2", "c=4"], &["e=5"]];
        let expected: Vec<Vec<String>> = expected
            .iter()
            .map(|users| users.iter().map(|&user| user.to_owned()).collect())
            .collect();
        let mut sorted = parts.clone();
        sorted.sort();
        assert_eq!(sorted, expected, "{parts:?}");
        for copy in &copies {
            let hash_key = match &*users(copy)[0] {
                "a=1" => Some(digest("a").to_string()),
                "b=2" => Some(digest("b").to_string()),
                _ => None,
            };
            assert_eq!(copy.record.explicit_hash_key, hash_key);
            assert_eq!(copy.shard.is_some(), hash_key.is_some());
        }
        let data = &copies.iter().find(|copy| copy.keys.len() == 2).unwrap();
        let stored = record(Some("a"), &data.record.data);
        let explicit: Vec<_> = deaggregate(&stored)
            .map(|user| user.explicit_hash_key.map(str::to_owned))
            .collect();
        assert_eq!(explicit, [None, upper.map(|key| key.to_string())]);
    }

    #[test]
    fn aggregate_when_too_large_for_a_part_then_is_parted_again_and_nothing_is_lost() {
        let long = "x".repeat(900);
        let all = [("a", &*long), ("b", "2"), ("a", &*long), ("c", "3")];
        let own: Vec<_> = all.iter().map(|(key, data)| (*key, None, *data)).collect();
        let targets = Targets {
            record_bytes_max: 940,
            ..targets(&[0, HALF])
        };
        let copies = targets.copies(&aggregate(&own), origin(HashRange::ALL));
        let mut found: Vec<_> = copies.iter().flat_map(users).collect();
        found.sort();
        let mut expected: Vec<_> = all.map(|(key, data)| format!("{key}={data}")).to_vec();
        expected.sort();
        assert_eq!(found, expected);
        assert!(copies.len() > 2);
    }

    #[test]
    fn aggregate_when_the_target_distributes_records_then_each_is_put_on_its_own() {
        let stored = aggregate(&[("a", None, "1"), ("a", Some(9), "2")]);
        let targets = Targets {
            placing: Placing::Service,
            ..targets(&[0])
        };
        let copies = targets.copies(&stored, origin(HashRange::ALL));
        let found: Vec<_> = copies.iter().flat_map(users).collect();
        assert_eq!(found, ["a=1", "a=2"]);
        let hash_keys: Vec<_> = copies
            .iter()
            .map(|copy| copy.record.explicit_hash_key.as_deref())
            .collect();
        assert_eq!(hash_keys, [None, Some("9")]);
    }

    #[test]
    fn aggregate_when_a_user_record_is_of_another_shard_then_is_copied_like_any_other() {
        let stored = aggregate(&[("a", None, "1"), ("b", None, "2")]);
        for (range, hash_key) in [(LOWER, None), (UPPER, Some(HALF.to_string()))] {
            let copies = targets(&[0, HALF]).copies(&stored, origin(range));
            let [copy] = &copies[..] else {
                panic!("{copies:?}");
            };
            assert_eq!(copy.record.data, stored.data);
            assert_eq!(copy.record.explicit_hash_key, hash_key);
            let mut keys = [digest("a"), digest("b")];
            keys.sort_unstable();
            assert_eq!((&copy.keys[..], &copy.shard), (&keys[..], &None));
        }
    }
}
