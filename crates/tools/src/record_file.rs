//! Files of records, each with its length and its checksum: docs/formats/export.md.
//!
//! They hold a record's data as it is, where lines of JSON hold it in base64. A checksum also
//! covers the place of its record in the file, so that records that are lost, repeated or exchanged
//! are found as well as those whose bytes are wrong. This is bytes in memory: nothing is read or
//! written here.

mod decoder;
mod error;

pub use decoder::{Decoded, Decoder};
pub use error::{EncodeError, RecordFileError};

use crc_fast::{CrcAlgorithm, Digest};

/// The first bytes of a file. The first is in no text; the others do not survive a program that
/// takes the file for text and changes its line ends.
pub const MAGIC: [u8; 8] = *b"\x89MSR\r\n\x1a\n";
/// The version of the format.
pub const VERSION: u32 = 1;
/// The bytes of the header: magic, version, and the checksum of both.
pub const HEADER_BYTES: usize = 16;
/// The bytes before a record's body: its length, its checksum, and the checksum of both and of the
/// place.
pub const PREFIX_BYTES: usize = 12;
/// Maximum size of a record's body: what a service takes, 10 MiB, and room for a larger limit.
pub const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The bytes of a body that every record has.
const FIXED_BYTES: usize = 13;
/// The bytes of an explicit hash key.
const HASH_KEY_BYTES: usize = 16;

/// The bit of a record that has a partition key.
const HAS_KEY: u8 = 1;
/// The bit of a record that has an explicit hash key.
const HAS_HASH_KEY: u8 = 2;
/// The bit of a record whose arrival is known.
const HAS_ARRIVAL: u8 = 4;

/// A record of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileRecord<'a> {
    /// The shard that it was read from; empty if it was not read from one.
    pub shard_id: &'a str,
    /// Its number; empty if it has none.
    pub sequence_number: &'a str,
    /// When it arrived, in milliseconds since 1970.
    pub arrived_millis: Option<i64>,
    /// Its key; records of streams that distribute them have none.
    pub partition_key: Option<&'a str>,
    /// The hash that was given instead of the key's.
    pub explicit_hash_key: Option<u128>,
    /// Its bytes.
    pub data: &'a [u8],
}

/// The header of a file.
pub fn header() -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(&MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    let checksum = checksum(&[&header[..12]]);
    header[12..].copy_from_slice(&checksum.to_le_bytes());
    header
}

impl FileRecord<'_> {
    /// Appends the record, which is to be in the file at the offset `at`.
    ///
    /// # Errors
    /// If a member is longer than the format has room for. Then nothing is appended.
    pub fn encode(&self, at: u64, to: &mut Vec<u8>) -> Result<(), EncodeError> {
        let short = |member: &'static str, text: &str| {
            u8::try_from(text.len()).map_err(|_| EncodeError::MemberTooLong { member })
        };
        let shard_id_bytes = short("shard id", self.shard_id)?;
        let number_bytes = short("sequence number", self.sequence_number)?;
        let key = self.partition_key.unwrap_or_default();
        let too_long = |_| EncodeError::MemberTooLong {
            member: "partition key",
        };
        let key_bytes = u16::try_from(key.len()).map_err(too_long)?;
        let length = self.body_bytes();
        if length > BODY_BYTES_MAX {
            return Err(EncodeError::TooLong { bytes: length });
        }
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        let flags = flag(self.partition_key.is_some(), HAS_KEY)
            | flag(self.explicit_hash_key.is_some(), HAS_HASH_KEY)
            | flag(self.arrived_millis.is_some(), HAS_ARRIVAL);
        let start = to.len();
        to.reserve(PREFIX_BYTES + length);
        to.extend([0; PREFIX_BYTES]);
        to.extend([flags, shard_id_bytes, number_bytes]);
        to.extend(key_bytes.to_le_bytes());
        to.extend(self.arrived_millis.unwrap_or_default().to_le_bytes());
        if let Some(hash_key) = self.explicit_hash_key {
            to.extend(hash_key.to_le_bytes());
        }
        for member in [self.shard_id, self.sequence_number, key] {
            to.extend(member.as_bytes());
        }
        to.extend(self.data);
        let (prefix, body) = to[start..].split_at_mut(PREFIX_BYTES);
        // It was found to be at most `BODY_BYTES_MAX`.
        prefix[..4].copy_from_slice(&(length as u32).to_le_bytes());
        prefix[4..8].copy_from_slice(&checksum(&[body]).to_le_bytes());
        let of_prefix = prefix_checksum(at, &prefix[..8]);
        prefix[8..].copy_from_slice(&of_prefix.to_le_bytes());
        Ok(())
    }

    fn body_bytes(&self) -> usize {
        let hash_key = self.explicit_hash_key.map_or(0, |_| HASH_KEY_BYTES);
        let texts = self.shard_id.len() + self.sequence_number.len();
        let key = self.partition_key.map_or(0, str::len);
        FIXED_BYTES + hash_key + texts + key + self.data.len()
    }
}

/// The checksum of a prefix, which begins at an offset of its file.
fn prefix_checksum(at: u64, length_and_checksum: &[u8]) -> u32 {
    checksum(&[&at.to_le_bytes(), length_and_checksum])
}

/// The CRC32C of some parts, one after the other.
fn checksum(parts: &[&[u8]]) -> u32 {
    let mut digest = Digest::new(CrcAlgorithm::Crc32Iscsi);
    for part in parts {
        digest.update(part);
    }
    // The upper half of a checksum of 32 bits is zero.
    digest.finalize() as u32
}

#[cfg(test)]
mod tests;
