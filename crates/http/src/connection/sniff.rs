//! Detects the HTTP version of a connection from its first bytes.
//!
//! hyper-util can do so too, but waits for them without a timer.

use bytes::{Bytes, BytesMut};
use millstream_env::Clock;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};

/// The preface of an HTTP/2 client with prior knowledge.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The supported versions of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Http1,
    Http2,
}

/// Reads until the version is clear; returns it with the bytes read. `None` if the client
/// disconnected or took longer than `limit`.
pub(crate) async fn sniff(
    stream: &mut (impl AsyncRead + Unpin),
    clock: &dyn Clock,
    limit: Duration,
) -> Option<(Version, Bytes)> {
    tokio::select! {
        biased;
        found = read(stream) => found.ok(),
        () = clock.sleep(limit) => None,
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(Version, Bytes)> {
    let mut bytes = BytesMut::with_capacity(PREFACE.len());
    while bytes.len() < PREFACE.len() {
        if (&mut *stream)
            .take((PREFACE.len() - bytes.len()) as u64)
            .read_buf(&mut bytes)
            .await?
            == 0
        {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if !PREFACE.starts_with(&bytes) {
            return Ok((Version::Http1, bytes.freeze()));
        }
    }
    Ok((Version::Http2, bytes.freeze()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_env::{ManualClock, Timestamp};

    async fn check(bytes: &[u8], expected: Option<Version>) {
        let clock = ManualClock::new(Timestamp(0));
        let mut stream = bytes;
        let found = sniff(&mut stream, &clock, Duration::from_secs(1)).await;
        assert_eq!(
            found.as_ref().map(|(version, _)| *version),
            expected,
            "{bytes:?}"
        );
        if let Some((_, read)) = found {
            assert_eq!([&read[..], stream].concat(), bytes, "nothing is lost");
        }
    }

    #[tokio::test]
    async fn first_bytes_when_of_either_version_then_tell_it() {
        check(b"POST / HTTP/1.1\r\n\r\n", Some(Version::Http1)).await;
        check(b"PRI * HTTP/1.1\r\n\r\n", Some(Version::Http1)).await;
        check(PREFACE, Some(Version::Http2)).await;
        check(&[PREFACE, b"more"].concat(), Some(Version::Http2)).await;
        check(b"P", None).await;
        check(b"", None).await;
    }

    #[tokio::test]
    async fn first_bytes_when_they_do_not_come_then_time_runs_out() {
        let clock = ManualClock::new(Timestamp(0));
        let (mut stream, mut client) = tokio::io::duplex(64);
        tokio::io::AsyncWriteExt::write_all(&mut client, b"PRI * HTTP")
            .await
            .unwrap();
        let limit = Duration::from_secs(1);
        // Joined futures are polled in order: the wait has begun when the clock advances.
        let sniffing = sniff(&mut stream, &clock, limit);
        let (found, ()) = tokio::join!(sniffing, async { clock.advance(limit) });
        assert_eq!(found, None);
    }
}
