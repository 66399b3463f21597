//! Doubles of the world, for tests alone: a clock that stands, a disk in memory that tears, fails
//! and loses power, tasks that panic, and a whole simulated world. The feature `testing` has them;
//! no release build has that.

mod doomed_tasks;
mod manual_clock;
mod memory_disk;
mod seeded_random;
mod simulation;

pub use doomed_tasks::DoomedTasks;
pub use manual_clock::ManualClock;
pub use memory_disk::{Call, Fault, MemoryDisk, Tearing, Unreadable};
pub use seeded_random::SeededRandom;
pub use simulation::{DiskSpeed, Life, Line, OnFault, Simulation, Trace};
