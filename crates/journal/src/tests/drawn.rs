//! Segments drawn as letters, one for each frame, as docs/recovery.md has them: what a scan of one
//! finds, its bytes, and a disk with a journal that has it.

use super::harness::{DIRECTORY, World, batch, id};
use crate::format::frame::{
    Block, ENTRY_BYTES, Entry, FRAME_HEADER_BYTES, FrameHeader, decode_directory, encode_frame,
};
use crate::format::manifest::{LogEntry, Manifest, SegmentEntry};
use crate::format::segment::{
    FRAMES_START, LimitWord, Previous, Segment, SegmentHeader, segment_name,
};
use crate::format::segment_index::SegmentIndex;
use crate::read::scan::Found;
use crate::recover::classify::{Evidence, Role};
use crate::recover::listed::Listed;
use crate::recover::tail::Frames;
use millstream_env::{Disk, File, OpenMode, Timestamp};
use millstream_store::batch::Batch;
use millstream_store::checksum::crc32c;
use millstream_store::store::{LogSettings, Offset};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SALT: u64 = 0x5a17;
/// How long its file is.
pub(crate) const CAPACITY_BYTES: u64 = 64 * 1024;
/// The log that all groups are about.
pub(crate) const LOG: u32 = 0;
/// The log of the group in the later segment.
pub(crate) const LATER_LOG: u32 = 1;
/// The segment that is drawn, and the one after it.
pub(crate) const DRAWN: u64 = 1;
const LATER: u64 = 2;
/// Where the payload of a group begins.
const PAYLOAD_START: u32 = (FRAME_HEADER_BYTES + ENTRY_BYTES) as u32;

/// What comes after a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    Nothing,
    ItsEnd,
    LostHeader,
}

/// A segment without a footer. If there is a checkpoint, all frames before it are groups.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    pub(crate) frames: String,
    /// So many frames the first page calls synced.
    pub(crate) page: usize,
    pub(crate) after: After,
    pub(crate) is_cut_short: bool,
}

/// A frame as it was written.
struct Frame {
    letter: char,
    position: u32,
    bytes: Vec<u8>,
    crc: u32,
}

/// Whether a frame holds a record.
fn is_group(letter: char) -> bool {
    !"WC".contains(letter)
}

impl Drawn {
    /// The frame from which on is scanned.
    pub(crate) fn scanned_from(&self) -> usize {
        self.frames.rfind('C').unwrap_or(0)
    }

    /// Where each frame begins, and where the last one ends.
    pub(crate) fn positions(&self) -> Vec<u32> {
        let frames = self.written();
        let end = frames.last().map_or(FRAMES_START, Frame::end);
        let starts = frames.iter().map(|frame| frame.position);
        starts.chain([end]).collect()
    }

    /// All frames, as they were before anything happened to them.
    fn written(&self) -> Vec<Frame> {
        let mut frames: Vec<Frame> = Vec::new();
        let mut told = Vec::new();
        for letter in self.frames.chars() {
            let position = frames.last().map_or(FRAMES_START, Frame::end);
            let first = told.len() as u64;
            let (entries, payload) = match letter {
                'W' => (Vec::new(), Vec::new()),
                'C' => checkpoint(&told),
                _ => {
                    told.push(records(first, LOG, position + PAYLOAD_START));
                    (vec![records(first, LOG, 0)], record(first).bytes().to_vec())
                }
            };
            let header = FrameHeader {
                durable_through: match letter {
                    'U' | 'u' => FRAMES_START,
                    _ => position,
                },
                previous_crc: frames.last().map_or(0, |frame| frame.crc),
                ..header_at(position)
            };
            let (bytes, crc) = encode_frame(header, SALT, &entries, &payload);
            frames.push(Frame {
                letter,
                position,
                bytes,
                crc,
            });
        }
        frames
    }

    /// What a scan finds.
    pub(crate) fn evidence(&self) -> Evidence {
        let written = self.written();
        let positions = self.positions();
        let scanned_from = positions[self.scanned_from()];
        let (mut frames, mut unreadable) = (Vec::new(), Vec::new());
        let mut end = scanned_from;
        for frame in &written[self.scanned_from()..] {
            if frame.letter == 'x' {
                continue;
            }
            if frame.position > end {
                unreadable.push(end);
            }
            end = frame.end();
            frames.push(frame.found());
        }
        Evidence {
            scanned_from,
            frames,
            unreadable,
            role: match self.after {
                After::Nothing => Role::Newest {
                    synced: self.synced(),
                },
                After::ItsEnd => Role::Sealed {
                    end: positions.last().copied(),
                },
                After::LostHeader => Role::Sealed { end: None },
            },
            is_cut_short: self.is_cut_short,
        }
    }

