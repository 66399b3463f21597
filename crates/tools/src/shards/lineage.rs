//! The lineage of shards over time, drawn: time goes down, hash keys go to the right.
//!
//! Each first hash key of any shard has a lane. A shard is drawn in the lane of its own first key,
//! so that the lanes right of it are free as long as it lives: the left child of a split goes on in
//! its parent's lane, and lines never cross.

use super::pen::Pen;
use super::placed::Placed;
use std::collections::{BTreeMap, BTreeSet};

/// Columns of a lane.
const LANE_COLUMNS: usize = 2;

/// Shards and their lanes.
pub struct Lineage<'a> {
    shards: &'a [Placed],
    /// First hash keys, ascending.
    lanes: Vec<u128>,
    by_id: BTreeMap<&'a str, &'a Placed>,
    /// By the ids of their parents.
    children: BTreeMap<&'a str, Vec<&'a Placed>>,
}

impl<'a> Lineage<'a> {
    /// The lineage of shards, which are listed in the order in which they began.
    pub fn new(shards: &'a [Placed]) -> Self {
        let mut lanes: Vec<u128> = shards.iter().map(|shard| shard.range.start.0).collect();
        lanes.sort_unstable();
        lanes.dedup();
        let by_id: BTreeMap<_, _> = shards.iter().map(|shard| (shard.id(), shard)).collect();
        let mut children: BTreeMap<&str, Vec<&Placed>> = BTreeMap::new();
        for shard in shards {
            for parent in shard.parents().filter(|id| by_id.contains_key(id)) {
                children.entry(parent).or_default().push(shard);
            }
        }
        Self {
            shards,
            lanes,
            by_id,
            children,
        }
    }

    /// Whether there is anything to draw: a shard and its parent.
    pub fn has_lines(&self) -> bool {
        !self.children.is_empty()
    }

    /// The columns that the lanes take.
    pub fn columns(&self) -> usize {
        self.lanes.len() * LANE_COLUMNS
    }

    /// The drawing: a line for each shard, with a label, and one for each split and merge.
    pub fn draw(&self, pen: Pen) -> Vec<String> {
        let mut is_busy = vec![false; self.lanes.len()];
        let mut ended = BTreeSet::new();
        let mut lines = Vec::new();
        for shard in self.shards {
            let parents = shard.parents().filter_map(|id| self.by_id.get(id).copied());
            let parents: Vec<&Placed> = parents.filter(|it| ended.insert(it.id())).collect();
            if let Some(line) = self.change(&parents, &mut is_busy) {
                lines.push(pen.drawn(line).trim_end().to_owned());
            }
            let lane = self.lane(shard);
            let mut line = lines_of(&is_busy);
            line[lane * LANE_COLUMNS] = if shard.is_open() { '●' } else { '○' };
            let (id, state, share) = (shard.id(), shard.state(), shard.share());
            lines.push(format!("{}{id}  {state:<6}  {share}", pen.drawn(line)));
            is_busy[lane] = shard.is_open() || self.children.contains_key(shard.id());
        }
        lines
    }

    /// The line between parents and children, whose lanes are taken. `None` if there are no
    /// parents, or nothing leaves its lane.
    fn change(&self, parents: &[&Placed], is_busy: &mut [bool]) -> Option<Vec<char>> {
        let children = parents
            .iter()
            .filter_map(|parent| self.children.get(parent.id()));
        let above: BTreeSet<usize> = parents.iter().map(|parent| self.lane(parent)).collect();
        let below: BTreeSet<usize> = children.flatten().map(|child| self.lane(child)).collect();
        let met: BTreeSet<usize> = above.union(&below).copied().collect();
        let (first, last) = (*met.first()?, *met.last()?);
        above.iter().for_each(|lane| is_busy[*lane] = false);
        let mut line = lines_of(is_busy);
        line[first * LANE_COLUMNS..=last * LANE_COLUMNS].fill('─');
        for lane in met {
            let ends = (above.contains(&lane), below.contains(&lane));
            line[lane * LANE_COLUMNS] = corner(ends, (lane == first, lane == last));
        }
        below.iter().for_each(|lane| is_busy[*lane] = true);
        (first != last).then_some(line)
    }

    /// The lane of a shard.
    fn lane(&self, shard: &Placed) -> usize {
        self.lanes
            .partition_point(|start| *start < shard.range.start.0)
    }
}

/// A line on which nothing happens.
fn lines_of(is_busy: &[bool]) -> Vec<char> {
    let lane = |busy: &bool| [if *busy { '│' } else { ' ' }, ' '];
    is_busy.iter().flat_map(lane).collect()
}

