//! Budgets shared by all connections, by kind, and each connection's holdings.
//!
//! A declared length takes nothing. A small body is charged to a reserve that large ones never
//! touch; if the reserve is exhausted, or its connection has used up its part of it, the body is
//! charged with the large ones. A connection never holds more than its own part, so that a single
//! one cannot starve the others. Nor does an account, once it is known whose a body is: until then
//! anybody could have named it.

use crate::config::Limits;
use millstream_memory::{Budget, Holders, Share};
use millstream_model::AccountId;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::watch;

/// The budgets of a server.
#[derive(Debug)]
pub(crate) struct Budgets {
    limits: Limits,
    /// The reserve, for bodies of at most [`Limits::small_body_bytes`].
    pub(crate) small_bodies: Arc<Budget>,
    /// All other bodies.
    pub(crate) large_bodies: Arc<Budget>,
    /// The parts of them whose account is known.
    small_of_accounts: OfAccounts,
    large_of_accounts: OfAccounts,
    /// HTTP/1's heads and read buffers, and HTTP/2's streams with their heads.
    pub(crate) heads: Arc<Budget>,
    /// Notifies that a response was refused because other clients leave theirs unread.
    pub(crate) answers_short: watch::Sender<()>,
}

impl Budgets {
    /// Budgets with nothing taken.
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        let reserve = limits.small_body_bytes_in_flight;
        let large = limits.body_bytes_in_flight.saturating_sub(reserve);
        Arc::new(Self {
            limits: *limits,
            small_bodies: Budget::new(reserve),
            large_bodies: Budget::new(large),
            small_of_accounts: OfAccounts::new(reserve),
            large_of_accounts: OfAccounts::new(large),
            heads: Budget::new(limits.head_bytes_in_flight),
            answers_short: watch::Sender::new(()),
        })
    }
}

/// What accounts have of a budget. This one is as large, and whoever counts here has taken as much
/// there: so only their parts matter.
#[derive(Debug)]
struct OfAccounts {
    budget: Arc<Budget>,
    holders: Holders<AccountId>,
}

impl OfAccounts {
    fn new(max: usize) -> Self {
        Self {
            budget: Budget::new(max),
            holders: Holders::default(),
        }
    }

    fn claim(&self, account: &AccountId, bytes: usize) -> Option<Share> {
        let mut claim = self.budget.share_of(&self.holders.of(account));
        claim.grow_to(bytes).then_some(claim)
    }
}

/// A connection's holdings in its server's budgets.
#[derive(Debug)]
pub(crate) struct Holdings {
    budgets: Arc<Budgets>,
    small_bodies: Part,
    large_bodies: Part,
    heads: Part,
}

/// What one body has taken.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct BodyBytes {
    small: usize,
    large: usize,
}

impl Holdings {
    /// The holdings of a new connection.
    pub(crate) fn new(budgets: Arc<Budgets>) -> Self {
        let limits = &budgets.limits;
        Self {
            small_bodies: Part::new(0, limits.small_body_bytes_of_connection),
            large_bodies: Part::new(0, limits.body_bytes_of_connection),
            heads: Part::new(limits.head_bytes_free, limits.head_bytes_of_connection),
            budgets,
        }
    }

    /// The budgets they belong to.
    pub(crate) fn budgets(&self) -> &Budgets {
        &self.budgets
    }

    /// Grows a body's share to at least `bytes`; returns `false` and leaves it unchanged if too few
    /// are left.
    #[must_use]
    pub(crate) fn grow_body(&self, body: &mut BodyBytes, bytes: usize) -> bool {
        let Budgets {
            limits,
            small_bodies,
            large_bodies,
            ..
        } = &*self.budgets;
        let has = body.small + body.large;
        if bytes <= has {
            return true;
        }
        if bytes <= limits.small_body_bytes
            && body.large == 0
            && self.small_bodies.take(small_bodies, bytes - has)
        {
            body.small = bytes;
            return true;
        }
        // The reserve is for bodies that stay small: this one moves completely.
        if !self.large_bodies.take(large_bodies, bytes - body.large) {
            if bytes <= limits.small_body_bytes {
                small_bodies.note_refusal()
            } else {
                large_bodies.note_refusal()
            }
            return false;
        }
        self.small_bodies
            .give_back(small_bodies, std::mem::take(&mut body.small));
        body.large = bytes;
        true
    }

    /// Counts what a body has taken as an account's; `None` if that exceeds its part.
    #[must_use]
    pub(crate) fn claim_body(&self, body: &BodyBytes, account: &AccountId) -> Option<Share> {
        let budgets = &*self.budgets;
        let (of_accounts, budget, bytes) = match body.large {
            0 => (
                &budgets.small_of_accounts,
                &budgets.small_bodies,
                body.small,
            ),
            bytes => (&budgets.large_of_accounts, &budgets.large_bodies, bytes),
        };
        let claim = of_accounts.claim(account, bytes);
        if claim.is_none() {
            budget.note_refusal();
        }
        claim
    }

    /// Returns what a body has taken.
    pub(crate) fn end_body(&self, body: BodyBytes) {
        let BodyBytes { small, large } = body;
        if small > 0 {
            self.small_bodies
                .give_back(&self.budgets.small_bodies, small);
        }
        if large > 0 {
            self.large_bodies
                .give_back(&self.budgets.large_bodies, large);
        }
    }

    /// Whether the budget of a waiting body is short, so that it has to hurry.
    pub(crate) fn are_short(&self, body: &BodyBytes) -> bool {
        (body.small > 0 && self.budgets.small_bodies.is_short())
            || (body.large > 0 && self.budgets.large_bodies.is_short())
            || (self.heads.held() > 0 && self.budgets.heads.is_short())
    }

    /// Takes what a stream and its head hold; `false` if too few bytes are left.
    #[must_use]
    pub(crate) fn take_stream(&self, bytes: usize) -> bool {
        let has_room = self.heads.take(&self.budgets.heads, bytes);
        if !has_room {
            self.budgets.heads.note_refusal();
        }
        has_room
    }

    /// Returns what a stream has taken.
    pub(crate) fn end_stream(&self, bytes: usize) {
        self.heads.give_back(&self.budgets.heads, bytes);
    }
}

/// A connection's part of a budget.
#[derive(Debug)]
struct Part {
    held: AtomicUsize,
    /// Bytes that are the connection's own, outside the budget.
    free: usize,
    /// Upper bound on what it holds.
    max: usize,
}

impl Part {
    fn new(free: usize, max: usize) -> Self {
        Self {
            held: AtomicUsize::new(0),
            free,
            max,
        }
    }

    fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Correct under concurrency: the sum of all changes to the budget equals what is held above
    /// the free bytes.
    fn take(&self, budget: &Budget, bytes: usize) -> bool {
        let before = self.held.fetch_add(bytes, Ordering::Relaxed);
        let charged = self.charged(before + bytes) - self.charged(before);
        let has_room = charged == 0 || budget.add(charged);
        if has_room && before + bytes <= self.max {
            return true;
        }
        self.give_back(budget, bytes);
        false
    }

    fn give_back(&self, budget: &Budget, bytes: usize) {
        let before = self.held.fetch_sub(bytes, Ordering::Relaxed);
        let charged = self.charged(before) - self.charged(before - bytes);
        if charged > 0 {
            budget.give_back(charged);
        }
    }

    fn charged(&self, held: usize) -> usize {
        held.saturating_sub(self.free)
    }
}

#[cfg(test)]
mod tests;
