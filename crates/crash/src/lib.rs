//! Drives a real server process and records what its clients see.
//!
//! It starts the binary, kills it, calls it, and hands histories to [`millstream_judge::judge`]. It
//! judges nothing itself beyond refusals that may not be. All time and chance come through `env`
//! and one seed; time paces the work and never decides a verdict.
//!
//! In reading order: the [`Process`], the [`Endpoint`] that it serves, the [`Recorder`], the
//! workers ([`Producer`], [`Poller`], [`Follower`], [`Operator`]), the [`Fate`] that ends lives of
//! the server, a [`Volume`] that can lose its power, and the [`Campaign`] that runs them all.

mod campaign;
mod control;
mod endpoint;
mod fate;
mod follower;
mod operator;
mod poller;
mod producer;
mod recorder;
mod server;
mod session;
mod volume;

pub use campaign::{Campaign, Report};
pub use control::Worker;
pub use endpoint::{Access, Director, Endpoint};
pub use fate::{Fate, Power};
pub use follower::Follower;
pub use operator::Operator;
pub use poller::Poller;
pub use producer::Producer;
pub use recorder::Recorder;
pub use server::{Durability, Launch, Limits, Memory, Process};
pub use session::{Progress, Request, Session};
pub use volume::{RootShare, Shutdown, Volume};

use std::io;
use std::time::Duration;

/// Why a run could not be completed.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The operating system returned an error.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A system tool failed.
    #[error("{program} failed: {said}")]
    Tool {
        /// Its name.
        program: String,
        /// Its output.
        said: String,
    },
    /// The server ended before it was ready.
    #[error("the server ended before it was ready")]
    NotReady,
    /// The server ended without having been killed.
    #[error("the server ended by itself")]
    Ended,
    /// Nothing was acknowledged for so long that nothing will be.
    #[error("no acknowledgement for {0:?}")]
    Stalled(Duration),
    /// A call failed without a fault.
    #[error("a call to a healthy server failed: {0}")]
    Call(#[from] millstream_client::Error),
    /// The stream could not be read to its end, without a fault.
    #[error("the stream {0} could not be read to its end")]
    NotDrained(String),
    /// A worker panicked.
    #[error("a worker panicked")]
    Panicked,
}

/// Time without acknowledgements after which the server counts as stuck: an upper bound against
/// hanging tests, far above what a slow machine takes.
const STALLED_AFTER: Duration = Duration::from_secs(60);
