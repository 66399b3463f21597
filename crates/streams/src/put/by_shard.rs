//! Groups records by shard: an LSD radix sort by shard index, a byte at a time.
//!
//! Stable, so that records of a shard stay in call order. A call has up to 500 records, and a
//! comparison sort costs more. The instruction budgets of PutRecords cover this;
//! `bench/run only shards-batch` measures it.

use crate::catalog::Numbering;

/// Values of a digit.
const RADIX: usize = 256;

/// Sorts by ascending shard index.
pub(crate) fn by_shard<T: Copy>(mut routed: Vec<(&Numbering, T)>) -> Vec<(&Numbering, T)> {
    let highest = routed.iter().map(|(shard, _)| shard.index).max();
    let mut rest = highest.unwrap_or_default();
    let mut sorted = routed.clone();
    let mut shift = 0;
    while rest > 0 {
        let digit = |shard: &Numbering| (shard.index >> shift) as usize % RADIX;
        let mut starts = [0; RADIX];
        routed
            .iter()
            .for_each(|(shard, _)| starts[digit(shard)] += 1);
        let mut start = 0;
        for count in &mut starts {
            start += std::mem::replace(count, start);
        }
        for (shard, value) in &routed {
            let place = &mut starts[digit(shard)];
            sorted[*place] = (*shard, *value);
            *place += 1;
        }
        std::mem::swap(&mut routed, &mut sorted);
        rest /= RADIX as u32;
        shift += RADIX.ilog2();
    }
    routed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn records_when_put_together_by_shard_then_stand_as_a_stable_sort_has_them(
            indexes in proptest::collection::vec(prop_oneof![0..3_u32, 0..70_000_u32, any::<u32>()], 0..300)
        ) {
            let shard = |index| Numbering { index, created_s: 0, counter_base: 0 };
            let shards: Vec<Numbering> = indexes.into_iter().map(shard).collect();
            let routed: Vec<(&Numbering, usize)> = shards.iter().zip(0..).collect();
            let mut expected = routed.clone();
            expected.sort_by_key(|(shard, _)| shard.index);
            prop_assert_eq!(by_shard(routed), expected);
        }
    }
}
