//! Standard base64 with padding, as strict as AWS.

use crate::reader::Fault;

/// Decodes text, appends the bytes to `out`, and returns their number. Fails with
/// [`Fault::Mismatch`] if it is not base64.
pub fn decode(text: &[u8], out: &mut Vec<u8>) -> Result<usize, Fault> {
    let before = out.len();
    // The library reserves exactly what it needs, which would reallocate for every record.
    out.reserve(text.len() / 4 * 3);
    base64_simd::STANDARD
        .decode_append(text, out)
        .map_err(|_| Fault::Mismatch)?;
    Ok(out.len() - before)
}

/// Length of the encoded text of `length` bytes.
#[inline]
#[expect(clippy::manual_div_ceil, reason = "it takes half as many instructions")]
pub fn text_bytes(length: usize) -> usize {
    (length + 2) / 3 * 4
}

/// Encodes bytes at the start of `out`; returns the rest of `out`.
///
/// # Panics
/// If they do not fit.
// Not inlined: the library's scalar fallback would be inlined as well, and leave the caller without
// registers.
#[inline(never)]
pub fn encode<'o>(bytes: &[u8], out: &'o mut [u8]) -> &'o mut [u8] {
    let length = base64_turbo::STANDARD
        .encode_slice(bytes, out)
        .expect("there is room for the text");
    &mut out[length..]
}

/// Encodes bytes and appends the text.
pub(crate) fn append(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + text_bytes(bytes.len()), 0);
    encode(bytes, &mut out[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_when_encoded_then_are_as_the_other_library_has_them(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            before in 0..3_usize,
        ) {
            let mut text = vec![b'x'; before];
            append(&bytes, &mut text);
            let expected = base64_simd::STANDARD.encode_to_string(&bytes);
            prop_assert_eq!(&text[before..], expected.as_bytes());
            prop_assert_eq!(text_bytes(bytes.len()), expected.len());
        }
    }
}
