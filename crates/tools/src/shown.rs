//! How values are shown and read: instants for people, AWS's members in JSON.

use millstream_client::{Protocol, Timestamp};
use millstream_protocol::{Encode, encode};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What stands for a value that there is not.
pub const NONE: &str = "-";

/// A shape in AWS's JSON: its member names, instants as seconds since the epoch.
pub fn json_of(shape: &impl Encode) -> Value {
    let mut bytes = Vec::new();
    encode(Protocol::Json, shape, &mut bytes);
    serde_json::from_slice(&bytes).expect("the encoder writes JSON")
}

/// An instant in UTC, to the second: `2026-11-30T14:00:00Z`.
pub fn instant(at: Timestamp) -> String {
    let whole = OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1000));
    let text = whole.ok().and_then(|whole| whole.format(&Rfc3339).ok());
    // The calendar ends in the year 9999.
    text.unwrap_or_else(|| format!("{} ms", at.0))
}

/// Reads an instant in RFC 3339.
///
/// # Errors
/// If it is none.
pub fn parse_instant(text: &str) -> Result<Timestamp, String> {
    let wrong = || "an instant is like 2026-11-30T14:00:00Z".to_owned();
    crate::time::parse_rfc3339(text).ok_or_else(wrong)
}

/// Reads a tag: `KEY=VALUE`. The value may be empty, and may contain `=`.
///
/// # Errors
/// If it is none.
pub fn parse_tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        Some(_) | None => Err("a tag is KEY=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instant_when_shown_and_read_then_is_the_same_second() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_764_511_200_999, "2025-11-30T14:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(instant(Timestamp(millis)), text);
            let read = parse_instant(text).unwrap();
            assert_eq!(read.0, millis.div_euclid(1000) * 1000);
        }
        let offset = parse_instant("2025-11-30T15:00:00.25+01:00").unwrap();
        assert_eq!(offset, Timestamp(1_764_511_200_250));
        assert!(parse_instant("yesterday").is_err());
        assert_eq!(instant(Timestamp(i64::MAX)), format!("{} ms", i64::MAX));
    }

    #[test]
    fn tag_when_read_then_is_cut_at_the_first_equals_sign() {
        let tag = |key: &str, value: &str| Ok((key.to_owned(), value.to_owned()));
        assert_eq!(parse_tag("team=a=b"), tag("team", "a=b"));
        assert_eq!(parse_tag("team="), tag("team", ""));
        for text in ["team", "=a", ""] {
            assert_eq!(parse_tag(text), Err("a tag is KEY=VALUE".to_owned()));
        }
    }
}
