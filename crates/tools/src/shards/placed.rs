//! A shard and its place among the hash keys.

use super::pen::Pen;
use crate::terminal::Table;
use crate::{Failure, shown};
use millstream_client::routing::{HashKey, HashRange};
use millstream_client::types::Shard;

/// A shard whose range of hash keys has been read.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The shard.
    pub shard: Shard,
    /// What it owns.
    pub range: HashRange,
}

/// Cells of the bar that stands for all hash keys.
const BAR_CELLS: usize = 20;
/// What every id begins with, before a number of twelve digits.
const ID_PREFIX: &str = "shardId-";
const ID_DIGITS: usize = 12;

impl Placed {
    /// Reads the range of a shard.
    ///
    /// # Errors
    /// If it is none, which no endpoint should say.
    pub fn new(shard: Shard) -> Result<Self, Failure> {
        let given = &shard.hash_key_range;
        let start = HashKey::parse(&given.starting_hash_key);
        match (start, HashKey::parse(&given.ending_hash_key)) {
            (Ok(start), Ok(end)) if start <= end => {
                let range = HashRange { start, end };
                Ok(Self { shard, range })
            }
            _ => Err(Failure::new(format!(
                "the endpoint says that {} owns the hash keys from {} to {}",
                shard.shard_id, given.starting_hash_key, given.ending_hash_key
            ))),
        }
    }

    /// The id.
    pub fn id(&self) -> &str {
        &self.shard.shard_id
    }

    /// Whether it takes records: it has no last sequence number.
    pub fn is_open(&self) -> bool {
        let range = &self.shard.sequence_number_range;
        range.ending_sequence_number.is_none()
    }

    /// `open` or `closed`.
    pub fn state(&self) -> &'static str {
        match self.is_open() {
            true => "open",
            false => "closed",
        }
    }

    /// The ids of its parents: one after a split, two after a merge.
    pub fn parents(&self) -> impl Iterator<Item = &str> {
        let Shard {
            parent_shard_id,
            adjacent_parent_shard_id,
            ..
        } = &self.shard;
        let parents = parent_shard_id.iter().chain(adjacent_parent_shard_id);
        parents.map(String::as_str)
    }

    /// Its share of all hash keys: `25.0 %`.
    pub fn share(&self) -> String {
        let percent = (point(self.range.end.0) - point(self.range.start.0)) * 100.0;
        match percent < 0.05 {
            true => "<0.1 %".to_owned(),
            false => format!("{percent:.1} %"),
        }
    }

    /// What it owns of all hash keys, as a bar.
    pub fn bar(&self, pen: Pen) -> String {
        let cells = BAR_CELLS as f64;
        let first = ((point(self.range.start.0) * cells).round() as usize).min(BAR_CELLS - 1);
        let after = (point(self.range.end.0) * cells).round() as usize;
        let after = after.max(first + 1);
        let cells = (0..BAR_CELLS).map(|cell| match (first..after).contains(&cell) {
            true => '█',
            false => '·',
        });
        pen.drawn(cells)
    }
}

/// Where a hash key is between 0 and 1.
fn point(key: u128) -> f64 {
    key as f64 / u128::MAX as f64
}

/// The id that a person means: a number stands for the id that ends with it.
pub fn parse_id(text: &str) -> String {
    match !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => format!("{ID_PREFIX}{text:0>ID_DIGITS$}"),
        false => text.to_owned(),
    }
}

/// The number in an id; an id of another form as it is.
pub fn short(id: &str) -> &str {
    let Some(digits) = id.strip_prefix(ID_PREFIX) else {
        return id;
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return id;
    }
    match digits.trim_start_matches('0') {
        "" => "0",
        number => number,
    }
}

/// What a table of shards shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// What fits into 80 columns.
    Few,
    /// Also hash keys and sequence numbers.
    All,
}

/// A table of shards.
pub fn table(shards: &[Placed], columns: Columns, pen: Pen) -> Table {
    let few = ["SHARD", "STATE", "PARENTS", ">SHARE", "HASH KEYS"];
    let more = [
        "FIRST HASH KEY",
        "LAST HASH KEY",
        "FIRST SEQUENCE NUMBER",
        "LAST SEQUENCE NUMBER",
    ];
    let mut table = match columns {
        Columns::Few => Table::new(&few),
        Columns::All => Table::new(&[&few[..], &more].concat()),
    };
    for placed in shards {
        let parents: Vec<&str> = placed.parents().map(short).collect();
        let parents = match parents.as_slice() {
            [] => shown::NONE.to_owned(),
            parents => parents.join("+"),
        };
        let mut row = vec![
            placed.id().to_owned(),
            placed.state().to_owned(),
            parents,
            placed.share(),
            placed.bar(pen),
        ];
        if columns == Columns::All {
            let numbers = &placed.shard.sequence_number_range;
            let last = numbers.ending_sequence_number.as_deref();
            row.push(placed.range.start.to_string());
            row.push(placed.range.end.to_string());
            row.push(numbers.starting_sequence_number.clone());
            row.push(last.unwrap_or(shown::NONE).to_owned());
        }
        table.row(row);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_client::types::HashKeyRange;

    fn placed(start: u128, end: u128) -> Placed {
        let hash_key_range = HashKeyRange {
            starting_hash_key: start.to_string(),
            ending_hash_key: end.to_string(),
        };
        let shard_id = parse_id("7");
        Placed::new(Shard {
            shard_id,
            hash_key_range,
            ..Shard::default()
        })
        .unwrap()
    }

    #[test]
    fn range_when_shown_then_is_a_share_and_a_place() {
        let third = u128::MAX / 3;
        for (start, end, share, bar) in [
            (0, u128::MAX, "100.0 %", "####################"),
            (0, third, "33.3 %", "#######............."),
            (third + 1, 2 * third, "33.3 %", ".......######......."),
            (2 * third + 1, u128::MAX, "33.3 %", ".............#######"),
            (0, 0, "<0.1 %", "#..................."),
            (u128::MAX, u128::MAX, "<0.1 %", "...................#"),
        ] {
            let placed = placed(start, end);
            assert_eq!(
                (placed.share().as_str(), &*placed.bar(Pen::Ascii)),
                (share, bar)
            );
        }
        let bar = placed(0, u128::MAX / 2).bar(Pen::Unicode);
        assert_eq!(bar, "██████████··········");
    }

    #[test]
    fn id_when_only_its_number_is_given_then_is_meant() {
        for (text, id, number) in [
            ("0", "shardId-000000000000", "0"),
            ("120", "shardId-000000000120", "120"),
            ("shardId-000000000003", "shardId-000000000003", "3"),
            ("other", "other", "other"),
            ("shardId-x", "shardId-x", "shardId-x"),
            ("", "", ""),
        ] {
            assert_eq!(parse_id(text), id);
            assert_eq!(short(id), number);
        }
    }

    #[test]
    fn shard_when_its_range_is_none_then_is_refused_by_name() {
        let mut shard = placed(1, 2).shard;
        shard.hash_key_range.ending_hash_key = "0".to_owned();
        let failure = Placed::new(shard).unwrap_err();
        let expected = "millstream: the endpoint says that shardId-000000000007 owns the hash keys \
                        from 1 to 0.";
        assert_eq!(failure.line().as_deref(), Some(expected));
    }
}
