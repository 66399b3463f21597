//! What a seed draws before anything runs: which faults there are, and what the server is like.
//!
//! Each kind of fault is missing from half of the plans: a fault that always comes hides what only
//! happens in its absence.

use engine::Limits;
use fastrand::Rng;
use std::fmt;
use std::time::Duration;

/// What can go wrong.
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
    /// The wall clock jumps by up to an hour.
    ClockJump,
    /// The disk answers nothing for a while.
    DiskStall,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Crash,
        Self::PowerLoss,
        Self::TornWrite,
        Self::InputOutput,
        Self::NoSpace,
        Self::ShortWrite,
        Self::Interrupted,
        Self::FailedSync,
        Self::FullDisk,
        Self::ClockJump,
        Self::DiskStall,
    ];
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
    /// The kinds of faults that there are.
    pub faults: Vec<FaultKind>,
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
}

impl Plan {
    /// The plan of a seed.
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut faults = FaultKind::ALL.to_vec();
        faults.retain(|_| rng.bool());
        let millis = |millis| Duration::from_millis(millis);
        Self {
            seed,
            faults,
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
        }
    }

    pub(super) fn has(&self, fault: FaultKind) -> bool {
        self.faults.contains(&fault)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "seed {}: faults {:?} up to every {:?} for {:?}; {} producers; segments of {} KiB; {:?}",
            self.seed,
            self.faults,
            self.calm_max,
            self.faulty,
            self.producers,
            self.segment_bytes_max / 1024,
            self.limits,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_when_drawn_then_lack_each_fault_in_about_half_of_them() {
        for fault in FaultKind::ALL {
            let count = (0..1000).filter(|seed| Plan::of(*seed).has(fault)).count();
            assert!((400..600).contains(&count), "{fault:?}: {count}");
        }
    }
}
