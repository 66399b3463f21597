//! docs/recovery.md says what becomes of the end of a segment: each row of its table is drawn as
//! frames, and a journal is opened with them, twice.

use super::harness::{DIRECTORY, World, append, batch, id, place_in_file, read_all};
use crate::Journal;
use crate::format::frame::{Block, Entry, FrameHeader, encode_frame, frame_bytes};
use crate::format::manifest::{LogEntry, Manifest, SegmentEntry};
use crate::format::segment::{
    FRAMES_START, LimitWord, Previous, Segment, SegmentHeader, segment_name,
};
use crate::format::segment_index::SegmentIndex;
use env::{Disk, File, OpenMode, Timestamp};
use log::batch::Batch;
use log::checksum::crc32c;
use log::store::{LogSettings, Offset, ReadError};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const PAGE: &str = include_str!("../../../../docs/recovery.md");
const SALT: u64 = 0x5a17;
const CAPACITY_BYTES: u64 = 64 * 1024;
/// The log that all groups are about.
const LOG: u32 = 0;
/// The log of the group in the later segment.
const LATER_LOG: u32 = 1;
/// The segment that is drawn, and the one after it.
const DRAWN: u64 = 1;
const LATER: u64 = 2;

/// What comes after a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Nothing,
    ItsEnd,
    LostHeader,
}

/// A row of the table.
#[derive(Debug)]
struct Row {
    frames: &'static str,
    /// So many frames the first page calls synced.
    page: usize,
    after: After,
    is_cut_short: bool,
    state: &'static str,
    counts: usize,
    damage: Vec<usize>,
    then: &'static str,
}

fn rows() -> Vec<Row> {
    let (_, section) = PAGE.split_once("\n## The states\n").unwrap();
    let lines = section.lines().skip_while(|line| !line.starts_with('|'));
    let lines = lines.skip(2).take_while(|line| line.starts_with('|'));
    lines.map(Row::parse).collect()
}

