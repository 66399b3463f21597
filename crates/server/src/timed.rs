//! A connection's bytes, with timers on every wait for the client.
//!
//! Hyper's own timers allocate for each request and do not tell an idle connection from a slow head;
//! here a timer is only set up when bytes are really missing, and one that still runs is used again.
//! A wait that takes too long is an error of kind `TimedOut`, which ends the connection.

use crate::activity::Activity;
use crate::config::Limits;
use crate::wait::Wait;
use bytes::Bytes;
use env::Clock;
use hyper::rt::{Read, ReadBufCursor, Write};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Which waits for reading are timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// HTTP/1: between requests, and from the first byte of a head to its request.
    Heads,
    /// HTTP/2: none, its pings do it.
    Untimed,
}

/// A transport with timers, that first gives back what was read from it before.
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
}

/// How far the next head has come, of a connection that has begun `requests`.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Head {
    requests: u64,
    has_begun: bool,
}

impl<T> Timed<T> {
    /// Puts timers on a transport of which `replayed` was read already.
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
        }
    }

    /// Bytes have come: they are of a head, unless a request is being read or answered.
    fn note_read(&mut self) {
        let requests = self.activity.started();
        if !self.head.has_begun || self.head.requests != requests {
            self.head = Head {
                requests,
                has_begun: !self.activity.is_busy(),
            };
            self.read_wait.end();
        }
    }

    /// No bytes have come: is that allowed for now?
    fn poll_read_wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reads == Reads::Untimed || self.activity.is_busy() {
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

impl<T: Read + Unpin> Read for Timed<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.replayed.is_empty() {
            let count = self.replayed.len().min(buffer.remaining());
            buffer.put_slice(&self.replayed.split_to(count));
            self.note_read();
            return Poll::Ready(Ok(()));
        }
        match Pin::new(&mut self.transport).poll_read(cx, buffer) {
            Poll::Ready(result) => {
                self.note_read();
                Poll::Ready(result)
            }
            Poll::Pending => self.poll_read_wait(cx),
        }
    }
}

impl<T: Write + Unpin> Write for Timed<T> {
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
        let shut = Pin::new(&mut self.transport).poll_shutdown(cx);
        self.timed_write(cx, shut)
    }
}
