//! Room for encoded blocks: how much all of them may hold, and who may have how much of it.
//!
//! Room is leased before a block is read, and given back when its last byte has been written to its
//! last client. A client that stalls keeps its block, so what stalled clients hold must never be
//! all: a stream and an account grow only as long as they leave as much for others, and the last
//! quarter is for subscribers that have shown that they drain. Who is refused may wait; of those
//! that wait, subscribers that drain come first, then the order of asking.

use crate::catalog::Stream;
use env::Monotonic;
use model::AccountId;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// What all blocks may hold, those that are still being written to clients included.
pub(super) const ROOM_KIB: u32 = 128 * 1024;
/// What is left to subscribers that drain, whatever new ones ask for.
const FOR_DRAINING_KIB: u32 = ROOM_KIB / 4;
/// So many quarters of what the other accounts leave are for one.
const ACCOUNT_QUARTERS: u32 = 3;
/// Room counts as short for so long after somebody was refused.
const SHORT_FOR: Duration = Duration::from_secs(2);

/// Whose room it is.
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

/// What is known of who asks. Those that drain come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It has taken the last block that it was given, and soon.
    Draining,
    /// It has not been given any yet, or was slow to take it.
    New,
}

/// The room, and those who wait for some.
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
    /// The places of those that wait, by stream.
    places: BTreeMap<u64, BTreeSet<Place>>,
    tickets: u64,
    /// When somebody was refused last, and what its stream held.
    refused: Option<(Monotonic, u32)>,
}

/// A place in the order of waiting.
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

    /// Whether so much more may be leased.
    ///
    /// What a stream holds may be at most what its account may still take, and half of it for new
    /// subscribers: so there is some for the next stream, and in each stream for those that drain.
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

    /// Whether somebody of the stream waits who is not to be overtaken.
    fn has_before(&self, stream: u64, standing: Standing) -> bool {
        let first = self.places.get(&stream).and_then(BTreeSet::first);
        first.is_some_and(|(first, _)| *first <= standing)
    }

    /// The least that a stream holds of those that want more.
    fn wanting(&self, now: Monotonic) -> Option<u32> {
        let waiting = self.places.keys();
        let held = waiting.map(|stream| self.streams.get(stream).copied().unwrap_or(0));
        let lately = |(at, _): &(Monotonic, u32)| now.since(*at) < SHORT_FOR;
        let refused = self.refused.filter(lately).map(|(_, held)| held);
        held.chain(refused).min()
    }
}

/// Subtracts, and forgets what has become nothing.
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

    /// Leases room, if there is some for who asks.
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

    /// Notes that somebody was refused, and goes on with less.
    pub(super) fn note_refused(&self, owner: &Owner, now: Monotonic) {
        let mut state = self.state.lock();
        let (_, held) = state.held(owner);
        let had_less = |(at, least): (Monotonic, u32)| now.since(at) < SHORT_FOR && least < held;
        if !state.refused.is_some_and(had_less) {
            state.refused = Some((now, held));
        }
    }

    /// Begins to wait for room.
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
        // What was given back since it was looked for.
        self.serve();
        Ticket {
            room: Arc::clone(self),
            place,
            grant,
        }
    }

    /// Whether a stream's clients that stall are in others' way: somebody is short of room whose
    /// stream holds no more than theirs.
    pub(super) fn is_wanted_of(&self, stream: u64, now: Monotonic) -> bool {
        let state = self.state.lock();
        let held = state.streams.get(&stream).copied().unwrap_or(0);
        held > 0 && state.wanting(now).is_some_and(|least| least <= held)
    }

    /// Gives room to those that wait and may have it. In a stream nobody overtakes another.
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

/// Room that is held until this is dropped.
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

    /// Becomes a lease of so much, if there is as much for who has it; otherwise it is as it was.
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

/// A place among those that wait; it is given up when this is dropped.
#[derive(Debug)]
pub(super) struct Ticket {
    room: Arc<Room>,
    place: Place,
    grant: Arc<Grant>,
}

impl Ticket {
    /// Resolves once there is room. Cancel safe: the place stays.
    pub(super) async fn granted(&self) {
        while self.grant.lease.lock().is_none() {
            self.grant.given.notified().await;
        }
    }

    /// The room, if it has been granted.
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
        // Those behind it may need less.
        self.room.serve();
    }
}

#[cfg(test)]
pub(super) mod tests;
