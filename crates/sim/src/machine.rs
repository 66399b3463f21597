//! The machine: a disk, a clock, and at most one server process at a time.
//!
//! It knows how a process ends, never why: the operator starts one again, the nemesis strikes.

use super::plan::{DiskHonesty, FaultKind, Plan};
use super::planted::{Bug, Planted};
use super::reach::Reach;
use super::server::{Opened, Server};
use engine::{Causes, Engine, Settings};
use env::{Call, DiskSpeed, Env, Fault, Life, MemoryDisk, OnFault, SeededRandom, Simulation};
use env::{Tearing, Timestamp};
use log::LogStore;
use millstream_journal::{Journal, Options};
use millstream_replicated::{Owner, Replicated};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{Notify, oneshot, watch};

/// 2026-01-01T00:00:00Z
const WALL: Timestamp = Timestamp(1_767_225_600_000);
const DIRECTORY: &str = "/data";
/// A server that does not start within this time is taken down again.
const START_WITHIN: Duration = Duration::from_secs(60);

/// A request or an answer is on its way this long at most …
const TRAVEL_MAX: Duration = Duration::from_millis(4);
/// … and this long while the network is slow.
const SLOW_TRAVEL_MAX: Duration = Duration::from_secs(3);

/// Some dozen commands of the counters, so that their snapshots are taken often.
const COUNTERS_SNAPSHOT_AFTER_BYTES: u64 = 2 * 1024;

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Death {
    Crash,
    PowerLoss,
    TornWrite,
}

/// A machine of a simulated world.
pub(super) struct Machine {
    pub(super) simulation: Simulation,
    /// The life of all that is not the server.
    pub(super) outside: Life,
    pub(super) plan: Plan,
    pub(super) disk: MemoryDisk,
    pub(super) speed: DiskSpeed,
    /// The server, if there is one.
    pub(super) place: watch::Sender<Option<Arc<Server>>>,
    /// Rung when the process has ended.
    pub(super) fell: Notify,
    /// Rung when a fault is about to strike.
    pub(super) alarm: Notify,
    /// Rung when all connections are cut.
    pub(super) cut: Notify,
    /// Rung when a call begins.
    pub(super) begun: Notify,
    /// Rung when an operation is wanted.
    pub(super) wants: Notify,
    status: Mutex<Status>,
}

#[derive(Default)]
struct Status {
    life: Option<Life>,
    generation: u64,
    /// What the next [`Fault::Death`] is.
    armed: Option<Death>,
    reach: Reach,
    under_way: BTreeMap<&'static str, usize>,
    /// What whoever can is to call next.
    wanted: Option<&'static str>,
    /// Until when requests and answers take long.
    slow_until: Duration,
    /// Workers shall end.
    is_over: bool,
    complaints: Vec<String>,
    /// What was struck, and what the server did, with times.
    events: Vec<String>,
}

/// A call is under way until this is dropped.
pub(super) struct UnderWay<'m> {
    machine: &'m Machine,
    operation: &'static str,
}

impl Machine {
    pub(super) fn new(plan: Plan) -> Arc<Self> {
        let simulation = Simulation::new(plan.seed, WALL);
        let disk = MemoryDisk::new();
        if plan.disk == DiskHonesty::LiesAboutSyncs {
            disk.lie_about_syncs();
        }
        Arc::new(Self {
            outside: simulation.life(),
            simulation,
            disk,
            speed: DiskSpeed::new(plan.sync_max),
            plan,
            place: watch::Sender::new(None),
            fell: Notify::new(),
            alarm: Notify::new(),
            cut: Notify::new(),
            begun: Notify::new(),
            wants: Notify::new(),
            status: Mutex::default(),
        })
    }

    // --- Starting
    // ---------------------------------------------------------------------------------

