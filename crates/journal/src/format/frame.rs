//! Frames: the unit of a group commit. A header, a directory of entries, the entries' payloads.
//!
//! The header's checksum covers the header and the directory, and the directory holds each
//! payload's checksum, computed when the batch was made. It is salted per segment, so that neither
//! old bytes of a recycled file nor a record can pass for a frame. Byte tables:
//! docs/formats/journal.md.

use crate::format::layout::{Fields, Put, as_offset, as_time, salted_crc};
use millstream_env::Timestamp;
use millstream_store::batch::RECORD_OVERHEAD_BYTES;
use millstream_store::store::{LogId, LogSettings, Offset, Priority};

pub(crate) const FRAME_HEADER_BYTES: usize = 32;
pub(crate) const ENTRY_BYTES: usize = 48;
/// Alignment of frames.
pub(crate) const FRAME_ALIGN_BYTES: usize = 8;
pub(crate) const FRAME_MAGIC: u32 = u32::from_le_bytes(*b"MSFR");
const NO_CONTROL: u32 = u32::MAX;

const KIND_RECORDS: u32 = 1;
const KIND_CREATE: u32 = 2;
const KIND_DELETE: u32 = 3;
const KIND_TRIM: u32 = 4;
const KIND_CONFIGURE: u32 = 5;
const KIND_CHECKPOINT: u32 = 6;

/// The fixed part of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    /// The frame's own position in its file.
    pub(crate) position: u32,
    /// Length of the whole frame, a multiple of [`FRAME_ALIGN_BYTES`].
    pub(crate) length: u32,
    pub(crate) entry_count: u32,
    /// Everything before this position in the segment was synced when the frame was written.
    pub(crate) durable_through: u32,
    /// The checksum of the previous frame in the segment; 0 for the first.
    pub(crate) previous_crc: u32,
}

/// A block: consecutive records of one log with the same arrival time, and their position in a
/// file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) first: Offset,
    pub(crate) count: u32,
    pub(crate) arrival: Timestamp,
    pub(crate) position: u32,
    pub(crate) length: u32,
    pub(crate) crc: u32,
}

impl Block {
    /// One past the last record.
    pub(crate) fn end(&self) -> Offset {
        self.first.plus(u64::from(self.count))
    }

    /// The block, if there can be one: its end is an offset, and its bytes have room for the length
    /// of each record, unless it was given up.
    pub(crate) fn if_possible(self) -> Option<Self> {
        as_offset(self.first.0.checked_add(u64::from(self.count))?)?;
        let lengths = u64::from(self.count) * RECORD_OVERHEAD_BYTES as u64;
        (self.is_given_up() || lengths <= u64::from(self.length)).then_some(self)
    }

    /// Whether its records were lost and given up when the journal was repaired: it stands for so
    /// many offsets, and has no bytes.
    pub(crate) fn is_given_up(&self) -> bool {
        self.length == 0
    }

    /// One past the last byte in the file.
    pub(crate) fn position_end(&self) -> u64 {
        u64::from(self.position) + u64::from(self.length)
    }

    /// The block as an entry of a frame; `first_control` is included if this block holds it.
    pub(crate) fn as_entry(self, log: LogId, first_control: Option<Offset>) -> Entry {
        let control = self.control(first_control);
        Entry::Records {
            log,
            block: self,
            control,
        }
    }

    /// The index in the block of the log's first control record, if it is there.
    pub(crate) fn control(&self, first_control: Option<Offset>) -> Option<u32> {
        let control = first_control.filter(|at| *at >= self.first && *at < self.end());
        control.map(|at| (at.0 - self.first.0) as u32)
    }

    /// Encodes the entry of these records.
    pub(crate) fn encode(&self, log: LogId, control: Option<u32>, out: &mut Vec<u8>) {
        put_head(out, KIND_RECORDS, log, self.first.0, self.arrival.0);
        let control = control.unwrap_or(NO_CONTROL);
        put_tail(out, self.count, self.length, self.crc, control);
    }
}

/// An item in a frame, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Records of a log; `control` is relative to the block's first record.
    Records {
        log: LogId,
        block: Block,
        control: Option<u32>,
    },
    Create {
        log: LogId,
        settings: LogSettings,
    },
    Delete {
        log: LogId,
    },
    Trim {
        log: LogId,
        before: Offset,
    },
    Configure {
        log: LogId,
        settings: LogSettings,
    },
    /// The index of everything earlier in this segment, back to the checkpoint at `previous` (0 for
    /// none).
    Checkpoint {
        previous: u32,
        position: u32,
        length: u32,
        crc: u32,
    },
}

