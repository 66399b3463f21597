//! The clocks of a world, and its sleepers.

use super::Simulation;
use super::state::SleeperId;
use crate::{BoxFuture, Clock, Monotonic, Timestamp};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

pub(super) struct SimulatedClock {
    simulation: Simulation,
}

impl SimulatedClock {
    pub(super) fn new(simulation: &Simulation) -> Self {
        Self {
            simulation: simulation.clone(),
        }
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        self.simulation.lock().wall()
    }

    fn monotonic(&self) -> Monotonic {
        self.simulation.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        Box::pin(Sleep {
            until: self.simulation.now().0.saturating_add(duration),
            simulation: self.simulation.clone(),
            sleeper: None,
        })
    }
}

/// Resolves when the clock has reached `until`.
struct Sleep {
    simulation: Simulation,
    until: Duration,
    sleeper: Option<SleeperId>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let simulation = self.simulation.clone();
        let mut state = simulation.lock();
        if let Some(sleeper) = self.sleeper.take() {
            state.sleepers.remove(&sleeper);
        }
        if state.now >= self.until {
            return Poll::Ready(());
        }
        self.sleeper = Some(state.add_sleeper(self.until, cx.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(sleeper) = self.sleeper.take() {
            self.simulation.lock().sleepers.remove(&sleeper);
        }
    }
}
