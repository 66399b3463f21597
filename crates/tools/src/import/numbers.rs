//! Numbers of lines, as ranges: lines that are stored although one before them is not.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Maximum number of ranges: twice as many as lines that are read ahead can make.
const RANGES_MAX: usize = 64 * 1024;

/// Ranges of numbers, which neither overlap nor touch each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<[u64; 2]>", try_from = "Vec<[u64; 2]>")]
pub(super) struct Numbers {
    /// The last number of each range by its first.
    ranges: BTreeMap<u64, u64>,
}

impl Numbers {
    /// Whether a number is there.
    pub(super) fn contains(&self, number: u64) -> bool {
        let before = self.ranges.range(..=number).next_back();
        before.is_some_and(|(_, last)| *last >= number)
    }

    /// Adds a number, and says whether there was room for it.
    pub(super) fn insert(&mut self, number: u64) -> bool {
        if self.contains(number) {
            return true;
        }
        let before = self.ranges.range(..number).next_back();
        let before = before.filter(|(_, last)| **last + 1 == number);
        let first = before.map_or(number, |(first, _)| *first);
        let after = number
            .checked_add(1)
            .and_then(|next| self.ranges.remove(&next));
        if first == number && after.is_none() && self.ranges.len() >= RANGES_MAX {
            return false;
        }
        self.ranges.insert(first, after.unwrap_or(number));
        true
    }

    /// Those beyond a number.
    pub(super) fn beyond(&self, number: u64) -> Self {
        let last_of =
            |first: u64, last: u64| (last > number).then_some((first.max(number + 1), last));
        let ranges = self.ranges.iter();
        let ranges = ranges
            .filter_map(|(first, last)| last_of(*first, *last))
            .collect();
        Self { ranges }
    }
}

impl From<Numbers> for Vec<[u64; 2]> {
    fn from(numbers: Numbers) -> Self {
        numbers.ranges.into_iter().map(<[u64; 2]>::from).collect()
    }
}

impl TryFrom<Vec<[u64; 2]>> for Numbers {
    type Error = &'static str;

    fn try_from(pairs: Vec<[u64; 2]>) -> Result<Self, Self::Error> {
        if pairs.len() > RANGES_MAX {
            return Err("there are too many ranges");
        }
        let is_range = |[first, last]: &[u64; 2]| first <= last && *last < u64::MAX;
        let is_gap = |pair: &[[u64; 2]]| pair[0][1] + 1 < pair[1][0];
        if !pairs.iter().all(is_range) || !pairs.windows(2).all(is_gap) {
            return Err("the ranges are not in order");
        }
        let ranges = pairs.into_iter().map(<(u64, u64)>::from).collect();
        Ok(Self { ranges })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn numbers_when_inserted_then_are_those_of_a_set(
            inserted in proptest::collection::vec(0..40_u64, 0..60), place in 0..40_u64,
        ) {
            let mut numbers = Numbers::default();
            for number in &inserted {
                prop_assert!(numbers.insert(*number));
            }
            let beyond = numbers.beyond(place);
            let set: BTreeSet<u64> = inserted.into_iter().collect();
            for number in 0..42 {
                prop_assert_eq!(numbers.contains(number), set.contains(&number));
                let is_beyond = number > place && set.contains(&number);
                prop_assert_eq!(beyond.contains(number), is_beyond);
            }
            let text = serde_json::to_string(&numbers).unwrap();
            prop_assert_eq!(serde_json::from_str::<Numbers>(&text).unwrap(), numbers);
        }
    }

    #[test]
    fn numbers_when_there_are_too_many_ranges_then_are_refused() {
        let pairs: Vec<[u64; 2]> = (0..RANGES_MAX as u64).map(|at| [3 * at, 3 * at]).collect();
        let mut numbers = Numbers::try_from(pairs.clone()).unwrap();
        let end = 3 * RANGES_MAX as u64;
        assert!(!numbers.insert(end));
        assert!(!numbers.contains(end));
        // What a range can take in needs no room.
        assert!(numbers.insert(1) && numbers.contains(1));
        let more = [pairs, vec![[end, end]]].concat();
        assert_eq!(Numbers::try_from(more), Err("there are too many ranges"));
    }

    #[test]
    fn ranges_when_out_of_order_then_are_refused() {
        for text in [
            "[[2,1]]",
            "[[1,2],[3,4]]",
            "[[5,6],[1,2]]",
            "[[1,18446744073709551615]]",
        ] {
            let error = serde_json::from_str::<Numbers>(text)
                .unwrap_err()
                .to_string();
            assert_eq!(error, "the ranges are not in order", "{text}");
        }
        assert!(serde_json::from_str::<Numbers>("[[1,2],[4,4]]").is_ok());
    }
}
