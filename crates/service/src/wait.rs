//! A wait with a limit, which costs a timer only where there is something to wait for.
//!
//! A timer that still runs is used again for the next wait, also by another request of the same
//! connection: setting one up and taking it down for each would cost more than most requests. A
//! timer may therefore ring too early, never too late, and is then set anew.

use env::{BoxFuture, Clock, Monotonic};
use parking_lot::Mutex;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// One kind of wait: since when, and the timer that watches it.
#[derive(Default)]
pub struct Wait {
    since: Option<Monotonic>,
    timer: Option<Timer>,
}

struct Timer {
    rings: Monotonic,
    sleep: BoxFuture<()>,
}

/// What has come of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It has taken its limit.
    Over,
    /// It is time to look whether the limit is still right.
    Looks,
}

impl Wait {
    /// The wait is over. Its timer runs on, for the next one.
    pub fn end(&mut self) {
        self.since = None;
    }

    /// When the wait began: now, if it had not.
    pub fn began(&mut self, clock: &dyn Clock) -> Monotonic {
        *self.since.get_or_insert_with(|| clock.monotonic())
    }

    /// Goes on waiting; ready with the error once it has taken `limit`.
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

    /// Goes on waiting as [`Self::poll`] does, and is ready at least as often as `look` to have the
    /// limit judged anew.
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

/// A timer that nobody waits for at the moment, kept for the next wait.
#[derive(Default)]
pub struct SpareTimer(Mutex<Option<Timer>>);

impl SpareTimer {
    /// A wait that has not begun, with the spare timer if there is one.
    pub fn lend(&self) -> Wait {
        let timer = self.0.lock().take();
        Wait { since: None, timer }
    }

    /// Keeps the timer of a wait that is over.
    pub fn give_back(&self, wait: &mut Wait) {
        if let Some(timer) = wait.timer.take() {
            // Outside the lock goes the one that is replaced.
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
    use env::{ManualClock, Timestamp};
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
