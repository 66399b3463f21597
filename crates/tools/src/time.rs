//! Instants as people give them.

use ::time::OffsetDateTime;
use ::time::format_description::well_known::Rfc3339;
use millstream_client::Timestamp;
use millstream_env::Clock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An instant of the command line: itself, or a time before now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instant {
    At(Timestamp),
    Ago(Duration),
}

impl Instant {
    /// The instant.
    pub(crate) fn resolve(self, clock: &dyn Clock) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => {
                let millis = clock.now().minus(ago).millis();
                Timestamp(i64::try_from(millis).unwrap_or(i64::MAX))
            }
        }
    }
}

/// Parses `2026-01-31T12:00:00Z`, or `15m` for a quarter of an hour ago.
///
/// # Errors
/// If it is neither.
pub(crate) fn parse_instant(text: &str) -> Result<Instant, String> {
    if let Ok(ago) = humantime::parse_duration(text) {
        return Ok(Instant::Ago(ago));
    }
    let wrong = || "a time is such as 2026-01-31T12:00:00Z, or 15m for that long ago".to_owned();
    let at = parse_rfc3339(text).filter(|at| at.0 >= 0);
    at.map(Instant::At).ok_or_else(wrong)
}

/// Parses an instant in RFC 3339.
pub(crate) fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let millis = at.unix_timestamp_nanos().div_euclid(1_000_000);
    i64::try_from(millis).ok().map(Timestamp)
}

/// An instant as RFC 3339, to the millisecond; `None` before 1970 and after 9999.
pub(crate) fn format_instant(at: Timestamp) -> Option<String> {
    /// The end of the year 9999.
    const MILLIS_MAX: u64 = 253_402_300_799_999;
    let millis = u64::try_from(at.0).ok().filter(|at| *at <= MILLIS_MAX)?;
    let at: SystemTime = UNIX_EPOCH + Duration::from_millis(millis);
    Some(humantime::format_rfc3339_millis(at).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_env::ManualClock;

    #[test]
    fn instant_when_parsed_then_is_a_time_or_so_long_ago() {
        let clock = ManualClock::new(millstream_env::Timestamp(1_000_000));
        for (text, expected) in [
            ("15m", Some(100_000)),
            ("1970-01-01T00:00:01.5Z", Some(1500)),
            ("1970-01-01T01:00:02+01:00", Some(2000)),
            ("1970-01-01 00:00:02Z", Some(2000)),
            ("1970-01-01T00:00:02", None),
            ("1h", Some(0)),
            ("yesterday", None),
            ("1969-01-01T00:00:00Z", None),
        ] {
            let parsed = parse_instant(text).ok();
            let found = parsed.map(|instant| instant.resolve(&clock).0);
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn instant_when_formatted_then_has_milliseconds() {
        for (millis, expected) in [
            (1500, Some("1970-01-01T00:00:01.500Z")),
            (253_402_300_799_999, Some("9999-12-31T23:59:59.999Z")),
            (253_402_300_800_000, None),
            (-1, None),
        ] {
            assert_eq!(format_instant(Timestamp(millis)).as_deref(), expected);
        }
    }
}
