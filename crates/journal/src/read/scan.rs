//! Scanning a segment frame by frame, skipping invalid ones.

use crate::format::frame::{
    Entry, FRAME_ALIGN_BYTES, FRAME_HEADER_BYTES, FRAME_MAGIC, FrameHeader, decode_directory,
};
use crate::format::layout::salted_crc;
use crate::format::segment::{FRAMES_START, Segment};
use crate::format::segment_index::SegmentIndex;
use millstream_env::File;
use millstream_store::checksum::crc32c;
use std::io;
use std::sync::Arc;

const READ_BYTES: usize = 1024 * 1024;

/// The content of a part of a segment.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) frames: Vec<Found>,
    /// Where bytes begin that are no frame, though a frame follows.
    pub(crate) unreadable: Vec<u32>,
}

/// A frame with a valid header and directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) header: FrameHeader,
    pub(crate) crc: u32,
    pub(crate) entries: Vec<Entry>,
    /// Whether all payloads are valid, too.
    pub(crate) is_whole: bool,
}

/// What is told of the frames of a segment, in order.
pub(crate) trait Walker {
    /// The payload of an entry of the next frame, and its checksum if it is all there.
    fn payload(&mut self, entry: &Entry, payload: Option<(&[u8], u32)>);
    /// A frame, and where bytes before it begin that are none.
    fn frame(&mut self, frame: Found, unreadable: Option<u32>);
}

impl Walker for Scan {
    fn payload(&mut self, _: &Entry, _: Option<(&[u8], u32)>) {}

    fn frame(&mut self, frame: Found, unreadable: Option<u32>) {
        self.unreadable.extend(unreadable);
        self.frames.push(frame);
    }
}

/// Goes through the frames of a segment from `from` to `until` or the end of the file; returns
/// where the last one ends.
pub(crate) fn walk(
    segment: &Segment,
    from: u32,
    until: u64,
    walker: &mut dyn Walker,
) -> io::Result<u32> {
    let mut source = Source::new(segment.file.clone(), until)?;
    let mut at = from;
    while let Some(next) = find(&mut source, segment.salt, at, walker)? {
        let unreadable = (next.header.position != at).then_some(at);
        at = next.header.end();
        walker.frame(next, unreadable);
    }
    Ok(at)
}

/// Scans the frames of a segment from `from` to `until` or the end of the file.
pub(crate) fn scan(segment: &Segment, from: u32, until: u64) -> io::Result<Scan> {
    let mut scan = Scan::default();
    walk(segment, from, until, &mut scan)?;
    Ok(scan)
}

/// The frame at `position`, if there is one.
pub(crate) fn frame_at(segment: &Segment, position: u32) -> io::Result<Option<Found>> {
    let mut source = Source::new(segment.file.clone(), u64::MAX)?;
    source.ahead_bytes = 0;
    source.frame(segment.salt, position, &mut Scan::default())
}

/// The index of a segment, from its frames alone.
pub(crate) fn index_of(segment: &Segment) -> io::Result<SegmentIndex> {
    let frames = scan(segment, FRAMES_START, u64::MAX)?.frames;
    let entries: Vec<Entry> = frames.into_iter().flat_map(|frame| frame.entries).collect();
    Ok(SegmentIndex::of(&entries))
}

/// The first frame at or after `from`.
fn find(
    source: &mut Source,
    salt: u64,
    from: u32,
    walker: &mut dyn Walker,
) -> io::Result<Option<Found>> {
    let mut at = u64::from(from);
    while let Some(candidate) = source.next_magic(at)? {
        if let Some(found) = source.frame(salt, candidate, walker)? {
            return Ok(Some(found));
        }
        at = u64::from(candidate) + FRAME_ALIGN_BYTES as u64;
    }
    Ok(None)
}

/// A file read sequentially in large pieces, each byte once: the next request begins in the buffer,
/// or right after it.
struct Source {
    file: Arc<dyn File>,
    length: u64,
    start: u64,
    buffer: Vec<u8>,
    /// Minimum read size, for the next requests.
    ahead_bytes: usize,
}

