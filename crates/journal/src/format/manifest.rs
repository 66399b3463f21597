//! The MANIFEST: the live segments, and the state of each log apart from its blocks.
//!
//! It is replaced as a whole, by rename. The state of the logs dates from some time after the first
//! frame of the segment `replay_from`; replaying the changes of that segment and later ones gives
//! the current state, since every change is idempotent. Only files that it lists belong to the
//! journal.

use crate::format::frame::{decode_priority, encode_priority};
use crate::format::layout::{Fields, Put, as_offset, as_time};
use millstream_env::{Disk, File, OpenMode, Timestamp};
use millstream_store::checksum::crc32c;
use millstream_store::store::{LogId, LogSettings, Offset, Priority};
use std::io;
use std::path::Path;
use std::sync::Arc;

pub(crate) const MANIFEST_NAME: &str = "MANIFEST";
pub(crate) const TEMPORARY_NAME: &str = "MANIFEST.new";
const MANIFEST_MAGIC: &[u8; 8] = b"MSTRMAN1";
pub(crate) const MANIFEST_HEAD_BYTES: usize = 56;
const MANIFEST_SEGMENT_BYTES: u64 = 40;
const MANIFEST_LOG_BYTES: u64 = 56;
const FLAG_SORTED: u64 = 1;
const NONE: u64 = u64::MAX;

/// The content of the MANIFEST.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// Incremented with every replacement.
    pub(crate) generation: u64,
    /// The oldest segment whose changes are not all in `logs`.
    pub(crate) replay_from: u64,
    /// The number of the next segment.
    pub(crate) next_number: u64,
    pub(crate) segments: Vec<SegmentEntry>,
    pub(crate) logs: Vec<LogEntry>,
}

/// The next MANIFEST in progress: its file exists under a temporary name.
pub(crate) struct Draft<'a> {
    disk: &'a dyn Disk,
    directory: &'a Path,
    file: Arc<dyn File>,
    is_in_place: bool,
}

/// A live segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentEntry {
    pub(crate) number: u64,
    pub(crate) salt: u64,
    /// Whether it is ordered by log, copied from other segments: nothing to replay.
    pub(crate) is_sorted: bool,
    /// The first of the segments whose blocks this one took over; 0 for none.
    pub(crate) replaces: u64,
    /// Minimum length of the file until it has a footer.
    pub(crate) capacity_bytes: u64,
}

/// A log, apart from its blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogEntry {
    pub(crate) log: LogId,
    pub(crate) settings: LogSettings,
    pub(crate) first: Offset,
    pub(crate) end: Offset,
    pub(crate) last_arrival: Option<Timestamp>,
    pub(crate) first_control: Option<Offset>,
}

impl Manifest {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        self.segments
            .iter()
            .for_each(|segment| segment.encode(&mut body));
        self.logs.iter().for_each(|log| log.encode(&mut body));
        let mut bytes = Vec::with_capacity(MANIFEST_HEAD_BYTES + body.len());
        bytes.extend_from_slice(MANIFEST_MAGIC);
        bytes.put_u64(self.generation);
        bytes.put_u64(self.replay_from);
        bytes.put_u64(self.next_number);
        bytes.put_u32(self.segments.len() as u32);
        bytes.put_u32(self.logs.len() as u32);
        bytes.put_u64(0);
        bytes.put_u32(crc32c(&body));
        bytes.put_u32(crc32c(&bytes));
        bytes.extend_from_slice(&body);
        bytes
    }

    /// Reads the file of a directory; `None` if there is none. The inner `Err` is the position of
    /// the damage. No more memory is taken than the file's head, once it holds, accounts for.
    pub(crate) fn read(disk: &dyn Disk, directory: &Path) -> io::Result<Option<Result<Self, u64>>> {
        let file = match disk.open(&directory.join(MANIFEST_NAME), OpenMode::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let length = file.length()?;
        let mut head = [0; MANIFEST_HEAD_BYTES];
        if length < MANIFEST_HEAD_BYTES as u64 {
            return Ok(Some(Err(0)));
        }
        file.read_exact_at(&mut head, 0)?;
        let Some((_, (segments, logs), _)) = Self::decode_head(&head) else {
            return Ok(Some(Err(0)));
        };
        let body =
            u64::from(segments) * MANIFEST_SEGMENT_BYTES + u64::from(logs) * MANIFEST_LOG_BYTES;
        if length != MANIFEST_HEAD_BYTES as u64 + body {
            return Ok(Some(Err(MANIFEST_HEAD_BYTES as u64)));
        }
        let mut bytes = vec![0; length as usize];
        file.read_exact_at(&mut bytes, 0)?;
        Ok(Some(Self::decode(&bytes)))
    }

    /// Decodes and validates the file; `Err` is the position of the damage.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, u64> {
        let (head, body) = bytes.split_at_checked(MANIFEST_HEAD_BYTES).ok_or(0_u64)?;
        let (mut manifest, counts, body_crc) = Self::decode_head(head).ok_or(0_u64)?;
        let body_at = MANIFEST_HEAD_BYTES as u64;
        if crc32c(body) != body_crc {
            return Err(body_at);
        }
        manifest.decode_body(body, counts).ok_or(body_at)?;
        Ok(manifest)
    }

    fn decode_head(head: &[u8]) -> Option<(Self, (u32, u32), u32)> {
        let mut fields = Fields::new(head);
        let magic = fields.bytes(8)?;
        let manifest = Self {
            generation: fields.u64()?,
            replay_from: fields.u64()?,
            next_number: fields.u64()?,
            ..Self::default()
        };
        let counts = (fields.u32()?, fields.u32()?);
        fields.u64()?;
        let body_crc = fields.u32()?;
        let is_whole =
            magic == MANIFEST_MAGIC && fields.u32()? == crc32c(&head[..MANIFEST_HEAD_BYTES - 4]);
        is_whole.then_some((manifest, counts, body_crc))
    }

    fn decode_body(&mut self, body: &[u8], (segments, logs): (u32, u32)) -> Option<()> {
        let mut fields = Fields::new(body);
        for _ in 0..segments {
            self.segments.push(SegmentEntry::decode(&mut fields)?);
        }
        for _ in 0..logs {
            self.logs.push(LogEntry::decode(&mut fields)?);
        }
        (fields.is_empty() && self.goes_on()).then_some(())
    }

    /// Whether there are a next MANIFEST and a next segment, with numbers that are not taken.
    fn goes_on(&self) -> bool {
        let is_next = |number: u64| number < self.next_number;
        let mut numbers = self.segments.iter().map(|segment| segment.number);
        self.generation < NONE && self.next_number < NONE && numbers.all(is_next)
    }
}

