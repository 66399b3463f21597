//! Flag values that are more than a number or a word: parsed and validated here.
//!
//! An error says what is wrong with the value; the caller prepends the flag's name.

use millstream_model::StreamName;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;
/// Smallest allowed `--segment-size`.
const SEGMENT_BYTES_MIN: u64 = MIB;
/// Largest allowed `--segment-size`.
const SEGMENT_BYTES_MAX: u64 = GIB;

/// Longest allowed duration.
const DURATION_MAX: Duration = Duration::from_hours(24);
/// Shortest allowed `--scaling-pace` and `--scaling-idle`.
const SCALING_MIN: Duration = Duration::from_secs(1);
/// Longest allowed `--scaling-idle`.
const SCALING_IDLE_MAX: Duration = Duration::from_hours(30 * 24);
/// Longest allowed host name.
const HOST_BYTES_MAX: usize = 253;

/// A stream to create at start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSpec {
    /// The stream's name.
    pub name: StreamName,
    /// Its open shards.
    pub shards: u32,
}

impl FromStr for StreamSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, shards) = text.split_once(':').unwrap_or((text, "1"));
        let name = StreamName::parse(name).map_err(|_| {
            "a stream's name is 1 to 128 letters, digits, '_', '.' and '-'".to_owned()
        })?;
        let shards = shards.parse().ok().filter(|shards| *shards > 0);
        let shards = shards.ok_or("the number of shards is a whole number from 1")?;
        Ok(Self { name, shards })
    }
}

/// Parses a host name or address that a certificate can hold; a name may begin with `*.`.
pub fn parse_host(text: &str) -> Result<String, String> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(is_word);
    let name = text.strip_prefix("*.").unwrap_or(text);
    let is_name = name.len() <= HOST_BYTES_MAX && name.split('.').all(is_label);
    if is_name || text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    Err("a host is an address, or a name of letters, digits, '-' and '.'".to_owned())
}

/// Parses `500ms`, `2s`, `1m 30s`, up to a day.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text)
        .map_err(|error| format!("{error}; write it as 500ms or 2s"))?;
    if duration <= DURATION_MAX {
        Ok(duration)
    } else {
        Err("it must be at most a day".to_owned())
    }
}

/// Parses how often write rates are judged: from a second to a day.
pub fn parse_scaling_pace(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    if duration < SCALING_MIN {
        return Err("it must be at least a second".to_owned());
    }
    Ok(duration)
}

/// Parses how long shards are quiet before they merge: from a second to 30 days.
pub fn parse_scaling_idle(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text)
        .map_err(|error| format!("{error}; write it as 12h or 7days"))?;
    if (SCALING_MIN..=SCALING_IDLE_MAX).contains(&duration) {
        Ok(duration)
    } else {
        Err("it must be from a second to 30 days".to_owned())
    }
}

/// Parses a size with its unit, such as `64MiB`.
pub fn parse_segment_size(text: &str) -> Result<u64, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim_start() {
        "B" => 1,
        "KiB" => KIB,
        "MiB" => MIB,
        "GiB" => GIB,
        _ => return Err("a size is a whole number followed by B, KiB, MiB or GiB".to_owned()),
    };
    let bytes = number
        .parse()
        .ok()
        .and_then(|number: u64| number.checked_mul(unit));
    bytes
        .filter(|bytes| (SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(bytes))
        .ok_or_else(|| "it must be from 1MiB to 1GiB".to_owned())
}

