//! A segment listed in the MANIFEST, as found at start: its first page, and its footer if it has a
//! valid one.

use crate::format::footer::{Directory, TRAILER_BYTES, Trailer};
use crate::format::layout::salted_crc;
use crate::format::segment::{FRAMES_START, Previous, Segment, SegmentHeader};
use crate::open_error::OpenError;
use crate::read::scan::{frame_at, scan};
use millstream_env::Timestamp;
use std::io;
use std::sync::Arc;

/// Bytes searched for frames before a segment counts as never used.
const LOOKED_THROUGH_BYTES: u64 = 1024 * 1024;

/// A listed segment whose file exists.
pub(crate) struct Listed {
    pub(crate) segment: Arc<Segment>,
    pub(crate) page: Vec<u8>,
    pub(crate) header: Option<SegmentHeader>,
    pub(crate) is_started: bool,
    pub(crate) is_cut_short: bool,
}

impl Listed {
    pub(crate) fn read(segment: Arc<Segment>) -> Result<Self, OpenError> {
        let mut page = vec![0; FRAMES_START as usize];
        match segment.file.read_exact_at(&mut page, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => page.fill(0),
            read => read.map_err(OpenError::reading)?,
        }
        let header = SegmentHeader::decode(&page)
            .filter(|header| header.number == segment.number && header.salt == segment.salt);
        // The salt is in the MANIFEST, so frames survive rot of the header.
        let is_started =
            header.is_some() || has_frames(&segment, &page).map_err(OpenError::reading)?;
        let is_cut_short = is_cut_short(&segment)?;
        Ok(Self {
            segment,
            page,
            header,
            is_started,
            is_cut_short,
        })
    }

    /// The header, if the one that was found is valid, or another, after the segment before.
    pub(crate) fn header_anew(&self, previous: Previous, now: Timestamp) -> SegmentHeader {
        self.header.unwrap_or(SegmentHeader {
            number: self.segment.number,
            salt: self.segment.salt,
            previous,
            created_ms: now.0,
        })
    }
}

/// Whether a segment with an invalid header contains frames. If the whole page is lost, the frames
/// at the beginning tell: the first was written together with it.
fn has_frames(segment: &Segment, page: &[u8]) -> io::Result<bool> {
    let is_lost = page.iter().all(|byte| *byte == 0);
    if is_lost && frame_at(segment, FRAMES_START)?.is_some() {
        return Ok(true);
    }
    let until = if is_lost {
        LOOKED_THROUGH_BYTES
    } else {
        u64::MAX
    };
    Ok(!scan(segment, FRAMES_START, until)?.frames.is_empty())
}

/// Whether a file without a footer is shorter than it should be.
fn is_cut_short(segment: &Segment) -> Result<bool, OpenError> {
    let length = segment.file.length().map_err(OpenError::reading)?;
    Ok(length < segment.capacity_bytes)
}

/// The trailer and where it begins, if the file ends with one.
pub(crate) fn read_trailer(segment: &Segment) -> Result<Option<(Trailer, u64)>, OpenError> {
    let length = segment.file.length().map_err(OpenError::reading)?;
    let Some(start) = length.checked_sub(TRAILER_BYTES as u64) else {
        return Ok(None);
    };
    let mut bytes = vec![0; TRAILER_BYTES];
    segment
        .file
        .read_exact_at(&mut bytes, start)
        .map_err(OpenError::reading)?;
    let trailer = Trailer::decode(&bytes, segment.salt);
    let is_its = |trailer: &Trailer| {
        trailer.number == segment.number && u64::from(trailer.directory_start) <= start
    };
    Ok(trailer.filter(is_its).map(|trailer| (trailer, start)))
}

/// The footer's directory, if there is a valid footer.
pub(crate) fn read_footer(segment: &Segment) -> Result<Option<Directory>, OpenError> {
    let Some((trailer, start)) = read_trailer(segment)? else {
        return Ok(None);
    };
    let directory_start = u64::from(trailer.directory_start);
    let mut bytes = vec![0; (start - directory_start) as usize];
    segment
        .file
        .read_exact_at(&mut bytes, directory_start)
        .map_err(OpenError::reading)?;
    if salted_crc(segment.salt, &[&bytes]) != trailer.directory_crc {
        return Ok(None);
    }
    let (changes, entries) = (trailer.change_count, trailer.entry_count);
    Ok(Directory::decode(
        &bytes,
        changes,
        entries,
        trailer.frames_end,
    ))
}
