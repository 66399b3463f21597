//! What is put into the target for a record of the source: where it goes, and which order it is
//! part of.
//!
//! The hash key of a copy follows from where its record was ([`Origin`]). The user records of an
//! aggregated record have to be where readers accept them: together, if one shard of the target
//! owns them all, else aggregated anew for each shard. An aggregated record with a user record that
//! its own shard does not own is copied like any other: its readers do not agree on what it is.

use crate::origin::{Origin, Placing};
use millstream_client::aggregation::{Aggregated, Aggregator, NotAdded, UserRecord, deaggregate};
use millstream_client::producer::ProducerRecord;
use millstream_client::routing::{HashKey, HashRange, Router};
use millstream_client::types::Record;
use std::collections::BTreeMap;

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
    let explicit_hash_key = origin.explicit_hash_key(record);
    Copy {
        record: ProducerRecord {
            data: record.data.clone(),
            partition_key: record.partition_key.clone(),
            explicit_hash_key: explicit_hash_key.map(|key| key.to_string()),
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
mod tests;
