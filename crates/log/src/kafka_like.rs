//! A store in memory that behaves as one over Apache Kafka would, for tests: several nodes, each
//! with a handle of its own, over one cluster.
//!
//! Between a node and the cluster requests and answers get lost, and what was sent may turn up
//! later. The cluster's leaders refuse lower epochs and answer a repeated batch with its first
//! place, and forget both after a day without a write. A node's reads may lag. It is no Kafka:
//! there is no replication, no election and no wire; nothing bounds it, and nothing survives it.
//! What always holds: everything happens during a call, so that the same calls with the same seed
//! have the same effects.

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
/// A node that looked at a log longer ago than this looks again before it appends.
pub const STALE_AFTER: Duration = Duration::from_secs(30);
/// Batches of one writer that a leader remembers.
pub const REMEMBERED_MAX: usize = 5;
/// How often a batch is sent before its outcome counts as unknown for now.
pub const ATTEMPTS_MAX: u32 = 3;

/// How a cluster and its nodes behave.
#[derive(Clone, Copy, Debug)]
pub struct Behaviour {
    /// What reads see.
    pub reads: Reads,
    /// How many of a thousand requests to append meet a fault at first: lost, unanswered, or late.
    pub faults_per_mille: u32,
    /// Whether nodes look again before they append.
    pub barriers: Barriers,
}

/// Whether a node whose knowledge is stale looks at the log again before it appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barriers {
    /// It does.
    Kept,
    /// A mistake, to see that tests find it: what a leader has forgotten is not known either.
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
