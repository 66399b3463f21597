//! Finds the bytes that JSON must escape in text: control characters, quotes and backslashes.
//!
//! Eight bytes are tested together (SWAR). Byte order does not matter, since the word only says
//! whether to look closer.
//!
//! The instruction budgets of JSON cover this; `bench/run only get-cold` measures it.

const WORD_BYTES: usize = size_of::<u64>();
const ONES: u64 = u64::MAX / 255;
const TOPS: u64 = ONES << 7;
/// Words tested together: the compiler vectorizes two of them.
const WINDOW_WORDS: usize = 2;
const WINDOW_BYTES: usize = WINDOW_WORDS * WORD_BYTES;
/// For each length, the top bits of the first bytes of a window.
const TOPS_OF: [Window; WINDOW_BYTES + 1] = tops_of();

/// One bit per byte, at its top.
type Window = [u64; WINDOW_WORDS];

/// An accumulator of bytes that are not ASCII or have to be escaped, over many texts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Special(Window);

impl Special {
    /// Tests the first `length` bytes. Fast if a few more bytes follow in the buffer, which are
    /// read and masked out; short text at the end of the buffer may be reported as special.
    #[inline]
    pub fn look(&mut self, bytes: &[u8], length: usize) {
        if length > WINDOW_BYTES {
            let text = &bytes[..length];
            // The last window may overlap the one before it.
            let last = text.last_chunk::<WINDOW_BYTES>();
            for window in text.as_chunks::<WINDOW_BYTES>().0.iter().chain(last) {
                self.look_at(window, &TOPS_OF[WINDOW_BYTES]);
            }
        } else if let Some(window) = bytes.first_chunk::<WINDOW_BYTES>() {
            self.look_at(window, &TOPS_OF[length]);
        } else {
            self.0[0] |= length as u64;
        }
    }

    /// Whether none was found.
    #[inline]
    pub fn is_none(&self) -> bool {
        self.0 == [0; WINDOW_WORDS]
    }

    /// Tests the bytes of a window whose top bits are in `tops`.
    ///
    /// With its top bit cleared a byte never carries into the next one: adding up to 128 sets the
    /// top bit again unless the byte is below the threshold. A byte that is not ASCII is found by
    /// its own top bit, whatever its effect on the others.
    #[inline]
    fn look_at(&mut self, window: &[u8; WINDOW_BYTES], tops: &Window) {
        let differs =
            |word: u64, byte: u8| (word ^ (ONES * u64::from(byte))).wrapping_add(ONES * 127);
        let (words, _) = window.as_chunks::<WORD_BYTES>();
        for (found, (word, tops)) in self.0.iter_mut().zip(words.iter().zip(tops)) {
            let word = u64::from_le_bytes(*word);
            let is_no_control = word.wrapping_add(ONES * u64::from(128 - b' '));
            let plain = is_no_control & differs(word, b'"') & differs(word, b'\\') & !word;
            *found |= !plain & tops;
        }
    }
}

const fn tops_of() -> [Window; WINDOW_BYTES + 1] {
    let mut tops = [[0; WINDOW_WORDS]; WINDOW_BYTES + 1];
    let mut length = 1;
    while length <= WINDOW_BYTES {
        tops[length] = tops[length - 1];
        let place = length - 1;
        tops[length][place / WORD_BYTES] |= 128 << (place % WORD_BYTES * 8);
        length += 1;
    }
    tops
}

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

/// The position of the first byte that has to be escaped.
pub(super) fn first(text: &[u8]) -> Option<usize> {
    text.iter().position(|byte| needs_escape(*byte))
}

/// Non-zero if any of the bytes has to be escaped.
#[inline]
fn escaped(word: [u8; WORD_BYTES]) -> u64 {
    let word = u64::from_ne_bytes(word);
    let is_zero = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
    let is_control = word.wrapping_sub(ONES * u64::from(b' ')) & !word;
    let is_quote = is_zero(word ^ (ONES * u64::from(b'"')));
    let is_backslash = is_zero(word ^ (ONES * u64::from(b'\\')));
    (is_control | is_quote | is_backslash) & TOPS
}

/// The position of the first quote in a word.
///
/// A borrow makes a byte above a quote look like one, never a byte below the first.
#[inline]
pub(super) fn first_quote(word: [u8; WORD_BYTES]) -> Option<usize> {
    let differs = u64::from_le_bytes(word) ^ (ONES * u64::from(b'"'));
    let quotes = differs.wrapping_sub(ONES) & !differs & TOPS;
    (quotes != 0).then(|| quotes.trailing_zeros() as usize / 8)
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

    #[test]
    fn quote_when_in_a_word_of_others_then_the_first_is_found() {
        for byte in 0..=u8::MAX {
            for neighbour in [b'!', b'"', b'#', b'a', 0x00, 0xa2, 0xff] {
                for place in 0..WORD_BYTES {
                    let mut word = [neighbour; WORD_BYTES];
                    word[place] = byte;
                    let expected = word.iter().position(|byte| *byte == b'"');
                    assert_eq!(first_quote(word), expected, "{byte} in {neighbour}");
                    word[0] = b'"';
                    assert_eq!(first_quote(word), Some(0), "{byte} behind a quote");
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
        }

        #[test]
        fn text_when_it_begins_other_bytes_then_is_looked_at_alone(
            before in "[ -~]{0,40}", special in proptest::option::of(any::<u8>()),
            after in "[ -~]{0,10}", others in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let text = [before.as_bytes(), special.as_slice(), after.as_bytes()].concat();
            let plain = text.is_ascii() && !text.iter().any(|byte| needs_escape(*byte));
            let bytes = [&text[..], &others].concat();
            let mut found = Special::default();
            found.look(&bytes, text.len());
            // Short text at the end of the buffer is not tested.
            let is_looked_at = bytes.len() >= WINDOW_BYTES || text.is_empty();
            prop_assert_eq!(found.is_none(), plain && is_looked_at);
        }
    }
}
