//! Admission to the disk: a bounded number of concurrent reads, each with memory reserved for its
//! result.
//!
//! Memory for responses is one budget for the whole server, from before their records are read
//! until their last byte is sent. A read that waits for the disk reserves memory before anything is
//! read, and returns what turns out not to be needed; cached data reserves memory when it is
//! available.
//!
//! Cached data is served at once. A read that has to wait for the disk first waits for a permit,
//! then for memory, before any byte is read; both together for a bounded time, after which the
//! caller is told to retry. A read that has begun runs to completion, and keeps its permit and
//! memory until then, even if its caller has left.

use crate::facts::ReadFailure;
use millstream_env::Clock;
use millstream_memory::{Budget, Share};
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Maximum number of reads waiting for the disk: enough to keep a device busy, with few threads.
pub const COLD_READS_MAX: usize = 16;
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

/// An engine's permits and memory.
#[derive(Debug)]
pub(crate) struct Admission {
    turns: Arc<Semaphore>,
    room: Arc<Budget>,
    refused: AtomicU64,
}

/// A read's permit, and its memory.
#[derive(Debug)]
pub(crate) struct Turn {
    share: Share,
    _permit: OwnedSemaphorePermit,
}

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
            room: Budget::with_reserve(ROOM_BYTES, SMALL_BYTES),
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

    /// Room for what is at hand, which does not wait.
    pub(crate) fn share_at_once(&self, bytes: usize) -> Result<Share, ReadFailure> {
        let mut share = self.room.share();
        if share.resize(bytes) {
            Ok(share)
        } else {
            Err(self.refuse())
        }
    }

    fn refuse(&self) -> ReadFailure {
        self.refused.fetch_add(1, Ordering::Relaxed);
        ReadFailure::Busy
    }

    /// Waits for a turn, and for room for so many bytes.
    pub(crate) async fn admit(
        &self,
        clock: &dyn Clock,
        bytes: usize,
        waits: Waits,
    ) -> Result<Turn, ReadFailure> {
        match waits {
            Waits::Long => Ok(self.turn(bytes).await),
            Waits::Not => tokio::select! {
                biased;
                turn = self.turn(bytes) => Ok(turn),
                () = ready(()) => Err(ReadFailure::Busy),
            },
            Waits::Bounded => tokio::select! {
                biased;
                turn = self.turn(bytes) => Ok(turn),
                () = clock.sleep(COLD_WAIT_MAX) => Err(self.refuse()),
            },
        }
    }

    /// Acquires a permit in FIFO order; the holder of a permit waits for memory before others do.
    async fn turn(&self, bytes: usize) -> Turn {
        let permit = Arc::clone(&self.turns).acquire_owned().await;
        let permit = permit.expect("nobody closes the semaphore");
        let mut share = self.room.share();
        let max = self.room.max() / 4 * COLD_ROOM_QUARTERS;
        self.room.wait(&mut share, bytes.min(max), max).await;
        Turn {
            share,
            _permit: permit,
        }
    }
}
