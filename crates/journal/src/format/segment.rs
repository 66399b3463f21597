//! Segments: the files that hold frames, and their headers.
//!
//! A segment's salt is also in the MANIFEST, so that its frames survive rot of the header. The
//! header names the end of the previous segment: it is written once that one is completely synced,
//! so only the newest can have a torn tail.

use crate::format::footer::Directory;
use crate::format::layout::{Fields, Put, salted_crc};
use crate::format::manifest::SegmentEntry;
use crate::format::segment_index::SegmentIndex;
use millstream_env::{Disk, File, OpenMode};
use millstream_store::checksum::crc32c;
use parking_lot::Mutex;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Position of the first frame.
pub(crate) const FRAMES_START: u32 = 4096;
/// The first page, and the start of the first frame: zeros there mean that the segment was never
/// used. The loss of a single page does not look like that.
pub(crate) const HEAD_BYTES: usize = 2 * FRAMES_START as usize;
pub(crate) const SEGMENT_HEADER_BYTES: usize = 64;
const SEGMENT_MAGIC: &[u8; 8] = b"MSTRSEG1";
/// Two slots for the newest checkpoint's position, each in a sector of its own, used alternately.
const POINTER_POSITIONS: [u64; 2] = [512, 1024];
pub(crate) const POINTER_BYTES: usize = 16;
/// Two slots for the limit, each in a sector of its own, used alternately.
const LIMIT_POSITIONS: [u64; 2] = [1536, 2048];

/// A file of frames, known to the journal.
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) salt: u64,
    pub(crate) name: String,
    pub(crate) file: Arc<dyn File>,
    /// Whether blocks are ordered by log, copied from other segments: nothing to replay.
    pub(crate) is_sorted: bool,
    /// The first of the segments whose blocks it took over; 0 for none.
    pub(crate) replaces: u64,
    /// Minimum length of the file until it has a footer.
    pub(crate) capacity_bytes: u64,
    file_bytes: AtomicU64,
    sealed: Mutex<Sealed>,
    /// Whether it is to be sorted; computed on demand.
    is_interleaved: OnceLock<bool>,
}

/// The index of a sealed segment.
#[derive(Default)]
struct Sealed {
    /// The whole index, until the footer is on disk.
    resident: Option<Arc<SegmentIndex>>,
    /// The footer's directory, once it is on disk.
    directory: Option<Arc<Directory>>,
}

/// The content of a segment's first page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) number: u64,
    pub(crate) salt: u64,
    pub(crate) previous: Previous,
    pub(crate) created_ms: u64,
}

/// The previous segment, and its last frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Previous {
    /// 0 if there is none.
    pub(crate) number: u64,
    /// Where its last frame ends.
    pub(crate) end: u32,
    /// The checksum of that frame.
    pub(crate) crc: u32,
}

impl SegmentHeader {
    /// The first page of the file, with the same limit in both slots.
    pub(crate) fn encode_page(&self, limit: LimitWord) -> Vec<u8> {
        let mut bytes = self.encode();
        for position in LIMIT_POSITIONS {
            bytes.resize(position as usize, 0);
            bytes.extend_from_slice(&limit.encode(self.salt));
        }
        bytes.resize(FRAMES_START as usize, 0);
        bytes
    }

    /// The header alone.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FRAMES_START as usize);
        bytes.extend_from_slice(SEGMENT_MAGIC);
        bytes.put_u64(self.number);
        bytes.put_u64(self.salt);
        bytes.put_u64(self.previous.number);
        bytes.put_u32(self.previous.end);
        bytes.put_u32(self.previous.crc);
        bytes.put_u64(self.created_ms);
        bytes.put_zeros(12);
        bytes.put_u32(crc32c(&bytes));
        bytes
    }

    /// Decodes and validates a header.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let head = bytes.get(..SEGMENT_HEADER_BYTES)?;
        let mut fields = Fields::new(head);
        let magic = fields.bytes(8)?;
        let header = Self {
            number: fields.u64()?,
            salt: fields.u64()?,
            previous: Previous {
                number: fields.u64()?,
                end: fields.u32()?,
                crc: fields.u32()?,
            },
            created_ms: fields.u64()?,
        };
        fields.bytes(12)?;
        let crc = fields.u32()?;
        let is_whole = magic == SEGMENT_MAGIC && crc == crc32c(&head[..60]);
        is_whole.then_some(header)
    }
}

