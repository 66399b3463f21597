//! What all nodes share: the leaders, the requests in flight, and the registry of claims, which
//! unlike a leader forgets nothing.

use super::leader::{Leader, Produce, Refused};
use super::{Behaviour, KafkaLike};
use crate::store::{Appended, Epoch, LogId, LogSettings, StoreError};
use millstream_env::{Clock, Monotonic, Random};
use parking_lot::{Mutex, MutexGuard};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Maximum number of late requests; the oldest then arrives.
const LATE_MAX: usize = 16;
/// Age after which a late request never arrives: its connection is gone.
const LATE_FOR_MAX: Duration = Duration::from_mins(10);

/// A cluster, which lives as long as any of its nodes.
pub struct Cluster {
    pub(super) clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    pub(super) behaviour: Behaviour,
    state: Mutex<State>,
    nodes: AtomicU32,
    faults_per_mille: AtomicU32,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) leaders: BTreeMap<LogId, Leader>,
    deleted: BTreeSet<LogId>,
    /// The highest claim of each log, and its owner.
    pub(super) claims: BTreeMap<LogId, (Epoch, u32)>,
    /// Requests that are no longer awaited and have not arrived.
    late: Vec<Late>,
}

/// A request that is still in flight.
struct Late {
    log: LogId,
    request: Produce,
    sent: Monotonic,
}

/// What happens to an append request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Fine,
    /// It never arrives.
    Lost,
    /// It arrives, and the response is lost.
    Unanswered,
    /// It arrives later, when it is no longer awaited.
    Late,
}

/// What a node learns about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Answer(Result<Appended, Refused>),
    NoSuchLog,
    Nothing,
}

impl Cluster {
    /// A cluster without logs. All faults come from `random`.
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>, behaviour: Behaviour) -> Arc<Self> {
        Arc::new(Self {
            clock,
            random,
            behaviour,
            state: Mutex::default(),
            nodes: AtomicU32::new(0),
            faults_per_mille: AtomicU32::new(behaviour.faults_per_mille),
        })
    }

    /// A new node's handle: it knows the present state.
    pub fn node(self: &Arc<Self>) -> Arc<KafkaLike> {
        Arc::new(KafkaLike::new(self.clone(), self.number()))
    }

    /// A unique number, for a node or a writer.
    pub(super) fn number(&self) -> u32 {
        self.nodes.fetch_add(1, Ordering::AcqRel)
    }

    /// Sets how many of a thousand requests meet a fault from now on.
    pub fn set_faults_per_mille(&self, faults: u32) {
        self.faults_per_mille.store(faults, Ordering::Release);
    }

    /// Delivers all late requests.
    pub fn deliver_late(&self) {
        let mut state = self.state.lock();
        let late = std::mem::take(&mut state.late);
        for late in late {
            self.arrive_late(&mut state, &late);
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Sends a batch to its leader.
    pub(super) fn send(&self, state: &mut State, log: LogId, request: &Produce) -> Heard {
        match self.fate() {
            Fate::Fine => {
                self.deliver_some(state);
                self.arrive(state, log, request)
            }
            Fate::Lost => Heard::Nothing,
            Fate::Unanswered => {
                self.arrive(state, log, request);
                Heard::Nothing
            }
            Fate::Late => {
                state.late.push(Late {
                    log,
                    request: request.clone(),
                    sent: self.clock.monotonic(),
                });
                Heard::Nothing
            }
        }
    }

    /// A random number below `bound`.
    pub(super) fn below(&self, bound: u32) -> u32 {
        let mut bytes = [0; 4];
        self.random.fill(&mut bytes);
        u32::from_le_bytes(bytes) % bound
    }

    fn fate(&self) -> Fate {
        if self.below(1000) >= self.faults_per_mille.load(Ordering::Acquire) {
            return Fate::Fine;
        }
        match self.below(3) {
            0 => Fate::Lost,
            1 => Fate::Unanswered,
            _ => Fate::Late,
        }
    }

    /// Delivers a late request now and then.
    fn deliver_some(&self, state: &mut State) {
        let is_due = !state.late.is_empty() && self.below(4) == 0;
        if is_due || state.late.len() > LATE_MAX {
            let late = state.late.remove(0);
            self.arrive_late(state, &late);
        }
    }

    fn arrive_late(&self, state: &mut State, late: &Late) {
        if self.clock.monotonic().since(late.sent) < LATE_FOR_MAX {
            self.arrive(state, late.log, &late.request);
        }
    }

    fn arrive(&self, state: &mut State, log: LogId, request: &Produce) -> Heard {
        let (now, at) = (self.clock.now(), self.clock.monotonic());
        match state.leaders.get_mut(&log) {
            Some(leader) => Heard::Answer(leader.produce(request, now, at)),
            None => Heard::NoSuchLog,
        }
    }
}

impl State {
    pub(super) fn create(&mut self, logs: &[(LogId, LogSettings)]) -> Result<(), StoreError> {
        let mut fresh = BTreeSet::new();
        for (id, _) in logs {
            let is_taken = self.leaders.contains_key(id) || self.deleted.contains(id);
            if is_taken || !fresh.insert(*id) {
                return Err(StoreError::Exists(*id));
            }
        }
        for (id, settings) in logs {
            self.leaders.insert(*id, Leader::new(*settings));
        }
        Ok(())
    }

    pub(super) fn delete(&mut self, id: LogId) {
        if self.leaders.remove(&id).is_some() {
            self.deleted.insert(id);
        }
    }
}
