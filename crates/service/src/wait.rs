//! A wait with a time limit, which costs a timer only if it really waits.
//!
//! A running timer is reused for the next wait, even by another request of the same connection, so
//! a wait that is over does not cancel its timer: most requests would otherwise pay for setting one
//! up and tearing it down. A timer may therefore fire too early, never too late, and is then
//! rearmed. `bench/run only put-64` measures this.

use millstream_env::{BoxFuture, Clock, Monotonic};
use parking_lot::Mutex;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// One kind of wait: when it began, and its timer.
#[derive(Default)]
pub struct Wait {
    since: Option<Monotonic>,
    timer: Option<Timer>,
}

struct Timer {
    rings: Monotonic,
    sleep: BoxFuture<()>,
}

/// The result of polling a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It has reached its limit.
    Over,
    /// It is time to reconsider the limit.
    Looks,
}

impl Wait {
    /// Ends the wait. Its timer keeps running, for the next one.
    pub fn end(&mut self) {
        self.since = None;
    }

    /// When the wait began: now, unless it had begun before.
    pub fn began(&mut self, clock: &dyn Clock) -> Monotonic {
        *self.since.get_or_insert_with(|| clock.monotonic())
    }

    /// Continues waiting; ready with the error once it has taken `limit`.
    pub fn poll(
        &mut self,
        cx: &mut Context<'_>,
        clock: &dyn Clock,
        limit: Duration,
    ) -> Poll<io::Error> {
        loop {
            match ready!(self.poll_looking(cx, clock, limit, limit)) {
                Progress::Over => return Poll::Ready(io::ErrorKind::TimedOut.into()),
                Progress::Looks => (),
            }
        }
    }

    /// Continues waiting like [`Self::poll`], and is also ready after every `look`, to have the
    /// limit reconsidered.
    pub fn poll_looking(
        &mut self,
        cx: &mut Context<'_>,
        clock: &dyn Clock,
        limit: Duration,
        look: Duration,
    ) -> Poll<Progress> {
        let now = clock.monotonic();
        let deadline = Monotonic(self.since.get_or_insert(now).0 + limit);
        if now >= deadline {
            return Poll::Ready(Progress::Over);
        }
        let rings = deadline.min(Monotonic(now.0 + look));
        let timer = match self.timer.take().filter(|timer| timer.rings <= rings) {
            Some(timer) => timer,
            None => Timer {
                rings,
                sleep: clock.sleep(rings.since(now)),
            },
        };
        let timer = self.timer.insert(timer);
        ready!(timer.sleep.as_mut().poll(cx));
        self.timer = None;
        Poll::Ready(Progress::Looks)
    }
}

/// An unused timer, kept for the next wait.
#[derive(Default)]
pub struct SpareTimer(Mutex<Option<Timer>>);

impl SpareTimer {
    /// A new wait, with the spare timer if there is one.
    pub fn lend(&self) -> Wait {
        let timer = self.0.lock().take();
        Wait { since: None, timer }
    }

    /// Keeps the timer of a finished wait.
    pub fn give_back(&self, wait: &mut Wait) {
        if let Some(timer) = wait.timer.take() {
            // The replaced timer is dropped outside the lock.
            let _replaced = self.0.lock().replace(timer);
        }
    }
}

impl std::fmt::Debug for SpareTimer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SpareTimer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_env::{ManualClock, Timestamp};
    use std::task::Waker;

    const LIMIT: Duration = Duration::from_secs(5);
    const SECOND: Duration = Duration::from_secs(1);

    fn is_over(wait: &mut Wait, clock: &ManualClock) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        wait.poll(&mut cx, clock, LIMIT).is_ready()
    }

    #[test]
    fn wait_when_it_takes_over_a_timer_then_still_takes_its_own_limit() {
        let clock = ManualClock::new(Timestamp(0));
        let spare = SpareTimer::default();
        let mut first = spare.lend();
        assert!(!is_over(&mut first, &clock));
        spare.give_back(&mut first);
        clock.advance(3 * SECOND);

        let mut second = spare.lend();
        assert!(second.timer.is_some(), "the timer is used again");
        assert!(!is_over(&mut second, &clock));
        clock.advance(4 * SECOND);
        assert!(
            !is_over(&mut second, &clock),
            "the first one's time is up, not its own"
        );
        clock.advance(SECOND);
        assert!(is_over(&mut second, &clock));
    }
}
