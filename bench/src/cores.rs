//! The processor cores of the generator and of the servers.
//!
//! By default the generator is pinned to the first core and every server to the others, so that
//! they do not compete for a core. Other processes on the machine may use any of them.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::io;

/// The cores of the generator and of the servers.
#[derive(Clone, Debug)]
pub struct Cores {
    generator: CpuSet,
    servers: CpuSet,
}

impl Cores {
    /// The first core for the generator, and the others, if any, for the servers.
    pub fn apart() -> io::Result<Self> {
        let all = sched_getaffinity(None)?;
        let mut usable = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core));
        let first = usable.next();
        let (mut generator, mut servers) = (CpuSet::new(), CpuSet::new());
        usable.for_each(|core| servers.set(core));
        match first {
            Some(first) if servers.count() > 0 => generator.set(first),
            Some(_) | None => return Self::together(),
        }
        Ok(Self { generator, servers })
    }

    /// All cores for both sides.
    pub fn together() -> io::Result<Self> {
        let all = sched_getaffinity(None)?;
        Ok(Self {
            generator: all,
            servers: all,
        })
    }

    /// Pins this thread to the generator's core.
    pub fn enter_generator(&self) -> io::Result<()> {
        Ok(sched_setaffinity(None, &self.generator)?)
    }

    /// Runs `start` pinned to the servers' cores; the processes and threads that it starts inherit
    /// them.
    pub fn on_servers<T>(&self, start: impl FnOnce() -> T) -> io::Result<T> {
        sched_setaffinity(None, &self.servers)?;
        let started = start();
        sched_setaffinity(None, &self.generator)?;
        Ok(started)
    }
}
