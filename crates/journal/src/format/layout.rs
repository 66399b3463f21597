//! Little-endian fields and varints, written sequentially and read back with bounds checks.

use millstream_env::Timestamp;
use millstream_store::checksum::{crc32c, crc32c_append};
use millstream_store::store::Offset;

/// A bounds-checked reader of fields; returns `None` at the end.
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u32::from_le_bytes(*taken))
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u64::from_le_bytes(*taken))
    }

    /// An offset that a log can get to.
    pub(crate) fn offset(&mut self) -> Option<Offset> {
        self.u64().and_then(as_offset)
    }

    /// A time; the maximum stands for none.
    pub(crate) fn time(&mut self) -> Option<Timestamp> {
        self.u64().and_then(as_time)
    }

    /// A varint: groups of seven bits, lowest first.
    pub(crate) fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Number of unread bytes.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }
}

/// The offset with this number, if a log can get to it.
pub(crate) fn as_offset(number: u64) -> Option<Offset> {
    Some(Offset(number)).filter(|offset| *offset <= Offset::MAX)
}

/// The time with this number. The maximum stands for none.
pub(crate) fn as_time(number: u64) -> Option<Timestamp> {
    (number != u64::MAX).then_some(Timestamp(number))
}

/// A writer of fields.
pub(crate) trait Put {
    fn put_u32(&mut self, value: u32);
    fn put_u64(&mut self, value: u64);
    fn put_varint(&mut self, value: u64);
    fn put_zeros(&mut self, count: usize);
}

impl Put for Vec<u8> {
    fn put_u32(&mut self, value: u32) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_u64(&mut self, value: u64) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.push(value as u8);
    }

    fn put_zeros(&mut self, count: usize) {
        self.resize(self.len() + count, 0);
    }
}

/// The checksum of concatenated `parts`, salted with a segment's salt.
pub(crate) fn salted_crc(salt: u64, parts: &[&[u8]]) -> u32 {
    let seed = crc32c(&salt.to_le_bytes());
    parts
        .iter()
        .fold(seed, |crc, part| crc32c_append(crc, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_when_written_then_read_back() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            bytes.put_varint(value);
            let mut fields = Fields::new(&bytes);
            assert_eq!(fields.varint(), Some(value));
            assert!(fields.is_empty());
            assert_eq!(Fields::new(&bytes[..bytes.len() - 1]).varint(), None);
        }
        assert_eq!(Fields::new(&[0xff; 11]).varint(), None);
    }
}