impl FrameHeader {
    /// Encodes the header for a directory, with the checksum of both, which is also returned.
    pub(crate) fn encode(&self, salt: u64, directory: &[u8]) -> ([u8; FRAME_HEADER_BYTES], u32) {
        let mut bytes = Vec::with_capacity(FRAME_HEADER_BYTES);
        bytes.put_u32(FRAME_MAGIC);
        bytes.put_u32(self.position);
        bytes.put_u32(self.length);
        bytes.put_u32(self.entry_count);
        bytes.put_u32(self.durable_through);
        bytes.put_u32(self.previous_crc);
        bytes.put_u32(0);
        let crc = salted_crc(salt, &[&bytes, directory]);
        bytes.put_u32(crc);
        (bytes.try_into().expect("the fields fill the header"), crc)
    }

    /// Decodes a header that must be at `position`, and its checksum, which is not verified yet.
    pub(crate) fn decode(bytes: &[u8], position: u32) -> Option<(Self, u32)> {
        let mut fields = Fields::new(bytes);
        let magic = fields.u32()?;
        let header = Self {
            position: fields.u32()?,
            length: fields.u32()?,
            entry_count: fields.u32()?,
            durable_through: fields.u32()?,
            previous_crc: fields.u32()?,
        };
        let reserved = fields.u32()?;
        let crc = fields.u32()?;
        let is_sane = magic == FRAME_MAGIC
            && reserved == 0
            && header.position == position
            && (header.length as usize).is_multiple_of(FRAME_ALIGN_BYTES)
            && header.payload_start() <= header.length as usize;
        is_sane.then_some((header, crc))
    }

    /// Position of the payloads, relative to the frame.
    pub(crate) fn payload_start(&self) -> usize {
        FRAME_HEADER_BYTES.saturating_add((self.entry_count as usize).saturating_mul(ENTRY_BYTES))
    }

    /// One past the frame's last byte in the file.
    pub(crate) fn end(&self) -> u32 {
        self.position.saturating_add(self.length)
    }
}

impl Entry {
    /// Bytes of payload that the entry has in its frame.
    pub(crate) fn payload_bytes(&self) -> u32 {
        match self {
            Self::Records { block, .. } => block.length,
            Self::Checkpoint { length, .. } => *length,
            Self::Create { .. } | Self::Delete { .. } | Self::Trim { .. } => 0,
            Self::Configure { .. } => 0,
        }
    }

    /// The checksum of the payload, its position and length.
    pub(crate) fn payload(&self) -> Option<(u32, u32, u32)> {
        match self {
            Self::Records { block, .. } => Some((block.position, block.length, block.crc)),
            Self::Checkpoint {
                position,
                length,
                crc,
                ..
            } => Some((*position, *length, *crc)),
            Self::Create { .. } | Self::Delete { .. } | Self::Trim { .. } => None,
            Self::Configure { .. } => None,
        }
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let nobody = LogId { group: 0, index: 0 };
        match *self {
            Self::Records {
                log,
                block,
                control,
            } => block.encode(log, control, out),
            Self::Create { log, settings } => {
                put_head(out, KIND_CREATE, log, 0, settings.retention_ms);
                put_tail(out, encode_priority(settings.priority), 0, 0, 0);
            }
            Self::Delete { log } => {
                put_head(out, KIND_DELETE, log, 0, 0);
                put_tail(out, 0, 0, 0, 0);
            }
            Self::Trim { log, before } => {
                put_head(out, KIND_TRIM, log, before.0, 0);
                put_tail(out, 0, 0, 0, 0);
            }
            Self::Configure { log, settings } => {
                put_head(out, KIND_CONFIGURE, log, 0, settings.retention_ms);
                put_tail(out, encode_priority(settings.priority), 0, 0, 0);
            }
            Self::Checkpoint {
                previous,
                length,
                crc,
                ..
            } => {
                put_head(out, KIND_CHECKPOINT, nobody, u64::from(previous), 0);
                put_tail(out, 0, length, crc, 0);
            }
        }
    }

