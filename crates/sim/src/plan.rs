//! What a seed draws before anything runs: the faults, and the properties of the server.
//!
//! Each kind of fault is missing from half of the plans: a fault that always occurs hides bugs that
//! need its absence.

use super::planted::Bug;
use fastrand::Rng;
use millstream_store::Reads;
use millstream_streams::Limits;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// One kind of fault comes up to `2^(bits - 1)` times as often as another.
const WEIGHT_BITS: u32 = 4;
/// In one of so many plans of two nodes, reads lag behind what was acknowledged.
const LAGGING_ONE_IN: u8 = 3;

/// How many nodes there are, and over which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One, over the journal on its own disk.
    OneNode,
    /// Two, over one cluster that behaves like Kafka.
    TwoNodes,
}

impl Layout {
    /// How many nodes.
    pub(super) fn nodes(self) -> usize {
        match self {
            Self::OneNode => 1,
            Self::TwoNodes => 2,
        }
    }

    /// A request or an answer is on its way this long at least. Two nodes are nearer to the cluster
    /// than clients are to them: a command of the catalog that one of them answered is known to the
    /// other, if that is awake, before any client can ask it.
    pub(super) fn travel_min(self) -> Duration {
        match self {
            Self::OneNode => Duration::ZERO,
            Self::TwoNodes => Duration::from_millis(5),
        }
    }
}

/// What can go wrong.
///
/// Not here: bits that flip. There is one copy of everything, so a flip takes a record that no
/// server could bring back; that it is named and never served is shown bit by bit in `store`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// The process dies; the page cache stays.
    Crash,
    /// The power fails; unsynced writes stay or are lost.
    PowerLoss,
    /// The power fails; sectors of unsynced writes stay or are lost.
    TornWrite,
    /// A call fails with EIO.
    InputOutput,
    /// A call fails with ENOSPC, whatever room there is.
    NoSpace,
    /// A write fails half-way.
    ShortWrite,
    /// A call fails with EINTR.
    Interrupted,
    /// A sync fails.
    FailedSync,
    /// There is no room for a while.
    FullDisk,
    /// The wall clock jumps forward, to an hour ahead at most.
    ClockForward,
    /// The wall clock jumps back, to an hour behind at most.
    ClockBack,
    /// The disk answers nothing for a while.
    DiskStall,
    /// Requests and answers take seconds for a while, each another time, and so come in any order.
    SlowNetwork,
    /// Every connection is cut: requests on their way are lost, and so are answers.
    CutConnection,
    /// For a while requests to append are lost between a node and the cluster, or their answers
    /// are, or they turn up later.
    LostAppends,
    /// The other node takes the shards' logs under a higher epoch, so that their writer is fenced.
    Takeover,
    /// A node stands still for a while, and wakes with what it knew.
    Suspension,
}

impl FaultKind {
    /// Those of one node with a disk.
    pub const OF_ONE_NODE: [Self; 14] = [
        Self::Crash,
        Self::PowerLoss,
        Self::TornWrite,
        Self::InputOutput,
        Self::NoSpace,
        Self::ShortWrite,
        Self::Interrupted,
        Self::FailedSync,
        Self::FullDisk,
        Self::ClockForward,
        Self::ClockBack,
        Self::DiskStall,
        Self::SlowNetwork,
        Self::CutConnection,
    ];
    /// Those of two nodes over a cluster. The cluster itself loses nothing: that is its own tests'.
    pub const OF_TWO_NODES: [Self; 8] = [
        Self::Crash,
        Self::ClockForward,
        Self::ClockBack,
        Self::SlowNetwork,
        Self::CutConnection,
        Self::LostAppends,
        Self::Takeover,
        Self::Suspension,
    ];

    /// Those that a layout can have.
    pub fn of(layout: Layout) -> &'static [Self] {
        match layout {
            Layout::OneNode => &Self::OF_ONE_NODE,
            Layout::TwoNodes => &Self::OF_TWO_NODES,
        }
    }
}

/// Whether the disk does what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskHonesty {
    /// It does.
    Honest,
    /// It says that it syncs, and does not: what no server survives, and every judge must see.
    LiesAboutSyncs,
}

/// What a run is to be like.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What decides it.
    pub seed: u64,
    /// How many nodes there are.
    pub layout: Layout,
    /// The kinds of faults that there are.
    pub faults: Vec<FaultKind>,
    /// How often each kind comes, beside the others.
    pub(super) weights: BTreeMap<FaultKind, u32>,
    /// What is wrong with the server on purpose.
    pub bug: Option<Bug>,
    /// Whether a sync syncs.
    pub disk: DiskHonesty,
    /// Between two faults at most.
    pub(super) calm_max: Duration,
    /// How long faults go on.
    pub(super) faulty: Duration,
    /// Clients that put.
    pub(super) producers: u32,
    /// Between two calls of a client at most.
    pub(super) think_max: Duration,
    /// The journal's segments.
    pub(super) segment_bytes_max: u64,
    /// The journal's caches.
    pub(super) cache_bytes_max: usize,
    /// Whether AWS's limits hold.
    pub(super) limits: Limits,
    /// How long statuses last.
    pub(super) transition: Duration,
    /// A sync takes up to this.
    pub(super) sync_max: Duration,
    /// What a read of the cluster's logs sees.
    pub(super) reads: Reads,
}

