//! Finds what JSON's text must escape: controls, quotes and backslashes.
//!
//! Eight bytes are looked at together; the bytes' order in the word does not matter, since the word
//! only says whether to look closer.

const WORD_BYTES: usize = size_of::<u64>();
const ONES: u64 = u64::MAX / 255;
const TOPS: u64 = ONES << 7;

/// Where the first byte stands that has to be escaped.
#[inline]
pub(super) fn first(text: &[u8]) -> Option<usize> {
    let (words, rest) = text.as_chunks::<WORD_BYTES>();
    let clean = words.iter().take_while(|word| !has_escaped(**word)).count() * WORD_BYTES;
    if clean == words.len() * WORD_BYTES && !rest.iter().copied().any(needs_escape) {
        return None;
    }
    let found = text[clean..].iter().position(|byte| needs_escape(*byte));
    found.map(|at| clean + at)
}

/// Whether any of the bytes has to be escaped.
fn has_escaped(word: [u8; WORD_BYTES]) -> bool {
    let word = u64::from_ne_bytes(word);
    let is_zero = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
    let is_control = word.wrapping_sub(ONES * u64::from(b' ')) & !word;
    let is_quote = is_zero(word ^ (ONES * u64::from(b'"')));
    let is_backslash = is_zero(word ^ (ONES * u64::from(b'\\')));
    (is_control | is_quote | is_backslash) & TOPS != 0
}

fn needs_escape(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn any_byte_when_in_a_word_of_others_then_is_found_as_when_alone() {
        for byte in 0..=u8::MAX {
            for neighbour in [b' ', b'a', 0x7f, 0x80, 0xff] {
                for place in 0..WORD_BYTES {
                    let mut word = [neighbour; WORD_BYTES];
                    word[place] = byte;
                    assert_eq!(
                        has_escaped(word),
                        needs_escape(byte),
                        "{byte} in {neighbour}"
                    );
                }
            }
        }
    }

    proptest! {
        #[test]
        fn first_when_in_any_text_then_is_where_a_plain_search_finds_it(
            text in "[ -~é]{0,20}[\u{0}-\u{ff}]{0,3}[ -~]{0,20}"
        ) {
            let plain = text.bytes().position(needs_escape);
            prop_assert_eq!(first(text.as_bytes()), plain);
        }
    }
}