/// Checks that a text is a level or a list of log filters. A misspelt level would name a module
/// that does not exist, and silence all others.
pub fn parse_log_level(text: &str) -> Result<String, String> {
    let is_level = |part: &str| !part.is_empty() && part.parse::<LevelFilter>().is_ok();
    let is_filter = |part: &&str| part.contains('=') || is_level(part);
    if let Some(part) = text.split(',').map(str::trim).find(|part| !is_filter(part)) {
        return Err(format!(
            "{part:?} is no filter: a level is error, warn, info, debug, trace or off, and a module's is \
             written as millstream_http=debug"
        ));
    }
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_when_written_well_then_parse_and_otherwise_say_what_is_wrong() {
        for (text, name, shards) in [("a", "a", 1), ("a.b-c_d:12", "a.b-c_d", 12)] {
            let spec: StreamSpec = text.parse().unwrap();
            assert_eq!((spec.name.as_str(), spec.shards), (name, shards));
        }
        for (text, complaint) in [
            ("", "name"),
            ("a b", "name"),
            ("a:", "shards"),
            ("a:0", "shards"),
            ("a:-1", "shards"),
        ] {
            let error = text.parse::<StreamSpec>().unwrap_err();
            assert!(error.contains(complaint), "{text:?}: {error}");
        }
    }

    #[test]
    fn sizes_when_in_range_then_parse_and_otherwise_are_refused() {
        for (text, bytes) in [
            ("1MiB", 1 << 20),
            ("64 MiB", 64 << 20),
            ("1048576B", 1 << 20),
            ("1024KiB", 1 << 20),
            ("1GiB", 1 << 30),
        ] {
            assert_eq!(parse_segment_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "1", "1mb", "-1MiB"] {
            let error = parse_segment_size(text).unwrap_err();
            assert!(error.contains("B, KiB, MiB or GiB"), "{text}: {error}");
        }
        for text in ["MiB", "1048575B", "2GiB", "99999999999999999999GiB"] {
            let error = parse_segment_size(text).unwrap_err();
            assert_eq!(error, "it must be from 1MiB to 1GiB", "{text}");
        }
    }

    #[test]
    fn durations_when_without_a_unit_then_are_refused() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("0s"), Ok(Duration::ZERO));
        assert_eq!(parse_duration("1day"), Ok(DURATION_MAX));
        let too_long = parse_duration("1day 1ns").unwrap_err();
        assert_eq!(too_long, "it must be at most a day");
        for text in ["5", "soon"] {
            let error = parse_duration(text).unwrap_err();
            assert!(
                error.ends_with("; write it as 500ms or 2s"),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn paces_of_scaling_when_out_of_range_then_are_refused_with_the_range() {
        for (text, pace) in [("1s", 1), ("15m", 900), ("1day", 86_400)] {
            assert_eq!(parse_scaling_pace(text), Ok(Duration::from_secs(pace)));
        }
        for (text, error) in [
            ("0s", "it must be at least a second"),
            ("999ms", "it must be at least a second"),
            ("25h", "it must be at most a day"),
        ] {
            assert_eq!(parse_scaling_pace(text), Err(error.to_owned()), "{text}");
        }
        for (text, hours) in [("1h", 1), ("30days", 720)] {
            assert_eq!(parse_scaling_idle(text), Ok(Duration::from_hours(hours)));
        }
        for text in ["0s", "999ms", "30days 1ns"] {
            let error = "it must be from a second to 30 days".to_owned();
            assert_eq!(parse_scaling_idle(text), Err(error), "{text}");
        }
        let error = parse_scaling_idle("long").unwrap_err();
        assert!(error.ends_with("; write it as 12h or 7days"), "{error}");
    }

    #[test]
    fn log_levels_when_they_are_none_then_are_refused_with_what_is_allowed() {
        for text in [
            "info",
            "WARN",
            "off",
            "info,millstream_http=debug",
            "a=off,b=trace",
        ] {
            assert_eq!(parse_log_level(text).as_deref(), Ok(text));
        }
        for text in ["", " ", "inof", "info,", "millstream_http", "verbose,warn"] {
            let error = parse_log_level(text).unwrap_err();
            let said = "a level is error, warn, info, debug, trace or off";
            assert!(error.contains(said), "{text:?}: {error}");
        }
        let error = parse_log_level("millstream_http=loud").unwrap_err();
        assert!(error.starts_with("error parsing level filter"), "{error}");
    }
}
