//! Checks docs/formats/journal.md: each table is compared with an encoded sample.

use crate::format::footer::{DIRECTORY_ENTRY_BYTES, TRAILER_BYTES, Trailer};
use crate::format::frame::{Block, ENTRY_BYTES, Entry, FRAME_HEADER_BYTES, FrameHeader};
use crate::format::layout::salted_crc;
use crate::format::manifest::{LogEntry, MANIFEST_HEAD_BYTES, Manifest, SegmentEntry};
use crate::format::segment::{
    LimitWord, POINTER_BYTES, Previous, SEGMENT_HEADER_BYTES, Segment, SegmentHeader,
};
use crate::format::segment_index::{IMAGE_HEAD_BYTES, SegmentIndex};
use millstream_env::{Disk, MemoryDisk, OpenMode, Timestamp};
use millstream_store::store::{LogId, LogSettings, Offset, Priority};
use std::path::Path;

const PAGE: &str = include_str!("../../../../docs/formats/journal.md");
const SALT: u64 = 0x5a17;

/// The table's fields follow each other without a gap, fill the structure, and hold these values.
#[track_caller]
fn check(heading: &str, bytes: &[u8], length: usize, expected: &[(&str, u64)]) {
    let rows = millstream_pages::layout(PAGE, heading);
    for (field, offset, size) in &rows {
        let mut value = [0; 8];
        let found = &bytes[*offset..offset + size];
        if *field == "zero" {
            assert!(found.iter().all(|byte| *byte == 0), "{heading}: reserved");
            continue;
        }
        value[..*size].copy_from_slice(found);
        let wanted = expected.iter().find(|(name, _)| name == field);
        let (_, wanted) = wanted.unwrap_or_else(|| panic!("{heading}: {field} is not expected"));
        assert_eq!(u64::from_le_bytes(value), *wanted, "{heading}: {field}");
    }
    let size: usize = rows.iter().map(|(_, _, size)| size).sum();
    assert_eq!(size, length, "{heading}: the whole structure");
    let named = rows.iter().filter(|(field, ..)| *field != "zero").count();
    assert_eq!(named, expected.len(), "{heading}: every field has a row");
}

fn text(magic: &[u8; 8]) -> u64 {
    u64::from_le_bytes(*magic)
}

fn log() -> LogId {
    LogId {
        group: 11,
        index: 12,
    }
}

fn block() -> Block {
    let (first, arrival) = (Offset(21), Timestamp(22));
    Block {
        first,
        count: 23,
        arrival,
        position: 5000,
        length: 24,
        crc: 25,
    }
}

#[test]
fn the_segment_tables_when_laid_over_a_segment_then_fit() {
    let previous = Previous {
        number: 3,
        end: 4,
        crc: 5,
    };
    let header = SegmentHeader {
        number: 1,
        salt: 2,
        previous,
        created_ms: 6,
    };
    let (limit, synced) = (99, 88);
    let page = header.encode_page(LimitWord { limit, synced });
    let expected = [
        ("magic", text(b"MSTRSEG1")),
        ("number", 1),
        ("salt", 2),
        ("previous_number", 3),
        ("previous_end", 4),
        ("previous_crc", 5),
        ("created_ms", 6),
        ("crc", u64::from(crc32c::crc32c(&page[..60]))),
    ];
    check("Segment header", &page, SEGMENT_HEADER_BYTES, &expected);

    let disk = MemoryDisk::new();
    disk.create_directory(Path::new("/d")).unwrap();
    let file = disk.open(Path::new("/d/f"), OpenMode::CreateNew).unwrap();
    let pointer = Segment::new(&segment_entry(), file).encode_pointer(77);
    let limits = [1536, 2048].map(|at| page[at..at + POINTER_BYTES].to_vec());
    let words = [
        (&pointer, 77, 0, 0),
        (&limits[0], 99, 1, 88),
        (&limits[1], 99, 1, 88),
    ];
    for (word, value, kind, synced) in words {
        let salt = if kind == 0 { SALT } else { 2 };
        let crc = salted_crc(salt, &[&word[..12]]);
        let expected = [
            ("value", value),
            ("kind", kind),
            ("synced", synced),
            ("crc", u64::from(crc)),
        ];
        check("Word", word, POINTER_BYTES, &expected);
    }
}

#[test]
fn the_frame_tables_when_laid_over_a_frame_then_fit() {
    let (position, length, entry_count) = (4096, 128, 1);
    let (durable_through, previous_crc) = (33, 34);
    let header = FrameHeader {
        position,
        length,
        entry_count,
        durable_through,
        previous_crc,
    };
    let (bytes, crc) = header.encode(SALT, b"directory");
    assert_eq!(crc, salted_crc(SALT, &[&bytes[..28], b"directory"]));
    let expected = [
        ("magic", u64::from(u32::from_le_bytes(*b"MSFR"))),
        ("position", 4096),
        ("length", 128),
        ("entry_count", 1),
        ("durable_through", 33),
        ("previous_crc", 34),
        ("crc", u64::from(crc)),
    ];
    check("Frame header", &bytes, FRAME_HEADER_BYTES, &expected);
}

