//! What processes find below their engines: a journal on the machine's disk, or a cluster.
//!
//! A store outlives the processes that open it; each start gets a handle of its own. Nothing above
//! knows which it is.

use super::plan::{Layout, Plan};
use millstream_env::{Clock, Env, SeededRandom, Simulation};
use millstream_journal::{Journal, Options};
use millstream_store::LogStore;
use millstream_store::kafka_like::{Behaviour, Cluster};
use std::path::Path;
use std::sync::Arc;

const DIRECTORY: &str = "/data";
const COLD_CACHE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Gives each process its store.
pub(super) enum Stores {
    /// A journal, on whatever disk the process has.
    Journal(Options),
    /// A node of a cluster.
    Cluster(Arc<Cluster>),
}

impl Stores {
    /// The stores of a plan. A cluster takes its time and its chance from the world.
    pub(super) fn new(plan: &Plan, simulation: &Simulation, clock: Arc<dyn Clock>) -> Self {
        match plan.layout {
            Layout::OneNode => Self::Journal(Options {
                segment_bytes_max: plan.segment_bytes_max,
                cache_bytes_max: plan.cache_bytes_max,
                cold_cache_bytes_max: COLD_CACHE_BYTES_MAX,
                ..Options::default()
            }),
            Layout::TwoNodes => {
                let random = Arc::new(SeededRandom::new(simulation.below(u64::MAX)));
                let behaviour = Behaviour {
                    reads: plan.reads,
                    ..Behaviour::default()
                };
                Self::Cluster(Cluster::new(clock, random, behaviour))
            }
        }
    }

    /// A handle for a process that starts.
    pub(super) async fn open(&self, env: Env) -> Result<Arc<dyn LogStore>, String> {
        match self {
            Self::Journal(options) => {
                let journal = Journal::open(env, Path::new(DIRECTORY), *options);
                let journal = journal.map_err(|error| format!("journal: {error}"))?;
                Ok(journal)
            }
            Self::Cluster(cluster) => Ok(cluster.node()),
        }
    }

    /// From now on so many of a thousand requests to append meet a fault.
    pub(super) fn lose_appends(&self, per_mille: u32) {
        match self {
            Self::Journal(_) => {}
            Self::Cluster(cluster) => cluster.set_faults_per_mille(per_mille),
        }
    }

    /// No request is lost any more, and those that are late arrive.
    pub(super) fn settle(&self) {
        match self {
            Self::Journal(_) => {}
            Self::Cluster(cluster) => {
                cluster.set_faults_per_mille(0);
                cluster.deliver_late();
            }
        }
    }
}
