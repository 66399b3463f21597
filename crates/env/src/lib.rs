//! The only door to the world: wall and monotonic clocks, randomness, disk, tasks.
//!
//! Everything below `server` reaches the outside through an [`Env`], so that a test or a simulation
//! can put its own world in the place of the real one. It is deliberately no abstraction of the
//! network: sockets belong to `server`. It holds no state of the product.

mod causes;
mod clock;
mod deaths;
mod disk;
mod doomed_tasks;
mod line_limit;
mod memory_disk;
mod random;
mod real_disk;
mod request_context;
mod simulation;
mod tasks;

pub use causes::Causes;
pub use clock::{Clock, ManualClock, Monotonic, SystemClock, Timestamp};
pub use deaths::{Death, Deaths, Watched};
pub use disk::{Disk, File, OpenMode, raw_os_error};
pub use doomed_tasks::DoomedTasks;
pub use line_limit::LineLimit;
pub use memory_disk::{Call, Fault, MemoryDisk, Tearing, Unreadable};
pub use random::{Random, SeededRandom, SystemRandom};
pub use real_disk::RealDisk;
pub use request_context::{RequestContext, RequestIdText, Scoped};
pub use simulation::{DiskSpeed, Life, Line, OnFault, Simulation, Trace};
pub use tasks::{BoxFuture, Tasks, TokioTasks, Work};

use std::sync::Arc;

/// One world: cheap to clone, handed to whoever needs a clock, chance, files or tasks.
#[derive(Clone)]
pub struct Env {
    /// Wall and monotonic time, and waiting.
    pub clock: Arc<dyn Clock>,
    /// Unpredictable bytes.
    pub random: Arc<dyn Random>,
    /// Files and directories.
    pub disk: Arc<dyn Disk>,
    /// Background tasks, threads of their own, blocking calls.
    pub tasks: Arc<dyn Tasks>,
}

impl Env {
    /// The real world, on the tokio runtime that is current when tasks are spawned.
    pub fn real() -> Self {
        Self {
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(SystemRandom),
            disk: Arc::new(RealDisk),
            tasks: Arc::new(TokioTasks::current()),
        }
    }
}
