//! The end of a connection whose client may still be sending.
//!
//! A socket that is closed with unread bytes resets its connection: the client's next write fails,
//! and it never reads the response that tells it why. So our side is shut first, and what comes is
//! read and dropped until the client has closed its own, for a bounded time and up to a number of
//! bytes.

use crate::config::Limits;
use millstream_env::Clock;
use millstream_service::Wait;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, ReadBuf};

/// Bytes read at a time.
const READ_BYTES: usize = 4 * 1024;

/// The progress of a connection's end.
#[derive(Default)]
pub(crate) struct Farewell {
    is_shut: bool,
    dropped: usize,
    idle: Wait,
    whole: Wait,
}

impl Farewell {
    /// Whether our side is shut.
    pub(crate) fn is_shut(&self) -> bool {
        self.is_shut
    }

    /// Records that our side is shut.
    pub(crate) fn shut(&mut self) {
        self.is_shut = true;
    }

    /// Reads and drops what comes; ready when the client has closed its side, or a limit of
    /// lingering is reached.
    pub(crate) fn poll_rest<T: AsyncRead + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        transport: &mut T,
        clock: &dyn Clock,
        limits: &Limits,
    ) -> Poll<()> {
        if self.whole.poll(cx, clock, limits.linger).is_ready() {
            return Poll::Ready(());
        }
        let mut memory = [0; READ_BYTES];
        while self.dropped <= limits.linger_bytes {
            let mut buffer = ReadBuf::new(&mut memory);
            let Poll::Ready(read) = Pin::new(&mut *transport).poll_read(cx, &mut buffer) else {
                return self.idle.poll(cx, clock, limits.linger_idle).map(drop);
            };
            self.idle.end();
            if read.is_err() || buffer.filled().is_empty() {
                break;
            }
            self.dropped += buffer.filled().len();
        }
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_env::{ManualClock, Timestamp};
    use std::task::Waker;
    use std::time::Duration;
    use tokio::io::AsyncWriteExt;

    fn poll(
        farewell: &mut Farewell,
        rest: &mut (impl AsyncRead + Unpin),
        clock: &ManualClock,
    ) -> bool {
        let limits = Limits {
            linger: Duration::from_secs(20),
            linger_idle: Duration::from_secs(2),
            linger_bytes: 10_000,
            ..Limits::default()
        };
        let mut cx = Context::from_waker(Waker::noop());
        farewell.poll_rest(&mut cx, rest, clock, &limits).is_ready()
    }

    #[tokio::test]
    async fn rest_when_it_ends_or_pauses_or_goes_on_too_long_then_is_not_read_any_further() {
        let clock = ManualClock::new(Timestamp(0));
        let (mut client, mut ours) = tokio::io::duplex(64 * 1024);
        let mut farewell = Farewell::default();
        for _ in 0..3 {
            client.write_all(&[7; 1000]).await.unwrap();
            assert!(!poll(&mut farewell, &mut ours, &clock));
            clock.advance(Duration::from_millis(1900));
        }
        client.write_all(&[7; 1000]).await.unwrap();
        assert!(!poll(&mut farewell, &mut ours, &clock));
        clock.advance(Duration::from_secs(2));
        assert!(poll(&mut farewell, &mut ours, &clock), "it pauses");

        let mut farewell = Farewell::default();
        client.write_all(&[7; 10_001]).await.unwrap();
        assert!(poll(&mut farewell, &mut ours, &clock), "too many bytes");

        let mut farewell = Farewell::default();
        for _ in 0..20 {
            assert!(!poll(&mut farewell, &mut ours, &clock));
            client.write_all(&[7; 10]).await.unwrap();
            clock.advance(Duration::from_secs(1));
        }
        assert!(poll(&mut farewell, &mut ours, &clock), "too long");

        let mut farewell = Farewell::default();
        client.write_all(&[7; 10]).await.unwrap();
        assert!(!poll(&mut farewell, &mut ours, &clock));
        drop(client);
        assert!(poll(&mut farewell, &mut ours, &clock), "it ends");
    }
}
