//! CRC32C: the checksum of everything that the journal and the snapshots write to disk.
//!
//! It detects corruption, not tampering. The result does not depend on the processor's features.

use crc_fast::{CrcAlgorithm, Digest};

/// The CRC32C of these bytes.
#[inline]
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(bytes)
}

/// Extends a CRC32C: the checksum of some bytes with checksum `crc`, followed by these.
#[inline]
pub fn crc32c_append(crc: u32, bytes: &[u8]) -> u32 {
    let mut digest = Digest::new_with_init_state(CrcAlgorithm::Crc32Iscsi, u64::from(!crc));
    digest.update(bytes);
    digest.finalize() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Longer than any stride of the library.
    const BYTES_MAX: usize = 5000;

    #[test]
    fn checksum_when_of_the_catalogues_digits_then_is_the_published_one() {
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
        assert_eq!(crc32c(b""), 0);
    }

    #[test]
    fn checksum_when_of_any_short_length_then_is_the_other_librarys() {
        let bytes: Vec<u8> = (0..BYTES_MAX).map(|at| (at * 31 / 7) as u8).collect();
        for length in 0..1500 {
            for start in [0, 1, 7] {
                let part = &bytes[start..start + length];
                assert_eq!(crc32c(part), crc32c::crc32c(part), "{length} at {start}");
            }
        }
    }

    proptest! {
        #[test]
        fn checksum_when_worked_out_in_two_parts_then_is_the_other_librarys_of_the_whole(
            bytes in proptest::collection::vec(any::<u8>(), 0..BYTES_MAX), cut in 0..BYTES_MAX,
        ) {
            let (head, tail) = bytes.split_at(cut.min(bytes.len()));
            let whole = crc32c::crc32c(&bytes);
            prop_assert_eq!(crc32c(&bytes), whole);
            prop_assert_eq!(crc32c_append(crc32c(head), tail), whole);
        }
    }
}
