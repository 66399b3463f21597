//! The payload of a test's record: identifies the writer, and reveals any wrong byte.
//!
//! The format is used by tests only. The bytes are
//!
//! | bytes | what |
//! |---|---|
//! | 0–3 | client, big-endian |
//! | 4–7 | attempt |
//! | 8–15 | op |
//! | 16–19 | length of the whole payload |
//! | 20 … end − 4 | filler: a stream of bytes that starts from the identity |
//! | last 4 | CRC-32C of everything before it and of the partition key |
//!
//! A decoded payload is byte for byte what was encoded for that partition key: the filler is
//! regenerated and compared, so even bytes that happen to keep the checksum are detected.

use crate::number::ParseError;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

const HEADER_LEN: usize = 20;
const CRC_LEN: usize = 4;

/// The shortest payload.
pub const MIN_LEN: usize = HEADER_LEN + CRC_LEN;

/// One attempt to write one record, unique in a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RecordId {
    /// The writer.
    pub client: u32,
    /// The client's record.
    pub op: u64,
    /// The attempt, from 0.
    pub attempt: u32,
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.client, self.op, self.attempt)
    }
}

impl FromStr for RecordId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse_id(text).ok_or_else(|| ParseError::new("record id", text))
    }
}

fn parse_id(text: &str) -> Option<RecordId> {
    let mut parts = text.split('.');
    let id = RecordId {
        client: parts.next()?.parse().ok()?,
        op: parts.next()?.parse().ok()?,
        attempt: parts.next()?.parse().ok()?,
    };
    parts.next().is_none().then_some(id)
}

/// Why bytes are not a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The length is wrong.
    #[error("the payload's length is not the one it states")]
    Length,
    /// A byte of the data or of the partition key is wrong.
    #[error("the payload's checksum does not match its bytes and partition key")]
    Checksum,
    /// The checksum is right, but the filler belongs to another record.
    #[error("the payload's filler is not this record's")]
    Filler,
}

/// The payload of `id`, `len` bytes long (at least [`MIN_LEN`]), for this partition key.
pub fn encode(id: RecordId, len: usize, partition_key: &str) -> Vec<u8> {
    let len = len.max(MIN_LEN);
    let stated = u32::try_from(len).expect("a record is far smaller than 4 GiB");
    let mut data = Vec::with_capacity(len);
    data.extend_from_slice(&id.client.to_be_bytes());
    data.extend_from_slice(&id.attempt.to_be_bytes());
    data.extend_from_slice(&id.op.to_be_bytes());
    data.extend_from_slice(&stated.to_be_bytes());
    data.extend(Filler::new(id).take(len - MIN_LEN));
    let crc = checksum(&data, partition_key);
    data.extend_from_slice(&crc.to_be_bytes());
    data
}

/// The record that `data`, read with `partition_key`, identifies.
pub fn decode(data: &[u8], partition_key: &str) -> Result<RecordId, DecodeError> {
    let (rest, crc) = data
        .split_last_chunk::<CRC_LEN>()
        .ok_or(DecodeError::Length)?;
    let (header, filler) = rest
        .split_first_chunk::<HEADER_LEN>()
        .ok_or(DecodeError::Length)?;
    let (id, stated) = decode_header(header);
    if usize::try_from(stated) != Ok(data.len()) {
        return Err(DecodeError::Length);
    }
    if checksum(rest, partition_key) != u32::from_be_bytes(*crc) {
        return Err(DecodeError::Checksum);
    }
    if !filler
        .iter()
        .copied()
        .eq(Filler::new(id).take(filler.len()))
    {
        return Err(DecodeError::Filler);
    }
    Ok(id)
}

fn decode_header(header: &[u8; HEADER_LEN]) -> (RecordId, u32) {
    let word = |at: usize| {
        header[at..at + 4]
            .iter()
            .fold(0u32, |number, byte| number << 8 | u32::from(*byte))
    };
    let op = u64::from(word(8)) << 32 | u64::from(word(12));
    (
        RecordId {
            client: word(0),
            op,
            attempt: word(4),
        },
        word(16),
    )
}

fn checksum(data: &[u8], partition_key: &str) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(data), partition_key.as_bytes())
}

/// A byte stream that differs between records and never repeats within one, so that shifted or
/// exchanged blocks are detected.
struct Filler {
    state: u64,
}

impl Filler {
    fn new(id: RecordId) -> Self {
        let who = u64::from(id.client) << 32 | u64::from(id.attempt);
        Self {
            state: (who ^ id.op.rotate_left(17)).wrapping_add(0x9e37_79b9_7f4a_7c15) | 1,
        }
    }
}

impl Iterator for Filler {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        Some((self.state >> 32) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: RecordId = RecordId {
        client: 7,
        op: 1 << 40 | 3,
        attempt: 2,
    };

    #[test]
    fn payload_when_decoded_then_gives_its_id_at_every_length() {
        for len in [0, MIN_LEN, MIN_LEN + 1, 100, 4096] {
            let data = encode(ID, len, "key");
            assert_eq!(data.len(), len.max(MIN_LEN));
            assert_eq!(decode(&data, "key"), Ok(ID));
        }
    }

    #[test]
    fn payload_when_any_bit_is_flipped_then_is_refused() {
        let good = encode(ID, 64, "key");
        for bit in 0..good.len() * 8 {
            let mut data = good.clone();
            data[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&data, "key").is_err(), "bit {bit}");
        }
    }

    #[test]
    fn payload_when_cut_or_extended_then_is_refused() {
        let good = encode(ID, 64, "key");
        for len in 0..good.len() {
            assert!(decode(&good[..len], "key").is_err(), "cut to {len}");
        }
        let longer = [good.as_slice(), &[0]].concat();
        assert_eq!(decode(&longer, "key"), Err(DecodeError::Length));
    }

    #[test]
    fn payload_when_read_under_another_partition_key_then_is_refused() {
        assert_eq!(
            decode(&encode(ID, 64, "key"), "kez"),
            Err(DecodeError::Checksum)
        );
    }

    #[test]
    fn payload_when_filler_is_of_another_record_then_is_refused() {
        let other = RecordId {
            op: ID.op + 1,
            ..ID
        };
        let mut data = encode(ID, 64, "key");
        let filler = encode(other, 64, "key");
        data[HEADER_LEN..60].copy_from_slice(&filler[HEADER_LEN..60]);
        let crc = checksum(&data[..60], "key");
        data[60..].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(decode(&data, "key"), Err(DecodeError::Filler));
    }

    #[test]
    fn record_id_when_written_then_is_what_was_read() {
        assert_eq!(ID.to_string().parse(), Ok(ID));
        for text in ["", "1.2", "1.2.3.4", "1.2.x", "-1.2.3"] {
            assert!(text.parse::<RecordId>().is_err(), "{text:?}");
        }
    }
}
