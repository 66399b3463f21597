//! When a request was signed, to the second, and for how long that holds.
//!
//! Dates in `X-Amz-Date` have one form, ISO 8601's basic one. A header `Date`, which counts only
//! where there is no `X-Amz-Date`, may also have that of HTTP. A second 60 is none: no client signs
//! in a leap second.

use crate::signature::words;
use millstream_env::Timestamp;
use millstream_protocol::Error;
use std::time::Duration;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime};

/// How far a client's clock may be from the server's, in both directions.
pub(crate) const SKEW_MAX: Duration = Duration::from_secs(5 * 60);
/// The longest time for which a signed query can hold: a week.
pub(crate) const EXPIRES_SECONDS_MAX: u64 = 7 * 24 * 60 * 60;

/// The length of a date: `20150830T123600Z`.
const DATE_BYTES: usize = 16;
/// The length of its first part, the day.
const DAY_BYTES: usize = 8;

/// The date of HTTP: `Sun, 30 Aug 2015 12:36:00 GMT`.
const HTTP_DATE: StaticFormatDescription = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);
const BASIC_DATE: StaticFormatDescription =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// The date of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SignedDate {
    text: [u8; DATE_BYTES],
    at: Timestamp,
}

impl SignedDate {
    /// Parses `20150830T123600Z`; `None` if it is not a time.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text: [u8; DATE_BYTES] = text.as_bytes().try_into().ok()?;
        if (text[DAY_BYTES], text[DATE_BYTES - 1]) != (b'T', b'Z') {
            return None;
        }
        let number = |from: usize, digits: usize| {
            text[from..from + digits]
                .iter()
                .try_fold(0_u16, |number, digit| {
                    let digit = digit.is_ascii_digit().then(|| u16::from(digit - b'0'))?;
                    Some(number * 10 + digit)
                })
        };
        let small = |from: usize| number(from, 2).and_then(|number| u8::try_from(number).ok());
        let month = Month::try_from(small(4)?).ok()?;
        let day = Date::from_calendar_date(i32::from(number(0, 4)?), month, small(6)?).ok()?;
        let time = day.with_hms(small(9)?, small(11)?, small(13)?).ok()?;
        let seconds = u64::try_from(time.assume_utc().unix_timestamp()).ok()?;
        Some(Self {
            text,
            at: Timestamp(seconds * 1000),
        })
    }

    /// Parses the header `Date`, in either form; `None` if it is not a time.
    pub(crate) fn parse_http(text: &str) -> Option<Self> {
        Self::parse(text).or_else(|| {
            let time = PrimitiveDateTime::parse(text, HTTP_DATE).ok()?;
            Self::parse(&time.format(BASIC_DATE).ok()?)
        })
    }

    /// The text to sign.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.text).expect("digits and two letters are text")
    }

    /// The day, as the scope has it.
    pub(crate) fn day(&self) -> &str {
        &self.text()[..DAY_BYTES]
    }

    /// Holds the date against the server's clock.
    ///
    /// # Errors
    /// If it is more than [`SKEW_MAX`] away.
    pub(crate) fn check_skew(&self, now: Timestamp) -> Result<(), Error> {
        let now = whole_seconds(now);
        if self.at < now.minus(SKEW_MAX) {
            return Err(words::expired(self.text(), now, SKEW_MAX));
        }
        self.check_begun(now)
    }

    /// Holds the date of a query that is valid for some time against the server's clock.
    ///
    /// # Errors
    /// If the time is over, or has not begun.
    pub(crate) fn check_validity(&self, valid: Duration, now: Timestamp) -> Result<(), Error> {
        let now = whole_seconds(now);
        if self.at < now.minus(valid) {
            return Err(words::expired(self.text(), now, valid));
        }
        self.check_begun(now)
    }

    fn check_begun(&self, now: Timestamp) -> Result<(), Error> {
        match self.at > now.plus(SKEW_MAX) {
            true => Err(words::not_yet_current(self.text(), now)),
            false => Ok(()),
        }
    }
}

