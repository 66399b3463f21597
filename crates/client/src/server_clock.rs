//! The server's clock, where this machine's is wrong by more than signatures allow.
//!
//! A service refuses a signature that is five minutes off, and says what time it is in the header
//! `Date`. From then on requests are signed with that time, as AWS's SDKs do. Nothing else is
//! learned from a server, and a clock that is right is never corrected.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use http::{HeaderMap, header};
use millstream_env::Timestamp;
use millstream_protocol::RemoteError;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Services tolerate five minutes. A signature that is less off than this was refused for another
/// reason.
const TOLERATED: Duration = Duration::from_secs(4 * 60);

/// What services answer to a signature of another time.
const CODES: [&str; 4] = [
    "InvalidSignatureException",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
];

/// How far the server's clock is ahead of this machine's.
#[derive(Debug, Default)]
pub(crate) struct ServerClock {
    ahead_ms: AtomicI64,
}

impl ServerClock {
    /// The server's time, as far as it is known.
    pub(crate) fn now(&self, local: Timestamp) -> Timestamp {
        let ahead_ms = self.ahead_ms.load(Ordering::Relaxed);
        Timestamp(local.millis().saturating_add_signed(ahead_ms))
    }

    /// Learns the server's time from its refusal of a signature.
    pub(crate) fn learn(
        &self,
        refusal: &RemoteError,
        headers: &HeaderMap,
        signed: Timestamp,
        local: Timestamp,
    ) {
        if !CODES.contains(&&*refusal.name) {
            return;
        }
        let Some(date) = date(headers).filter(|date| is_another_time(*date, signed)) else {
            return;
        };
        let ahead_ms = i128::from(date.millis()) - i128::from(local.millis());
        let ahead_ms = i64::try_from(ahead_ms).unwrap_or_default();
        self.ahead_ms.store(ahead_ms, Ordering::Relaxed);
        tracing::debug!(ahead_ms, "signs with the server's time");
    }
}

/// Whether a service would refuse a signature of one time at the other.
pub(crate) fn is_another_time(one: Timestamp, other: Timestamp) -> bool {
    one.since(other).max(other.since(one)) > TOLERATED
}

/// The time that an answer bears.
fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(header::DATE)?.to_str().ok()?;
    let date = DateTime::from_str(text, Format::HttpDate).ok()?;
    u64::try_from(date.to_millis().ok()?).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    /// 2023-11-14T22:13:20Z.
    const SERVER: Timestamp = Timestamp(1_700_000_000_000);
    const DATE: &str = "Tue, 14 Nov 2023 22:13:20 GMT";

    /// What a client takes for the server's time after a refusal, if it signed with its own.
    fn now_after(code: &str, date: &'static str, local: Timestamp) -> Timestamp {
        let clock = ServerClock::default();
        let refusal = RemoteError {
            status: 400,
            name: code.to_owned(),
            message: None,
        };
        let headers = HeaderMap::from_iter([(header::DATE, HeaderValue::from_static(date))]);
        clock.learn(&refusal, &headers, clock.now(local), local);
        clock.now(local)
    }

    #[test]
    fn clock_when_a_signature_is_refused_for_its_time_then_is_the_servers() {
        let hour = Duration::from_secs(3600);
        for local in [SERVER.minus(hour), SERVER.plus(hour), Timestamp(0)] {
            assert_eq!(now_after("InvalidSignatureException", DATE, local), SERVER);
        }
        for (code, date, local) in [
            ("AccessDeniedException", DATE, SERVER.plus(hour)),
            ("InvalidSignatureException", "yesterday", SERVER.plus(hour)),
            ("InvalidSignatureException", DATE, SERVER.plus(TOLERATED)),
        ] {
            assert_eq!(now_after(code, date, local), local, "{code} {date}");
        }
    }

    #[test]
    fn clock_when_the_machines_own_is_put_right_then_is_learned_again() {
        let clock = ServerClock::default();
        let refusal = RemoteError {
            status: 400,
            name: "InvalidSignatureException".to_owned(),
            message: None,
        };
        let headers = HeaderMap::from_iter([(header::DATE, HeaderValue::from_static(DATE))]);
        for local in [SERVER.minus(Duration::from_secs(3600)), SERVER] {
            clock.learn(&refusal, &headers, clock.now(local), local);
            assert_eq!(clock.now(local), SERVER);
        }
    }
}