    /// What reading its file finds.
    pub(crate) fn scan(&self, world: &World) -> Evidence {
        let directory = Path::new(DIRECTORY);
        let segment = Segment::open(&world.disk, directory, &segment_entry(DRAWN)).unwrap();
        let one = Listed::read(Arc::new(segment)).unwrap();
        let frames = match self.after {
            After::Nothing => Frames::of_newest(&one),
            After::ItsEnd => Frames::of_sealed(&one, self.positions().last().copied()),
            After::LostHeader => Frames::of_sealed(&one, None),
        };
        frames.unwrap().evidence
    }

    fn synced(&self) -> u32 {
        match self.page {
            0 => 0,
            frames => self.positions()[frames],
        }
    }

    /// The file of the segment.
    fn file(&self) -> Vec<u8> {
        let (limit, synced) = (u32::MAX, self.synced());
        let header = segment_header(DRAWN, Previous::default());
        let mut file = header.encode_page(LimitWord { limit, synced });
        for mut frame in self.written() {
            match frame.letter {
                'x' => frame.bytes.fill(0x55),
                'g' | 'u' => frame.bytes[PAYLOAD_START as usize + record(0).bytes().len() - 1] ^= 1,
                _ => {}
            }
            file.extend_from_slice(&frame.bytes);
        }
        if !self.is_cut_short {
            file.resize(CAPACITY_BYTES as usize, 0);
        }
        file
    }

    /// The file of the later segment: a group of another log.
    fn later_file(&self) -> Vec<u8> {
        let written = self.written();
        let last = written.last().unwrap();
        let previous = Previous {
            number: DRAWN,
            end: last.end(),
            crc: last.crc,
        };
        let (limit, synced) = (u32::MAX, 0);
        let header = segment_header(LATER, previous);
        let mut file = header.encode_page(LimitWord { limit, synced });
        if self.after == After::LostHeader {
            file.fill(0);
        }
        let header = FrameHeader {
            durable_through: FRAMES_START,
            ..header_at(FRAMES_START)
        };
        let entries = [records(0, LATER_LOG, 0)];
        file.extend(encode_frame(header, SALT, &entries, record(0).bytes()).0);
        file.resize(CAPACITY_BYTES as usize, 0);
        file
    }

    /// A disk with the segment, the one after it, and the MANIFEST that lists them.
    pub(crate) fn world(&self) -> World {
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
        if let Some(at) = self.frames.rfind('C') {
            let file = world.disk.open(&drawn_path(), OpenMode::Write).unwrap();
            let segment = Segment::new(&segment_entry(DRAWN), file);
            segment.write_pointer(0, self.positions()[at]).unwrap();
        }
        world
    }

    /// Whether a record does not hold among those that count: those that a checkpoint tells, and
    /// those of so many frames behind it.
    pub(crate) fn has_bad_records(&self, counts: usize) -> bool {
        self.counted(counts)
            .any(|letter| matches!(letter, 'g' | 'u' | 'x'))
    }

    /// How many records count.
    pub(crate) fn record_count(&self, counts: usize) -> usize {
        self.counted(counts)
            .filter(|letter| is_group(*letter))
            .count()
    }

    fn counted(&self, counts: usize) -> impl Iterator<Item = char> {
        let (told, scanned) = self.frames.split_at(self.scanned_from());
        let scanned = scanned.chars().filter(|letter| *letter != 'x');
        told.chars().chain(scanned.take(counts))
    }
}

impl Frame {
    fn end(&self) -> u32 {
        self.position + self.bytes.len() as u32
    }

    fn found(&self) -> Found {
        let (header, crc) = FrameHeader::decode(&self.bytes, self.position).unwrap();
        let directory = &self.bytes[FRAME_HEADER_BYTES..];
        Found {
            header,
            crc,
            entries: decode_directory(&header, directory).unwrap(),
            is_whole: !matches!(self.letter, 'g' | 'u'),
        }
    }
}

/// The file of the segment that is drawn.
pub(crate) fn drawn_path() -> PathBuf {
    Path::new(DIRECTORY).join(segment_name(DRAWN))
}

fn write(world: &World, name: &str, bytes: &[u8]) {
    let path = Path::new(DIRECTORY).join(name);
    let file: Arc<dyn File> = world.disk.open(&path, OpenMode::CreateNew).unwrap();
    file.write_all_at(bytes, 0).unwrap();
}

fn header_at(position: u32) -> FrameHeader {
    FrameHeader {
        position,
        length: 0,
        entry_count: 0,
        durable_through: 0,
        previous_crc: 0,
    }
}

fn segment_header(number: u64, previous: Previous) -> SegmentHeader {
    SegmentHeader {
        number,
        salt: SALT,
        previous,
        created_ms: 0,
    }
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

/// The entry and the payload of a checkpoint.
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
