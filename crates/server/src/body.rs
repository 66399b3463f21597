//! Takes a request's body in: bounded in bytes, in time, and in what all requests hold together.
//!
//! The limits hold while the body comes, before anything is kept, whatever length was declared.

use crate::budget::{Budget, Share};
use crate::config::Limits;
use crate::wait::{SpareTimer, Wait};
use bytes::{Bytes, BytesMut};
use env::{Clock, Monotonic};
use hyper::body::Body;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// A body of unknown length is counted in steps of this many bytes.
const STEP_BYTES: usize = 64 * 1024;

/// Why a body was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is larger than a body may be.
    TooLarge,
    /// All requests together hold too much.
    Overload,
    /// It came too slowly, or broke off: there is nobody to answer.
    Gone,
}

/// A whole body, and its share of the budget.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) bytes: Bytes,
    pub(crate) share: Share,
}

/// What receiving needs to know of its server.
pub(crate) struct Receiver<'a> {
    pub(crate) clock: &'a dyn Clock,
    pub(crate) limits: &'a Limits,
    pub(crate) budget: &'a Arc<Budget>,
    pub(crate) timer: &'a SpareTimer,
}

impl Receiver<'_> {
    /// Receives a body to its end.
    pub(crate) async fn receive<B>(&self, mut body: B) -> Result<Received, Refused>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let mut gathered = Gathered::new(self, body.size_hint().exact())?;
        let mut watch = Watch {
            receiver: self,
            begun: None,
            idle: Wait::default(),
        };
        while let Some(bytes) = watch.next(&mut body, gathered.len()).await? {
            gathered.push(self, bytes)?;
        }
        Ok(gathered.finish())
    }
}

/// What has come so far: one piece as it is, several in one buffer.
struct Gathered {
    first: Bytes,
    rest: BytesMut,
    declared: Option<usize>,
    share: Share,
}

impl Gathered {
    fn new(receiver: &Receiver<'_>, declared: Option<u64>) -> Result<Self, Refused> {
        let declared = declared.map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        let mut share = receiver.budget.share();
        if let Some(length) = declared {
            if length > receiver.limits.body_bytes {
                return Err(Refused::TooLarge);
            }
            if !share.grow_to(length) {
                return Err(Refused::Overload);
            }
        }
        Ok(Self {
            first: Bytes::new(),
            rest: BytesMut::new(),
            declared,
            share,
        })
    }

    fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }

    fn push(&mut self, receiver: &Receiver<'_>, bytes: Bytes) -> Result<(), Refused> {
        let length = self.len() + bytes.len();
        if length > receiver.limits.body_bytes {
            return Err(Refused::TooLarge);
        }
        if !self
            .share
            .grow_to(self.declared.unwrap_or(length.next_multiple_of(STEP_BYTES)))
        {
            return Err(Refused::Overload);
        }
        if self.len() == 0 {
            self.first = bytes;
            return Ok(());
        }
        if self.rest.is_empty() {
            // The budget has counted the declared length, so it may be reserved at once.
            self.rest.reserve(self.declared.unwrap_or(length));
            self.rest
                .extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.rest.extend_from_slice(&bytes);
        Ok(())
    }

    fn finish(self) -> Received {
        let bytes = if self.rest.is_empty() {
            self.first
        } else {
            self.rest.freeze()
        };
        Received {
            bytes,
            share: self.share,
        }
    }
}

/// The timers, which only begin when bytes are missing.
struct Watch<'a> {
    receiver: &'a Receiver<'a>,
    begun: Option<Monotonic>,
    idle: Wait,
}

impl Watch<'_> {
    /// The next piece of data; none at the end.
    async fn next<B>(&mut self, body: &mut B, received: usize) -> Result<Option<Bytes>, Refused>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        self.idle.end();
        loop {
            let frame = poll_fn(|cx| match Pin::new(&mut *body).poll_frame(cx) {
                Poll::Ready(frame) => Poll::Ready(Ok(frame)),
                Poll::Pending => self.poll_patience(cx, received).map(Err),
            });
            match frame.await? {
                None => return Ok(None),
                Some(Err(_)) => return Err(Refused::Gone),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => return Ok(Some(bytes)),
                    // Trailers mean nothing here.
                    Err(_trailers) => self.idle.end(),
                },
            }
        }
    }

    /// Ready when the client has been waited for long enough, with `received` bytes here.
    fn poll_patience(&mut self, cx: &mut Context<'_>, received: usize) -> Poll<Refused> {
        let Receiver {
            clock,
            limits,
            timer,
            ..
        } = self.receiver;
        let begun = *self.begun.get_or_insert_with(|| {
            self.idle = timer.lend();
            clock.monotonic()
        });
        let waited = self.idle.began(*clock).since(begun);
        let earned = Duration::from_secs(received as u64 / limits.body_bytes_per_second_min);
        let left = (limits.body + earned).saturating_sub(waited);
        let limit = left.min(limits.body_idle);
        self.idle.poll(cx, *clock, limit).map(|_| Refused::Gone)
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.receiver.timer.give_back(&mut self.idle);
    }
}

#[cfg(test)]
mod tests;
