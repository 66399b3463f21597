//! Receives request bodies: bounded in bytes, in time, and in total memory across all requests.
//!
//! Limits apply while the body arrives, before anything is kept. A declared length reserves
//! nothing: a body is charged for its allocated memory, which is at most a few times what has
//! arrived.

use crate::config::Limits;
use crate::connection::activity::Activity;
use crate::receive::budgets::BodyBytes;
use bytes::Bytes;
use hyper::body::Body;
use millstream_env::{Clock, Monotonic};
use millstream_service::{Progress, Wait};
use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Growth factor of a full buffer while it is small …
const GROWTH_SMALL: usize = 4;
/// … and once it is not.
const GROWTH: usize = 2;
/// Interval at which a waiting body checks whether memory has become short.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Why a body was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It exceeds the maximum size.
    TooLarge,
    /// The budget of all requests, or of the connection, is exhausted.
    Overload,
    /// Its framing is not valid HTTP.
    Malformed,
    /// It arrived too slowly, or the connection broke: there is no client to answer.
    Gone,
}

/// A complete body, and what it has taken from the budgets.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) bytes: Bytes,
    pub(crate) taken: BodyBytes,
}

/// Server and connection parameters of receiving a body.
pub(crate) struct Receiver<'a> {
    pub(crate) clock: &'a dyn Clock,
    pub(crate) limits: &'a Limits,
    /// Maximum body size.
    pub(crate) body_bytes_max: usize,
    pub(crate) activity: &'a Activity,
}

impl Receiver<'_> {
    /// Receives a whole body. A rejected one is left unread.
    pub(crate) async fn receive<B>(&self, body: &mut B) -> Result<Received, Refused>
    where
        B: Body<Data = Bytes, Error: Error + 'static> + Unpin,
    {
        let mut gathered = Gathered {
            receiver: self,
            first: Bytes::new(),
            rest: Vec::new(),
            length_max: declared(body).map_or(self.body_bytes_max, |length| {
                length.min(self.body_bytes_max)
            }),
            taken: BodyBytes::default(),
        };
        let mut watch = Watch {
            receiver: self,
            begun: None,
            idle: Wait::default(),
        };
        while let Some(bytes) = watch.next(body, &gathered).await? {
            gathered.push(bytes)?;
        }
        Ok(gathered.finish())
    }

    /// Reads and drops the rest of a rejected body, so that a client that writes everything before
    /// it reads gets its response. Bounded in time and bytes.
    pub(crate) async fn discard<B>(&self, mut body: B)
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let (limits, clock) = (self.limits, self.clock);
        let mut left = limits.linger_bytes;
        let mut idle = Wait::default();
        let rest = poll_fn(|cx| {
            loop {
                let Poll::Ready(frame) = Pin::new(&mut body).poll_frame(cx) else {
                    return idle.poll(cx, clock, limits.linger_idle).map(drop);
                };
                idle.end();
                let frame = frame.and_then(Result::ok);
                let count = frame.map(|frame| frame.data_ref().map_or(0, Bytes::len));
                left = match count.and_then(|count| left.checked_sub(count)) {
                    Some(left) => left,
                    None => return Poll::Ready(()),
                };
            }
        });
        tokio::select! {
            biased;
            () = rest => (),
            () = self.clock.sleep(self.limits.linger) => (),
        }
    }
}

/// The declared length of a body.
pub(crate) fn declared(body: &impl Body) -> Option<usize> {
    let length = body.size_hint().exact()?;
    Some(usize::try_from(length).unwrap_or(usize::MAX))
}

/// What has arrived so far: a single piece as it is, several copied into one buffer.
struct Gathered<'a> {
    receiver: &'a Receiver<'a>,
    first: Bytes,
    rest: Vec<u8>,
    /// The maximum possible length.
    length_max: usize,
    taken: BodyBytes,
}

