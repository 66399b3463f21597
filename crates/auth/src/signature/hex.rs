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

/// The bytes of 64 lower-case digits; `None` if the text is anything else.
pub(crate) fn decode(text: &[u8]) -> Option<[u8; HASH_BYTES]> {
    let text: &[u8; 2 * HASH_BYTES] = text.try_into().ok()?;
    let mut bytes = [0; HASH_BYTES];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
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
