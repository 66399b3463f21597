//! Numbers that nothing could have written are refused where they are read, whatever the checksums
//! say.

use super::footer::{DIRECTORY_ENTRY_BYTES, Directory, DirectoryEntry, ListCursor};
use super::frame::{Block, Entry};
use super::layout::{Fields, Put};
use super::manifest::{LogEntry, MANIFEST_HEAD_BYTES, Manifest, SegmentEntry};
use millstream_env::Timestamp;
use millstream_store::store::{LogId, LogSettings, Offset};

const LOG: LogId = LogId { group: 1, index: 2 };
const ABOVE: Offset = Offset(Offset::MAX.0 + 1);
const HIGHEST: Offset = Offset(u64::MAX);
const NEVER: Timestamp = Timestamp(u64::MAX);

fn block() -> Block {
    Block {
        first: Offset(7),
        count: 3,
        arrival: Timestamp(5),
        position: 4_200,
        length: 12,
        crc: 1,
    }
}

fn is_read(entry: &Entry) -> bool {
    let mut bytes = Vec::new();
    entry.encode(&mut bytes);
    Entry::decode(&mut Fields::new(&bytes), 4_200).is_some()
}

fn records(change: impl FnOnce(&mut Block), control: Option<u32>) -> bool {
    let mut block = block();
    change(&mut block);
    is_read(&Entry::Records {
        log: LOG,
        block,
        control,
    })
}

#[test]
fn entry_when_its_offsets_time_or_control_cannot_be_then_is_refused() {
    assert!(records(|_| (), Some(2)));
    assert!(!records(|_| (), Some(3)), "there are three records");
    assert!(records(|it| it.first = Offset(Offset::MAX.0 - 3), None));
    assert!(!records(|it| it.first = Offset(Offset::MAX.0 - 2), None));
    assert!(!records(|it| it.first = HIGHEST, None));
    assert!(!records(|it| it.arrival = NEVER, None));
    assert!(
        !records(|it| it.length = 11, None),
        "each record has a length"
    );
    for (before, expected) in [(Offset::MAX, true), (ABOVE, false), (HIGHEST, false)] {
        assert_eq!(is_read(&Entry::Trim { log: LOG, before }), expected);
    }
}

/// Whether the footer's entry of a block is read after a change.
fn run(change: impl FnOnce(&mut DirectoryEntry)) -> bool {
    let mut entry = DirectoryEntry::of(LOG, &[block()], Some(Offset(8)));
    change(&mut entry);
    let mut bytes = Vec::new();
    entry.encode(&mut bytes);
    assert_eq!(bytes.len(), DIRECTORY_ENTRY_BYTES);
    Directory::decode(&bytes, 0, 1, 0).is_some()
}

#[test]
fn run_when_its_bounds_times_or_size_cannot_be_then_is_refused() {
    assert!(run(|_| ()));
    assert!(!run(|it| it.end = Offset(6)), "it ends before it begins");
    assert!(!run(|it| it.end = ABOVE));
    assert!(!run(|it| (it.first, it.end) = (HIGHEST, HIGHEST)));
    assert!(!run(|it| it.first_arrival = NEVER));
    assert!(!run(|it| it.last_arrival = NEVER));
    assert!(!run(|it| it.control = Some(ABOVE)));
    assert!(run(|it| it.bytes = u64::from(u32::MAX)));
    assert!(!run(|it| it.bytes = u64::from(u32::MAX) + 1));
}

#[test]
fn listed_block_when_it_leads_beyond_the_last_offset_or_time_then_is_refused() {
    let listed = |first: Offset, arrival: u64, count: u64, later: u64| {
        let mut entry = DirectoryEntry::of(LOG, &[block()], None);
        (entry.first, entry.first_arrival) = (first, Timestamp(arrival));
        let mut bytes = Vec::new();
        [count, later, 4_200, 12]
            .iter()
            .for_each(|number| bytes.put_varint(*number));
        bytes.put_u32(1);
        ListCursor::of(&entry)
            .next(&mut Fields::new(&bytes))
            .is_some()
    };
    assert!(listed(Offset(7), 5, 3, 1));
    assert!(!listed(Offset(7), 5, 4, 1), "there is room for three");
    assert!(listed(Offset(Offset::MAX.0 - 3), 5, 3, 1));
    assert!(!listed(Offset(Offset::MAX.0 - 2), 5, 3, 1));
    assert!(listed(Offset(7), 5, 3, u64::MAX - 6));
    assert!(!listed(Offset(7), 5, 3, u64::MAX - 5), "that is no time");
    assert!(!listed(Offset(7), 5, 3, u64::MAX - 4));
}

fn manifest(change: impl FnOnce(&mut Manifest)) -> Result<(), u64> {
    let segment = |number| SegmentEntry {
        number,
        salt: 9,
        is_sorted: false,
        replaces: 0,
        capacity_bytes: 4_096,
    };
    let mut manifest = Manifest {
        generation: 7,
        replay_from: 1,
        next_number: 3,
        segments: vec![segment(1), segment(2)],
        logs: vec![LogEntry {
            log: LOG,
            settings: LogSettings::default(),
            first: Offset(4),
            end: Offset(5),
            last_arrival: None,
            first_control: None,
        }],
    };
    change(&mut manifest);
    Manifest::decode(&manifest.encode()).map(drop)
}

#[test]
fn manifest_when_its_numbers_leave_no_next_or_its_logs_end_before_they_begin_then_is_refused() {
    let damaged = Err(MANIFEST_HEAD_BYTES as u64);
    assert_eq!(manifest(|_| ()), Ok(()));
    assert_eq!(manifest(|it| it.generation = u64::MAX), damaged);
    for next_number in [0, 2, u64::MAX] {
        assert_eq!(manifest(|it| it.next_number = next_number), damaged);
    }
    for (first, end) in [(5, 4), (0, ABOVE.0), (u64::MAX, u64::MAX)] {
        let bounds = |it: &mut Manifest| {
            (it.logs[0].first, it.logs[0].end) = (Offset(first), Offset(end));
        };
        assert_eq!(manifest(bounds), damaged, "{first} to {end}");
    }
    let control = |it: &mut Manifest| it.logs[0].first_control = Some(ABOVE);
    assert_eq!(manifest(control), damaged);
}
