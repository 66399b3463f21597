//! Who may wait for the disk: so many reads at once, each with room for what it may bring.
//!
//! What is at hand comes at once. A read that has to wait for the disk waits for its turn first,
//! and then for room in memory, before a byte is read; both together for a bounded time, after
//! which the caller is told to come again. A read that has begun runs to its end, and keeps its
//! turn and its room until then, also if its caller has left.

use crate::Engine;
use crate::facts::ReadFailure;
use crate::room::{Room, Share};
use env::{Clock, Timestamp};
use log::{LogId, Offset, ReadError, ReadLimit, Slice};
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

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
    pub(crate) room: Arc<Room>,
    refused: AtomicU64,
}

/// A read's turn, and its room.
#[derive(Debug)]
struct Turn {
    share: Share,
    _permit: OwnedSemaphorePermit,
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

    fn refuse(&self) -> ReadFailure {
        self.refused.fetch_add(1, Ordering::Relaxed);
        ReadFailure::Busy
    }

    async fn admit(
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

impl Engine {
    /// Room for answers, which whoever sends them takes over.
    pub fn room(&self) -> &Arc<Room> {
        &self.admission.room
    }

    /// Reads on in a log for somebody who waits; with room for what that brought.
    pub(crate) async fn read_log(
        &self,
        log: LogId,
        from: Offset,
        limit: ReadLimit,
    ) -> Result<(Slice, Share), ReadFailure> {
        self.read_log_if(log, from, limit, Waits::Bounded).await
    }

    /// The same for somebody who waits so long.
    pub(crate) async fn read_log_if(
        &self,
        log: LogId,
        from: Offset,
        limit: ReadLimit,
        waits: Waits,
    ) -> Result<(Slice, Share), ReadFailure> {
        if let Some(read) = self.store.read_at_hand(log, from, limit) {
            let slice = read?;
            let mut share = self.admission.room.share();
            return match share.resize(slice.held_bytes) {
                true => Ok((slice, share)),
                false => Err(self.admission.refuse()),
            };
        }
        let store = Arc::clone(&self.store);
        let read = async move { store.read(log, from, limit).await };
        let bytes = limit.held_bytes_max();
        let (slice, mut share) = self.read_cold(bytes, waits, read).await?;
        share.shrink_to(slice.held_bytes);
        Ok((slice, share))
    }

    /// The first kept offset that arrived at or after a time.
    pub(crate) async fn offset_at(
        &self,
        log: LogId,
        time: Timestamp,
        waits: Waits,
    ) -> Result<Offset, ReadFailure> {
        if let Some(found) = self.store.offset_at_hand(log, time) {
            return Ok(found?);
        }
        let store = Arc::clone(&self.store);
        let find = async move { store.offset_at(log, time).await };
        let found = self.read_cold(ReadLimit::HELD_BESIDE_BYTES, waits, find);
        Ok(found.await?.0)
    }

    /// Has the store wait for the disk, when it is its turn; with the room that was taken for it.
    async fn read_cold<T: Send + 'static>(
        &self,
        bytes: usize,
        waits: Waits,
        read: impl Future<Output = Result<T, ReadError>> + Send + 'static,
    ) -> Result<(T, Share), ReadFailure> {
        let turn = self.admission.admit(&*self.env.clock, bytes, waits).await?;
        let (tell, told) = oneshot::channel();
        let task = async move {
            let found = read.await;
            let Turn { share, _permit } = turn;
            drop(_permit);
            // Whoever left does not want to know.
            drop(tell.send(found.map(|found| (found, share))));
        };
        self.env.tasks.spawn("cold-read", Box::pin(task));
        let lost = || Err(ReadError::Io("the read was given up".to_owned()));
        Ok(told.await.unwrap_or_else(|_| lost())?)
    }
}
