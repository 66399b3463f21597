//! Memory for encoded blocks: the total, and its distribution.
//!
//! Memory is leased before a block is read, and returned when its last byte has been written to its
//! last client. A stalled client keeps its block, so stalled clients must never be able to hold
//! everything: a stream and an account grow only as long as they leave as much for others, and the
//! last quarter is reserved for subscribers that have shown that they drain. A refused subscriber
//! may wait; among waiters, draining subscribers come first, then FIFO order.

use crate::catalog::Stream;
use millstream_env::Monotonic;
use millstream_model::AccountId;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Total memory of blocks, including those still being written to clients.
pub(super) const ROOM_KIB: u32 = 128 * 1024;
/// Reserved for draining subscribers.
const FOR_DRAINING_KIB: u32 = ROOM_KIB / 4;
/// Share of one account, in quarters of what the other accounts leave.
const ACCOUNT_QUARTERS: u32 = 3;
/// How long memory counts as short after a refusal.
const SHORT_FOR: Duration = Duration::from_secs(2);

/// The owner of a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    account: AccountId,
    stream: u64,
}

impl Owner {
    pub(super) fn of(stream: &Stream) -> Self {
        Self {
            account: stream.scope.account.clone(),
            stream: stream.id,
        }
    }
}

/// What is known about a subscriber. Draining ones come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It took its last block, and soon.
    Draining,
    /// It has not been given a block yet, or was slow to take it.
    New,
}

/// The memory, and its waiters.
#[derive(Debug)]
pub(super) struct Room {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free_kib: u32,
    /// What is held, by account and by stream.
    accounts: BTreeMap<AccountId, u32>,
    streams: BTreeMap<u64, u32>,
    waiting: BTreeMap<Place, Waiting>,
    /// The waiters, by stream.
    places: BTreeMap<u64, BTreeSet<Place>>,
    tickets: u64,
    /// When a lease was last refused, and what its stream held.
    refused: Option<(Monotonic, u32)>,
}

/// A position in the queue.
type Place = (Standing, u64);

#[derive(Debug)]
struct Waiting {
    owner: Owner,
    kib: u32,
    grant: Arc<Grant>,
}

#[derive(Debug, Default)]
struct Grant {
    lease: Mutex<Option<Lease>>,
    given: Notify,
}

impl State {
    fn held(&self, owner: &Owner) -> (u32, u32) {
        let of_account = self.accounts.get(&owner.account).copied();
        let of_stream = self.streams.get(&owner.stream).copied();
        (of_account.unwrap_or(0), of_stream.unwrap_or(0))
    }

    /// Whether this much more may be leased.
    ///
    /// A stream may hold at most as much as its account may still take, and half of it for new
    /// subscribers: so there is always some for the next stream, and in each stream for draining
    /// subscribers.
    fn allows(&self, owner: &Owner, standing: Standing, kib: u32) -> bool {
        let Some(free) = self.free_kib.checked_sub(kib) else {
            return false;
        };
        if standing == Standing::New && free < FOR_DRAINING_KIB {
            return false;
        }
        let (of_account, of_stream) = self.held(owner);
        if of_stream == 0 {
            return true;
        }
        let others_leave = self.free_kib + of_account;
        let account_max = others_leave / 4 * ACCOUNT_QUARTERS;
        let left = account_max.saturating_sub(of_account + kib);
        let stream_max = match standing {
            Standing::Draining => left,
            Standing::New => left / 2,
        };
        of_stream + kib <= stream_max
    }

    fn take(&mut self, owner: &Owner, kib: u32) {
        self.free_kib -= kib;
        *self.accounts.entry(owner.account.clone()).or_default() += kib;
        *self.streams.entry(owner.stream).or_default() += kib;
    }

    fn give_back(&mut self, owner: &Owner, kib: u32) {
        self.free_kib += kib;
        take_off(&mut self.accounts, &owner.account, kib);
        take_off(&mut self.streams, &owner.stream, kib);
    }

    fn forget_place(&mut self, stream: u64, place: Place) {
        if let Some(places) = self.places.get_mut(&stream) {
            places.remove(&place);
            if places.is_empty() {
                self.places.remove(&stream);
            }
        }
    }

    /// Whether a waiter of the stream must not be overtaken.
    fn has_before(&self, stream: u64, standing: Standing) -> bool {
        let first = self.places.get(&stream).and_then(BTreeSet::first);
        first.is_some_and(|(first, _)| *first <= standing)
    }

    /// The smallest holding of a stream that wants more.
    fn wanting(&self, now: Monotonic) -> Option<u32> {
        let waiting = self.places.keys();
        let held = waiting.map(|stream| self.streams.get(stream).copied().unwrap_or(0));
        let lately = |(at, _): &(Monotonic, u32)| now.since(*at) < SHORT_FOR;
        let refused = self.refused.filter(lately).map(|(_, held)| held);
        held.chain(refused).min()
    }
}

/// Subtracts, and removes an entry that has become zero.
fn take_off<K: Ord>(of: &mut BTreeMap<K, u32>, key: &K, kib: u32) {
    let Some(held) = of.get_mut(key) else {
        return;
    };
    *held -= kib;
    if *held == 0 {
        of.remove(key);
    }
}

