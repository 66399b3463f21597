//! Who may wait for the disk: so many reads at once, each with room for what it may bring.
//!
//! What is at hand comes at once. A read that has to wait for the disk waits for its turn first,
//! and then for room in memory, before a byte is read; both together for a bounded time, after
//! which the caller is told to come again. A read that has begun runs to its end, and keeps its
//! turn and its room until then, also if its caller has left.

use crate::facts::ReadFailure;
use crate::room::{Room, Share};
use env::Clock;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Reads that wait for the disk at once: as many as keep a device busy, and few threads.
pub const COLD_READS_MAX: usize = 16;
/// How long a read waits for its turn and for room. A subscriber asks again, and hears something
/// meanwhile.
pub const COLD_WAIT_MAX: Duration = Duration::from_secs(2);

/// Of the room for answers, what reads may take that wait for the disk: the rest is for what is at
/// hand.
const COLD_ROOM_QUARTERS: usize = 3;

/// How long a caller waits for its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    /// It can do without the answer.
    Not,
    /// Somebody waits for the answer.
    Bounded,
    /// Nobody does.
    Long,
}

/// The turns and the room of an engine.
#[derive(Debug)]
pub(crate) struct Admission {
    turns: Arc<Semaphore>,
    room: Arc<Room>,
    refused: AtomicU64,
}

/// A read's turn, and its room.
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
    pub(crate) fn new(room: Arc<Room>) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(COLD_READS_MAX)),
            room,
            refused: AtomicU64::new(0),
        }
    }

    /// Reads that have their turn now.
    pub(crate) fn cold_reads(&self) -> usize {
        COLD_READS_MAX - self.turns.available_permits()
    }

    /// Reads that were refused so far.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Room for answers.
    pub(crate) fn room(&self) -> &Arc<Room> {
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

    /// In the order of asking; who has a turn waits for room before the others do.
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
