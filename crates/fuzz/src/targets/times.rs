//! Instants in JSON: seconds in a double-precision number, which cannot hold every millisecond.

/// Seconds of more digits, with three more behind the point, are not exact.
const EXACT_DIGITS_MAX: usize = 12;

/// Whether all instants of a value that was written in JSON are exact there. A text that looks like
/// a distant one may be mistaken for it.
pub(super) fn are_exact(json: &[u8]) -> bool {
    let name = b"Timestamp\":";
    let places = (0..json.len()).filter(|at| json[*at..].starts_with(name));
    let digits = |at: usize| {
        let number = json[at + name.len()..]
            .iter()
            .skip_while(|byte| **byte == b'-');
        number.take_while(|byte| byte.is_ascii_digit()).count()
    };
    places.map(digits).all(|count| count <= EXACT_DIGITS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_when_distant_then_are_not_exact() {
        for (json, expected) in [
            ("{}", true),
            (r#"{"Timestamp":-1.5}"#, true),
            (r#"{"Timestamp":999999999999.999}"#, true),
            (
                r#"{"Timestamp":1.0,"StreamCreationTimestamp":-1000000000000.0}"#,
                false,
            ),
        ] {
            assert_eq!(are_exact(json.as_bytes()), expected, "{json}");
        }
    }
}
