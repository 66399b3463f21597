//! The list and its chains, compared with plain lists per log.

use super::*;
use crate::format::manifest::SegmentEntry;
use crate::write::chain::TAKEN_MAX;
use millstream_env::{Disk, MemoryDisk, OpenMode, Timestamp};
use millstream_store::store::{LogSettings, Offset};
use proptest::prelude::*;
use std::path::Path;

const LOGS: u32 = 3;

fn segment() -> Arc<Segment> {
    let disk = MemoryDisk::new();
    disk.create_directory(Path::new("/d")).unwrap();
    let file = disk.open(Path::new("/d/f"), OpenMode::CreateNew).unwrap();
    let entry = SegmentEntry {
        number: 1,
        salt: 2,
        is_sorted: false,
        replaces: 0,
        capacity_bytes: 3,
    };
    Arc::new(Segment::new(&entry, file))
}

/// What was written: which log, how many records after which gap, and whether one is a control
/// record.
type Written = Vec<(u32, u32, u64, bool)>;

fn written() -> impl Strategy<Value = Written> {
    let log = prop_oneof![8 => Just(0), 1 => 1..LOGS];
    let gap = prop_oneof![9 => Just(0_u64), 1 => 1..4_u64];
    proptest::collection::vec(
        (log, 1..4_u32, gap, proptest::bool::weighted(0.01)),
        1..1200,
    )
}

/// The same as entries.
fn entries(written: &Written) -> Vec<Entry> {
    let mut ends = [0; LOGS as usize];
    let entries = written.iter().zip(0_u32..).map(|(record, at)| {
        let (log, count, gap, has_control) = *record;
        let end = &mut ends[log as usize];
        let first = Offset(*end + gap);
        *end = first.0 + u64::from(count);
        let block = Block {
            first,
            count,
            arrival: Timestamp(u64::from(at) / 2),
            position: at * 10,
            length: 10,
            crc: at,
        };
        Entry::Records {
            log: LogId {
                group: 7 - u64::from(log),
                index: log,
            },
            block,
            control: has_control.then_some(count - 1),
        }
    });
    entries.collect()
}

/// An index of entries, and their logs.
fn indexed(entries: &[Entry]) -> (ActiveIndex, Vec<Arc<Log>>) {
    let mut index = ActiveIndex::new(segment(), ListRoom::default());
    let mut logs: Vec<Arc<Log>> = Vec::new();
    let mut addition = index.add();
    for entry in entries {
        let Entry::Records {
            log,
            block,
            control,
        } = *entry
        else {
            unreachable!("only records were made");
        };
        if logs.iter().all(|known| known.id != log) {
            logs.push(Arc::new(Log::new(log, LogSettings::default())));
        }
        let known = logs.iter().find(|known| known.id == log).unwrap();
        addition.push(known, block, control);
    }
    drop(addition);
    (index, logs)
}

fn blocks_of(entries: &[Entry], id: LogId) -> Vec<Block> {
    let of_log = |entry: &Entry| {
        let Entry::Records { log, block, .. } = entry else {
            return None;
        };
        (*log == id).then_some(*block)
    };
    entries.iter().filter_map(of_log).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn chains_when_followed_back_then_find_what_a_list_of_the_log_alone_has(
        written in written(), offset in 0..3000_u64, time in 0..700_u64, records_max in prop_oneof![0..5_u64, 0..3000_u64]
    ) {
        let entries = entries(&written);
        let (index, logs) = indexed(&entries);
        prop_assert_eq!(index.len(), entries.len());
        for log in &logs {
            let list = blocks_of(&entries, log.id);
            let chain = log.with(|state| state.open.clone()).unwrap();
            prop_assert_eq!(&chain.all(), &list);
            let at = list.partition_point(|block| block.arrival.0 < time);
            prop_assert_eq!(chain.at(Timestamp(time)), list.get(at).copied());
            let at = list.partition_point(|block| block.end().0 <= offset);
            let from = chain.from(Offset(offset), records_max);
            if list.get(at).is_some_and(|block| block.first.0 <= offset) {
                prop_assert_eq!(&from[..], &list[at..at + from.len()]);
                let records = |blocks: &[Block]| blocks.iter().map(|block| u64::from(block.count)).sum::<u64>();
                let is_enough = records(&from) > records_max || from.len() as u64 == TAKEN_MAX;
                prop_assert!(is_enough || at + from.len() == list.len());
            } else {
                prop_assert!(from.is_empty());
            }
        }
    }

    #[test]
    fn the_list_when_the_segment_is_sealed_then_is_the_index_of_its_entries(
        written in written(), from in 0..1200_usize
    ) {
        let entries = entries(&written);
        let from = from.min(entries.len());
        let (mut index, logs) = indexed(&entries);
        prop_assert_eq!(index.index_from(from, &[]), SegmentIndex::of(&entries[from..]));
        let mut ids: Vec<LogId> = logs.iter().map(|log| log.id).collect();
        ids.sort_unstable();
        let in_order = index.logs_in_order().map(|log| log.id);
        prop_assert_eq!(in_order.collect::<Vec<_>>(), ids);
    }
}
