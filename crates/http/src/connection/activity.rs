//! What a connection is doing: reported by its requests, read by its timers, with the memory they
//! hold.

use crate::connection::tls::TlsSession;
use crate::deliver::pieces::Pieces;
use crate::receive::budgets::{BodyBytes, Budgets, Holdings};
use millstream_auth::Context;
use millstream_memory::Share;
use millstream_model::AccountId;
use millstream_service::{SpareTimer, Waiter};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// The requests of one connection.
#[derive(Debug)]
pub(crate) struct Activity {
    in_flight: AtomicUsize,
    started: AtomicU64,
    executing: AtomicUsize,
    executions: AtomicU64,
    leaves_rest: AtomicBool,
    /// Shared by the waits of its requests.
    pub(crate) timer: SpareTimer,
    /// Pieces of its responses that its transport holds.
    pub(crate) pieces: Pieces,
    /// Budget that its requests hold.
    pub(crate) holdings: Holdings,
    /// How its requests arrive.
    pub(crate) context: Context,
    /// How they are encrypted, if they are.
    pub(crate) tls: Option<TlsSession>,
}

impl Activity {
    /// The activity of a connection without requests so far.
    pub(crate) fn new(
        budgets: Arc<Budgets>,
        context: Context,
        tls: Option<TlsSession>,
    ) -> Arc<Self> {
        Arc::new(Self {
            in_flight: AtomicUsize::new(0),
            started: AtomicU64::new(0),
            executing: AtomicUsize::new(0),
            executions: AtomicU64::new(0),
            leaves_rest: AtomicBool::new(false),
            timer: SpareTimer::default(),
            pieces: Pieces::default(),
            holdings: Holdings::new(budgets),
            context,
            tls,
        })
    }

    /// An activity with a server's default budgets.
    #[cfg(test)]
    pub(crate) fn for_test() -> Arc<Self> {
        Self::within(Budgets::new(&crate::config::Limits::default()))
    }

    /// An activity within these budgets.
    #[cfg(test)]
    pub(crate) fn within(budgets: Arc<Budgets>) -> Arc<Self> {
        let peer = ([192, 0, 2, 7], 4711).into();
        let channel = millstream_auth::Channel::Plain;
        Self::new(budgets, Context { peer, channel }, None)
    }

    /// Records that a request has begun; it lasts until the guard is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> InFlight {
        self.started.fetch_add(1, Ordering::Relaxed);
        self.occupy()
    }

    /// The same for a multiplexed request, which itself holds `bytes`.
    pub(crate) fn begin_stream(self: &Arc<Self>, bytes: usize) -> InFlight {
        let mut in_flight = self.begin();
        match self.holdings.take_stream(bytes) {
            true => {
                in_flight.stream = Some(Stream {
                    activity: Arc::clone(self),
                    bytes,
                });
            }
            false => in_flight.is_refused = true,
        }
        in_flight
    }

    /// Keeps the connection busy without a request.
    pub(crate) fn occupy(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight {
            activity: Arc::clone(self),
            body: BodyBytes::default(),
            claim: None,
            stream: None,
            is_refused: false,
        }
    }

    /// Whether a request is being answered.
    pub(crate) fn is_busy(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) > 0
    }

    /// Records that a request has been received completely and is being executed, until the guard
    /// is dropped.
    pub(crate) fn execute(self: &Arc<Self>) -> Executing {
        self.executing.fetch_add(1, Ordering::Relaxed);
        self.executions.fetch_add(1, Ordering::Relaxed);
        Executing(Arc::clone(self))
    }

    /// Whether a request is being executed: it waits neither for its body nor for its client.
    pub(crate) fn is_executing(&self) -> bool {
        self.executing.load(Ordering::Relaxed) > 0
    }

    /// Number of requests whose execution has begun.
    pub(crate) fn executions(&self) -> u64 {
        self.executions.load(Ordering::Relaxed)
    }

    /// Records that the connection is closed after a response although more of its request may be
    /// sent.
    pub(crate) fn leave_rest(&self) {
        self.leaves_rest.store(true, Ordering::Relaxed);
    }

    /// Whether that is so.
    pub(crate) fn leaves_rest(&self) -> bool {
        self.leaves_rest.load(Ordering::Relaxed)
    }

    /// Number of requests that have begun.
    pub(crate) fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }
}

/// A request that is being executed.
pub(crate) struct Executing(Arc<Activity>);

impl Drop for Executing {
    fn drop(&mut self) {
        self.0.executing.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request in flight, with what it holds: owned by its future, then by the body of its response.
#[derive(Debug)]
pub(crate) struct InFlight {
    activity: Arc<Activity>,
    body: BodyBytes,
    /// The body's bytes as its account's, once that is known.
    claim: Option<Share>,
    stream: Option<Stream>,
    is_refused: bool,
}

impl InFlight {
    /// The connection's activity.
    pub(crate) fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }

    /// Whether there is no budget for the request itself.
    pub(crate) fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// Keeps what its body has taken from the budget.
    pub(crate) fn hold_body(&mut self, body: BodyBytes) {
        let before = std::mem::replace(&mut self.body, body);
        self.activity.holdings.end_body(before);
    }

    /// Counts what its body has taken as an account's; returns `false` if that exceeds its part.
    #[must_use]
    pub(crate) fn claim_body(&mut self, account: &AccountId) -> bool {
        self.claim = self.activity.holdings.claim_body(&self.body, account);
        self.claim.is_some()
    }

    /// Moves what its stream holds to the last piece of its response.
    pub(crate) fn hand_over_stream(&mut self) -> Option<Stream> {
        self.stream.take()
    }
}

impl Waiter for InFlight {
    type Charge = Kept;

    fn timer(&self) -> &SpareTimer {
        &self.activity.timer
    }

    fn hand_over_body(&mut self) -> Kept {
        Kept {
            activity: Arc::clone(&self.activity),
            body: std::mem::take(&mut self.body),
            claim: self.claim.take(),
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        // First of all: whoever finds the budget free is not refused by a claim that has ended.
        self.claim = None;
        let body = std::mem::take(&mut self.body);
        self.activity.holdings.end_body(body);
        self.activity.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a body has taken from the budget, kept beyond its request.
#[derive(Debug)]
pub(crate) struct Kept {
    activity: Arc<Activity>,
    body: BodyBytes,
    claim: Option<Share>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.claim = None;
        let body = std::mem::take(&mut self.body);
        self.activity.holdings.end_body(body);
    }
}

/// What an HTTP/2 stream holds: its head, the task that answers it, and a small response that its
/// client leaves unread.
#[derive(Debug)]
pub(crate) struct Stream {
    activity: Arc<Activity>,
    bytes: usize,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.activity.holdings.end_stream(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_when_handed_over_then_stays_charged_until_whoever_has_it_lets_go() {
        let activity = Activity::for_test();
        let mut in_flight = activity.begin();
        let mut body = BodyBytes::default();
        assert!(activity.holdings.grow_body(&mut body, 100));
        in_flight.hold_body(body);
        let small_bodies = Arc::clone(&activity.holdings.budgets().small_bodies);
        let kept = in_flight.hand_over_body();
        drop(in_flight);
        assert_eq!(small_bodies.taken(), 100);
        drop(kept);
        assert_eq!(small_bodies.taken(), 0);
    }
}
