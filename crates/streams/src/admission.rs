//! Admission of subscriptions, of which there is a bounded number, and to the disk: a bounded
//! number of concurrent reads, each with memory reserved for its result.
//!
//! Memory for responses is one budget for the whole server, from before their records are read
//! until their last byte is sent. A read that waits for the disk reserves memory before anything is
//! read, and returns what turns out not to be needed; cached data reserves memory when it is
//! available.
//!
//! What is read counts as the account's whose stream it is of: once there are several accounts,
//! each may hold three quarters of what the others leave, of the memory and of the permits.
//!
//! Cached data is served at once. A read that has to wait for the disk first waits for a permit,
//! then for memory, before any byte is read; both together for a bounded time, after which the
//! caller is told to retry. A read that has begun runs to completion, and keeps its permit and
//! memory until then, even if its caller has left.

use crate::facts::ReadFailure;
use millstream_env::Clock;
use millstream_memory::{Budget, HOLDER_QUARTERS, Holder, Holders, Share};
use millstream_model::AccountId;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Maximum number of reads waiting for the disk: enough to keep a device busy, with few threads.
pub const COLD_READS_MAX: usize = 16;
/// Maximum number of them for one account, once there are several.
pub const COLD_READS_OF_ACCOUNT: usize = COLD_READS_MAX / 4 * HOLDER_QUARTERS;
/// How long a read waits for its permit and memory. A subscriber retries, and gets idle events
/// meanwhile.
pub const COLD_WAIT_MAX: Duration = Duration::from_secs(2);

/// Default size of the memory for responses.
pub const ROOM_BYTES: usize = 256 * 1024 * 1024;
/// Shares up to this size are small, and a reserve is for them alone: clients that leave large
/// responses unread do not block the others.
const SMALL_BYTES: usize = 1024 * 1024;
/// Share of the response memory, in quarters, for reads that wait for the disk: the rest is for
/// cached data.
const COLD_ROOM_QUARTERS: usize = 3;

/// Default maximum number of subscriptions.
pub const SUBSCRIPTIONS_MAX: usize = 16_384;

/// How long a caller waits for its permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    /// Not at all: the result is dispensable.
    Not,
    /// For a bounded time: a client waits.
    Bounded,
    /// For long: no client waits.
    Long,
}

/// An engine's permits, memory, and places for subscriptions.
#[derive(Debug)]
pub(crate) struct Admission {
    turns: Arc<Semaphore>,
    /// Permits of accounts with reads that wait for the disk, which need one of these first.
    turns_of: Mutex<BTreeMap<AccountId, Arc<Semaphore>>>,
    room: Arc<Budget>,
    holders: Holders<AccountId>,
    subscriptions: Arc<Budget>,
    subscribers: Holders<AccountId>,
    refused: AtomicU64,
}

/// A read's permit, and its memory.
#[derive(Debug)]
pub(crate) struct Turn {
    share: Share,
    _permits: Permits,
}

/// The account's permit, once there are several accounts, and the one of all.
type Permits = (Option<OwnedSemaphorePermit>, OwnedSemaphorePermit);

impl Turn {
    /// Ends the turn; the room stays taken.
    pub(crate) fn end(self) -> Share {
        self.share
    }
}

impl Admission {
    pub(crate) fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(COLD_READS_MAX)),
            turns_of: Mutex::default(),
            room: Budget::with_reserve(ROOM_BYTES, SMALL_BYTES),
            holders: Holders::default(),
            subscriptions: Budget::new(SUBSCRIPTIONS_MAX),
            subscribers: Holders::default(),
            refused: AtomicU64::new(0),
        }
    }

    /// Number of reads that hold a permit.
    pub(crate) fn cold_reads(&self) -> usize {
        COLD_READS_MAX - self.turns.available_permits()
    }

    /// Number of reads refused so far.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Room for answers.
    pub(crate) fn room(&self) -> &Arc<Budget> {
        &self.room
    }

    /// An empty share of the room that counts as an account's.
    pub(crate) fn share_of(&self, account: &AccountId) -> Share {
        self.room.share_of(&self.holders.of(account))
    }

    /// Room for what is at hand, which does not wait.
    pub(crate) fn share_at_once(
        &self,
        account: &AccountId,
        bytes: usize,
    ) -> Result<Share, ReadFailure> {
        let mut share = self.share_of(account);
        if share.resize(bytes) {
            Ok(share)
        } else {
            Err(self.refuse())
        }
    }

    /// The places of subscriptions, one for each.
    pub(crate) fn subscriptions(&self) -> &Budget {
        &self.subscriptions
    }

    /// A place for one more subscription to an account's streams, if it may have one.
    pub(crate) fn subscribe(&self, account: &AccountId) -> Option<Share> {
        let mut place = self.subscriptions.share_of(&self.subscribers.of(account));
        let has_place = place.grow_to(1);
        if !has_place {
            self.subscriptions.note_refusal();
        }
        has_place.then_some(place)
    }

    fn refuse(&self) -> ReadFailure {
        self.refused.fetch_add(1, Ordering::Relaxed);
        ReadFailure::Busy
    }

    /// Waits for a turn, and for room for so many bytes.
    pub(crate) async fn admit(
        &self,
        clock: &dyn Clock,
        account: &AccountId,
        bytes: usize,
        waits: Waits,
    ) -> Result<Turn, ReadFailure> {
        let holder = self.holders.of(account);
        let turn = self.turn((account, &holder), bytes, waits);
        match waits {
            Waits::Long => Ok(turn.await),
            Waits::Not => tokio::select! {
                biased;
                turn = turn => Ok(turn),
                () = ready(()) => Err(ReadFailure::Busy),
            },
            Waits::Bounded => tokio::select! {
                biased;
                turn = turn => Ok(turn),
                () = clock.sleep(COLD_WAIT_MAX) => Err(self.refuse()),
            },
        }
    }

    /// Acquires permits in FIFO order, first the account's and then one of all; the holder of a
    /// permit waits for memory before others do.
    ///
    /// Work for which no client waits is the server's own, and no account's: one that keeps its
    /// part full does not hold it up.
    async fn turn(
        &self,
        (account, holder): (&AccountId, &Arc<Holder>),
        bytes: usize,
        waits: Waits,
    ) -> Turn {
        let (own, mut share) = match waits {
            Waits::Long => (None, self.room.share()),
            Waits::Not | Waits::Bounded if self.holders.are_several() => {
                let own = acquire(self.turns_of(account)).await;
                (Some(own), self.room.share_of(holder))
            }
            Waits::Not | Waits::Bounded => (None, self.room.share_of(holder)),
        };
        let permits = (own, acquire(Arc::clone(&self.turns)).await);
        let max = self.room.max() / 4 * COLD_ROOM_QUARTERS;
        self.room.wait(&mut share, bytes.min(max), max).await;
        Turn {
            share,
            _permits: permits,
        }
    }

    /// An account's permits. Those that nobody has or waits for are forgotten.
    fn turns_of(&self, account: &AccountId) -> Arc<Semaphore> {
        let mut turns = self.turns_of.lock();
        turns.retain(|_, turns| Arc::strong_count(turns) > 1);
        let new = || Arc::new(Semaphore::new(COLD_READS_OF_ACCOUNT));
        Arc::clone(turns.entry(account.clone()).or_insert_with(new))
    }
}

async fn acquire(turns: Arc<Semaphore>) -> OwnedSemaphorePermit {
    let permit = turns.acquire_owned().await;
    permit.expect("nobody closes the semaphore")
}

#[cfg(test)]
mod tests;