    /// Decodes one entry whose payload is at `position` in the file.
    pub(crate) fn decode(fields: &mut Fields<'_>, position: u32) -> Option<Self> {
        let kind = fields.u32()?;
        let index = fields.u32()?;
        let log = LogId {
            group: fields.u64()?,
            index,
        };
        let (offset, time) = (fields.u64()?, fields.u64()?);
        let (count, length) = (fields.u32()?, fields.u32()?);
        let (crc, control) = (fields.u32()?, fields.u32()?);
        let settings = |code| {
            let (retention_ms, priority) = (time, decode_priority(code)?);
            Some(LogSettings {
                retention_ms,
                priority,
            })
        };
        match kind {
            KIND_RECORDS => {
                let (first, arrival) = (as_offset(offset)?, as_time(time)?);
                let block = Block {
                    first,
                    count,
                    arrival,
                    position,
                    length,
                    crc,
                }
                .if_possible()?;
                let control = (control != NO_CONTROL).then_some(control);
                if control.is_some_and(|at| at >= count) {
                    return None;
                }
                Some(Self::Records {
                    log,
                    block,
                    control,
                })
            }
            KIND_CREATE => settings(count).map(|settings| Self::Create { log, settings }),
            KIND_DELETE => Some(Self::Delete { log }),
            KIND_TRIM => Some(Self::Trim {
                log,
                before: as_offset(offset)?,
            }),
            KIND_CONFIGURE => settings(count).map(|settings| Self::Configure { log, settings }),
            KIND_CHECKPOINT => {
                let previous = u32::try_from(offset).ok()?;
                Some(Self::Checkpoint {
                    previous,
                    position,
                    length,
                    crc,
                })
            }
            _ => None,
        }
    }
}

/// The encoding of a priority.
pub(crate) fn encode_priority(priority: Priority) -> u32 {
    match priority {
        Priority::Normal => 0,
        Priority::Reserved => 1,
    }
}

pub(crate) fn decode_priority(code: u32) -> Option<Priority> {
    match code {
        0 => Some(Priority::Normal),
        1 => Some(Priority::Reserved),
        _ => None,
    }
}

fn put_head(out: &mut Vec<u8>, kind: u32, log: LogId, offset: u64, time: u64) {
    let first = u64::from(kind) | u64::from(log.index) << 32;
    put_pairs(out, [first, log.group, offset, time]);
}

fn put_tail(out: &mut Vec<u8>, count: u32, length: u32, crc: u32, control: u32) {
    let first = u64::from(count) | u64::from(length) << 32;
    put_pairs(out, [first, u64::from(crc) | u64::from(control) << 32]);
}

/// Appends fields in pairs, with one capacity check: a segment has an entry for each block.
/// `bench/run only shards-batch` measures it.
fn put_pairs<const PAIRS: usize>(out: &mut Vec<u8>, pairs: [u64; PAIRS]) {
    out.extend_from_slice(pairs.map(u64::to_le_bytes).as_flattened());
}

/// Decodes a frame's directory; `None` if it is inconsistent.
pub(crate) fn decode_directory(header: &FrameHeader, directory: &[u8]) -> Option<Vec<Entry>> {
    let mut fields = Fields::new(directory);
    let mut position = header.position.checked_add(header.payload_start() as u32)?;
    let mut entries = Vec::with_capacity(directory.len() / ENTRY_BYTES);
    for _ in 0..header.entry_count {
        let entry = Entry::decode(&mut fields, position)?;
        position = position.checked_add(entry.payload_bytes())?;
        entries.push(entry);
    }
    (position <= header.end()).then_some(entries)
}

/// Bytes of a frame with this many entries and payload bytes.
pub(crate) fn frame_bytes(entries: usize, payload: usize) -> usize {
    (FRAME_HEADER_BYTES + entries * ENTRY_BYTES + payload).next_multiple_of(FRAME_ALIGN_BYTES)
}

/// Encodes a frame of entries and their payloads; the header's length and count are filled in.
pub(crate) fn encode_frame(
    header: FrameHeader,
    salt: u64,
    entries: &[Entry],
    payload: &[u8],
) -> (Vec<u8>, u32) {
    let sizes = (entries.len(), payload.len());
    let (mut frame, crc) = encode_head(header, salt, sizes, |out| {
        entries.iter().for_each(|entry| entry.encode(out));
    });
    frame.reserve_exact(frame_bytes(entries.len(), payload.len()) - frame.len());
    frame.extend_from_slice(payload);
    frame.resize(frame.len().next_multiple_of(FRAME_ALIGN_BYTES), 0);
    (frame, crc)
}

/// Encodes a frame up to its payloads: the header, and `entries` entries written by `put_entries`.
pub(crate) fn encode_head(
    mut header: FrameHeader,
    salt: u64,
    (entries, payload_bytes): (usize, usize),
    put_entries: impl FnOnce(&mut Vec<u8>),
) -> (Vec<u8>, u32) {
    header.length = frame_bytes(entries, payload_bytes) as u32;
    header.entry_count = entries as u32;
    let mut bytes = vec![0; FRAME_HEADER_BYTES];
    bytes.reserve_exact(entries * ENTRY_BYTES);
    put_entries(&mut bytes);
    let (head, crc) = header.encode(salt, &bytes[FRAME_HEADER_BYTES..]);
    bytes[..FRAME_HEADER_BYTES].copy_from_slice(&head);
    (bytes, crc)
}
