//! A simulated world in which one seed decides everything: scheduling, time and randomness.
//!
//! One thread runs all tasks, one step of one task at a time, chosen by the seed among those that
//! are ready. Time advances a little with every step, and jumps to the next sleeper when no task is
//! ready. It does not emulate an operating system: it provides an [`Env`] for each life of a
//! process, whose [`Clock`], [`Tasks`], [`Random`] and [`Disk`] end with that life. What always
//! holds: the same seed and the same tasks give the same [`Simulation::trace`].
//!
//! A task of [`Tasks::spawn_thread`] may wait in a disk call while others run, as a thread may.
//! Code above may use only those parts of tokio that need no runtime (its channels, locks and
//! notifications, and `select!` with `biased`).
//!
//! [`Tasks`]: crate::Tasks
//! [`Tasks::spawn_thread`]: crate::Tasks::spawn_thread
//! [`Clock`]: crate::Clock
//! [`Random`]: crate::Random
//! [`Disk`]: crate::Disk
//! [`Env`]: crate::Env

mod clock;
mod disk;
mod life;
mod scheduler;
mod state;
mod trace;

#[cfg(test)]
mod tests;

pub use disk::{DiskSpeed, OnFault};
pub use life::Life;
pub use trace::{Line, Trace};

use crate::{Monotonic, Timestamp};
use scheduler::Ready;
use state::State;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// A simulated world. Clones are the same world.
#[derive(Clone)]
pub struct Simulation {
    state: Arc<Mutex<State>>,
    ready: Arc<Ready>,
}

impl Simulation {
    /// A world without tasks, whose clocks start at `wall` and zero.
    pub fn new(seed: u64, wall: Timestamp) -> Self {
        Self {
            state: Arc::new(Mutex::new(State::new(seed, wall))),
            ready: Arc::default(),
        }
    }

    /// A digest of everything that has happened so far.
    pub fn trace(&self) -> Trace {
        self.lock().trace
    }

    /// Adds an event from above `env` to the trace.
    pub fn note(&self, what: &'static str, number: u64) {
        self.lock().note(what, number);
    }

    /// Starts keeping the trace's events as lines.
    pub fn keep_lines(&self) {
        self.lock().lines.get_or_insert_default();
    }

    /// The lines kept so far; none unless they were asked for.
    pub fn take_lines(&self) -> Vec<Line> {
        self.lock().lines.take().unwrap_or_default()
    }

    /// The time since the world began.
    pub fn now(&self) -> Monotonic {
        Monotonic(self.lock().now)
    }

    /// Sets how far the wall clock is ahead of (or behind) elapsed time, in milliseconds.
    pub fn set_wall_ahead(&self, millis: i64) {
        self.lock().wall_ahead_millis = millis;
    }

    /// A number below `bound`, drawn from the world's seed.
    pub fn below(&self, bound: u64) -> u64 {
        self.lock().rng.u64(..bound.max(1))
    }

    /// A duration between the two, drawn from the world's seed.
    pub fn between(&self, shortest: Duration, longest: Duration) -> Duration {
        let span = longest.saturating_sub(shortest).as_nanos() as u64;
        shortest + Duration::from_nanos(self.below(span + 1))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no code panics while it holds the world")
    }
}