impl Room {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                free_kib: ROOM_KIB,
                accounts: BTreeMap::new(),
                streams: BTreeMap::new(),
                waiting: BTreeMap::new(),
                places: BTreeMap::new(),
                tickets: 0,
                refused: None,
            }),
        })
    }

    /// Leases memory if the asker may have it.
    pub(super) fn try_lease(
        self: &Arc<Self>,
        owner: &Owner,
        standing: Standing,
        kib: u32,
    ) -> Option<Lease> {
        let mut state = self.state.lock();
        if state.has_before(owner.stream, standing) || !state.allows(owner, standing, kib) {
            return None;
        }
        state.take(owner, kib);
        drop(state);
        Some(Lease {
            room: Arc::clone(self),
            owner: owner.clone(),
            kib,
        })
    }

    /// Records that a subscriber was refused, and goes on with less.
    pub(super) fn note_refused(&self, owner: &Owner, now: Monotonic) {
        let mut state = self.state.lock();
        let (_, held) = state.held(owner);
        let had_less = |(at, least): (Monotonic, u32)| now.since(at) < SHORT_FOR && least < held;
        if !state.refused.is_some_and(had_less) {
            state.refused = Some((now, held));
        }
    }

    /// Starts waiting for memory.
    pub(super) fn wait(self: &Arc<Self>, owner: &Owner, standing: Standing, kib: u32) -> Ticket {
        let mut state = self.state.lock();
        let place = (standing, state.tickets);
        state.tickets += 1;
        let grant = Arc::new(Grant::default());
        let waiting = Waiting {
            owner: owner.clone(),
            kib,
            grant: Arc::clone(&grant),
        };
        state.waiting.insert(place, waiting);
        state.places.entry(owner.stream).or_default().insert(place);
        drop(state);
        // Serves what was returned since the last attempt.
        self.serve();
        Ticket {
            room: Arc::clone(self),
            place,
            grant,
        }
    }

    /// Whether a stream's stalled clients block others: a stream that holds no more than theirs is
    /// short.
    pub(super) fn is_wanted_of(&self, stream: u64, now: Monotonic) -> bool {
        let state = self.state.lock();
        let held = state.streams.get(&stream).copied().unwrap_or(0);
        held > 0 && state.wanting(now).is_some_and(|least| least <= held)
    }

    /// Grants memory to waiters. Within a stream the order is strict.
    fn serve(self: &Arc<Self>) {
        let mut state = self.state.lock();
        let mut waiting = std::mem::take(&mut state.waiting);
        let mut refused = BTreeSet::new();
        let is_served = |place: &Place, waiting: &mut Waiting| {
            let Waiting { owner, kib, .. } = waiting;
            let is_allowed = !refused.contains(&owner.stream) && state.allows(owner, place.0, *kib);
            if is_allowed {
                state.take(owner, *kib);
                state.forget_place(owner.stream, *place);
            } else {
                refused.insert(owner.stream);
            }
            is_allowed
        };
        let served: Vec<_> = waiting.extract_if(.., is_served).collect();
        state.waiting = waiting;
        drop(state);
        for (_, Waiting { owner, kib, grant }) in served {
            let room = Arc::clone(self);
            *grant.lease.lock() = Some(Lease { room, owner, kib });
            grant.given.notify_one();
        }
    }

    fn give_back(self: &Arc<Self>, owner: &Owner, kib: u32) {
        let mut state = self.state.lock();
        state.give_back(owner, kib);
        let is_waited_for = !state.waiting.is_empty();
        drop(state);
        if is_waited_for {
            self.serve();
        }
    }

    #[cfg(test)]
    pub(super) fn free_kib(&self) -> u32 {
        self.state.lock().free_kib
    }
}

/// Memory that is held until this is dropped.
#[derive(Debug)]
pub(super) struct Lease {
    room: Arc<Room>,
    owner: Owner,
    kib: u32,
}

impl Lease {
    pub(super) fn kib(&self) -> u32 {
        self.kib
    }

    /// Resizes the lease if its owner may have as much; otherwise leaves it unchanged.
    #[must_use]
    pub(super) fn resize(&mut self, standing: Standing, kib: u32) -> bool {
        if kib < self.kib {
            self.room.give_back(&self.owner, self.kib - kib);
        } else if kib > self.kib {
            let more = kib - self.kib;
            let mut state = self.room.state.lock();
            if !state.allows(&self.owner, standing, more) {
                return false;
            }
            state.take(&self.owner, more);
        }
        self.kib = kib;
        true
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.room.give_back(&self.owner, self.kib);
    }
}

/// A position in the queue, given up when this is dropped.
#[derive(Debug)]
pub(super) struct Ticket {
    room: Arc<Room>,
    place: Place,
    grant: Arc<Grant>,
}

impl Ticket {
    /// Resolves once memory is granted. Cancel safe: the position is kept.
    pub(super) async fn granted(&self) {
        while self.grant.lease.lock().is_none() {
            self.grant.given.notified().await;
        }
    }

    /// The lease, if it has been granted.
    pub(super) fn take(&self) -> Option<Lease> {
        self.grant.lease.lock().take()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut state = self.room.state.lock();
        let waited = state.waiting.remove(&self.place);
        let Some(Waiting { owner, .. }) = waited else {
            return;
        };
        state.forget_place(owner.stream, self.place);
        drop(state);
        // Waiters behind it may need less.
        self.room.serve();
    }
}

#[cfg(test)]
pub(super) mod tests;
