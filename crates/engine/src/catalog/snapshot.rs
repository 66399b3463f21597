//! Snapshots: the whole state as records of a log of their own, so that a start replays little.
//!
//! A snapshot is a run of parts and a seal that names the offset it was taken at, how many parts it
//! has and their CRC32C. Only a sealed one counts; a torn one is passed over. docs/formats/catalog.md
//! has the tables.

use super::error::SnapshotError;
use super::scope::Scope;
use super::state::{State, TokenKey};
use super::stream::Stream;
use log::{Batch, Offset};
use minicbor::{Decode, Encode};
use model::StreamName;

/// The version of snapshots that this build writes and reads.
pub const SNAPSHOT_VERSION: u8 = 1;
/// The bytes of one part at most.
pub const PART_BYTES_MAX: usize = 1024 * 1024;

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

/// What makes a snapshot count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Seal {
    /// [`SNAPSHOT_VERSION`].
    #[n(0)]
    pub version: u8,
    /// The catalog offset of the first command that is not in it.
    #[n(1)]
    pub next: u64,
    /// How many parts stand right before the seal.
    #[n(2)]
    pub parts: u32,
    /// CRC32C of the parts' bytes, joined.
    #[n(3)]
    pub crc: u32,
}

/// The state as it is encoded.
#[derive(Encode, Decode)]
struct Image {
    #[n(0)]
    streams: Vec<Stream>,
    #[n(1)]
    deleted: Vec<Deleted>,
    #[n(2)]
    token_keys: Vec<TokenKey>,
}

#[derive(Encode, Decode)]
struct Deleted {
    #[n(0)]
    scope: Scope,
    #[cbor(n(1), with = "super::codec::text")]
    name: StreamName,
    #[n(2)]
    second: u64,
}

/// The records of a snapshot of this state, and its size in bytes.
pub fn encode(state: &State) -> (Vec<Batch>, usize) {
    let deleted = state.scopes.iter().flat_map(|(scope, neighbours)| {
        neighbours.deleted().map(|(name, second)| Deleted {
            scope: scope.clone(),
            name: name.clone(),
            second,
        })
    });
    let image = Image {
        streams: state
            .streams()
            .map(|stream| Stream::clone(stream))
            .collect(),
        deleted: deleted.collect(),
        token_keys: state.token_keys.clone(),
    };
    let bytes = to_vec(&image);
    let parts = bytes
        .chunks(PART_BYTES_MAX)
        .map(|part| Piece::Part(part.to_vec()));
    let seal = Piece::Seal(Seal {
        version: SNAPSHOT_VERSION,
        next: state.next.0,
        parts: bytes.chunks(PART_BYTES_MAX).len() as u32,
        crc: log::checksum::crc32c(&bytes),
    });
    let records = parts
        .chain([seal])
        .map(|piece| Batch::data(&to_vec(&piece)));
    (records.collect(), bytes.len())
}

fn to_vec<T: Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).expect("writing to memory does not fail")
}

/// Finds sealed snapshots in the records of their log.
#[derive(Default)]
pub struct Finder {
    parts: Vec<(Offset, Vec<u8>)>,
    /// The first record and the content of each sealed snapshot, the newest last.
    found: Vec<Found>,
}

/// A sealed snapshot.
pub struct Found {
    /// Its first record's offset in the snapshots' log.
    pub first: Offset,
    /// The catalog offset of the first command that is not in it.
    pub next: Offset,
    bytes: Vec<u8>,
}

impl Finder {
    /// Takes the next record of the log.
    ///
    /// # Errors
    /// If it is none of this version's.
    pub fn push(&mut self, offset: Offset, record: &[u8]) -> Result<(), SnapshotError> {
        match minicbor::decode(record)? {
            Piece::Part(bytes) => self.parts.push((offset, bytes)),
            Piece::Seal(seal) if seal.version != SNAPSHOT_VERSION => {
                return Err(SnapshotError::Version(seal.version));
            }
            Piece::Seal(seal) => self.seal(seal),
        }
        Ok(())
    }

    fn seal(&mut self, seal: Seal) {
        let parts = std::mem::take(&mut self.parts);
        // Parts of a snapshot that was cut off by a crash may stand before.
        let Some(begin) = parts.len().checked_sub(seal.parts as usize) else {
            return;
        };
        let mine = &parts[begin..];
        let bytes: Vec<u8> = mine
            .iter()
            .flat_map(|(_, part)| part.iter().copied())
            .collect();
        if log::checksum::crc32c(&bytes) == seal.crc
            && let Some((first, _)) = mine.first()
        {
            self.found.push(Found {
                first: *first,
                next: Offset(seal.next),
                bytes,
            });
            // Two are kept: the newest, and the one to fall back on.
            let old = self.found.len().saturating_sub(2);
            self.found.drain(..old);
        }
    }

    /// The newest two, the newest last.
    pub fn finish(self) -> Vec<Found> {
        self.found
    }
}

impl Found {
    /// The bytes of the state.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The state.
    ///
    /// # Errors
    /// If the bytes are not a state.
    pub fn decode(&self) -> Result<State, SnapshotError> {
        let image: Image = minicbor::decode(&self.bytes)?;
        let mut state = State {
            next: self.next,
            token_keys: image.token_keys,
            ..State::default()
        };
        for stream in image.streams {
            state.put(stream);
        }
        for deleted in image.deleted {
            let neighbours = state.scopes.entry(deleted.scope).or_default();
            neighbours.remember_deleted(deleted.name, deleted.second);
        }
        Ok(state)
    }
}
