//! Finds what JSON's text must escape: controls, quotes and backslashes.
//!
//! Eight bytes are looked at together; the bytes' order in the word does not matter, since the word
//! only says whether to look closer.

const WORD_BYTES: usize = size_of::<u64>();
const ONES: u64 = u64::MAX / 255;
const TOPS: u64 = ONES << 7;

/// Whether nothing in the text has to be escaped.
#[inline]
pub(super) fn is_plain(text: &[u8]) -> bool {
    match text.last_chunk::<WORD_BYTES>() {
        // The last word may overlap the one before it.
        Some(last) => {
            let words = text.as_chunks::<WORD_BYTES>().0.iter();
            words.fold(escaped(*last), |found, word| found | escaped(*word)) == 0
        }
        None => first(text).is_none(),
    }
}

/// Whether the text is ASCII, and nothing in it has to be escaped.
#[inline]
pub(super) fn is_plain_ascii(text: &[u8]) -> bool {
    let special = |word: [u8; WORD_BYTES]| escaped(word) | (u64::from_ne_bytes(word) & TOPS);
    match text.last_chunk::<WORD_BYTES>() {
        Some(last) => {
            let words = text.as_chunks::<WORD_BYTES>().0.iter();
            words.fold(special(*last), |found, word| found | special(*word)) == 0
        }
        None => text.is_ascii() && first(text).is_none(),
    }
}

/// Where the first byte stands that has to be escaped.
pub(super) fn first(text: &[u8]) -> Option<usize> {
    text.iter().position(|byte| needs_escape(*byte))
}

/// Not zero if any of the bytes has to be escaped.
#[inline]
fn escaped(word: [u8; WORD_BYTES]) -> u64 {
    let word = u64::from_ne_bytes(word);
    let is_zero = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
    let is_control = word.wrapping_sub(ONES * u64::from(b' ')) & !word;
    let is_quote = is_zero(word ^ (ONES * u64::from(b'"')));
    let is_backslash = is_zero(word ^ (ONES * u64::from(b'\\')));
    (is_control | is_quote | is_backslash) & TOPS
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
                        (escaped(word) != 0),
                        needs_escape(byte),
                        "{byte} in {neighbour}"
                    );
                }
            }
        }
    }

    proptest! {
        #[test]
        fn text_when_it_is_plain_then_a_search_finds_nothing(
            text in "[ -~é]{0,20}[\\u{0}-\\u{ff}]{0,3}[ -~]{0,20}"
        ) {
            let plain = !text.bytes().any(needs_escape);
            prop_assert_eq!(is_plain(text.as_bytes()), plain);
            prop_assert_eq!(is_plain_ascii(text.as_bytes()), plain && text.is_ascii());
        }
    }
}