#[test]
fn the_entry_table_when_laid_over_each_kind_then_fits() {
    let priority = Priority::Reserved;
    let settings = LogSettings {
        retention_ms: 40,
        priority,
    };
    let (control, before) = (Some(2), Offset(41));
    let checkpoint = Entry::Checkpoint {
        previous: 42,
        position: 9,
        length: 43,
        crc: 44,
    };
    // Kind, index, group, offset, time, count, length, crc, control.
    let samples = [
        (
            Entry::Records {
                log: log(),
                block: block(),
                control,
            },
            [1, 12, 11, 21, 22, 23, 24, 25, 2],
        ),
        (
            Entry::Create {
                log: log(),
                settings,
            },
            [2, 12, 11, 0, 40, 1, 0, 0, 0],
        ),
        (Entry::Delete { log: log() }, [3, 12, 11, 0, 0, 0, 0, 0, 0]),
        (
            Entry::Trim { log: log(), before },
            [4, 12, 11, 41, 0, 0, 0, 0, 0],
        ),
        (
            Entry::Configure {
                log: log(),
                settings,
            },
            [5, 12, 11, 0, 40, 1, 0, 0, 0],
        ),
        (checkpoint, [6, 0, 0, 42, 0, 0, 43, 44, 0]),
    ];
    let fields = [
        "kind",
        "log_index",
        "log_group",
        "offset",
        "time",
        "count",
        "length",
        "crc",
        "control",
    ];
    for (entry, values) in samples {
        let mut bytes = Vec::new();
        entry.encode(&mut bytes);
        let expected: Vec<(&str, u64)> = fields.into_iter().zip(values).collect();
        check("Entry", &bytes, ENTRY_BYTES, &expected);
    }
}

#[test]
fn the_image_tables_when_laid_over_an_image_then_fit() {
    let records = Entry::Records {
        log: log(),
        block: block(),
        control: Some(3),
    };
    let index = SegmentIndex::of(&[Entry::Delete { log: log() }, records]);
    let (image, _) = index.encode();
    // 23 records, at once, 5000 bytes from the start (two bytes of seven bits), 24 bytes, checksum.
    let list = [23, 0, 0x88, 0x27, 24, 25, 0, 0, 0];
    let lists_end = IMAGE_HEAD_BYTES + list.len();
    assert_eq!(image[IMAGE_HEAD_BYTES..lists_end], list);
    let expected = [
        ("lists_end", lists_end as u64),
        ("change_count", 1),
        ("entry_count", 1),
    ];
    check("Image head", &image, IMAGE_HEAD_BYTES, &expected);
    let expected = [
        ("log_group", 11),
        ("log_index", 12),
        ("block_count", 1),
        ("first", 21),
        ("end", 44),
        ("first_arrival", 22),
        ("last_arrival", 22),
        ("bytes", 24),
        ("control", 24),
        ("list_position", IMAGE_HEAD_BYTES as u64),
        ("list_length", list.len() as u64),
        ("list_crc", u64::from(crc32c::crc32c(&list))),
    ];
    let directory = &image[lists_end + ENTRY_BYTES..];
    check(
        "Directory entry",
        directory,
        DIRECTORY_ENTRY_BYTES,
        &expected,
    );
    assert_eq!(directory.len(), DIRECTORY_ENTRY_BYTES);

    let trailer = Trailer {
        frames_end: 51,
        last_frame_crc: 52,
        directory_start: 53,
        change_count: 54,
        entry_count: 55,
        directory_crc: 56,
        number: 57,
    };
    let bytes = trailer.encode(SALT);
    let expected = [
        ("magic", text(b"MSTRFOOT")),
        ("number", 57),
        ("frames_end", 51),
        ("last_frame_crc", 52),
        ("directory_start", 53),
        ("change_count", 54),
        ("entry_count", 55),
        ("directory_crc", 56),
        ("crc", u64::from(salted_crc(SALT, &[&bytes[..44]]))),
    ];
    check("Trailer", &bytes, TRAILER_BYTES, &expected);
}

fn segment_entry() -> SegmentEntry {
    let (is_sorted, replaces) = (true, 62);
    SegmentEntry {
        number: 61,
        salt: SALT,
        is_sorted,
        replaces,
        capacity_bytes: 63,
    }
}

#[test]
fn the_manifest_tables_when_laid_over_a_manifest_then_fit() {
    let entry = LogEntry {
        log: log(),
        settings: LogSettings {
            retention_ms: 71,
            priority: Priority::Reserved,
        },
        first: Offset(72),
        end: Offset(73),
        last_arrival: Some(Timestamp(74)),
        first_control: None,
    };
    let (segments, logs) = (vec![segment_entry()], vec![entry]);
    let manifest = Manifest {
        generation: 81,
        replay_from: 82,
        next_number: 83,
        segments,
        logs,
    };
    let bytes = manifest.encode();
    let (head, body) = bytes.split_at(MANIFEST_HEAD_BYTES);
    let expected = [
        ("magic", text(b"MSTRMAN1")),
        ("generation", 81),
        ("replay_from", 82),
        ("next_number", 83),
        ("segment_count", 1),
        ("log_count", 1),
        ("body_crc", u64::from(crc32c::crc32c(body))),
        ("crc", u64::from(crc32c::crc32c(&head[..52]))),
    ];
    check("MANIFEST head", head, MANIFEST_HEAD_BYTES, &expected);
    let expected = [
        ("number", 61),
        ("salt", SALT),
        ("flags", 1),
        ("replaces", 62),
        ("capacity_bytes", 63),
    ];
    check("MANIFEST segment", body, 40, &expected);
    let expected = [
        ("log_group", 11),
        ("log_index", 12),
        ("priority", 1),
        ("retention_ms", 71),
        ("first", 72),
        ("end", 73),
        ("last_arrival", 74),
        ("first_control", u64::MAX),
    ];
    check("MANIFEST log", &body[40..], body.len() - 40, &expected);
}
