//! Bytes as lower-case hexadecimal digits, and back. There is one text for each value: signatures
//! and hashes in capitals are not read.

/// The bytes of a SHA-256 hash, which is also the size of a signature.
pub(crate) const HASH_BYTES: usize = 32;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The digits of a hash.
pub(crate) fn encode(bytes: &[u8; HASH_BYTES]) -> [u8; 2 * HASH_BYTES] {
    let mut text = [0; 2 * HASH_BYTES];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}

/// What stands for the value of a byte that is no digit.
const NO_DIGIT: u8 = 0xff;
/// The value of each byte as a digit.
const VALUES: [u8; 256] = values();

const fn values() -> [u8; 256] {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < DIGITS.len() {
        values[DIGITS[value] as usize] = value as u8;
        value += 1;
    }
    values
}

/// The bytes of 64 lower-case digits; `None` if the text is anything else. It is read to its end
/// without looking at what it is, which is faster than a branch for each digit.
pub(crate) fn decode(text: &[u8]) -> Option<[u8; HASH_BYTES]> {
    let text: &[u8; 2 * HASH_BYTES] = text.try_into().ok()?;
    let mut bytes = [0; HASH_BYTES];
    let mut seen = 0;
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let [high, low] = [pair[0], pair[1]].map(|digit| VALUES[usize::from(digit)]);
        seen |= high | low;
        *byte = high << 4 | low;
    }
    (seen < 16).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_when_canonical_then_are_read_and_otherwise_are_none() {
        let bytes: [u8; HASH_BYTES] = std::array::from_fn(|place| (place * 41 + 7) as u8);
        let text = encode(&bytes);
        assert_eq!(decode(&text), Some(bytes));
        assert_eq!(&text[..6], b"073059");
        let text = String::from_utf8(text.to_vec()).unwrap();
        for other in [
            text.to_uppercase(),
            text[1..].to_owned(),
            format!("{text}0"),
            format!(" {}", &text[1..]),
            format!("{}g", &text[1..]),
            format!("0x{}", &text[2..]),
            String::new(),
        ] {
            assert_eq!(decode(other.as_bytes()), None, "{other}");
        }
    }
}