    /// Starts a process; an error says why there is none.
    pub(super) async fn start(self: &Arc<Self>) -> Result<Arc<Server>, String> {
        let life = self.simulation.life();
        let generation = {
            let mut status = self.status.lock();
            status.life = Some(life.clone());
            status.generation += 1;
            status.generation
        };
        let env = life.env(&self.disk, &self.speed, self.on_fault());
        let (tell, told) = oneshot::channel();
        let (options, settings) = (self.options(), self.settings());
        let own = env.clone();
        let bug = self.plan.bug.map(|bug| (bug, generation > 1));
        let start = async move {
            // Nobody hears it if the process was taken down meanwhile.
            let _ = tell.send(open(env, options, settings, bug).await);
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
                let server = Arc::new(Server::new(opened, own, life, generation));
                self.place.send_replace(Some(server.clone()));
                self.remember(format!("start {generation}"));
                Ok(server)
            }
            Err(error) => {
                self.remember(format!("no start {generation}: {error}"));
                life.end();
                self.disk.process_death();
                Err(error)
            }
        }
    }

    fn options(&self) -> Options {
        Options {
            segment_bytes_max: self.plan.segment_bytes_max,
            cache_bytes_max: self.plan.cache_bytes_max,
            cold_cache_bytes_max: 2 * 1024 * 1024,
            ..Options::default()
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            limits: self.plan.limits,
            transition_time: self.plan.transition,
            ..Settings::default()
        }
    }

    /// What a fault on order does besides failing its call.
    fn on_fault(self: &Arc<Self>) -> OnFault {
        let machine: Weak<Self> = Arc::downgrade(self);
        Arc::new(move |call, fault| {
            let Some(machine) = machine.upgrade() else {
                return;
            };
            machine.remember(format!("{fault:?} at {call:?}"));
            match kind_of(call, fault) {
                Some(kind) => machine.count(kind),
                None => {
                    let death = machine.status.lock().armed.take();
                    machine.strike_down(death.unwrap_or(Death::Crash));
                }
            }
        })
    }

    // --- Ending
    // -----------------------------------------------------------------------------------

    /// Lets the process end at the n-th disk call of a kind.
    pub(super) fn arm(&self, call: Call, nth: u64, death: Death) {
        self.status.lock().armed = Some(death);
        self.disk.fail_nth(call, nth, Fault::Death);
    }

    /// Ends the process here and now; nothing happens if there is none.
    pub(super) fn strike_down(&self, death: Death) {
        let Some(life) = self.status.lock().life.take() else {
            return;
        };
        life.end();
        let dice = SeededRandom::new(self.simulation.below(u64::MAX));
        match death {
            Death::Crash => {
                self.count(FaultKind::Crash);
                self.disk.process_death();
            }
            Death::PowerLoss => {
                self.count(FaultKind::PowerLoss);
                self.disk.power_loss_with(&dice, Tearing::Never);
            }
            Death::TornWrite => {
                if self.disk.power_loss_with(&dice, Tearing::Sectors) > 0 {
                    self.count(FaultKind::TornWrite);
                }
            }
        }
        self.take_down();
    }

    /// The process has ended by itself, or is to.
    pub(super) fn stop(&self) {
        let life = self.status.lock().life.take();
        if let Some(life) = life {
            self.remember("stopped by the operator".to_owned());
            life.end();
            self.disk.process_death();
        }
        self.take_down();
    }

    fn take_down(&self) {
        self.place.send_replace(None);
        self.fell.notify_one();
    }

    /// Lets workers end; the server goes on.
    pub(super) fn end_work(&self) {
        self.status.lock().is_over = true;
        // Those that wait for a server look again.
        self.place.send_modify(|_| ());
    }

    pub(super) fn is_over(&self) -> bool {
        self.status.lock().is_over
    }

    // --- The network
    // ------------------------------------------------------------------------------

    pub(super) fn slow_network_for(&self, lasts: Duration) {
        self.status.lock().slow_until = self.simulation.now().0 + lasts;
    }

    /// How long a request or an answer that is sent now is on its way, at most.
    pub(super) fn travel_max(&self) -> Duration {
        match self.simulation.now().0 < self.status.lock().slow_until {
            true => SLOW_TRAVEL_MAX,
            false => TRAVEL_MAX,
        }
    }

    // --- Counting
    // ---------------------------------------------------------------------------------

    /// A fault strikes all calls that are under way.
    pub(super) fn count(&self, fault: FaultKind) {
        self.remember(format!("{fault:?}"));
        let status = &mut *self.status.lock();
        let under_way = status.under_way.keys().copied();
        status.reach.strike(fault, under_way);
    }

    pub(super) fn begin(&self, operation: &'static str) -> UnderWay<'_> {
        *self.status.lock().under_way.entry(operation).or_default() += 1;
        self.begun.notify_waiters();
        UnderWay {
            machine: self,
            operation,
        }
    }

    /// Asks clients to call an operation next, for a fault to meet it.
    pub(super) fn want(&self, operation: Option<&'static str>) {
        self.status.lock().wanted = operation;
        if operation.is_some() {
            self.wants.notify_waiters();
        }
    }

    /// Whether an operation is to be called next.
    pub(super) fn is_wanted(&self, operation: &str) -> bool {
        self.status.lock().wanted == Some(operation)
    }

    pub(super) fn is_under_way(&self, operation: &str) -> bool {
        self.status.lock().under_way.contains_key(operation)
    }

    pub(super) fn answered(&self, operation: &'static str, is_output: bool) {
        self.status.lock().reach.answered(operation, is_output);
    }

    pub(super) fn reach(&self) -> Reach {
        self.status.lock().reach.clone()
    }

    /// Takes note of something that explains what follows.
    pub(super) fn remember(&self, what: String) {
        let at = self.simulation.now().0;
        self.status.lock().events.push(format!("{at:?}: {what}"));
    }

    pub(super) fn events(&self) -> Vec<String> {
        self.status.lock().events.clone()
    }

    /// How many processes were started.
    pub(super) fn generation(&self) -> u64 {
        self.status.lock().generation
    }

    /// Takes note of something that must not happen.
    pub(super) fn complain(&self, what: String) {
        let at = self.simulation.now().0;
        self.status
            .lock()
            .complaints
            .push(format!("{at:?}: {what}"));
    }

    pub(super) fn complaints(&self) -> Vec<String> {
        self.status.lock().complaints.clone()
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut status = self.machine.status.lock();
        if let Some(count) = status.under_way.get_mut(self.operation) {
            *count -= 1;
            if *count == 0 {
                status.under_way.remove(self.operation);
            }
        }
    }
}

/// A bug, and whether the process is not the first.
type Planting = (Bug, bool);

/// What a server does at its start.
async fn open(
    env: Env,
    options: Options,
    settings: Settings,
    bug: Option<Planting>,
) -> Result<Opened, String> {
    let journal = Journal::open(env.clone(), Path::new(DIRECTORY), options);
    let journal = journal.map_err(|error| format!("journal: {error}"))?;
    let store: Arc<dyn LogStore> = match bug {
        None => journal,
        Some((bug, is_restarted)) => {
            let planted = Planted::new(journal, bug, &env, is_restarted);
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