impl Row {
    fn parse(line: &'static str) -> Self {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let (after, is_cut_short) = match cells[3].strip_suffix(", cut short") {
            Some(after) => (after, true),
            None => (cells[3], false),
        };
        let damage = cells[6].split(", ").filter(|place| !place.is_empty());
        Self {
            frames: cells[1].trim_matches('`'),
            page: cells[2].parse().unwrap(),
            after: match after {
                "nothing" => After::Nothing,
                "its end" => After::ItsEnd,
                "a lost header" => After::LostHeader,
                other => panic!("what is {other:?}?"),
            },
            is_cut_short,
            state: cells[4],
            counts: cells[5].parse().unwrap(),
            damage: damage.map(|place| place.parse().unwrap()).collect(),
            then: cells[7],
        }
    }

    /// Where each frame begins, and where the last one ends.
    fn positions(&self) -> Vec<u32> {
        let lengths = self.frames.chars().scan(0, |told, letter| {
            let length = match letter {
                'W' => frame_bytes(0, 0),
                'C' => frame_bytes(1, SegmentIndex::of(&self.entries(*told)).encode().0.len()),
                _ => frame_bytes(1, record(0).bytes().len()),
            };
            *told += 1;
            Some(length as u32)
        });
        let mut positions = vec![FRAMES_START];
        positions.extend(lengths.scan(FRAMES_START, |end, length| {
            *end += length;
            Some(*end)
        }));
        positions
    }

    /// How many records stand in the frames before this one.
    fn records_before(&self, frame: usize) -> u64 {
        let before = self.frames.chars().take(frame);
        before.filter(|letter| !"WC".contains(*letter)).count() as u64
    }

    /// The entries of the groups before a frame, as a checkpoint there has them.
    fn entries(&self, frame: usize) -> Vec<Entry> {
        let positions = self.positions_before(frame);
        let groups = self.frames.chars().take(frame).enumerate();
        let groups = groups.filter(|(_, letter)| !"WC".contains(*letter));
        let payload = frame_bytes(1, 0) as u32;
        let entry =
            |(at, _): (usize, char)| records(self.records_before(at), LOG, positions[at] + payload);
        groups.map(entry).collect()
    }

    /// As [`Row::positions`], for frames that all are groups.
    fn positions_before(&self, frame: usize) -> Vec<u32> {
        let length = frame_bytes(1, record(0).bytes().len());
        let positions = (0..frame).map(|at| FRAMES_START + (at * length) as u32);
        positions.collect()
    }

    /// The frame from which on is scanned.
    fn scanned_from(&self) -> usize {
        self.frames.rfind('C').unwrap_or(0)
    }

    /// Encodes each frame, as it was before anything happened to it.
    fn encode(&self) -> Vec<(Vec<u8>, u32)> {
        let positions = self.positions();
        let mut previous_crc = 0;
        let frames = self.frames.chars().enumerate().map(|(at, letter)| {
            let position = positions[at];
            let durable_through = if "Uu".contains(letter) {
                FRAMES_START
            } else {
                position
            };
            let header = FrameHeader {
                position,
                length: 0,
                entry_count: 0,
                durable_through,
                previous_crc,
            };
            let (entries, payload) = match letter {
                'W' => (Vec::new(), Vec::new()),
                'C' => checkpoint(&self.entries(at)),
                _ => {
                    let first = self.records_before(at);
                    (vec![records(first, LOG, 0)], record(first).bytes().to_vec())
                }
            };
            let encoded = encode_frame(header, SALT, &entries, &payload);
            previous_crc = encoded.1;
            encoded
        });
        frames.collect()
    }

    /// The file of the segment.
    fn file(&self) -> Vec<u8> {
        let positions = self.positions();
        let header = SegmentHeader {
            number: DRAWN,
            salt: SALT,
            previous: Previous::default(),
            created_ms: 0,
        };
        let synced = match self.page {
            0 => 0,
            frames => positions[frames],
        };
        let limit = u32::MAX;
        let mut file = header.encode_page(LimitWord { limit, synced });
        for ((mut frame, _), letter) in self.encode().into_iter().zip(self.frames.chars()) {
            match letter {
                'x' => frame.fill(0x55),
                // A record's last byte.
                'g' | 'u' => frame[frame_bytes(1, 0) + record(0).bytes().len() - 1] ^= 1,
                _ => {}
            }
            file.extend_from_slice(&frame);
        }
        if !self.is_cut_short {
            file.resize(CAPACITY_BYTES as usize, 0);
        }
        file
    }

    /// The later segment: a group of another log.
    fn later_file(&self) -> Vec<u8> {
        let frames = self.encode();
        let previous = Previous {
            number: DRAWN,
            end: *self.positions().last().unwrap(),
            crc: frames.last().unwrap().1,
        };
        let header = SegmentHeader {
            number: LATER,
            salt: SALT,
            previous,
            created_ms: 0,
        };
        let (limit, synced) = (u32::MAX, 0);
        let mut file = header.encode_page(LimitWord { limit, synced });
        if self.after == After::LostHeader {
            file.fill(0);
        }
        let header = FrameHeader {
            position: FRAMES_START,
            length: 0,
            entry_count: 0,
            durable_through: FRAMES_START,
            previous_crc: 0,
        };
        let entries = [records(0, LATER_LOG, 0)];
        file.extend(encode_frame(header, SALT, &entries, record(0).bytes()).0);
        file.resize(CAPACITY_BYTES as usize, 0);
        file
    }

    /// A disk with the segment, the one after it, and the MANIFEST that lists them.
    fn world(&self) -> World {
        let world = World::inline(1);
        world.disk.create_directory(Path::new(DIRECTORY)).unwrap();
        let mut numbers = vec![DRAWN];
        write(&world, &segment_name(DRAWN), &self.file());
        if self.after != After::Nothing {
            numbers.push(LATER);
            write(&world, &segment_name(LATER), &self.later_file());
        }
        let manifest = Manifest {
            generation: 1,
            replay_from: DRAWN,
            next_number: numbers.len() as u64 + 1,
            segments: numbers.into_iter().map(segment_entry).collect(),
            logs: [LOG, LATER_LOG].map(log_entry).to_vec(),
        };
        write(&world, "MANIFEST", &manifest.encode());
        self.point(&world);
        world
    }

    /// Lets the first page point to the checkpoint.
    fn point(&self, world: &World) {
        if let Some(at) = self.frames.rfind('C') {
            let path = Path::new(DIRECTORY).join(segment_name(DRAWN));
            let file = world.disk.open(&path, OpenMode::Write).unwrap();
            let segment = Segment::new(&segment_entry(DRAWN), file);
            segment.write_pointer(0, self.positions()[at]).unwrap();
        }
    }

    /// Whether a record that counts does not hold.
    fn has_bad_records(&self) -> bool {
        let scanned_from = self.scanned_from();
        let mut frames = self.frames.chars().enumerate();
        let mut left = self.counts;
        frames.any(|(at, letter)| {
            let is_told = at < scanned_from;
            let counts = is_told || (letter != 'x' && left > 0);
            left -= usize::from(!is_told && counts);
            counts && "gux".contains(letter)
        })
    }

    /// How many records count.
    fn record_count(&self) -> usize {
        let scanned_from = self.scanned_from();
        let (told, scanned) = self.frames.split_at(scanned_from);
        let scanned = scanned.chars().filter(|letter| *letter != 'x');
        let counted = told.chars().chain(scanned.take(self.counts));
        counted.filter(|letter| !"WC".contains(*letter)).count()
    }

    /// Opens the journal and looks at all that the row says of it.
    async fn check(&self, world: &World) -> Arc<Journal> {
        let journal = world.open();
        let what = format!("{self:?}");
        let open = journal.shared.open_number.load(Ordering::Relaxed);
        let sealed = journal.shared.jobs.lock().sealed.len();
        let then = match (open, sealed) {
            (DRAWN, 0) => "goes on",
            (_, 1) => "gets its footer",
            (_, _) => "is left",
        };
        assert_eq!(then, self.then, "{what}");
        let is_damaged = journal.shared.damage.lock().is_any;
        assert_eq!(is_damaged, self.state == "rotten", "{what}");
        let found = read_all(&journal, LOG).await;
        if let Some(first) = self.damage.first() {
            let place = (segment_name(DRAWN), u64::from(self.positions()[*first]));
            match found {
                Err(ReadError::Damaged { at, .. }) => assert_eq!(place_in_file(&at), place),
                other => panic!("{what}: {other:?}"),
            }
        } else if self.has_bad_records() {
            assert!(matches!(found, Err(ReadError::Damaged { .. })), "{what}");
        } else {
            assert_eq!(found.unwrap().len(), self.record_count(), "{what}");
        }
        if self.after != After::Nothing {
            assert_eq!(read_all(&journal, LATER_LOG).await.unwrap().len(), 1);
        }
        journal
    }
}

