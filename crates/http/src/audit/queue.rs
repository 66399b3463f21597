//! Lines between the requests that they are about and whoever writes them: a bounded queue.
//!
//! A request takes room before its line is made. Where there is none, because lines come faster
//! than they are written or cannot be written at all, the request waits for a second, so that the
//! log keeps up; then its line is lost, counted and reported, and the request is answered. Senders
//! that nobody knows cannot fill it: beyond [`STRANGERS_PER_SECOND`] their denials are only
//! counted.

use crate::audit::event::Event;
use millstream_env::{Clock, LineLimit};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of the lines that wait to be written.
const QUEUE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The longest line, as CloudTrail has it; what a line takes until its length is known.
const LINE_BYTES_MAX: usize = 256 * 1024;
/// What the shortest line takes, so that the number of lines is bounded, too.
const LINE_BYTES_MIN: usize = 512;
/// How long a request waits for room.
const WAIT_MAX: Duration = Duration::from_secs(1);
/// Lines about senders that nobody knows.
const STRANGERS_PER_SECOND: u64 = 100;
/// Rate limit for log lines about lost lines.
const LOST_PER_SECOND: u64 = 1;

/// Takes lines. Clones share the queue.
#[derive(Clone)]
pub struct Audit(Arc<Queue>);

struct Queue {
    room: Arc<Semaphore>,
    lines: Sender<Line>,
    strangers: LineLimit,
    lost_lines: LineLimit,
    taken: AtomicU64,
    lost: AtomicU64,
    left_out: AtomicU64,
}

/// A line, with its end; it takes room until it is dropped.
pub struct Line {
    bytes: Vec<u8>,
    _room: OwnedSemaphorePermit,
}

impl Line {
    /// Its text.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The lines to be written, in the order in which they came.
#[derive(Debug)]
pub struct Lines(Receiver<Line>);

impl Lines {
    /// The next line; `None` if there will be no more.
    pub async fn next(&mut self) -> Option<Line> {
        self.0.recv().await
    }
}

impl Audit {
    /// A queue, by both of its ends.
    pub fn new() -> (Self, Lines) {
        let (sender, receiver) = channel(QUEUE_BYTES_MAX / LINE_BYTES_MIN);
        let queue = Queue {
            room: Arc::new(Semaphore::new(QUEUE_BYTES_MAX)),
            lines: sender,
            strangers: LineLimit::new(STRANGERS_PER_SECOND),
            lost_lines: LineLimit::new(LOST_PER_SECOND),
            taken: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
        };
        (Self(Arc::new(queue)), Lines(receiver))
    }

    /// Number of lines that were taken.
    pub fn taken(&self) -> u64 {
        self.0.taken.load(Ordering::Relaxed)
    }

    /// Number of lines that there was no room for.
    pub fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    /// Number of denials of strangers beyond those that have lines.
    pub fn left_out(&self) -> u64 {
        self.0.left_out.load(Ordering::Relaxed)
    }

    /// Waits until all lines are written, up to a time. Says whether they are.
    pub async fn flush(&self, clock: &dyn Clock, longest: Duration) -> bool {
        let all = self.0.room.acquire_many(permits(QUEUE_BYTES_MAX));
        tokio::select! {
            biased;
            all = all => all.is_ok(),
            () = clock.sleep(longest) => false,
        }
    }

    /// Whether a stranger's denial may have a line now; returns how many had none since the last
    /// one that had.
    pub(super) fn pass_stranger(&self, clock: &dyn Clock) -> Option<u64> {
        let passed = self.0.strangers.pass(clock.monotonic());
        if passed.is_none() {
            self.0.left_out.fetch_add(1, Ordering::Relaxed);
        }
        passed
    }

    /// Takes an event's line, which is made once there is room for it.
    pub(super) async fn take(&self, event: impl FnOnce() -> Event, clock: &dyn Clock) {
        let asked = Arc::clone(&self.0.room).acquire_many_owned(permits(LINE_BYTES_MAX));
        let mut waiting = Waiting {
            queue: &self.0,
            clock,
            is_over: false,
        };
        let room = tokio::select! {
            biased;
            room = asked => room.ok(),
            () = clock.sleep(WAIT_MAX) => None,
        };
        waiting.is_over = true;
        self.put(room, event, clock);
    }

    /// Takes an event's line if there is room at once.
    pub(super) fn take_now(&self, event: impl FnOnce() -> Event, clock: &dyn Clock) {
        let room = Arc::clone(&self.0.room).try_acquire_many_owned(permits(LINE_BYTES_MAX));
        self.put(room.ok(), event, clock);
    }

    fn put(
        &self,
        room: Option<OwnedSemaphorePermit>,
        event: impl FnOnce() -> Event,
        clock: &dyn Clock,
    ) {
        let line = room.and_then(|room| line(room, event()));
        // With room there is a place, unless nobody writes any more.
        let is_taken = line.is_some_and(|line| self.0.lines.try_send(line).is_ok());
        if is_taken {
            self.0.taken.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.0.note_lost(clock);
    }
}

impl Queue {
    fn note_lost(&self, clock: &dyn Clock) {
        let lost = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
        if self.lost_lines.pass(clock.monotonic()).is_some() {
            tracing::error!(
                lost,
                "lines of the audit log were lost since the start: they cannot be written"
            );
        }
    }
}

/// A line that waits for room. If its request is dropped meanwhile, it is lost.
struct Waiting<'a> {
    queue: &'a Queue,
    clock: &'a dyn Clock,
    is_over: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.queue.note_lost(self.clock);
        }
    }
}

/// Makes a line, and gives back the room that it does not take.
fn line(mut room: OwnedSemaphorePermit, event: Event) -> Option<Line> {
    let bytes = event.into_line(LINE_BYTES_MAX)?;
    let spare = LINE_BYTES_MAX - bytes.len().max(LINE_BYTES_MIN);
    drop(room.split(spare));
    Some(Line { bytes, _room: room })
}

fn permits(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("the queue is smaller than 4 GiB")
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Audit")
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}
