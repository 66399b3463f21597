//! One life of a process: its tasks, which all end with it.

use super::Simulation;
use super::clock::SimulatedClock;
use super::disk::{DiskSpeed, OnFault, SimulatedDisk};
use super::state::{LifeId, Task};
use crate::{BoxFuture, Clock, Deaths, Env, MemoryDisk, SeededRandom, Tasks, Work};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Longest wait of blocking work for a thread.
const THREAD_AFTER_MAX: Duration = Duration::from_micros(200);

/// A process in a world, from its start. Clones are the same process.
#[derive(Clone)]
pub struct Life {
    simulation: Simulation,
    id: LifeId,
    deaths: Deaths,
    on_panic: OnPanic,
}

/// The effect of a task's panic.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnPanic {
    /// It is a bug, and ends the world.
    EndsTheWorld,
    /// It is under test, and counts as a death.
    IsADeath,
}

impl Simulation {
    /// A new life.
    pub fn life(&self) -> Life {
        let id = self.lock().begin_life();
        Life {
            simulation: self.clone(),
            id,
            deaths: Deaths::default(),
            on_panic: OnPanic::EndsTheWorld,
        }
    }

    pub(super) fn has_ended(&self, life: LifeId) -> bool {
        self.lock().ended.contains(&life)
    }
}

impl Life {
    /// The environment as this life sees it. Its disk is that of a process that starts now.
    pub fn env(&self, disk: &MemoryDisk, speed: &DiskSpeed, on_fault: OnFault) -> Env {
        let disk = SimulatedDisk::new(&self.simulation, disk.boot(), speed.clone(), on_fault);
        Env {
            clock: self.clock(),
            random: Arc::new(SeededRandom::new(self.simulation.below(u64::MAX))),
            disk: Arc::new(disk),
            tasks: self.tasks(),
        }
    }

    /// The same life, in which a panic is a death, as in a real process, instead of ending the
    /// world.
    pub fn mortal(self) -> Self {
        Self {
            on_panic: OnPanic::IsADeath,
            ..self
        }
    }

    /// The world's clocks.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(SimulatedClock::new(&self.simulation))
    }

    /// Tasks of this life.
    pub fn tasks(&self) -> Arc<dyn Tasks> {
        Arc::new(self.clone())
    }

    /// Ends the life: all its tasks are dropped where they are. A task in the middle of a step is
    /// dropped after that step.
    pub fn end(&self) {
        let mut state = self.simulation.lock();
        state.note("end of life", self.id);
        state.ended.insert(self.id);
        state.suspended.remove(&self.id);
        let dropped: Vec<_> = state
            .tasks
            .extract_if(.., |_, task| task.life == self.id)
            .collect();
        drop(state);
        // Dropping them may wake others.
        drop(dropped);
    }

    /// Suspends it: none of its tasks takes a step until it is resumed, while time goes on. What
    /// wakes them meanwhile is not lost.
    pub fn suspend(&self) {
        let mut state = self.simulation.lock();
        state.note("suspend", self.id);
        if !state.ended.contains(&self.id) {
            state.suspended.insert(self.id);
        }
    }

    /// Resumes it.
    pub fn resume(&self) {
        let mut state = self.simulation.lock();
        state.note("resume", self.id);
        state.suspended.remove(&self.id);
    }

    /// Whether the life has not ended.
    pub fn goes_on(&self) -> bool {
        !self.simulation.has_ended(self.id)
    }

    fn watched(&self, name: &'static str, task: BoxFuture<()>) -> BoxFuture<()> {
        match self.on_panic {
            OnPanic::EndsTheWorld => task,
            OnPanic::IsADeath => Box::pin(self.deaths.watch(name, task)),
        }
    }

    pub(super) fn spawn_now(&self, name: &'static str, has_thread: bool, future: BoxFuture<()>) {
        self.simulation.add_task(Task {
            name,
            life: self.id,
            has_thread,
            future: Some(future),
        });
    }
}

impl Tasks for Life {
    fn spawn(&self, name: &'static str, task: BoxFuture<()>) {
        self.spawn_now(name, false, self.watched(name, task));
    }

    fn spawn_thread(&self, name: &'static str, task: BoxFuture<()>) {
        self.spawn_now(name, true, self.watched(name, task));
    }

    fn spawn_request(&self, name: &'static str, task: BoxFuture<()>) {
        let task = match self.on_panic {
            OnPanic::EndsTheWorld => task,
            OnPanic::IsADeath => Box::pin(self.deaths.watch_request(task)),
        };
        self.spawn_now(name, false, task);
    }

    fn run_blocking(&self, work: Work) -> BoxFuture<()> {
        let (done, is_done) = oneshot::channel();
        let clock = self.clock();
        let after = self.simulation.between(Duration::ZERO, THREAD_AFTER_MAX);
        let on_panic = self.on_panic;
        let task = async move {
            clock.sleep(after).await;
            let ended = match on_panic {
                OnPanic::EndsTheWorld => {
                    work();
                    Ok(())
                }
                OnPanic::IsADeath => catch_unwind(AssertUnwindSafe(work)),
            };
            // The waiter may be gone.
            let _ = done.send(ended);
        };
        self.spawn_now("blocking", false, Box::pin(task));
        Box::pin(async {
            // The work is dropped without having run when the life ends, and then has no listener.
            if let Ok(Err(panic)) = is_done.await {
                resume_unwind(panic);
            }
        })
    }

    fn run_unhurried(&self, work: Work) -> BoxFuture<()> {
        self.run_blocking(work)
    }

    fn deaths(&self) -> Deaths {
        self.deaths.clone()
    }
}
