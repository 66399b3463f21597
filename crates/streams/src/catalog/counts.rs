//! Encodings of numbers that are counted with: of shards, of parts, and indexes.
//!
//! What is decoded can be used as it is. A number that no build ever wrote is refused where it is
//! read, before memory is taken for it or anything is divided by it. Modules for minicbor's `with`
//! attribute.

use super::plan::Division;
use millstream_model::{SequenceNumber, ShardId, limits};
use minicbor::decode::Error;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};

/// A number of shards: one at least, and no more than a stream is created with.
pub(crate) mod shard_count {
    use super::*;
    use std::num::NonZeroU32;

    pub(crate) fn encode<C, W: Write>(
        value: &NonZeroU32,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u32(value.get())?.ok()
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<NonZeroU32, Error> {
        let position = d.position();
        let count = NonZeroU32::new(d.u32()?).filter(|it| it.get() <= limits::STREAM_SHARDS_MAX);
        count.ok_or_else(|| Error::message("not a number of shards").at(position))
    }
}

/// The index of a shard.
pub(crate) mod shard_index {
    use super::*;

    pub(crate) fn encode<C, W: Write>(
        value: &u32,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u32(*value)?.ok()
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<u32, Error> {
        let position = d.position();
        let index = d.u32()?;
        if index > ShardId::INDEX_MAX {
            return Err(Error::message("not the index of a shard").at(position));
        }
        Ok(index)
    }
}

/// Divisions of shards: no more parts, all together, than a stream is created with.
pub(crate) mod divisions {
    use super::*;

    pub(crate) fn encode<C, W: Write>(
        value: &[Division],
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        value.encode(e, ctx)
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, ctx: &mut C) -> Result<Vec<Division>, Error> {
        let position = d.position();
        let divisions = Vec::<Division>::decode(d, ctx)?;
        let parts: u64 = divisions.iter().map(|it| u64::from(it.parts)).sum();
        if parts > u64::from(limits::STREAM_SHARDS_MAX) {
            return Err(Error::message("too many parts").at(position));
        }
        Ok(divisions)
    }
}

/// Where shards end: each one's index, and an offset that is below every counter of an end.
pub(crate) mod closes {
    use super::*;

    pub(crate) fn encode<C, W: Write>(
        value: &[(u32, u64)],
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        value.encode(e, ctx)
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, ctx: &mut C) -> Result<Vec<(u32, u64)>, Error> {
        let position = d.position();
        let closes = Vec::<(u32, u64)>::decode(d, ctx)?;
        if closes
            .iter()
            .any(|(_, end)| *end > SequenceNumber::COUNTER_CLOSED)
        {
            return Err(Error::message("no log ends there").at(position));
        }
        Ok(closes)
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::{Change, Command, CompleteReshard, Division, Pair};
    use minicbor::{Decode, Encode};
    use std::num::NonZeroU32;

    fn is_read<T: Encode<()> + for<'b> Decode<'b, ()>>(value: &T) -> bool {
        let bytes = minicbor::to_vec(value).unwrap();
        minicbor::decode::<T>(&bytes).is_ok()
    }

    fn divide(parts: &[u32]) -> Change {
        let divisions = (0..).zip(parts);
        let division = |(shard, parts): (u32, &u32)| Division {
            shard,
            parts: *parts,
        };
        Change::Divide {
            divisions: divisions.map(division).collect(),
        }
    }

    #[test]
    fn number_of_shards_when_none_or_above_what_a_stream_has_then_is_not_read() {
        for (target, expected) in [
            (1, true),
            (100_000, true),
            (100_001, false),
            (u32::MAX, false),
        ] {
            let target = NonZeroU32::new(target).unwrap();
            assert_eq!(is_read(&Change::Scale { target }), expected, "{target}");
            assert_eq!(
                is_read(&Change::ScaleInTurn { target }),
                expected,
                "{target}"
            );
            assert_eq!(
                is_read(&Change::ScaleAtOnce { target }),
                expected,
                "{target}"
            );
        }
        // Case 2 and case 3, of a target of 0.
        for case in [2, 3] {
            let none = [0x82, case, 0x81, 0];
            assert!(minicbor::decode::<Change>(&none).is_err());
        }
    }

    #[test]
    fn parts_when_more_than_a_stream_has_shards_then_are_not_read() {
        for (parts, expected) in [
            (&[2, 3][..], true),
            (&[0], true),
            (&[50_000, 50_000], true),
            (&[50_000, 50_001], false),
            (&[u32::MAX, u32::MAX, u32::MAX], false),
        ] {
            assert_eq!(is_read(&divide(parts)), expected, "{parts:?}");
        }
    }

    #[test]
    fn index_of_a_shard_when_above_the_highest_then_is_not_read() {
        const HIGHEST: u32 = i32::MAX as u32;
        let at = millstream_model::HashKey(7);
        let of = |shard: u32, adjacent: u32| {
            [
                is_read(&Change::Split { shard, at }),
                is_read(&Change::Merge { shard, adjacent }),
                is_read(&Pair { shard, adjacent }),
                is_read(&Division { shard, parts: 2 }),
            ]
        };
        assert_eq!(of(HIGHEST, HIGHEST), [true; 4]);
        assert_eq!(of(HIGHEST + 1, 0), [false; 4]);
        assert_eq!(of(0, HIGHEST + 1), [true, false, false, true]);
    }

    #[test]
    fn end_of_a_shard_when_no_log_gets_there_then_is_not_read() {
        let complete = |end| {
            Command::CompleteReshard(CompleteReshard {
                stream: 1,
                reshard: 2,
                closes: vec![(3, end)],
                arrived_ms: None,
            })
        };
        assert!(is_read(&complete(i64::MAX as u64)));
        assert!(!is_read(&complete(1 << 63)));
    }
}
