//! The state of a world: tasks, sleepers, clocks, randomness.

use super::trace::{Line, Trace};
use crate::{BoxFuture, Timestamp};
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;
use std::time::Duration;

pub(super) type TaskId = u64;
pub(super) type LifeId = u64;
/// A sleeper's wake-up time; the number distinguishes sleepers with the same time.
pub(super) type SleeperId = (Duration, u64);

pub(super) struct State {
    pub(super) rng: Rng,
    pub(super) trace: Trace,
    /// The trace's events, if they are kept.
    pub(super) lines: Option<Vec<Line>>,
    pub(super) now: Duration,
    wall: Timestamp,
    pub(super) wall_ahead_millis: i64,
    pub(super) tasks: BTreeMap<TaskId, Task>,
    tasks_made: u64,
    pub(super) sleepers: BTreeMap<SleeperId, Waker>,
    sleepers_made: u64,
    /// Tasks that are in the middle of a step: more than one if some wait in disk calls.
    pub(super) running: Vec<TaskId>,
    lives_made: u64,
    pub(super) ended: BTreeSet<LifeId>,
    /// Lives whose tasks take no step for now.
    pub(super) suspended: BTreeSet<LifeId>,
}

/// A task that has not ended.
pub(super) struct Task {
    pub(super) name: &'static str,
    pub(super) life: LifeId,
    /// Whether it may wait in a disk call while others run.
    pub(super) has_thread: bool,
    /// `None` while it is in the middle of a step.
    pub(super) future: Option<BoxFuture<()>>,
}

impl State {
    pub(super) fn new(seed: u64, wall: Timestamp) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            trace: Trace::new(),
            lines: None,
            now: Duration::ZERO,
            wall,
            wall_ahead_millis: 0,
            tasks: BTreeMap::new(),
            tasks_made: 0,
            sleepers: BTreeMap::new(),
            sleepers_made: 0,
            running: Vec::new(),
            lives_made: 0,
            ended: BTreeSet::new(),
            suspended: BTreeSet::new(),
        }
    }

    pub(super) fn note(&mut self, what: &'static str, number: u64) {
        self.trace.note(what, number);
        let at = self.now;
        if let Some(lines) = &mut self.lines {
            lines.push(Line { at, what, number });
        }
    }

    pub(super) fn wall(&self) -> Timestamp {
        let passed = self.wall.plus(self.now).0;
        Timestamp(passed.saturating_add_signed(self.wall_ahead_millis))
    }

    pub(super) fn begin_life(&mut self) -> LifeId {
        self.lives_made += 1;
        self.lives_made
    }

    /// Adds a task, or returns it if its life is over.
    pub(super) fn add(&mut self, task: Task) -> Result<TaskId, Task> {
        if self.ended.contains(&task.life) {
            return Err(task);
        }
        let id = self.tasks_made;
        self.tasks_made += 1;
        self.note(task.name, id);
        self.tasks.insert(id, task);
        Ok(id)
    }

    pub(super) fn add_sleeper(&mut self, until: Duration, waker: Waker) -> SleeperId {
        let id = (until, self.sleepers_made);
        self.sleepers_made += 1;
        self.sleepers.insert(id, waker);
        id
    }

    /// Whether a task could take a step, if it were woken.
    pub(super) fn may_step(&self, task: TaskId) -> bool {
        let is_suspended = || {
            let task = self.tasks.get(&task);
            task.is_some_and(|task| self.suspended.contains(&task.life))
        };
        !self.running.contains(&task) && (self.suspended.is_empty() || !is_suspended())
    }

    /// Advances the clock, never back, and returns the wakers of expired sleepers.
    pub(super) fn advance_to(&mut self, to: Duration) -> Vec<Waker> {
        self.now = self.now.max(to);
        let later = self.sleepers.split_off(&(self.now, u64::MAX));
        let due = std::mem::replace(&mut self.sleepers, later);
        due.into_values().collect()
    }
}
