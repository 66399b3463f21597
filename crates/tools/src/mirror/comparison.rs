//! Comparing the records of two streams, key by key.
//!
//! Pure. A [`Slice`] holds the records of some partition keys, of both streams: those whose hashes
//! are in its range. If they take more memory than they may, the range is narrowed, and what is cut
//! off is left to another pass over both streams.
//!
//! The target is right if each key's records of the source are among the target's, in their order.
//! What the target has beside them is told apart: records of the source that are stored again,
//! others, and those before the first of the source's.

mod order;

use order::{in_turn, out_of_order, positions};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Bytes of a key beside its name.
const KEY_BYTES: usize = 256;
/// Bytes of a record: its digest, and its sequence number as text.
const RECORD_BYTES: usize = 192;
/// Differences of a kind that are listed; others are counted.
const LISTED_MAX: usize = 20;

/// One of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    From,
    To,
}

/// A record, without its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// The digest of its data.
    pub(super) digest: u128,
    pub(super) shard_id: Arc<str>,
    pub(super) sequence_number: Box<str>,
    /// Its place in an aggregated record.
    pub(super) sub_sequence_number: Option<u64>,
}

/// The key of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key<'k> {
    /// Its hash; records without a key are compared by the digests of their data.
    pub(super) hash: u128,
    pub(super) name: Option<&'k str>,
}

/// A key has more records than memory has room for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TooMany {
    /// The key; `None` of records without one.
    pub(super) key: Option<String>,
}

/// The records of the keys with some hashes.
#[derive(Debug)]
pub(super) struct Slice {
    hashes: RangeInclusive<u128>,
    keys: BTreeMap<u128, OfKey>,
    bytes: usize,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct OfKey {
    name: Option<Box<str>>,
    from: Vec<Seen>,
    to: Vec<Seen>,
}

impl OfKey {
    fn bytes(&self) -> usize {
        let name = self.name.as_ref().map_or(0, |name| name.len());
        KEY_BYTES + name + RECORD_BYTES * (self.from.len() + self.to.len())
    }
}

impl Slice {
    /// All keys from this hash on, as long as there is room.
    pub(super) fn new(start: u128, bytes_max: usize) -> Self {
        Self {
            hashes: start..=u128::MAX,
            keys: BTreeMap::new(),
            bytes: 0,
            bytes_max,
        }
    }

    /// Whether it holds records of this key.
    pub(super) fn has(&self, key: Key<'_>) -> bool {
        self.hashes.contains(&key.hash)
    }

    /// Where the next slice begins; `None` if there is none.
    pub(super) fn next(&self) -> Option<u128> {
        self.hashes.end().checked_add(1)
    }

    /// Adds the next record of a key, unless the key is of another slice.
    ///
    /// # Errors
    /// If the records of this one key take more memory than there is.
    pub(super) fn add(&mut self, side: Side, key: Key<'_>, seen: Seen) -> Result<(), TooMany> {
        while self.has(key) {
            let bytes = match self.keys.contains_key(&key.hash) {
                true => RECORD_BYTES,
                false => KEY_BYTES + key.name.map_or(0, str::len) + RECORD_BYTES,
            };
            if self.bytes + bytes > self.bytes_max {
                self.narrow(key)?;
                continue;
            }
            self.bytes += bytes;
            let of_key = self.keys.entry(key.hash).or_insert_with(|| OfKey {
                name: key.name.map(Box::from),
                ..OfKey::default()
            });
            match side {
                Side::From => of_key.from.push(seen),
                Side::To => of_key.to.push(seen),
            }
            return Ok(());
        }
        Ok(())
    }

    /// Gives up the upper half of the keys; one stays at least.
    fn narrow(&mut self, wanted: Key<'_>) -> Result<(), TooMany> {
        let hashes: Vec<u128> = self.keys.keys().copied().collect();
        let cut = match hashes.as_slice() {
            [] => None,
            [only] => [*only, wanted.hash]
                .into_iter()
                .max()
                .filter(|_| *only != wanted.hash),
            [..] => hashes.get(hashes.len() / 2).copied(),
        };
        let Some(cut) = cut else {
            let key = wanted.name.map(str::to_owned);
            return Err(TooMany { key });
        };
        let given_up = self.keys.split_off(&cut);
        self.bytes -= given_up.values().map(OfKey::bytes).sum::<usize>();
        self.hashes = *self.hashes.start()..=cut - 1;
        Ok(())
    }
}

/// What was found.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Findings {
    pub(super) keys: u64,
    pub(super) from_records: u64,
    pub(super) to_records: u64,
    /// Records of FROM that TO does not have.
    pub(super) missing: Listed,
    /// Records of FROM that TO has, but not in their order.
    pub(super) reordered: Listed,
    /// Records of TO that are there more often than in FROM.
    pub(super) repeated: Listed,
    /// Records of TO that FROM does not have.
    pub(super) additional: Listed,
    /// Such records that come before the first of FROM's.
    pub(super) earlier: u64,
}

/// Differences of a kind.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    pub(super) count: u64,
    pub(super) first: Vec<Finding>,
}

/// A record that makes a difference.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Finding {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) partition_key: Option<String>,
    pub(super) shard_id: String,
    pub(super) sequence_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sub_sequence_number: Option<u64>,
}

impl Listed {
    fn add(&mut self, name: Option<&str>, seen: &Seen) {
        self.count += 1;
        if self.first.len() < LISTED_MAX {
            self.first.push(Finding {
                partition_key: name.map(str::to_owned),
                shard_id: seen.shard_id.to_string(),
                sequence_number: seen.sequence_number.to_string(),
                sub_sequence_number: seen.sub_sequence_number,
            });
        }
    }
}

impl Findings {
    /// Compares the streams in a slice.
    pub(super) fn add(&mut self, slice: Slice) {
        for of_key in slice.keys.into_values() {
            self.add_key(&of_key);
        }
    }

    fn add_key(&mut self, key: &OfKey) {
        self.keys += 1;
        self.from_records += key.from.len() as u64;
        self.to_records += key.to.len() as u64;
        let name = key.name.as_deref();
        let positions = positions(&key.to);
        let (matched, missing) = in_turn(&key.from, &positions);
        for at in missing {
            self.missing.add(name, &key.from[at]);
        }
        let reordered = out_of_order(&key.from, &matched, &positions);
        let mut is_matched = vec![false; key.to.len()];
        for (at, position) in matched {
            is_matched[position] = true;
            if reordered.contains(&at) {
                self.reordered.add(name, &key.from[at]);
            }
        }
        let first = is_matched.iter().position(|is_matched| *is_matched);
        let of_source: BTreeSet<u128> = key.from.iter().map(|seen| seen.digest).collect();
        for (at, seen) in key.to.iter().enumerate().filter(|(at, _)| !is_matched[*at]) {
            if of_source.contains(&seen.digest) {
                self.repeated.add(name, seen);
            } else if first.is_some_and(|first| first < at) {
                self.additional.add(name, seen);
            } else {
                self.earlier += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests;