impl Segment {
    /// The index of the sealed segment: in memory, or else in the footer.
    pub(crate) fn index(&self) -> (Option<Arc<SegmentIndex>>, Option<Arc<Directory>>) {
        let sealed = self.sealed.lock();
        (sealed.resident.clone(), sealed.directory.clone())
    }

    /// The footer's directory, once the footer is on the disk.
    pub(crate) fn directory(&self) -> Option<Arc<Directory>> {
        self.sealed.lock().directory.clone()
    }

    /// Whether its footer is on the disk.
    pub(crate) fn has_footer(&self) -> bool {
        self.sealed.lock().directory.is_some()
    }

    /// Finds blocks by an index in memory, until the footer is on the disk.
    pub(crate) fn keep_index(&self, index: Arc<SegmentIndex>) {
        self.sealed.lock().resident = Some(index);
    }

    /// Finds blocks by the footer from now on.
    pub(crate) fn set_footer(&self, directory: Directory) {
        let mut sealed = self.sealed.lock();
        sealed.directory = Some(Arc::new(directory));
        sealed.resident = None;
    }

    /// Whether many logs interleave in it: found out once.
    pub(crate) fn is_interleaved(&self, find_out: impl FnOnce() -> bool) -> bool {
        *self.is_interleaved.get_or_init(find_out)
    }

    /// Bytes that the file takes, as of the last [`Segment::measure`].
    pub(crate) fn file_bytes(&self) -> u64 {
        self.file_bytes.load(Ordering::Relaxed)
    }

    /// Does something while nobody else can look for blocks.
    #[cfg(test)]
    pub(crate) fn while_locked(&self, work: &mut dyn FnMut()) {
        let _sealed = self.sealed.lock();
        work();
    }

    pub(crate) fn new(entry: &SegmentEntry, file: Arc<dyn File>) -> Self {
        Self {
            number: entry.number,
            salt: entry.salt,
            name: segment_name(entry.number),
            file,
            is_sorted: entry.is_sorted,
            replaces: entry.replaces,
            capacity_bytes: entry.capacity_bytes,
            file_bytes: AtomicU64::new(0),
            sealed: Mutex::default(),
            is_interleaved: OnceLock::new(),
        }
    }

    /// Opens a segment that the MANIFEST lists.
    pub(crate) fn open(
        disk: &dyn Disk,
        directory: &Path,
        entry: &SegmentEntry,
    ) -> io::Result<Self> {
        let path = directory.join(segment_name(entry.number));
        let file = disk.open(&path, OpenMode::Write)?;
        let segment = Self::new(entry, file);
        segment.measure()?;
        Ok(segment)
    }

    /// Records the length of the file.
    pub(crate) fn measure(&self) -> io::Result<()> {
        let length = self.file.length()?;
        self.file_bytes.store(length, Ordering::Relaxed);
        Ok(())
    }

    /// The segment's entry in the MANIFEST.
    pub(crate) fn entry(&self) -> SegmentEntry {
        SegmentEntry {
            number: self.number,
            salt: self.salt,
            is_sorted: self.is_sorted,
            replaces: self.replaces,
            capacity_bytes: self.capacity_bytes,
        }
    }

    /// Makes the file look unused, whatever follows; not yet durable.
    pub(crate) fn wipe_head(file: &dyn File) -> io::Result<()> {
        file.write_all_at(&[0; HEAD_BYTES], 0)
    }

    pub(crate) fn path(&self, directory: &Path) -> PathBuf {
        directory.join(&self.name)
    }

    /// Writes the position of the newest checkpoint; `turn` alternates, so that a torn write leaves
    /// the other slot intact.
    pub(crate) fn write_pointer(&self, turn: usize, checkpoint: u32) -> io::Result<()> {
        self.file.write_all_at(
            &self.encode_pointer(checkpoint),
            POINTER_POSITIONS[turn % 2],
        )
    }

    pub(crate) fn encode_pointer(&self, checkpoint: u32) -> Vec<u8> {
        encode_word(self.salt, POINTER_KIND, checkpoint, 0)
    }