/// How long a signed query says that it holds; `None` if it is no number of seconds from one to a
/// week.
pub(crate) fn parse_expires(text: &str) -> Option<Duration> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = text.parse().ok()?;
    let is_valid = (1..=EXPIRES_SECONDS_MAX).contains(&seconds);
    is_valid.then(|| Duration::from_secs(seconds))
}

/// A time in the form of `X-Amz-Date`.
pub(crate) fn basic(at: Timestamp) -> String {
    let seconds = i64::try_from(at.seconds()).unwrap_or(i64::MAX);
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok();
    let text = time.and_then(|time| time.format(BASIC_DATE).ok());
    text.unwrap_or_else(|| "a time that no calendar has".to_owned())
}

fn whole_seconds(now: Timestamp) -> Timestamp {
    Timestamp(now.seconds() * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> SignedDate {
        SignedDate::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn date_when_basic_or_of_http_then_is_the_same_second() {
        let basic_form = date("20150830T123600Z");
        assert_eq!(basic_form.at, Timestamp(1_440_938_160_000));
        assert_eq!(
            (basic_form.text(), basic_form.day()),
            ("20150830T123600Z", "20150830")
        );
        assert_eq!(basic(basic_form.at), "20150830T123600Z");
        for text in ["20150830T123600Z", "Sun, 30 Aug 2015 12:36:00 GMT"] {
            assert_eq!(SignedDate::parse_http(text), Some(basic_form), "{text}");
        }
    }

    #[test]
    fn date_when_it_is_no_time_then_is_none() {
        for text in [
            "",
            "20150830",
            "20150830T123600",
            "20150830T123600z",
            "20150830 123600Z",
            "20150830T123660Z",
            "20150830T126000Z",
            "20150830T243600Z",
            "20150229T000000Z",
            "20151301T000000Z",
            "20150800T000000Z",
            "2015083\u{661}T12360Z",
            "+0150830T123600Z",
            "19691231T235959Z",
            "2015-08-30T12:36:00Z",
            "20150830T123600ZZ",
        ] {
            assert_eq!(SignedDate::parse(text), None, "{text}");
            assert_eq!(SignedDate::parse_http(text), None, "{text}");
        }
        assert_eq!(SignedDate::parse("Sun, 30 Aug 2015 12:36:00 GMT"), None);
        assert_eq!(
            SignedDate::parse_http("Sun, 30 Aug 2015 12:36:00 CET"),
            None
        );
    }

    #[test]
    fn date_when_beside_the_clock_then_holds_for_five_minutes_either_way() {
        let signed = date("20151231T235959Z");
        for (now, expected) in [
            ("20151231T235459Z", None),
            ("20160101T000459Z", None),
            (
                "20151231T235458Z",
                Some(
                    "Signature not yet current: 20151231T235959Z is still later than \
                     20151231T235958Z (20151231T235458Z + 5 min.)",
                ),
            ),
            (
                "20160101T000500Z",
                Some(
                    "Signature expired: 20151231T235959Z is now earlier than 20160101T000000Z \
                     (20160101T000500Z - 5 min.)",
                ),
            ),
        ] {
            let now = date(now).at.plus(Duration::from_millis(999));
            let said = signed
                .check_skew(now)
                .err()
                .map(|error| error.message.unwrap());
            assert_eq!(said.as_deref(), expected);
        }
    }

    #[test]
    fn expires_when_not_from_a_second_to_a_week_then_is_none() {
        for (text, seconds) in [("1", 1), ("604800", 604_800), ("007", 7)] {
            assert_eq!(parse_expires(text), Some(Duration::from_secs(seconds)));
        }
        let long = "9".repeat(30);
        for text in ["", "0", "-1", "+1", "604801", " 1", "1.0", "a", &long] {
            assert_eq!(parse_expires(text), None, "{text}");
        }
    }
}
