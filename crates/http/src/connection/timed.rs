//! A connection's byte stream, with timers on every wait for the client, and a bound on buffered
//! input.
//!
//! Hyper's own timers allocate for each request and cannot tell an idle connection from a slow
//! head. Here a timer is created only when bytes are actually missing, and a running one is reused.
//! A wait that exceeds its limit is an error of kind `TimedOut`, which ends the connection.

use crate::config::Limits;
use crate::connection::activity::Activity;
use crate::connection::farewell::Farewell;
use crate::connection::greeting::{Greeting, Settings};
use crate::connection::read_buffer::{NoRoom, Of, ReadBuffer, Step};
use bytes::Bytes;
use millstream_env::Clock;
use millstream_memory::Budget;
use millstream_service::Wait;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes read from an HTTP/2 connection before its streams get their turn.
const TURN_BYTES: usize = 32 * 1024;

/// Which reads are timed, and what bounds them.
#[derive(Debug)]
pub(crate) enum Reads {
    /// HTTP/1: between requests, and from the first byte of a head to its request.
    Heads(ReadBuffer),
    /// HTTP/2: none, since pings do it.
    Turns {
        /// Bytes left in this turn.
        left: usize,
        /// Until our settings take effect.
        greeting: Option<Greeting>,
    },
}

impl Reads {
    /// The state of a new HTTP/2 connection.
    pub(crate) fn of_http2(heads: &Arc<Budget>) -> Self {
        Self::Turns {
            left: TURN_BYTES,
            greeting: Some(Greeting::new(heads)),
        }
    }
}

/// A transport with timers, which first replays bytes that were already read.
pub(crate) struct Timed<T> {
    transport: T,
    replayed: Bytes,
    clock: Arc<dyn Clock>,
    limits: Limits,
    activity: Arc<Activity>,
    reads: Reads,
    head: Head,
    read_wait: Wait,
    write_wait: Wait,
    farewell: Farewell,
}

/// The progress of the next head, on a connection that has begun `requests`.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Head {
    requests: u64,
    has_begun: bool,
}

impl<T> Timed<T> {
    /// Adds timers to a transport of which `replayed` was already read.
    pub(crate) fn new(
        transport: T,
        replayed: Bytes,
        reads: Reads,
        clock: Arc<dyn Clock>,
        limits: Limits,
        activity: Arc<Activity>,
    ) -> Self {
        Self {
            transport,
            replayed,
            clock,
            limits,
            activity,
            reads,
            head: Head {
                requests: 0,
                has_begun: false,
            },
            read_wait: Wait::default(),
            write_wait: Wait::default(),
            farewell: Farewell::default(),
        }
    }

    /// Accounts for bytes that arrived: they belong to a head, unless a request is being read or
    /// answered.
    fn note_read(&mut self, bytes: &[u8]) -> io::Result<()> {
        let buffer = match &mut self.reads {
            Reads::Heads(buffer) => buffer,
            Reads::Turns { left, greeting } => {
                *left = left.saturating_sub(bytes.len());
                let noted = greeting.as_mut().map(|greeting| greeting.note(bytes));
                if noted.transpose().map_err(no_room)? == Some(Settings::Acknowledged) {
                    *greeting = None;
                }
                return Ok(());
            }
        };
        let is_busy = self.activity.is_busy();
        let requests = self.activity.started();
        if !self.head.has_begun || self.head.requests != requests {
            self.head = Head {
                requests,
                has_begun: !is_busy,
            };
            buffer.begin_head();
            self.read_wait.end();
        }
        let of = match is_busy {
            true => Of::Body,
            false => Of::Head,
        };
        buffer.note(of, bytes.len()).map_err(no_room)
    }