    /// Writes the limit of frames; it must be synced before a frame exceeds the previous limit.
    pub(crate) fn write_limit(&self, turn: usize, limit: LimitWord) -> io::Result<()> {
        let word = limit.encode(self.salt);
        self.file.write_all_at(&word, LIMIT_POSITIONS[turn % 2])
    }

    /// The limit of frames, and how far they were synced. If either slot is invalid, the limit is
    /// unknown.
    pub(crate) fn decode_limit(&self, page: &[u8]) -> LimitWord {
        let places =
            LIMIT_POSITIONS.map(|position| decode_word(page, position, self.salt, LIMIT_KIND));
        let (limits, synced): (Vec<u32>, Vec<u32>) = places.iter().flatten().copied().unzip();
        let is_known = limits.len() == places.len();
        let limit = limits.into_iter().max().filter(|_| is_known);
        LimitWord {
            limit: limit.unwrap_or(u32::MAX),
            synced: synced.into_iter().max().unwrap_or_default(),
        }
    }

    /// The positions of checkpoints in the first page, newest first. They are hints.
    pub(crate) fn decode_pointers(&self, page: &[u8]) -> Vec<u32> {
        let decode = |position| {
            decode_word(page, position, self.salt, POINTER_KIND).map(|(checkpoint, _)| checkpoint)
        };
        let mut found: Vec<u32> = POINTER_POSITIONS.into_iter().filter_map(decode).collect();
        found.sort_unstable_by_key(|position| std::cmp::Reverse(*position));
        found
    }
}

/// The kinds of words in the first page.
const POINTER_KIND: u32 = 0;
const LIMIT_KIND: u32 = 1;

/// The limit of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LimitWord {
    /// No frame extends beyond this.
    pub(crate) limit: u32,
    /// Everything before this was synced when the word was written.
    pub(crate) synced: u32,
}

impl LimitWord {
    fn encode(&self, salt: u64) -> Vec<u8> {
        encode_word(salt, LIMIT_KIND, self.limit, self.synced)
    }
}

fn encode_word(salt: u64, kind: u32, value: u32, synced: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(POINTER_BYTES);
    bytes.put_u32(value);
    bytes.put_u32(kind);
    bytes.put_u32(synced);
    bytes.put_u32(salted_crc(salt, &[&bytes]));
    bytes
}

/// The value, and how far everything was synced.
fn decode_word(page: &[u8], position: u64, salt: u64, wanted_kind: u32) -> Option<(u32, u32)> {
    let bytes = page.get(position as usize..position as usize + POINTER_BYTES)?;
    let mut fields = Fields::new(bytes);
    let (value, kind, synced) = (fields.u32()?, fields.u32()?, fields.u32()?);
    let is_whole = fields.u32()? == salted_crc(salt, &[&bytes[..12]]);
    (is_whole && kind == wanted_kind).then_some((value, synced))
}

/// The file name of a segment.
pub(crate) fn segment_name(number: u64) -> String {
    format!("{number:016x}.segment")
}

/// The file name of an unfinished segment: its content does not count.
pub(crate) fn making_name(number: u64) -> String {
    format!("{number:016x}.new")
}

/// The file name of a spare.
pub(crate) fn spare_name(number: u64) -> String {
    format!("{number:016x}.spare")
}

/// Whether a file is a spare, by its name.
pub(crate) fn is_spare_name(name: &str) -> bool {
    number_before(name, ".spare").is_some()
}

/// The number in a segment's file name.
pub(crate) fn number_of_segment(name: &str) -> Option<u64> {
    number_before(name, ".segment")
}

/// The number in the name of a segment, a spare or an unfinished segment.
pub(crate) fn number_of_file(name: &str) -> Option<u64> {
    let endings = [".segment", ".spare", ".new"];
    { endings.iter() }.find_map(|ending| number_before(name, ending))
}

/// Whether a file is an unfinished segment, by its name.
pub(crate) fn is_making_name(name: &str) -> bool {
    number_before(name, ".new").is_some()
}

/// The number in a name that the journal uses; any other name is foreign.
fn number_before(name: &str, ending: &str) -> Option<u64> {
    let digits = name.strip_suffix(ending)?;
    let is_ours = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    let is_number = digits.len() == 16 && digits.bytes().all(is_ours);
    u64::from_str_radix(digits, 16).ok().filter(|_| is_number)
}
