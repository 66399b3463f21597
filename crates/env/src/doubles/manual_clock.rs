//! A clock that stands still until a test moves it.

use crate::{BoxFuture, Clock, Monotonic, Timestamp};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::oneshot;

/// A clock that advances only when told, for tests. Wall and monotonic time advance together unless
/// [`ManualClock::set_wall`] is called.
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
    /// A clock set to `wall`.
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

    /// Advances both clocks and wakes expired sleepers.
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
            // The sleeper may have been dropped.
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
