//! A shard in the catalog: lineage, range, end.

use super::codec;
use millstream_env::Timestamp;
use millstream_model::{HashKey, HashRange, SequenceNumber, ShardId};
use millstream_store::Offset;
use minicbor::{Decode, Encode};

/// A shard, open or closed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Shard {
    /// Its index in the stream.
    #[n(0)]
    pub index: u32,
    /// The keys it owns.
    #[cbor(n(1), with = "codec::hash_range")]
    pub range: HashRange,
    /// When it was opened.
    #[cbor(n(2), with = "codec::timestamp")]
    pub opened: Timestamp,
    /// The second in its sequence numbers. It increases along the lineage and may run ahead of the
    /// clock.
    #[n(3)]
    pub created_s: u64,
    /// Added to offset + 1 to give a record's counter.
    #[n(4)]
    pub counter_base: u64,
    /// The shard that was split, or the lower of the two that were merged.
    #[n(5)]
    pub parent: Option<u32>,
    /// The upper of the two that were merged.
    #[n(6)]
    pub adjacent_parent: Option<u32>,
    /// Where and when it ended.
    #[n(7)]
    pub closed: Option<Closed>,
}

/// The end of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Closed {
    /// Until when it was open, inclusive.
    #[cbor(n(0), with = "codec::timestamp")]
    pub at: Timestamp,
    /// One past its last record's offset; `None` if it was born closed and has no log.
    #[n(1)]
    pub end: Option<u64>,
}

impl Shard {
    /// Its id.
    pub fn id(&self) -> ShardId {
        ShardId::new(self.index)
    }

    /// Whether it accepts records.
    pub fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// Whether it ever accepted records: a shard born closed has no log.
    pub fn has_log(&self) -> bool {
        self.closed.is_none_or(|closed| closed.end.is_some())
    }

    /// Whether the shard with this index is one of its parents.
    pub fn is_child_of(&self, index: u32) -> bool {
        self.parent == Some(index) || self.adjacent_parent == Some(index)
    }

    /// One past the last offset, if it is closed.
    pub fn end(&self) -> Option<Offset> {
        self.closed.map(|closed| Offset(closed.end.unwrap_or(0)))
    }

    /// The number before all its records.
    pub fn starting_sequence_number(&self) -> SequenceNumber {
        SequenceNumber {
            created_s: self.created_s,
            counter: 0,
            arrival_s: self.created_s,
            shard_index: self.index,
        }
    }

    /// The number after all its records, once it is closed.
    pub fn ending_sequence_number(&self) -> Option<SequenceNumber> {
        self.closed.map(|closed| SequenceNumber {
            created_s: self.created_s,
            counter: SequenceNumber::COUNTER_CLOSED,
            arrival_s: closed.at.seconds().min(SequenceNumber::SECOND_MAX),
            shard_index: self.index,
        })
    }

    /// A number after all records before an offset, and before the one at it.
    pub fn number_before(&self, offset: Offset) -> SequenceNumber {
        if offset.0 == 0 {
            return self.starting_sequence_number();
        }
        SequenceNumber {
            created_s: self.created_s,
            counter: self.counter_base + offset.0,
            arrival_s: SequenceNumber::SECOND_MAX,
            shard_index: self.index,
        }
    }

    /// The number of the record at an offset.
    pub fn sequence_number(&self, offset: Offset, arrival: Timestamp) -> SequenceNumber {
        self.numbering().sequence_number(offset, arrival)
    }

    fn numbering(&self) -> Numbering {
        Numbering {
            index: self.index,
            created_s: self.created_s,
            counter_base: self.counter_base,
        }
    }
}

/// What a put needs to know about a shard: how it numbers its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbering {
    /// The shard's index in the stream.
    pub index: u32,
    /// As [`Shard::created_s`].
    pub created_s: u64,
    /// As [`Shard::counter_base`].
    pub counter_base: u64,
}

impl Numbering {
    /// The shard's id.
    pub fn id(&self) -> ShardId {
        ShardId::new(self.index)
    }

    /// The number of the record at an offset.
    pub fn sequence_number(&self, offset: Offset, arrival: Timestamp) -> SequenceNumber {
        SequenceNumber {
            created_s: self.created_s,
            counter: self.counter_base + offset.0 + 1,
            arrival_s: arrival.seconds(),
            shard_index: self.index,
        }
    }
}

/// All shards of a stream, by index, and the open ones by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shards {
    all: Vec<Shard>,
    open: Vec<OpenShard>,
}

/// A row of the routing table. Denormalised so that routing a put never touches the (usually cold)
/// `Shard`. `bench/run only shards-batch` measures it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct OpenShard {
    start: HashKey,
    /// The index of the shard in `all`.
    place: u32,
    numbering: Numbering,
}

impl Shards {
    /// No shards.
    pub const NONE: Self = Self {
        all: Vec::new(),
        open: Vec::new(),
    };

