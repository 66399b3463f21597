//! The only door to the world: wall and monotonic clocks, randomness, disk, tasks.
//!
//! Everything below `http` reaches the outside world through an [`Env`], so that a test or a
//! simulation can substitute its own. It deliberately does not abstract the network: sockets belong
//! to `http`. It holds no product state.

mod causes;
mod clock;
mod clocks;
mod deaths;
mod disk;
#[cfg(any(test, feature = "testing"))]
mod doubles;
mod line_limit;
mod private_file;
mod random;
mod real_disk;
mod request_context;
mod small_files;
mod tasks;

pub use causes::Causes;
pub use clock::{Clock, Monotonic, SystemClock, Timestamp};
pub use clocks::{Agreement, Clocks};
pub use deaths::{Death, Deaths, Watched};
pub use disk::{Disk, File, OpenMode, PRIVATE_FILE_MODE, raw_os_error};
#[cfg(any(test, feature = "testing"))]
pub use doubles::{
    Call, DiskSpeed, DoomedTasks, Fault, Life, Line, ManualClock, MemoryDisk, OnFault,
    SeededRandom, Simulation, Tearing, Trace, Unreadable,
};
pub use line_limit::LineLimit;
pub use private_file::{Guard, exposure, read_guarded, read_private};
pub use random::{Random, SystemRandom};
pub use real_disk::RealDisk;
pub use request_context::{RequestContext, RequestIdText, Scoped};
pub use small_files::{FileMode, folder_of, lock_beside, replace_file};
pub use tasks::{BoxFuture, Tasks, TokioTasks, Work};

use std::sync::Arc;

/// An environment: cheap to clone, passed to all code that needs a clock, randomness, files or
/// tasks.
#[derive(Clone)]
pub struct Env {
    /// Wall and monotonic time, and sleeping.
    pub clock: Arc<dyn Clock>,
    /// Unpredictable bytes.
    pub random: Arc<dyn Random>,
    /// Files and directories.
    pub disk: Arc<dyn Disk>,
    /// Background tasks, dedicated threads, blocking calls.
    pub tasks: Arc<dyn Tasks>,
}

impl Env {
    /// The real environment, on the tokio runtime that is current when tasks are spawned.
    pub fn real() -> Self {
        Self {
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(SystemRandom),
            disk: Arc::new(RealDisk),
            tasks: Arc::new(TokioTasks::current()),
        }
    }
}
