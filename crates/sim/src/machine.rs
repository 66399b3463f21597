//! What a run has one of: the clocks, the network, the nodes with what is below them, and what is
//! counted of it all.

use super::node::{Node, NodeNumber};
use super::plan::{DiskHonesty, FaultKind, Plan};
use super::reach::Reach;
use super::server::Server;
use super::stores::Stores;
use millstream_env::{DiskSpeed, Life, MemoryDisk, Simulation, Timestamp};
use millstream_kms::MemoryKeys;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// 2026-01-01T00:00:00Z
const WALL: Timestamp = Timestamp(1_767_225_600_000);

/// A request or an answer is on its way so much longer than the layout says, at most …
const TRAVEL_MAX: Duration = Duration::from_millis(4);
/// … and this long while the network is slow.
const SLOW_TRAVEL_MAX: Duration = Duration::from_secs(3);

/// The machinery of a simulated world.
pub(super) struct Machine {
    pub(super) simulation: Simulation,
    /// The life of all that is not the server.
    pub(super) outside: Life,
    pub(super) plan: Plan,
    pub(super) stores: Arc<Stores>,
    pub(super) nodes: Vec<Node>,
    /// The servers that there are, by node.
    pub(super) places: watch::Sender<Vec<Option<Arc<Server>>>>,
    /// The disk of a layout that has one.
    pub(super) disk: MemoryDisk,
    pub(super) speed: DiskSpeed,
    /// The key service, which answers all nodes.
    pub(super) keys: Arc<MemoryKeys>,
    /// Rung when the shards' logs are to go to another node.
    pub(super) takeover: Notify,
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

struct Status {
    generation: u64,
    reach: Reach,
    under_way: BTreeMap<(NodeNumber, &'static str), usize>,
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
    key: (NodeNumber, &'static str),
}

impl Machine {
    pub(super) fn new(plan: Plan) -> Arc<Self> {
        let simulation = Simulation::new(plan.seed, WALL);
        let disk = MemoryDisk::new();
        if plan.disk == DiskHonesty::LiesAboutSyncs {
            disk.lie_about_syncs();
        }
        let outside = simulation.life();
        let nodes = plan.layout.nodes();
        let status = Status {
            generation: 0,
            reach: Reach::new(plan.layout),
            under_way: BTreeMap::new(),
            wanted: None,
            slow_until: Duration::ZERO,
            is_over: false,
            complaints: Vec::new(),
            events: Vec::new(),
        };
        Arc::new(Self {
            stores: Arc::new(Stores::new(&plan, &simulation, outside.clock())),
            outside,
            simulation,
            disk,
            speed: DiskSpeed::new(plan.sync_max),
            keys: Arc::default(),
            nodes: (0..nodes).map(|_| Node::default()).collect(),
            places: watch::Sender::new(vec![None; nodes]),
            plan,
            takeover: Notify::new(),
            alarm: Notify::new(),
            cut: Notify::new(),
            begun: Notify::new(),
            wants: Notify::new(),
            status: Mutex::new(status),
        })
    }

    // --- Nodes
    // ------------------------------------------------------------------------------------

    /// The numbers of all nodes.
    pub(super) fn numbers(&self) -> std::ops::Range<NodeNumber> {
        0..self.nodes.len()
    }

    /// A node's server, if there is one.
    pub(super) fn server_at(&self, number: NodeNumber) -> Option<Arc<Server>> {
        self.places.borrow()[number].clone()
    }

    pub(super) fn set_place(&self, number: NodeNumber, server: Option<Arc<Server>>) {
        self.places.send_modify(|places| places[number] = server);
    }

    /// The number of a process that starts: each has its own, and they rise.
    pub(super) fn begin_generation(&self) -> u64 {
        let mut status = self.status.lock();
        status.generation += 1;
        status.generation
    }

    /// Lets workers end; the server goes on.
    pub(super) fn end_work(&self) {
        self.status.lock().is_over = true;
        // Those that wait for a server look again.
        self.places.send_modify(|_| ());
    }

    pub(super) fn is_over(&self) -> bool {
        self.status.lock().is_over
    }

    // --- The network
    // ------------------------------------------------------------------------------

    pub(super) fn slow_network_for(&self, lasts: Duration) {
        self.status.lock().slow_until = self.simulation.now().0 + lasts;
    }

    /// How long a request or an answer that is sent now is on its way.
    pub(super) fn travel(&self) -> Range<Duration> {
        let shortest = self.plan.layout.travel_min();
        let longer = match self.simulation.now().0 < self.status.lock().slow_until {
            true => SLOW_TRAVEL_MAX,
            false => TRAVEL_MAX,
        };
        shortest..shortest + longer
    }

    // --- Counting
    // ---------------------------------------------------------------------------------

    /// A fault strikes all calls that are under way.
    pub(super) fn count(&self, fault: FaultKind) {
        self.remember(format!("{fault:?}"));
        let status = &mut *self.status.lock();
        let under_way = status.under_way.keys().map(|(_, operation)| *operation);
        status.reach.strike(fault, under_way);
    }

    /// A fault strikes the calls that are under way at a node.
    pub(super) fn count_at(&self, fault: FaultKind, number: NodeNumber) {
        self.remember(format!("{fault:?} at node {number}"));
        let status = &mut *self.status.lock();
        let under_way = status.under_way.keys();
        let under_way = under_way.filter(|(node, _)| *node == number);
        let under_way = under_way.map(|(_, operation)| *operation);
        status.reach.strike(fault, under_way);
    }

    pub(super) fn begin(&self, number: NodeNumber, operation: &'static str) -> UnderWay<'_> {
        let key = (number, operation);
        *self.status.lock().under_way.entry(key).or_default() += 1;
        self.begun.notify_waiters();
        UnderWay { machine: self, key }
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

    /// A node at which an operation is under way.
    pub(super) fn where_under_way(&self, operation: &str) -> Option<NodeNumber> {
        let status = self.status.lock();
        let mut under_way = status.under_way.keys();
        let found = under_way.find(|(_, name)| *name == operation);
        found.map(|(number, _)| *number)
    }

    pub(super) fn answered(&self, operation: &'static str, is_output: bool) {
        self.status.lock().reach.answered(operation, is_output);
    }

    /// A subscription was held for as long as it lasts.
    pub(super) fn outlasted(&self) {
        self.status.lock().reach.outlast();
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
        if let Some(count) = status.under_way.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                status.under_way.remove(&self.key);
            }
        }
    }
}
