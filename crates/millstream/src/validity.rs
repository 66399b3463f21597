//! The validity period of certificates.
//!
//! A server can present an expired certificate, and its clients then disconnect without saying why.
//! Whether a file is a certificate at all is for [`millstream_http::Tls`] to say.

use millstream_env::Timestamp;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use x509_parser::pem::Pem;

/// `2026-11-21 14:30 UTC`.
const DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute] UTC");

/// How long before its end a certificate is complained about, in days: time enough to renew one.
pub const NOTICE_DAYS: i64 = 30;
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// The time in which all certificates of a file are valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The latest of their start times, in seconds since 1970.
    from_s: i64,
    /// The earliest of their end times.
    until_s: i64,
}

impl Validity {
    /// The validity of certificates in PEM; unreadable ones count as always valid.
    pub fn of(certificates: &[u8]) -> Self {
        let mut all = Self {
            from_s: i64::MIN,
            until_s: i64::MAX,
        };
        for pem in Pem::iter_from_buffer(certificates).flatten() {
            let Ok(certificate) = pem.parse_x509() else {
                continue;
            };
            let one = certificate.validity();
            all.from_s = all.from_s.max(one.not_before.timestamp());
            all.until_s = all.until_s.min(one.not_after.timestamp());
        }
        all
    }

    /// What is wrong at a given time, if anything is.
    pub fn complaint(self, now: Timestamp) -> Option<String> {
        let now_s = i64::try_from(now.seconds()).unwrap_or(i64::MAX);
        if now_s > self.until_s {
            let date = date(self.until_s);
            return Some(format!(
                "the certificate expired on {date}, and clients refuse it"
            ));
        }
        if now_s < self.from_s {
            let date = date(self.from_s);
            return Some(format!(
                "the certificate is not valid before {date}, and clients refuse it until then"
            ));
        }
        let ends_soon = self.until_s.saturating_sub(now_s) < NOTICE_DAYS * DAY_SECONDS;
        ends_soon.then(|| {
            let date = date(self.until_s);
            format!("the certificate expires on {date}, in less than {NOTICE_DAYS} days: renew it")
        })
    }
}

fn date(seconds: i64) -> String {
    let date = OffsetDateTime::from_unix_timestamp(seconds).ok();
    let date = date.and_then(|date| date.format(DATE).ok());
    date.unwrap_or_else(|| format!("second {seconds} since 1970"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};

    /// A certificate in PEM that is valid from a day of September 2026 to one of November.
    fn certificate(from_day: u8, until_day: u8) -> String {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 9, from_day);
        params.not_after = rcgen::date_time_ymd(2026, 11, until_day);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().pem()
    }

    /// The start of a day of 2026.
    fn day(month: u8, day: u8) -> Timestamp {
        let seconds = rcgen::date_time_ymd(2026, month, day).unix_timestamp();
        Timestamp(u64::try_from(seconds).unwrap() * 1000)
    }

    #[test]
    fn certificates_when_any_does_not_hold_then_is_told_with_its_date() {
        let file = certificate(3, 20) + &certificate(5, 25);
        let validity = Validity::of(file.as_bytes());
        assert_eq!(validity.complaint(day(9, 5)), None);
        assert_eq!(validity.complaint(day(10, 21)), None);
        let early = "the certificate is not valid before 2026-09-05 00:00 UTC, and clients refuse it until then";
        assert_eq!(validity.complaint(day(9, 4)).as_deref(), Some(early));
        let soon =
            "the certificate expires on 2026-11-20 00:00 UTC, in less than 30 days: renew it";
        for (month, date) in [(10, 22), (11, 20)] {
            assert_eq!(validity.complaint(day(month, date)).as_deref(), Some(soon));
        }
        let late = "the certificate expired on 2026-11-20 00:00 UTC, and clients refuse it";
        assert_eq!(validity.complaint(day(11, 21)).as_deref(), Some(late));
    }

    #[test]
    fn file_when_it_has_no_certificate_then_there_is_nothing_to_say_of_its_time() {
        for text in [
            "",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            assert_eq!(Validity::of(text.as_bytes()).complaint(day(1, 1)), None);
        }
    }
}
