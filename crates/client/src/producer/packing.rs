//! What a batch sends: records, each by itself or with others in an aggregated record.
//!
//! What always holds: a batch is within AWS's limits; an aggregated record has user records of one
//! shard alone, as far as shards are known; the records of a lane that a batch has are in one
//! aggregated record of it, in their order, so that they are stored together or not at all.

use super::outcome::Taken;
use super::shard_map::{Aim, ShardMap};
use crate::aggregation::{Aggregator, NotAdded, is_aggregated};
use crate::routing::{HashKey, HashRange};
use millstream_protocol::types::PutRecordsRequestEntry;
use std::collections::BTreeMap;

/// Maximum records of a batch: AWS's for PutRecords.
pub(super) const BATCH_RECORDS_MAX: usize = 500;
/// Maximum bytes of a batch, keys included: half of AWS's maximum for PutRecords, so that a shard
/// takes a batch within a few seconds.
pub(super) const BATCH_BYTES_MAX: usize = 5 * 1024 * 1024;

/// A record on its way, and its lane.
pub(super) struct Sent {
    pub(super) taken: Taken,
    pub(super) lane: u64,
}

/// A record of a batch, with the records of the program that it is.
pub(super) struct Unit {
    pub(super) entry: PutRecordsRequestEntry,
    pub(super) records: Vec<Sent>,
    /// Where it must go if it is an aggregated record.
    pub(super) aim: Option<Aim>,
}

impl Unit {
    fn alone(sent: Sent) -> Self {
        let record = &sent.taken.record;
        let entry = PutRecordsRequestEntry {
            data: record.data.clone(),
            explicit_hash_key: record.explicit_hash_key.clone(),
            partition_key: record.partition_key.clone(),
        };
        Self {
            entry,
            records: vec![sent],
            aim: None,
        }
    }
}

/// Where a record is in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Alone,
    /// In an aggregated record of this number.
    Shared(u64),
}

/// Packs a batch.
pub(super) struct Packer<'m> {
    /// What aggregated records are made by: the shards, and how many bytes they may have.
    packing: Option<(&'m ShardMap, usize)>,
    units: Vec<Unit>,
    open: BTreeMap<&'m str, Open>,
    bytes: usize,
    opened: u64,
}

/// An aggregated record that may have more.
struct Open {
    number: u64,
    aggregator: Aggregator,
    records: Vec<Sent>,
    keys: HashRange,
}

/// What decides about a record that may share an aggregated one.
#[derive(Clone, Copy)]
struct Target<'m> {
    shard_id: &'m str,
    explicit: Option<HashKey>,
    key: HashKey,
}

impl<'m> Packer<'m> {
    /// A packer of records that all go by themselves.
    pub(super) fn plain() -> Self {
        Self {
            packing: None,
            units: Vec::new(),
            open: BTreeMap::new(),
            bytes: 0,
            opened: 0,
        }
    }

    /// A packer that makes aggregated records of so many bytes at most.
    pub(super) fn aggregating(map: &'m ShardMap, bytes_max: usize) -> Self {
        Self {
            packing: Some((map, bytes_max)),
            ..Self::plain()
        }
    }

    /// Adds a record: to where `with` is, or anywhere. It comes back if there is no room for it.
    pub(super) fn add(&mut self, sent: Sent, with: Option<Place>) -> Result<Place, Box<Sent>> {
        let cost = sent.taken.record.cost();
        if self.len() > 0 && self.bytes + cost > BATCH_BYTES_MAX {
            return Err(Box::new(sent));
        }
        let place = match self.target(&sent.taken) {
            Some(target) => self.add_to(target, sent, with),
            None => self.add_alone(sent, with),
        };
        if place.is_ok() {
            self.bytes += cost;
        }
        place
    }

    /// The batch.
    pub(super) fn finish(mut self) -> Vec<Unit> {
        while let Some((shard_id, open)) = self.open.pop_first() {
            self.close(shard_id, open);
        }
        self.units
    }

    fn len(&self) -> usize {
        self.units.len() + self.open.len()
    }

