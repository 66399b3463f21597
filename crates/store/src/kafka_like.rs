//! An in-memory store that behaves like one over Apache Kafka, for tests: several nodes, each with
//! its own handle, over one cluster.
//!
//! Requests and responses between a node and the cluster get lost, and requests may arrive late.
//! The cluster's leaders refuse lower epochs, answer a repeated batch with its first position, and
//! forget both after a day without a write. A node's reads may lag. It is not Kafka: there is no
//! replication, no election and no network protocol; it is unbounded and not persistent. What
//! always holds: everything happens during a call, so that the same calls with the same seed have
//! the same effects.

mod cluster;
mod leader;
mod node;
#[cfg(test)]
mod tests;

pub use cluster::Cluster;
pub use node::KafkaLike;

use crate::store::Reads;
use std::time::Duration;

/// A leader forgets epochs and batches after this long without a write.
pub const FORGETS_AFTER: Duration = Duration::from_hours(24);
/// Age at which a node's knowledge of a log is stale: it looks again before it appends.
pub const STALE_AFTER: Duration = Duration::from_secs(30);
/// Number of batches per writer that a leader remembers.
pub const REMEMBERED_MAX: usize = 5;
/// Number of attempts before a batch's outcome is reported as unknown.
pub const ATTEMPTS_MAX: u32 = 3;

/// How a cluster and its nodes behave.
#[derive(Clone, Copy, Debug)]
pub struct Behaviour {
    /// What reads see.
    pub reads: Reads,
    /// How many of a thousand append requests meet a fault initially: lost, unanswered, or late.
    pub faults_per_mille: u32,
    /// Whether nodes look again before they append.
    pub barriers: Barriers,
}

/// Whether a node with stale knowledge of a log looks at it again before it appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barriers {
    /// It does.
    Kept,
    /// A planted bug that tests must find: whatever a leader has forgotten is unknown to the node,
    /// too.
    LeftOut,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            reads: Reads::Newest,
            faults_per_mille: 0,
            barriers: Barriers::Kept,
        }
    }
}
