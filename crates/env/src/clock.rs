//! Time: the wall clock (may jump), the monotonic clock (may not), and waiting.
//!
//! Nothing else in the workspace may ask the operating system what time it is.

use crate::BoxFuture;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::oneshot;

/// A point on the wall clock, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Milliseconds since the epoch.
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the epoch.
    pub const fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// This point moved back, stopping at the epoch.
    pub const fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(by.as_millis() as u64))
    }

    /// This point moved forward.
    pub const fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by.as_millis() as u64))
    }

    /// The time from `earlier` to this point; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// A point on the monotonic clock: the time since some fixed start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Monotonic(pub Duration);

impl Monotonic {
    /// The time from `earlier` to this point; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// The clocks of a world.
pub trait Clock: Send + Sync + 'static {
    /// The wall clock. May jump in both directions.
    fn now(&self) -> Timestamp;
    /// The monotonic clock. Never goes back.
    fn monotonic(&self) -> Monotonic;
    /// Resolves once the monotonic clock has moved on by `duration`. Dropping it is free.
    fn sleep(&self, duration: Duration) -> BoxFuture<()>;
}

/// The operating system's clocks.
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the door to the real clock"
    )]
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the door to the real clock"
    )]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Timestamp(since_epoch.unwrap_or_default().as_millis() as u64)
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic(self.start.elapsed())
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the door to the real clock"
    )]
    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A clock that moves only when told: for tests. Wall and monotonic time move together unless
/// [`ManualClock::set_wall`] says otherwise.
pub struct ManualClock {
    state: Mutex<ManualState>,
}

struct ManualState {
    wall: Timestamp,
    monotonic: Duration,
    sleepers: BTreeMap<(Duration, u64), oneshot::Sender<()>>,
    next_sleeper: u64,
}

impl ManualClock {
    /// A clock that stands at `wall`.
    pub fn new(wall: Timestamp) -> Self {
        let state = ManualState {
            wall,
            monotonic: Duration::ZERO,
            sleepers: BTreeMap::new(),
            next_sleeper: 0,
        };
        Self {
            state: Mutex::new(state),
        }
    }

    /// Moves both clocks on and wakes whoever slept until then.
    pub fn advance(&self, by: Duration) {
        let due = {
            let mut state = self.lock();
            state.wall = state.wall.plus(by);
            state.monotonic += by;
            let now = state.monotonic;
            let later = state
                .sleepers
                .split_off(&(now + Duration::from_nanos(1), 0));
            std::mem::replace(&mut state.sleepers, later)
        };
        for sleeper in due.into_values() {
            // A sleeper that is gone no longer wants to be woken.
            let _ = sleeper.send(());
        }
    }

    /// Sets the wall clock alone, as an administrator or NTP would.
    pub fn set_wall(&self, wall: Timestamp) {
        self.lock().wall = wall;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ManualState> {
        self.state
            .lock()
            .expect("no code panics while it holds the clock")
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.lock().wall
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic(self.lock().monotonic)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        let woken = {
            let mut state = self.lock();
            let (wake, woken) = oneshot::channel();
            let key = (state.monotonic + duration, state.next_sleeper);
            state.next_sleeper += 1;
            if duration.is_zero() {
                let _ = wake.send(());
            } else {
                state.sleepers.insert(key, wake);
            }
            woken
        };
        Box::pin(async move {
            let _ = woken.await;
        })
    }
}
