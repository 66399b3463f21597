//! A node: where at most one server process lives at a time.
//!
//! It knows how a process starts, ends and stands still, never why: the operator starts one again,
//! the nemesis strikes.

use super::machine::Machine;
use super::plan::FaultKind;
use super::planted::{Bug, Planted};
use super::server::{Opened, Server};
use super::stores::Stores;
use millstream_env::{Call, Env, Fault, Life, OnFault, SeededRandom, Tasks, Tearing};
use millstream_replicated::{Owner, Replicated};
use millstream_store::LogStore;
use millstream_streams::{Causes, Engine, ScalingPace, Settings};
use parking_lot::Mutex;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

/// A server that does not start within this time is taken down again.
const START_WITHIN: Duration = Duration::from_secs(60);
/// Some dozen commands of the counters, so that their snapshots are taken often.
const COUNTERS_SNAPSHOT_AFTER_BYTES: u64 = 2 * 1024;

/// Shards come and go within a run.
const SCALING: ScalingPace = ScalingPace {
    sample: Duration::from_secs(1),
    merge_after: Duration::from_secs(15),
};

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Death {
    Crash,
    PowerLoss,
    TornWrite,
}

/// Which of the world's nodes.
pub(super) type NodeNumber = usize;

/// One of the world's nodes.
#[derive(Default)]
pub(super) struct Node {
    /// Rung when the process has ended.
    pub(super) fell: Notify,
    status: Mutex<Status>,
}

#[derive(Default)]
struct Status {
    life: Option<Life>,
    /// Processes that were started here.
    starts: u64,
    /// What the next [`Fault::Death`] is.
    armed: Option<Death>,
}

/// A bug, and whether the process is not its node's first.
type Planting = (Bug, bool);

impl Machine {
    // --- Starting
    // ---------------------------------------------------------------------------------

    /// Starts a process; an error says why there is none.
    pub(super) async fn start(self: &Arc<Self>, number: NodeNumber) -> Result<Arc<Server>, String> {
        let life = self.simulation.life();
        let generation = self.begin_generation();
        let is_restarted = {
            let mut status = self.nodes[number].status.lock();
            status.life = Some(life.clone());
            status.starts += 1;
            status.starts > 1
        };
        let env = life.env(&self.disk, &self.speed, self.on_fault(number));
        let (tell, told) = oneshot::channel();
        let settings = self.settings();
        let own = env.clone();
        let bug = self.plan.bug.map(|bug| (bug, is_restarted));
        let stores = self.stores.clone();
        let start = async move {
            // Nobody hears it if the process was taken down meanwhile.
            let _ = tell.send(open(env, &stores, settings, bug).await);
        };
        life.tasks().spawn("start", Box::pin(start));
        let too_long = self.outside.clock().sleep(START_WITHIN);
        let started = tokio::select! {
            biased;
            told = told => told.unwrap_or_else(|_| Err("it died while it started".to_owned())),
            () = too_long => Err("it takes too long to start".to_owned()),
        };
        match started {
            Ok(opened) => {
                let server = Arc::new(Server::new(
                    opened,
                    own,
                    life,
                    &self.plan,
                    (number, generation),
                ));
                self.set_place(number, Some(server.clone()));
                self.remember(format!("start {generation} at node {number}"));
                Ok(server)
            }
            Err(error) => {
                self.remember(format!("no start {generation} at node {number}: {error}"));
                life.end();
                self.disk.process_death();
                Err(error)
            }
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            limits: self.plan.limits,
            transition_time: self.plan.transition,
            scaling: SCALING,
            keys: Some(self.keys.clone()),
            ..Settings::default()
        }
    }

    /// What a fault on order does besides failing its call.
    fn on_fault(self: &Arc<Self>, number: NodeNumber) -> OnFault {
        let machine: Weak<Self> = Arc::downgrade(self);
        Arc::new(move |call, fault| {
            let Some(machine) = machine.upgrade() else {
                return;
            };
            machine.remember(format!("{fault:?} at {call:?}"));
            match kind_of(call, fault) {
                Some(kind) => machine.count_at(kind, number),
                None => {
                    let death = machine.nodes[number].status.lock().armed.take();
                    machine.strike_down(number, death.unwrap_or(Death::Crash));
                }
            }
        })
    }