    /// Builds it from shards with rising indexes.
    ///
    /// # Panics
    /// If they do not rise.
    pub fn new(all: Vec<Shard>) -> Self {
        assert!(Self::do_rise(&all), "indexes rise");
        let is_open = |(place, shard): (usize, &Shard)| {
            shard.is_open().then_some(OpenShard {
                start: shard.range.start,
                place: place as u32,
                numbering: shard.numbering(),
            })
        };
        let mut open: Vec<OpenShard> = all.iter().enumerate().filter_map(is_open).collect();
        open.sort_unstable_by_key(|row| row.start);
        Self { all, open }
    }

    fn do_rise(all: &[Shard]) -> bool {
        all.is_sorted_by(|one, next| one.index < next.index)
    }

    /// By ascending index.
    pub fn all(&self) -> &[Shard] {
        &self.all
    }

    /// By ascending keys: together they own every key exactly once.
    pub fn open(&self) -> impl ExactSizeIterator<Item = &Shard> {
        self.open.iter().map(|row| &self.all[row.place as usize])
    }

    /// The open shard at a place, by ascending keys; the places repeat behind the last.
    pub fn open_at(&self, place: usize) -> &Numbering {
        &self.open[place % self.open.len()].numbering
    }

    /// The shard of an index.
    pub fn get(&self, index: u32) -> Option<&Shard> {
        let place = self
            .all
            .binary_search_by_key(&index, |shard| shard.index)
            .ok()?;
        Some(&self.all[place])
    }

    /// The open shard that owns a key.
    #[inline]
    pub fn route(&self, key: HashKey) -> &Numbering {
        let guess = self.guess(key);
        let row = if self.is_row_of(guess, key) {
            guess
        } else {
            let after = self.open.partition_point(|row| row.start <= key);
            after.checked_sub(1).expect("the open shards own every key")
        };
        &self.open[row].numbering
    }

    /// The row that owns a key if all shards are equally large, as they are until one is split or
    /// two are merged.
    fn guess(&self, key: HashKey) -> usize {
        (((key.0 >> 64) * self.open.len() as u128) >> 64) as usize
    }

    fn is_row_of(&self, row: usize, key: HashKey) -> bool {
        let begins = |row: usize| self.open.get(row).is_some_and(|row| row.start <= key);
        begins(row) && !begins(row + 1)
    }

    /// The shard's children.
    pub fn children(&self, index: u32) -> impl Iterator<Item = &Shard> {
        let after = self.all.partition_point(|shard| shard.index <= index);
        self.all[after..]
            .iter()
            .filter(move |shard| shard.is_child_of(index))
    }
}

/// The encoding in a snapshot: the list of all.
impl<C> Encode<C> for Shards {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        self.all.encode(e, ctx)
    }
}

impl<'b, C> Decode<'b, C> for Shards {
    fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        let position = d.position();
        let all = Vec::decode(d, ctx)?;
        if !Self::do_rise(&all) {
            let error = minicbor::decode::Error::message("the indexes of shards do not rise");
            return Err(error.at(position));
        }
        Ok(Self::new(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    fn open((index, range): (u32, HashRange)) -> Shard {
        Shard {
            index,
            range,
            opened: Timestamp(1),
            created_s: 1,
            counter_base: 0,
            parent: None,
            adjacent_parent: None,
            closed: None,
        }
    }

    #[test]
    fn shards_when_their_indexes_do_not_rise_then_are_not_read() {
        for (indexes, expected) in [([3, 7], true), ([3, 3], false), ([7, 3], false)] {
            let shards = indexes.map(|index| open((index, HashRange::ALL)));
            let bytes = minicbor::to_vec(&shards[..]).unwrap();
            assert_eq!(minicbor::decode::<Shards>(&bytes).is_ok(), expected);
        }
    }

    #[test]
    fn a_key_when_routed_then_its_shard_owns_it_however_even_the_shards_are() {
        let even = |count| HashRange::uniform(NonZeroU32::new(count).unwrap());
        let mut uneven = even(7);
        let (low, high) = uneven[1].split_at(HashKey(uneven[1].start.0 + 9)).unwrap();
        uneven.splice(1..2, [low, high]);
        for ranges in [even(1), even(3), even(100), even(1000), uneven] {
            let keys = ranges.iter().flat_map(|range| {
                let (start, end) = (range.start.0, range.end.0);
                [start, end, start + (end - start) / 2].map(HashKey)
            });
            let keys: Vec<HashKey> = keys.collect();
            let shards = Shards::new((0..).zip(ranges).map(open).collect());
            for key in keys {
                let shard = shards.get(shards.route(key).index).unwrap();
                assert!(shard.is_open() && shard.range.contains(key), "{key:?}");
                let (offset, arrival) = (Offset(5), Timestamp(7_000));
                let number = shards.route(key).sequence_number(offset, arrival);
                assert_eq!(number, shard.sequence_number(offset, arrival));
            }
        }
    }
}