impl Gathered<'_> {
    fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }

    fn push(&mut self, bytes: Bytes) -> Result<(), Refused> {
        let length = self.len() + bytes.len();
        if length > self.receiver.body_bytes_max {
            return Err(Refused::TooLarge);
        }
        if self.len() == 0 {
            self.charge(length)?;
            self.first = bytes;
            return Ok(());
        }
        self.make_room(length)?;
        self.rest
            .extend_from_slice(&std::mem::take(&mut self.first));
        self.rest.extend_from_slice(&bytes);
        Ok(())
    }

    /// Makes room for `length` bytes in total; charges memory before allocating it.
    fn make_room(&mut self, length: usize) -> Result<(), Refused> {
        if length <= self.rest.capacity() {
            return Ok(());
        }
        let growth = match length < self.receiver.limits.small_body_bytes {
            true => GROWTH_SMALL,
            false => GROWTH,
        };
        let wanted = (self.len() * growth).min(self.length_max).max(length);
        // If there is not enough budget for what may arrive, there may be enough for what has.
        let capacity = match self.charge(wanted) {
            Ok(()) => wanted,
            Err(_) => {
                self.charge(length)?;
                length
            }
        };
        self.rest.reserve_exact(capacity - self.rest.len());
        Ok(())
    }

    fn charge(&mut self, bytes: usize) -> Result<(), Refused> {
        let holdings = &self.receiver.activity.holdings;
        match holdings.grow_body(&mut self.taken, bytes) {
            true => Ok(()),
            false => Err(Refused::Overload),
        }
    }

    fn finish(mut self) -> Received {
        let bytes = match self.rest.is_empty() {
            true => std::mem::take(&mut self.first),
            false => std::mem::take(&mut self.rest).into(),
        };
        Received {
            bytes,
            taken: std::mem::take(&mut self.taken),
        }
    }
}

impl Drop for Gathered<'_> {
    fn drop(&mut self) {
        let taken = std::mem::take(&mut self.taken);
        self.receiver.activity.holdings.end_body(taken);
    }
}

/// The timers, which start only when bytes are missing.
struct Watch<'a> {
    receiver: &'a Receiver<'a>,
    begun: Option<Monotonic>,
    idle: Wait,
}

impl Watch<'_> {
    /// The next piece of data; `None` at the end.
    async fn next<B>(
        &mut self,
        body: &mut B,
        gathered: &Gathered<'_>,
    ) -> Result<Option<Bytes>, Refused>
    where
        B: Body<Data = Bytes, Error: Error + 'static> + Unpin,
    {
        self.idle.end();
        loop {
            let frame = poll_fn(|cx| match Pin::new(&mut *body).poll_frame(cx) {
                Poll::Ready(frame) => Poll::Ready(Ok(frame)),
                Poll::Pending => self.poll_patience(cx, gathered).map(Err),
            });
            match frame.await? {
                None => return Ok(None),
                Some(Err(error)) => return Err(why_broken(&error)),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => return Ok(Some(bytes)),
                    // Trailers are ignored.
                    Err(_trailers) => self.idle.end(),
                },
            }
        }
    }

    /// Ready when the client has exceeded its time, given what has arrived of its body.
    fn poll_patience(&mut self, cx: &mut Context<'_>, gathered: &Gathered<'_>) -> Poll<Refused> {
        let Receiver {
            clock,
            limits,
            activity,
            ..
        } = self.receiver;
        let begun = *self.begun.get_or_insert_with(|| {
            self.idle = activity.timer.lend();
            clock.monotonic()
        });
        let waited = self.idle.began(*clock).since(begun);
        let received = gathered.len();
        let patience = earned(limits, received).saturating_sub(waited);
        let patience = patience.min(limits.body_idle);
        loop {
            let when_short = match activity.holdings.are_short(&gathered.taken) {
                true => earned_when_short(limits, received).saturating_sub(waited),
                false => Duration::MAX,
            };
            let limit = patience.min(when_short);
            return match self.idle.poll_looking(cx, *clock, limit, LOOK_EVERY) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Progress::Looks) => continue,
                Poll::Ready(Progress::Over) if limit < patience => Poll::Ready(Refused::Overload),
                Poll::Ready(Progress::Over) => Poll::Ready(Refused::Gone),
            };
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.receiver.activity.timer.give_back(&mut self.idle);
    }
}

/// How long `received` bytes may take.
fn earned(limits: &Limits, received: usize) -> Duration {
    let small = received.min(limits.small_body_bytes);
    limits.body
        + at_pace(small, limits.body_bytes_per_second_min)
        + at_pace(received - small, limits.large_body_bytes_per_second_min)
}

/// The same while the budget is short.
fn earned_when_short(limits: &Limits, received: usize) -> Duration {
    limits.body_when_short + at_pace(received, limits.body_bytes_per_second_min_when_short)
}

fn at_pace(bytes: usize, per_second: u64) -> Duration {
    Duration::from_secs(bytes as u64 / per_second)
}

/// Classifies a read error: hyper reports invalid framing of a body as one.
fn why_broken(error: &(dyn Error + 'static)) -> Refused {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            let malformed = [io::ErrorKind::InvalidInput, io::ErrorKind::InvalidData];
            return match malformed.contains(&error.kind()) {
                true => Refused::Malformed,
                false => Refused::Gone,
            };
        }
        cause = error.source();
    }
    Refused::Gone
}

#[cfg(test)]
mod tests;