impl<'a> Draft<'a> {
    /// Creates the file, replacing a leftover.
    pub(crate) fn begin(disk: &'a dyn Disk, directory: &'a Path) -> io::Result<Self> {
        let temporary = directory.join(TEMPORARY_NAME);
        match disk.remove(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let file = disk.open(&temporary, OpenMode::CreateNew)?;
        Ok(Self {
            disk,
            directory,
            file,
            is_in_place: false,
        })
    }

    /// Writes it completely and durably. The old one is still in place.
    pub(crate) fn write(&self, manifest: &Manifest) -> io::Result<()> {
        self.file.write_all_at(&manifest.encode(), 0)?;
        self.file.sync_data()
    }

    /// Replaces the old one. If that fails, it is unknown which of the two is in place.
    pub(crate) fn put_in_place(mut self) -> io::Result<()> {
        let temporary = self.directory.join(TEMPORARY_NAME);
        self.disk
            .rename(&temporary, &self.directory.join(MANIFEST_NAME))?;
        self.is_in_place = true;
        Ok(())
    }
}

impl Drop for Draft<'_> {
    /// Removes an unfinished draft. If that fails the next one replaces it.
    fn drop(&mut self) {
        if !self.is_in_place {
            drop(self.disk.remove(&self.directory.join(TEMPORARY_NAME)));
        }
    }
}

impl SegmentEntry {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.number);
        out.put_u64(self.salt);
        out.put_u64(if self.is_sorted { FLAG_SORTED } else { 0 });
        out.put_u64(self.replaces);
        out.put_u64(self.capacity_bytes);
    }

    fn decode(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            number: fields.u64()?,
            salt: fields.u64()?,
            is_sorted: fields.u64()? & FLAG_SORTED != 0,
            replaces: fields.u64()?,
            capacity_bytes: fields.u64()?,
        })
    }
}

/// Groups from here on hold the logs of machines, whose appends go on when the disk is full.
const MACHINES_GROUPS: u64 = 0xff << 56;

impl LogEntry {
    /// A log of which nothing is known.
    pub(crate) fn unknown(log: LogId) -> Self {
        let priority = match log.group >= MACHINES_GROUPS {
            true => Priority::Reserved,
            false => Priority::Normal,
        };
        Self {
            log,
            settings: LogSettings {
                retention_ms: 0,
                priority,
            },
            first: Offset(0),
            end: Offset(0),
            last_arrival: None,
            first_control: None,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.log.group);
        out.put_u32(self.log.index);
        out.put_u32(encode_priority(self.settings.priority));
        out.put_u64(self.settings.retention_ms);
        out.put_u64(self.first.0);
        out.put_u64(self.end.0);
        out.put_u64(self.last_arrival.map_or(NONE, |time| time.0));
        out.put_u64(self.first_control.map_or(NONE, |offset| offset.0));
    }

    fn decode(fields: &mut Fields<'_>) -> Option<Self> {
        let group = fields.u64()?;
        let log = LogId {
            group,
            index: fields.u32()?,
        };
        let priority = decode_priority(fields.u32()?)?;
        let retention_ms = fields.u64()?;
        let (first, end) = (fields.offset()?, fields.offset()?);
        if first > end {
            return None;
        }
        Some(Self {
            log,
            settings: LogSettings {
                retention_ms,
                priority,
            },
            first,
            end,
            last_arrival: as_time(fields.u64()?),
            first_control: match fields.u64()? {
                NONE => None,
                control => Some(as_offset(control)?),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_when_any_bit_flips_or_any_end_is_cut_then_is_refused() {
        let log = LogEntry {
            log: LogId { group: 1, index: 2 },
            settings: LogSettings {
                retention_ms: 3,
                priority: Priority::Reserved,
            },
            first: Offset(4),
            end: Offset(5),
            last_arrival: None,
            first_control: Some(Offset(4)),
        };
        let segment = SegmentEntry {
            number: 1,
            salt: 9,
            is_sorted: true,
            replaces: 0,
            capacity_bytes: 4096,
        };
        let manifest = Manifest {
            generation: 7,
            replay_from: 1,
            next_number: 2,
            segments: vec![segment],
            logs: vec![log],
        };
        let bytes = manifest.encode();
        assert_eq!(Manifest::decode(&bytes), Ok(manifest));
        // The part that a byte belongs to is where the damage is.
        let part = |byte| match byte {
            0..MANIFEST_HEAD_BYTES => 0,
            _ => MANIFEST_HEAD_BYTES as u64,
        };
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Manifest::decode(&flipped), Err(part(bit / 8)), "bit {bit}");
        }
        for length in 0..bytes.len() {
            let found = Manifest::decode(&bytes[..length]);
            assert_eq!(found, Err(part(length)), "cut at {length}");
        }
    }
}
