//! `--from`: where a tool begins to read a stream.

use crate::Failure;
use crate::time::{Instant, format_instant, parse_instant};
use millstream_client::consumer::Position;
use millstream_env::Clock;
use std::fmt;
use std::time::Duration;

/// Where a tool begins to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    TrimHorizon,
    Latest,
    At(Instant),
    SequenceNumber(String),
}

/// Reads the flag.
pub(crate) fn parse(text: &str) -> Result<Start, String> {
    match text {
        "trim-horizon" => return Ok(Start::TrimHorizon),
        "latest" => return Ok(Start::Latest),
        _ => {}
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Start::SequenceNumber(text.to_owned()));
    }
    let at = parse_instant(text).map_err(|_| {
        "neither \"trim-horizon\" nor \"latest\", a time such as 2026-01-31T12:00:00Z, a duration \
         such as 15m, or a sequence number"
    })?;
    Ok(Start::At(at))
}

impl Start {
    /// The position that this is now.
    pub(crate) fn position(&self, clock: &dyn Clock) -> Result<Position, Failure> {
        Ok(match self {
            Self::TrimHorizon => Position::TrimHorizon,
            Self::Latest => Position::Latest,
            Self::At(instant) => {
                let at = instant.resolve(clock);
                if at > Instant::Ago(Duration::ZERO).resolve(clock) {
                    return Err(Failure::usage("--from is a time that is yet to come"));
                }
                Position::AtTimestamp(at)
            }
            Self::SequenceNumber(number) => Position::AtSequenceNumber(number.clone()),
        })
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TrimHorizon => f.write_str("trim-horizon"),
            Self::Latest => f.write_str("latest"),
            Self::At(Instant::At(at)) => match format_instant(*at) {
                Some(text) => f.write_str(&text),
                None => write!(f, "{} ms after 1970", at.0),
            },
            Self::At(Instant::Ago(ago)) => write!(f, "{} ago", humantime::format_duration(*ago)),
            Self::SequenceNumber(number) => f.write_str(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use millstream_client::Timestamp;
    use millstream_env::ManualClock;

    const NOW: millstream_env::Timestamp = millstream_env::Timestamp(1_767_225_600_000);

    #[test]
    fn start_when_written_in_any_way_then_is_the_position_that_it_names() {
        let at = |millis| Position::AtTimestamp(Timestamp(millis));
        for (text, expected) in [
            ("trim-horizon", Position::TrimHorizon),
            ("latest", Position::Latest),
            ("2026-01-01T00:00:00Z", at(1_767_225_600_000)),
            ("2025-12-31T23:30:00.5-00:30", at(1_767_225_600_500)),
            ("15m", at(1_767_225_600_000 - 900_000)),
            ("1h 30m", at(1_767_225_600_000 - 5_400_000)),
            ("3000years", at(0)),
            ("4957", Position::AtSequenceNumber("4957".to_owned())),
        ] {
            let now = NOW.plus(Duration::from_secs(u64::from(text.contains('.'))));
            assert_eq!(
                parse(text).unwrap().position(&ManualClock::new(now)),
                Ok(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn start_when_it_is_none_then_says_what_it_may_be() {
        for text in ["", "TRIM_HORIZON", "yesterday", "-5m", "2026-01-01", "15"] {
            let found = parse(text);
            assert_eq!(found.is_err(), text != "15", "{text}: {found:?}");
        }
        let future = parse("2026-01-01T00:00:01Z")
            .unwrap()
            .position(&ManualClock::new(NOW));
        let expected = "millstream: --from is a time that is yet to come.";
        assert_eq!(future.unwrap_err().line().as_deref(), Some(expected));
    }
}