    /// Checks the timer when no bytes have arrived.
    fn poll_read_wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Reads::Turns { left, .. } = &mut self.reads {
            *left = TURN_BYTES;
            return Poll::Pending;
        }
        if self.activity.is_busy() {
            self.read_wait.end();
            return Poll::Pending;
        }
        let requests = self.activity.started();
        if self.head.requests != requests {
            self.head = Head {
                requests,
                has_begun: false,
            };
            self.read_wait.end();
        }
        let limit = match self.head.has_begun {
            true => self.limits.head,
            false => self.limits.keep_alive_idle,
        };
        self.read_wait.poll(cx, &*self.clock, limit).map(Err)
    }

    /// Reads as much as the buffers may hold.
    fn poll_transport(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>>
    where
        T: AsyncRead + Unpin,
    {
        let step = match &mut self.reads {
            Reads::Heads(read_buffer) => read_buffer.step(),
            Reads::Turns { left: 0, .. } => {
                // The streams that were woken come before this task in the queue.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Reads::Turns { .. } => Step::Whole,
        };
        match step {
            Step::AtMost(bytes) if bytes < buffer.remaining() => {
                let mut part = ReadBuf::new(buffer.initialize_unfilled_to(bytes));
                ready!(Pin::new(&mut self.transport).poll_read(cx, &mut part))?;
                let count = part.filled().len();
                buffer.advance(count);
                Poll::Ready(Ok(()))
            }
            Step::AtMost(_) | Step::Whole => Pin::new(&mut self.transport).poll_read(cx, buffer),
        }
    }

    /// Whether the client may still be sending what nobody is going to read: the rest of a request
    /// that was refused, or of a head that hyper has answered.
    fn leaves_rest(&self) -> bool {
        let in_head = self.head.has_begun && self.head.requests == self.activity.started();
        match self.reads {
            Reads::Heads(_) => in_head || self.activity.leaves_rest(),
            Reads::Turns { .. } => false,
        }
    }

    fn timed_write<O>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<O>>,
    ) -> Poll<io::Result<O>> {
        if written.is_ready() {
            self.write_wait.end();
            return written;
        }
        let timed_out = ready!(
            self.write_wait
                .poll(cx, &*self.clock, self.limits.write_idle)
        );
        Poll::Ready(Err(timed_out))
    }
}

fn no_room(no_room: NoRoom) -> io::Error {
    io::Error::new(io::ErrorKind::OutOfMemory, no_room)
}

impl<T: AsyncRead + Unpin> AsyncRead for Timed<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let this = &mut *self;
        if !this.replayed.is_empty() {
            let count = this.replayed.len().min(buffer.remaining());
            buffer.put_slice(&this.replayed.split_to(count));
        } else {
            match this.poll_transport(cx, buffer) {
                Poll::Ready(result) => result?,
                Poll::Pending => return this.poll_read_wait(cx),
            }
        }
        Poll::Ready(this.note_read(&buffer.filled()[before..]))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Timed<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.transport).poll_write(cx, bytes);
        self.timed_write(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.transport).poll_write_vectored(cx, slices);
        self.timed_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.transport).poll_flush(cx);
        self.timed_write(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.farewell.is_shut() {
            let shut = Pin::new(&mut self.transport).poll_shutdown(cx);
            ready!(self.timed_write(cx, shut))?;
            self.farewell.shut();
        }
        if !self.leaves_rest() {
            return Poll::Ready(Ok(()));
        }
        let this = &mut *self;
        let rest = this
            .farewell
            .poll_rest(cx, &mut this.transport, &*this.clock, &this.limits);
        rest.map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receive::budgets::Budgets;
    use millstream_env::{ManualClock, Timestamp};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn connection_when_it_sends_without_pause_then_its_streams_get_their_turn() {
        const STEP: usize = 8 * 1024;
        let limits = Limits::default();
        let all = vec![7; 3 * TURN_BYTES];
        let mut timed = Timed::new(
            &all[..],
            Bytes::new(),
            Reads::of_http2(&Budget::new(usize::MAX)),
            Arc::new(ManualClock::new(Timestamp(0))),
            limits,
            Activity::within(Budgets::new(&limits)),
        );
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        let mut memory = [0; STEP];
        for turn in 0..3 {
            for _ in 0..TURN_BYTES / STEP {
                let mut buffer = ReadBuf::new(&mut memory);
                let read = Pin::new(&mut timed).poll_read(&mut cx, &mut buffer);
                assert!(matches!(read, Poll::Ready(Ok(()))));
                assert_eq!(buffer.filled().len(), STEP);
            }
            assert_eq!(woken.0.load(Ordering::Relaxed), turn);
            let mut buffer = ReadBuf::new(&mut memory);
            let read = Pin::new(&mut timed).poll_read(&mut cx, &mut buffer);
            assert!(read.is_pending() && buffer.filled().is_empty());
            assert_eq!(woken.0.load(Ordering::Relaxed), turn + 1, "it comes back");
        }
    }
}
