//! Standard base64 with padding, strict: what AWS refuses is refused.

use crate::reader::Fault;

/// Encoded at once: a multiple of three, and little enough that the room that was made for its text
/// is still in the processor's nearest cache when it is filled.
const PIECE_BYTES: usize = 3 * 1024;

/// Appends the bytes that the text stands for and returns their number.
pub(crate) fn decode(text: &[u8], out: &mut Vec<u8>) -> Result<usize, Fault> {
    let before = out.len();
    // The library reserves no more than it needs: record after record, each would move all before it.
    out.reserve(text.len() / 4 * 3);
    base64_simd::STANDARD
        .decode_append(text, out)
        .map_err(|_| Fault::Mismatch)?;
    Ok(out.len() - before)
}

/// How many bytes the text takes that stands for so many bytes.
#[inline]
#[expect(clippy::manual_div_ceil, reason = "it takes half as many instructions")]
pub(crate) fn text_bytes(length: usize) -> usize {
    (length + 2) / 3 * 4
}

/// Appends the text that stands for the bytes.
#[inline]
pub(crate) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(text_bytes(bytes.len()));
    for piece in bytes.chunks(PIECE_BYTES) {
        let start = out.len();
        out.resize(start + text_bytes(piece.len()), 0);
        base64_turbo::STANDARD
            .encode_slice(piece, &mut out[start..])
            .expect("the text's length was made room for");
    }
}

/// Says in AWS's words what is wrong with the text; `None` if nothing is.
pub(crate) fn complaint(text: &str) -> Option<String> {
    let length = text.chars().count();
    if !length.is_multiple_of(4) {
        return Some(format!(
            "Base64 encoded length is expected a multiple of 4 bytes but found: {length}"
        ));
    }
    if let Some(foreign) = foreign_character(text) {
        return Some(format!("Invalid Base64 character: '{foreign}'"));
    }
    let decoded = decode(text.as_bytes(), &mut Vec::new());
    decoded
        .err()
        .map(|_| "Invalid last non-pad Base64 character dectected".to_owned())
}

/// The first character outside the alphabet, or the first padding that anything else follows.
fn foreign_character(text: &str) -> Option<char> {
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let padding_inside = character == '=' && characters.peek().is_some_and(|next| *next != '=');
        let foreign = !character.is_ascii_alphanumeric() && !matches!(character, '+' | '/' | '=');
        if padding_inside || foreign {
            return Some(character);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_when_encoded_then_are_as_the_other_library_has_them(
            bytes in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..300),
                proptest::collection::vec(any::<u8>(), 3 * PIECE_BYTES - 3..3 * PIECE_BYTES + 3),
            ],
            before in 0..3_usize,
        ) {
            let mut text = vec![b'x'; before];
            encode(&bytes, &mut text);
            let expected = base64_simd::STANDARD.encode_to_string(&bytes);
            prop_assert_eq!(&text[before..], expected.as_bytes());
        }
    }
}