/// Where a horizontal line meets a lane that comes from above, goes on below, or both; at the
/// line's left end, its right end, or between.
fn corner((above, below): (bool, bool), (is_first, is_last): (bool, bool)) -> char {
    let corners = match (above, below) {
        (true, true) => ['├', '┼', '┤'],
        (true, false) => ['╰', '┴', '╯'],
        (false, true) => ['╭', '┬', '╮'],
        (false, false) => ['─'; 3],
    };
    match (is_first, is_last) {
        (true, _) => corners[0],
        (false, false) => corners[1],
        (false, true) => corners[2],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_client::types::{HashKeyRange, SequenceNumberRange, Shard};

    /// Shards of a key space of twelve parts: number, first and last part, and parents.
    fn shards(listed: &[(&str, u128, u128, &[&str])]) -> Vec<Placed> {
        let part = u128::MAX / 12;
        let parents: Vec<&str> = listed.iter().flat_map(|it| it.3).copied().collect();
        let shard = |(id, first, last, from): &(&str, u128, u128, &[&str])| Shard {
            shard_id: (*id).to_owned(),
            parent_shard_id: from.first().map(|id| (*id).to_owned()),
            adjacent_parent_shard_id: from.get(1).map(|id| (*id).to_owned()),
            hash_key_range: HashKeyRange {
                starting_hash_key: (first * part).to_string(),
                ending_hash_key: (last * part + (part - 1)).to_string(),
            },
            sequence_number_range: SequenceNumberRange {
                starting_sequence_number: "1".to_owned(),
                ending_sequence_number: parents.contains(id).then(|| "2".to_owned()),
            },
        };
        let placed = listed
            .iter()
            .map(shard)
            .map(|shard| Placed::new(shard).unwrap());
        placed.collect()
    }

    /// The drawing without labels but the ids.
    fn drawn(listed: &[(&str, u128, u128, &[&str])], pen: Pen) -> String {
        let shards = shards(listed);
        let lines = Lineage::new(&shards).draw(pen);
        let lines = lines
            .iter()
            .map(|line| line.split("  open").next().unwrap());
        let lines = lines.map(|line| line.split("  closed").next().unwrap());
        lines.map(|line| format!("{line}\n")).collect()
    }

    #[test]
    fn lineage_when_shards_were_split_and_merged_then_is_drawn_without_crossings() {
        let history: &[(&str, u128, u128, &[&str])] = &[
            ("a", 0, 5, &[]),
            ("b", 6, 11, &[]),
            ("c", 0, 2, &["a"]),
            ("d", 3, 5, &["a"]),
            ("e", 3, 11, &["d", "b"]),
            ("f", 3, 6, &["e"]),
            ("g", 7, 11, &["e"]),
            ("h", 0, 6, &["c", "f"]),
        ];
        let expected = "\
○       a
│   ○   b
├─╮ │
○ │ │   c
│ ○ │   d
│ ├─╯
│ ○     e
│ ├───╮
│ ○   │ f
│ │   ● g
├─╯   │
●     │ h
";
        assert_eq!(drawn(history, Pen::Unicode), expected);
        let ascii = drawn(history, Pen::Ascii);
        assert!(ascii.is_ascii());
        assert!(ascii.contains("\n| +---+\n| o   | f\n"), "{ascii}");
    }

    #[test]
    fn lineage_when_parents_or_children_are_not_listed_then_lanes_begin_and_end() {
        let history: &[(&str, u128, u128, &[&str])] = &[
            ("b", 6, 11, &["expired"]),
            ("c", 0, 5, &["expired", "gone"]),
            ("d", 9, 11, &["b"]),
        ];
        let expected = "  ○   b\n● │   c\n│ ╰─╮\n│   ● d\n";
        assert_eq!(drawn(history, Pen::Unicode), expected);
        let shards = shards(&history[..2]);
        assert!(!Lineage::new(&shards).has_lines());
        assert_eq!(Lineage::new(&shards).columns(), 4);
    }

    #[test]
    fn lineage_when_a_shard_became_many_then_each_child_has_a_corner() {
        let history: &[(&str, u128, u128, &[&str])] = &[
            ("a", 0, 11, &[]),
            ("b", 0, 3, &["a"]),
            ("c", 4, 7, &["a"]),
            ("d", 8, 11, &["a"]),
        ];
        let expected = "○     a\n├─┬─╮\n● │ │ b\n│ ● │ c\n│ │ ● d\n";
        assert_eq!(drawn(history, Pen::Unicode), expected);
    }
}
