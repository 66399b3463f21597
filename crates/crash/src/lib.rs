//! Drives a real server process and writes down what its clients see.
//!
//! It starts the binary, kills it, calls it, and hands histories to [`millstream_judge::judge`]. It
//! judges nothing itself beyond refusals that may not be. All time and chance come through `env`
//! and one seed; time paces the work and never decides a verdict.
//!
//! In reading order: the [`Process`], the [`Endpoint`] that it serves, the [`Recorder`], the
//! workers ([`Producer`], [`Poller`], [`Follower`], [`Operator`]), the [`Fate`] that ends lives of
//! the server, on a [`Volume`] that can lose its power if need be, and the [`Campaign`] that lets
//! them all loose.

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
pub use operator::{Change, Operator};
pub use poller::Poller;
pub use producer::Producer;
pub use recorder::Recorder;
pub use server::{Durability, Launch, Memory, Process};
pub use session::{Progress, Request, Session};
pub use volume::{RootShare, Shutdown, Volume};

use std::io;
use std::time::Duration;

/// Why a run could not be carried through.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The operating system refused something.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A tool of the system failed.
    #[error("{program} failed: {said}")]
    Tool {
        /// Its name.
        program: String,
        /// Its words.
        said: String,
    },
    /// The server ended before it served.
    #[error("the server ended before it was ready")]
    NotReady,
    /// The server ended, and nobody had killed it.
    #[error("the server ended by itself")]
    Ended,
    /// Nothing was acknowledged for so long that nothing will be.
    #[error("no acknowledgement for {0:?}")]
    Stalled(Duration),
    /// A call failed though nothing happened to the server.
    #[error("a call to a healthy server failed: {0}")]
    Call(#[from] client::Error),
    /// The stream could not be read to its end, though nothing happened to the server.
    #[error("the stream {0} could not be read to its end")]
    NotDrained(String),
    /// A worker gave up in a panic.
    #[error("a worker panicked")]
    Panicked,
}

/// A server that acknowledges nothing for so long will not acknowledge anything: a bound for tests
/// that would hang, far above what a slow machine takes.
const STALLED_AFTER: Duration = Duration::from_secs(60);