    /// The shard of a record that may share an aggregated one; none has a place for a record that
    /// is an aggregated one itself: readers would not take it apart.
    fn target(&self, taken: &Taken) -> Option<Target<'m>> {
        let (map, _) = self.packing?;
        let record = &taken.record;
        if taken.goes_alone() || is_aggregated(&record.data) {
            return None;
        }
        let partition_key = record.partition_key.as_deref()?;
        let explicit = match &record.explicit_hash_key {
            Some(key) => Some(HashKey::parse(key).ok()?),
            None => None,
        };
        let key = explicit.unwrap_or_else(|| HashKey::of_partition_key(partition_key));
        let shard_id = map.shard_of(key)?;
        Some(Target {
            shard_id,
            explicit,
            key,
        })
    }

    fn add_alone(&mut self, sent: Sent, with: Option<Place>) -> Result<Place, Box<Sent>> {
        if with.is_some() || self.len() >= BATCH_RECORDS_MAX {
            return Err(Box::new(sent));
        }
        self.units.push(Unit::alone(sent));
        Ok(Place::Alone)
    }

    fn add_to(
        &mut self,
        target: Target<'m>,
        sent: Sent,
        with: Option<Place>,
    ) -> Result<Place, Box<Sent>> {
        if let Some(open) = self.open.get_mut(target.shard_id) {
            let place = Place::Shared(open.number);
            if with.is_some_and(|with| with != place) {
                return Err(Box::new(sent));
            }
            match open.add(target, sent) {
                Ok(()) => return Ok(place),
                Err((NotAdded::Full, sent)) => {
                    if with.is_some() {
                        return Err(sent);
                    }
                    if let Some(full) = self.open.remove(target.shard_id) {
                        self.close(target.shard_id, full);
                    }
                    return self.open(target, *sent);
                }
                Err((NotAdded::TooLarge | NotAdded::PartitionKey, sent)) => {
                    return self.add_alone(*sent, with);
                }
            }
        }
        match with {
            Some(_) => Err(Box::new(sent)),
            None => self.open(target, sent),
        }
    }

    fn open(&mut self, target: Target<'m>, sent: Sent) -> Result<Place, Box<Sent>> {
        if self.len() >= BATCH_RECORDS_MAX {
            return Err(Box::new(sent));
        }
        let bytes_max = self.packing.map_or(0, |(_, bytes_max)| bytes_max);
        let mut open = Open {
            number: self.opened,
            aggregator: Aggregator::with_bytes_max(bytes_max),
            records: Vec::new(),
            keys: HashRange {
                start: target.key,
                end: target.key,
            },
        };
        match open.add(target, sent) {
            Ok(()) => {
                self.opened += 1;
                let place = Place::Shared(open.number);
                self.open.insert(target.shard_id, open);
                Ok(place)
            }
            Err((_, sent)) => self.add_alone(*sent, None),
        }
    }

    fn close(&mut self, shard_id: &str, mut open: Open) {
        let listing = self.packing.map_or(0, |(map, _)| map.listing);
        if open.records.len() < 2 {
            // One user record stays as it is, and goes where the service wants it.
            self.units.extend(open.records.pop().map(Unit::alone));
        } else if let Some(aggregated) = open.aggregator.finish() {
            let hash_key = aggregated.explicit_hash_key;
            self.units.push(Unit {
                entry: PutRecordsRequestEntry {
                    data: aggregated.data,
                    explicit_hash_key: hash_key.map(|key| key.to_string()),
                    partition_key: Some(aggregated.partition_key),
                },
                records: open.records,
                aim: Some(Aim {
                    shard_id: shard_id.to_owned(),
                    keys: open.keys,
                    listing,
                }),
            });
        }
    }
}

impl Open {
    fn add(&mut self, target: Target<'_>, sent: Sent) -> Result<(), (NotAdded, Box<Sent>)> {
        let record = &sent.taken.record;
        let partition_key = record.partition_key.as_deref().unwrap_or_default();
        let added = self
            .aggregator
            .add(partition_key, target.explicit, &record.data);
        if let Err(why) = added {
            return Err((why, Box::new(sent)));
        }
        self.keys.start = self.keys.start.min(target.key);
        self.keys.end = self.keys.end.max(target.key);
        self.records.push(sent);
        Ok(())
    }
}
