//! Snapshots: the whole state as records of a log of their own, so that a start replays little.
//!
//! A snapshot is a run of parts, followed by a seal that names the offset it was taken at, the
//! number of parts and their CRC32C. Only a sealed one counts; a torn one is skipped. The machine
//! defines the content of the parts. docs/formats/catalog.md has the tables.

use crate::{Machine, SnapshotError, Versions};
use millstream_store::{Batch, Offset};
use minicbor::{Decode, Encode};

/// Maximum size of a part.
pub const PART_BYTES_MAX: usize = 1024 * 1024;
/// Number of snapshots kept: the newest, and one to fall back on.
const KEPT: usize = 2;

/// A record of the snapshots' log.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Piece {
    /// Bytes of the state, in order.
    #[n(0)]
    Part(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
    /// The end of a snapshot.
    #[n(1)]
    Seal(#[n(0)] Seal),
}

/// The end of a snapshot, which makes it valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Seal {
    /// The version of the machine's encoding.
    #[n(0)]
    pub version: u8,
    /// The offset of the first command that is not in the snapshot.
    #[n(1)]
    pub next: u64,
    /// Number of parts immediately before the seal.
    #[n(2)]
    pub parts: u32,
    /// CRC32C of the concatenated parts.
    #[n(3)]
    pub crc: u32,
}

/// Encodes a snapshot with content `image`, taken before the command at `next`, as records.
pub fn encode(version: u8, next: Offset, image: &[u8]) -> Vec<Batch> {
    let parts = image
        .chunks(PART_BYTES_MAX)
        .map(|part| Piece::Part(part.to_vec()));
    let seal = Piece::Seal(Seal {
        version,
        next: next.0,
        parts: image.chunks(PART_BYTES_MAX).len() as u32,
        crc: millstream_store::checksum::crc32c(image),
    });
    let records = parts
        .chain([seal])
        .map(|piece| Batch::data(&to_vec(&piece)));
    records.collect()
}

/// Encodes a value.
pub(crate) fn to_vec<T: Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).expect("writing to memory does not fail")
}

/// Finds sealed snapshots in the records of their log.
pub(crate) struct Finder {
    versions: Versions,
    parts: Vec<(Offset, Vec<u8>)>,
    /// Snapshots found so far, the newest last.
    found: Vec<Found>,
}

/// A sealed snapshot.
pub(crate) struct Found {
    /// The offset of its first record in the snapshots' log.
    pub(crate) first: Offset,
    /// The offset of the first command that is not in the snapshot.
    pub(crate) next: Offset,
    version: u8,
    bytes: Vec<u8>,
}

impl Finder {
    /// A finder of snapshots in these versions.
    pub(crate) fn new(versions: Versions) -> Self {
        Self {
            versions,
            parts: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Takes the next record of the log.
    ///
    /// # Errors
    /// If it is malformed, or of another version.
    pub(crate) fn push(&mut self, offset: Offset, record: &[u8]) -> Result<(), SnapshotError> {
        match minicbor::decode(record)? {
            Piece::Part(bytes) => self.parts.push((offset, bytes)),
            Piece::Seal(seal) if !self.versions.knows(seal.version) => {
                return Err(SnapshotError::Version(seal.version));
            }
            Piece::Seal(seal) => self.seal(offset, seal),
        }
        Ok(())
    }

    fn seal(&mut self, offset: Offset, seal: Seal) {
        let parts = std::mem::take(&mut self.parts);
        // Parts of a snapshot that was cut off by a crash may come before.
        let Some(begin) = parts.len().checked_sub(seal.parts as usize) else {
            return;
        };
        let mine = &parts[begin..];
        let bytes: Vec<u8> = mine
            .iter()
            .flat_map(|(_, part)| part.iter().copied())
            .collect();
        if millstream_store::checksum::crc32c(&bytes) != seal.crc {
            return;
        }
        self.found.push(Found {
            first: mine.first().map_or(offset, |(first, _)| *first),
            next: Offset(seal.next),
            version: seal.version,
            bytes,
        });
        let old = self.found.len().saturating_sub(KEPT);
        self.found.drain(..old);
    }

    /// The newest two snapshots, the newest last.
    pub(crate) fn finish(self) -> Vec<Found> {
        self.found
    }
}

impl Found {
    /// Size of the encoded state.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Decodes the state.
    ///
    /// # Errors
    /// If the bytes are not a state.
    pub(crate) fn decode<M: Machine>(&self) -> Result<M, SnapshotError> {
        Ok(M::decode_snapshot(self.version, &self.bytes)?)
    }
}
