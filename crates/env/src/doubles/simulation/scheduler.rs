//! The scheduler: picks one of the ready tasks, by the seed.
//!
//! Ready tasks are ordered by their numbers, so that the order of wake-ups has no influence.

use super::Simulation;
use super::state::{LifeId, Task, TaskId};
use crate::BoxFuture;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake};
use std::time::Duration;

/// Longest duration of a step.
const STEP_NANOS_MAX: u64 = 4_000;
/// Nesting limit of tasks that wait in disk calls.
const WAITING_MAX: usize = 4;

/// The ready tasks.
#[derive(Default)]
pub(super) struct Ready(Mutex<BTreeSet<TaskId>>);

impl Ready {
    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeSet<TaskId>> {
        self.0
            .lock()
            .expect("no code panics while it holds the set")
    }
}

struct TaskWaker {
    task: TaskId,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.ready.lock().insert(self.task);
    }
}

impl Simulation {
    /// Runs the world until `main` has ended, and returns its result.
    ///
    /// # Panics
    /// If `main` waits for something that can never happen, or a task panics.
    pub fn run<T: Send + 'static>(&self, main: impl Future<Output = T> + Send + 'static) -> T {
        let outcome = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&outcome);
        let main = async move {
            let result = main.await;
            *slot.lock().expect("only the end is written here") = Some(result);
        };
        self.life().spawn_now("main", false, Box::pin(main));
        loop {
            if let Some(result) = outcome.lock().expect("only the end is read here").take() {
                return result;
            }
            if !self.step() {
                self.sleep_through(Duration::MAX);
            }
        }
    }

    /// Runs one step of one task; `false` if none is ready.
    fn step(&self) -> bool {
        let Some((id, mut future)) = self.choose() else {
            return false;
        };
        let waker = Arc::new(TaskWaker {
            task: id,
            ready: Arc::clone(&self.ready),
        })
        .into();
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        self.put_back(id, future, polled);
        true
    }

    fn choose(&self) -> Option<(TaskId, BoxFuture<()>)> {
        let mut state = self.lock();
        let mut ready = self.ready.lock();
        ready.retain(|id| state.tasks.contains_key(id));
        let can_go_on: Vec<TaskId> = ready
            .iter()
            .filter(|id| state.may_step(**id))
            .copied()
            .collect();
        if can_go_on.is_empty() {
            return None;
        }
        let id = can_go_on[state.rng.usize(..can_go_on.len())];
        ready.remove(&id);
        drop(ready);
        state.note("step", id);
        let cost = Duration::from_nanos(state.rng.u64(1..STEP_NANOS_MAX));
        let now = state.now + cost;
        let due = state.advance_to(now);
        state.running.push(id);
        let task = state.tasks.get_mut(&id).expect("it was found just now");
        let future = task.future.take().expect("it is not running");
        drop(state);
        due.into_iter().for_each(std::task::Waker::wake);
        Some((id, future))
    }

    fn put_back(&self, id: TaskId, future: BoxFuture<()>, polled: Poll<()>) {
        let mut state = self.lock();
        state.running.pop();
        let has_ended = polled.is_ready();
        match state.tasks.get_mut(&id) {
            Some(task) if !has_ended => task.future = Some(future),
            // Its life or the task itself has ended meanwhile.
            Some(_) | None => {
                state.tasks.remove(&id);
                drop(state);
                // Dropping it may wake others.
                drop(future);
            }
        }
    }

    /// Advances the clock to the next sleeper, or to `until` if that is earlier, when no task is
    /// ready.
    fn sleep_through(&self, until: Duration) {
        let mut state = self.lock();
        let next = state.sleepers.keys().next().map(|(at, _)| *at);
        let to = next.map_or(until, |next| next.min(until));
        if to == Duration::MAX {
            let waiting: Vec<&str> = state.tasks.values().map(|task| task.name).collect();
            let text = format!("everybody waits for ever: {waiting:?}");
            drop(state);
            panic!("{text}");
        }
        let due = state.advance_to(to);
        drop(state);
        due.into_iter().for_each(std::task::Waker::wake);
    }

    /// Lets others run for a while in the middle of a step, if the task of that step has a
    /// dedicated thread; returns early if its life ends.
    pub(super) fn wait_in_step(&self, duration: Duration) {
        let Some(life) = self.waiting_life() else {
            return;
        };
        let until = self.now().0 + duration;
        while !self.has_ended(life) && self.now().0 < until {
            if !self.step() {
                self.sleep_through(until);
            }
        }
    }

    fn waiting_life(&self) -> Option<LifeId> {
        let state = self.lock();
        let task = state.tasks.get(state.running.last()?)?;
        let may_wait = task.has_thread && state.running.len() < WAITING_MAX;
        may_wait.then_some(task.life)
    }

    pub(super) fn add_task(&self, task: Task) {
        let added = self.lock().add(task);
        match added {
            Ok(id) => drop(self.ready.lock().insert(id)),
            // A life that has ended starts no tasks; the task is dropped without the lock.
            Err(task) => drop(task),
        }
    }
}