impl Plan {
    /// The plan of a seed for one node.
    pub fn of(seed: u64) -> Self {
        Self::drawn(seed, Layout::OneNode)
    }

    /// The plan of a seed for two nodes.
    pub fn of_two_nodes(seed: u64) -> Self {
        Self::drawn(seed, Layout::TwoNodes)
    }

    fn drawn(seed: u64, layout: Layout) -> Self {
        let mut rng = Rng::with_seed(seed);
        let kinds = FaultKind::of(layout);
        let mut faults = kinds.to_vec();
        faults.retain(|_| rng.bool());
        let weights = kinds
            .iter()
            .map(|kind| (*kind, 1 << rng.u32(..WEIGHT_BITS)));
        let millis = |millis| Duration::from_millis(millis);
        Self {
            seed,
            layout,
            faults,
            weights: weights.collect(),
            bug: None,
            disk: DiskHonesty::Honest,
            calm_max: Duration::from_secs(rng.u64(1..12)),
            faulty: Duration::from_secs(rng.u64(40..120)),
            producers: rng.u32(1..5),
            think_max: millis(rng.u64(200..2000)),
            segment_bytes_max: (128 * 1024) << rng.u32(..4),
            cache_bytes_max: (8 * 1024) << rng.u32(..8),
            limits: if rng.u8(..4) == 0 {
                Limits::Aws
            } else {
                Limits::Off
            },
            transition: if rng.bool() {
                Duration::ZERO
            } else {
                millis(rng.u64(1..3000))
            },
            sync_max: Duration::from_micros(rng.u64(200..10_000)),
            reads: match (layout, rng.u8(..LAGGING_ONE_IN)) {
                (Layout::TwoNodes, 0) => Reads::Prefix,
                (Layout::OneNode | Layout::TwoNodes, _) => Reads::Newest,
            },
        }
    }

    /// One of the faults, by their weights; `None` if there are none.
    pub(super) fn any_fault(&self, rng: &mut Rng) -> Option<FaultKind> {
        let weight = |fault: FaultKind| self.weights.get(&fault).copied().unwrap_or(1);
        let sum = self.faults.iter().map(|fault| weight(*fault)).sum::<u32>();
        if sum == 0 {
            return None;
        }
        let mut left = rng.u32(..sum);
        self.faults.iter().copied().find(|fault| {
            let is_it = left < weight(*fault);
            left = left.saturating_sub(weight(*fault));
            is_it
        })
    }

    /// Whether the wall clock may jump.
    pub(super) fn has_clock_jumps(&self) -> bool {
        self.has(FaultKind::ClockForward) || self.has(FaultKind::ClockBack)
    }

    /// Whether a read that finds nothing shows that there is nothing.
    pub(super) fn reads_show_the_tail(&self) -> bool {
        self.reads == Reads::Newest
    }

    /// Whether a stream that was ACTIVE may be CREATING again: a clock that is set back into its
    /// first moments finds it so, and without shards.
    pub(super) fn may_create_again(&self) -> bool {
        self.has_clock_jumps() && !self.transition.is_zero()
    }

    pub(super) fn has(&self, fault: FaultKind) -> bool {
        self.faults.contains(&fault)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "seed {} of {:?}: faults {:?} up to every {:?} for {:?}; {} producers; segments of {} \
             KiB; {:?}; reads {:?}",
            self.seed,
            self.layout,
            self.faults
                .iter()
                .map(|fault| (*fault, self.weights.get(fault)))
                .collect::<Vec<_>>(),
            self.calm_max,
            self.faulty,
            self.producers,
            self.segment_bytes_max / 1024,
            self.limits,
            self.reads,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_when_drawn_then_lack_each_fault_in_about_half_of_them() {
        for layout in [Layout::OneNode, Layout::TwoNodes] {
            for fault in FaultKind::of(layout) {
                let has = |seed: &u64| Plan::drawn(*seed, layout).has(*fault);
                let count = (0..1000).filter(has).count();
                assert!((400..600).contains(&count), "{fault:?}: {count}");
            }
        }
    }

    #[test]
    fn faults_when_drawn_then_come_as_often_as_their_weights_say() {
        let mut plan = Plan::of(1);
        plan.faults = vec![FaultKind::Crash, FaultKind::FullDisk];
        plan.weights.insert(FaultKind::Crash, 1);
        plan.weights.insert(FaultKind::FullDisk, 3);
        let mut rng = Rng::with_seed(1);
        let is_crash = |_: &u32| plan.any_fault(&mut rng) == Some(FaultKind::Crash);
        let crashes = (0..1000).filter(is_crash).count();
        assert!((200..300).contains(&crashes), "{crashes}");
        plan.faults.clear();
        assert_eq!(plan.any_fault(&mut Rng::with_seed(1)), None);
    }
}
