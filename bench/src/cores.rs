//! Which processor cores the generator and the servers run on.
//!
//! By default the generator has the first core to itself and every server the others, so that what
//! is measured does not share its core with what measures it. Both share them with the rest of the
//! machine.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::io;

/// The cores of both sides.
#[derive(Clone, Debug)]
pub struct Cores {
    generator: CpuSet,
    servers: CpuSet,
}

impl Cores {
    /// The first core and the others, if there are others.
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

    /// All cores for both.
    pub fn together() -> io::Result<Self> {
        let all = sched_getaffinity(None)?;
        Ok(Self {
            generator: all,
            servers: all,
        })
    }

    /// Moves this thread to the generator's core.
    pub fn enter_generator(&self) -> io::Result<()> {
        Ok(sched_setaffinity(None, &self.generator)?)
    }

    /// Runs `start` on the servers' cores: the processes and threads that it starts stay there.
    pub fn on_servers<T>(&self, start: impl FnOnce() -> T) -> io::Result<T> {
        sched_setaffinity(None, &self.servers)?;
        let started = start();
        sched_setaffinity(None, &self.generator)?;
        Ok(started)
    }
}