impl Source {
    fn new(file: Arc<dyn File>, until: u64) -> io::Result<Self> {
        let length = file.length()?.min(until).min(u64::from(u32::MAX));
        Ok(Self {
            file,
            length,
            start: 0,
            buffer: Vec::new(),
            ahead_bytes: READ_BYTES,
        })
    }

    /// `count` bytes at a position; `None` if the file ends earlier.
    fn bytes(&mut self, position: u64, count: usize) -> io::Result<Option<&[u8]>> {
        let end = position + count as u64;
        if end > self.length {
            return Ok(None);
        }
        if position < self.start || end > self.buffer_end() {
            self.read(position, count)?;
        }
        let start = (position - self.start) as usize;
        Ok(Some(&self.buffer[start..start + count]))
    }

    fn buffer_end(&self) -> u64 {
        self.start + self.buffer.len() as u64
    }

    /// Moves the buffer to `position` and fills it with `count` bytes plus read-ahead, reusing what
    /// it has.
    fn read(&mut self, position: u64, count: usize) -> io::Result<()> {
        let is_inside = (self.start..self.buffer_end()).contains(&position);
        let passed = if is_inside {
            (position - self.start) as usize
        } else {
            self.buffer.len()
        };
        self.buffer.drain(..passed);
        self.start = position;
        let has = self.buffer.len();
        let wanted = count.max(has + self.ahead_bytes) as u64;
        let wanted = wanted.min(self.length - position) as usize;
        self.buffer.resize(wanted, 0);
        let read = self
            .file
            .read_exact_at(&mut self.buffer[has..], position + has as u64);
        if read.is_err() {
            self.buffer.truncate(has);
        }
        read
    }

    /// The next aligned position at or after `from` that could begin a frame.
    fn next_magic(&mut self, from: u64) -> io::Result<Option<u32>> {
        let mut at = from.next_multiple_of(FRAME_ALIGN_BYTES as u64);
        while self.bytes(at, FRAME_HEADER_BYTES)?.is_some() {
            // Most frames follow immediately; otherwise searches the whole buffer.
            let rest = &self.buffer[(at - self.start) as usize..];
            let magic = FRAME_MAGIC.to_le_bytes();
            let begins = |chunk: &[u8]| chunk.starts_with(&magic);
            if let Some(found) = rest.chunks_exact(FRAME_ALIGN_BYTES).position(begins) {
                return Ok(u32::try_from(at + (found * FRAME_ALIGN_BYTES) as u64).ok());
            }
            at += (rest.len() / FRAME_ALIGN_BYTES * FRAME_ALIGN_BYTES) as u64;
        }
        Ok(None)
    }

    fn frame(
        &mut self,
        salt: u64,
        position: u32,
        walker: &mut dyn Walker,
    ) -> io::Result<Option<Found>> {
        let at = u64::from(position);
        let Some(head) = self.bytes(at, FRAME_HEADER_BYTES)? else {
            return Ok(None);
        };
        let head: [u8; FRAME_HEADER_BYTES] = head.try_into().expect("as many as were asked for");
        let Some((header, crc)) = FrameHeader::decode(&head, position) else {
            return Ok(None);
        };
        if at + u64::from(header.length) > self.length {
            return Ok(None);
        }
        // From the head on, which stays in the buffer if it is not a frame and the search continues
        // inside it.
        let head_bytes = header.payload_start();
        let directory = match self.bytes(at, head_bytes)? {
            Some(bytes) => &bytes[FRAME_HEADER_BYTES..],
            None => return Ok(None),
        };
        if salted_crc(salt, &[&head[..FRAME_HEADER_BYTES - 4], directory]) != crc {
            return Ok(None);
        }
        let Some(entries) = decode_directory(&header, directory) else {
            return Ok(None);
        };
        let mut is_whole = true;
        for entry in &entries {
            let Some((position, length, crc)) = entry.payload() else {
                continue;
            };
            let payload = self.bytes(u64::from(position), length as usize)?;
            let payload = payload.map(|payload| (payload, crc32c(payload)));
            is_whole &= payload.is_some_and(|(_, found)| found == crc);
            walker.payload(entry, payload);
        }
        Ok(Some(Found {
            header,
            crc,
            entries,
            is_whole,
        }))
    }
}