    // --- Ending
    // -----------------------------------------------------------------------------------

    /// Orders a death at the n-th disk call of a kind.
    pub(super) fn arm(&self, number: NodeNumber, call: Call, nth: u64, death: Death) {
        self.nodes[number].status.lock().armed = Some(death);
        self.disk.fail_nth(call, nth, Fault::Death);
    }

    /// Ends the process immediately, if there is one.
    pub(super) fn strike_down(&self, number: NodeNumber, death: Death) {
        let Some(life) = self.nodes[number].status.lock().life.take() else {
            return;
        };
        life.end();
        let dice = SeededRandom::new(self.simulation.below(u64::MAX));
        match death {
            Death::Crash => {
                self.count_at(FaultKind::Crash, number);
                self.disk.process_death();
            }
            Death::PowerLoss => {
                self.count_at(FaultKind::PowerLoss, number);
                self.disk.power_loss_with(&dice, Tearing::Never);
            }
            Death::TornWrite => {
                if self.disk.power_loss_with(&dice, Tearing::Sectors) > 0 {
                    self.count_at(FaultKind::TornWrite, number);
                }
            }
        }
        self.take_down(number);
    }

    /// The process has ended by itself, or is to.
    pub(super) fn stop(&self, number: NodeNumber) {
        let life = self.nodes[number].status.lock().life.take();
        if let Some(life) = life {
            self.remember(format!("node {number} is stopped by its operator"));
            life.end();
            self.disk.process_death();
        }
        self.take_down(number);
    }

    fn take_down(&self, number: NodeNumber) {
        self.set_place(number, None);
        self.nodes[number].fell.notify_one();
    }

    // --- Standing still
    // ---------------------------------------------------------------------------

    /// Suspends a node's server for a while; nothing happens if there is none, or if it is already.
    pub(super) fn suspend(self: &Arc<Self>, number: NodeNumber, lasts: Duration) {
        let Some(server) = self.server_at(number).filter(|server| server.is_awake()) else {
            return;
        };
        self.count_at(FaultKind::Suspension, number);
        self.remember(format!("node {number} stands still for {lasts:?}"));
        server.suspend(self.simulation.now());
        let machine = self.clone();
        let wakes = async move {
            machine.outside.clock().sleep(lasts).await;
            server.resume(machine.simulation.now());
            machine.remember(format!("node {number} goes on"));
        };
        self.outside.spawn("wakes", Box::pin(wakes));
    }
}

/// What a server does at its start.
async fn open(
    env: Env,
    stores: &Stores,
    settings: Settings,
    bug: Option<Planting>,
) -> Result<Opened, String> {
    let plain = stores.open(env.clone()).await?;
    let store: Arc<dyn LogStore> = match bug {
        None => plain,
        Some((bug, is_restarted)) => {
            let planted = Planted::new(plain, bug, &env, is_restarted);
            let started = planted.start().await;
            started.map_err(|error| format!("planted: {error}"))?;
            Arc::new(planted)
        }
    };
    let counters =
        Replicated::open(env.clone(), store.clone(), COUNTERS_SNAPSHOT_AFTER_BYTES).await;
    let counters = counters.map_err(|error| format!("counters: {}", Causes(&error)))?;
    let others: Vec<Arc<dyn Owner>> = vec![counters.clone()];
    let engine = Engine::open_beside(env, store.clone(), settings, others).await;
    let engine = engine.map_err(|error| format!("engine: {}", Causes(&error)))?;
    Ok(Opened {
        store,
        engine,
        counters,
    })
}

/// Which kind of fault a failed call is; `None` if it is the end.
fn kind_of(call: Call, fault: Fault) -> Option<FaultKind> {
    const EINTR: i32 = 4;
    const ENOSPC: i32 = 28;
    match fault {
        Fault::Death => None,
        Fault::Errno(_) if matches!(call, Call::SyncData | Call::SyncDirectory) => {
            Some(FaultKind::FailedSync)
        }
        Fault::Errno(EINTR) => Some(FaultKind::Interrupted),
        Fault::Errno(ENOSPC) => Some(FaultKind::NoSpace),
        Fault::Errno(_) => Some(FaultKind::InputOutput),
        Fault::Half(_) | Fault::Late(_) => Some(FaultKind::ShortWrite),
    }
}