fn write(world: &World, name: &str, bytes: &[u8]) {
    let path = Path::new(DIRECTORY).join(name);
    let file: Arc<dyn File> = world.disk.open(&path, OpenMode::CreateNew).unwrap();
    file.write_all_at(bytes, 0).unwrap();
}

fn record(at: u64) -> Batch {
    batch(&[format!("record {at:4}")])
}

/// The entry of a record whose payload stands there.
fn records(first: u64, log: u32, position: u32) -> Entry {
    let record = record(first);
    let block = Block {
        first: Offset(first),
        count: 1,
        arrival: Timestamp(first),
        position,
        length: record.bytes().len() as u32,
        crc: crc32c(record.bytes()),
    };
    Entry::Records {
        log: id(log),
        block,
        control: None,
    }
}

fn checkpoint(told: &[Entry]) -> (Vec<Entry>, Vec<u8>) {
    let (image, _) = SegmentIndex::of(told).encode();
    let entry = Entry::Checkpoint {
        previous: 0,
        position: 0,
        length: image.len() as u32,
        crc: crc32c(&image),
    };
    (vec![entry], image)
}

fn segment_entry(number: u64) -> SegmentEntry {
    SegmentEntry {
        number,
        salt: SALT,
        is_sorted: false,
        replaces: 0,
        capacity_bytes: CAPACITY_BYTES,
    }
}

fn log_entry(log: u32) -> LogEntry {
    LogEntry {
        log: id(log),
        settings: LogSettings::default(),
        first: Offset(0),
        end: Offset(0),
        last_arrival: None,
        first_control: None,
    }
}

#[tokio::test]
async fn a_journal_when_opened_with_any_end_of_a_segment_then_does_what_the_table_says() {
    for row in rows() {
        let world = row.world();
        let before = world.disk.contents(&world.segments()[0]).unwrap();
        let journal = row.check(&world).await;
        let after = world.disk.contents(&world.segments()[0]).unwrap();
        let positions = row.positions();
        if row.then == "goes on" {
            // What was dropped has gone.
            let counted = row.scanned_from() + row.counts;
            let end = positions[counted] as usize;
            assert_eq!(before[4096..end], after[4096..end], "{row:?}");
            let dropped = after[end..].iter().all(|byte| *byte == 0);
            assert!(dropped || row.state == "whole", "{row:?}");
            if !row.has_bad_records() {
                let next = append(&journal, LOG, b"next").await.first;
                assert_eq!(next, Offset(row.record_count() as u64), "{row:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_journal_when_opened_twice_with_damage_then_finds_the_same_again() {
    for row in rows().iter().filter(|row| row.state == "rotten") {
        let world = row.world();
        drop(row.check(&world).await);
        world.disk.process_death();
        let journal = world.open();
        let found = read_all(&journal, LOG).await;
        let Err(ReadError::Damaged { at, .. }) = found else {
            panic!("{row:?}: {found:?}");
        };
        let position = place_in_file(&at).1;
        let first = row.positions()[row.damage[0]];
        assert_eq!(position, u64::from(first), "{row:?}");
    }
}

#[test]
fn the_table_of_tails_when_read_then_has_every_state_with_every_end() {
    let rows = rows();
    for state in ["whole", "torn", "rotten"] {
        assert!(rows.iter().any(|row| row.state == state), "{state}");
    }
    for then in ["goes on", "is left", "gets its footer"] {
        assert!(rows.iter().any(|row| row.then == then), "{then}");
    }
    for letter in "GgUuWCx".chars() {
        let has = |row: &Row| row.frames.contains(letter);
        assert!(rows.iter().any(has), "{letter}");
    }
}
