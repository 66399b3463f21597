//! A node over a cluster of its own, between which requests get lost.

use millstream_env::{ManualClock, SeededRandom};
use millstream_store::LogStore;
use millstream_store::kafka_like::{Behaviour, Cluster};
use std::sync::Arc;

/// Few enough that no three in a row meet one, with this seed: a call of a test may be unknown to
/// its caller, who would then have to try again.
const FAULTS_PER_MILLE: u32 = 20;

pub fn new_store(clock: Arc<ManualClock>) -> Arc<dyn LogStore> {
    let behaviour = Behaviour {
        faults_per_mille: FAULTS_PER_MILLE,
        ..Behaviour::default()
    };
    Cluster::new(clock, Arc::new(SeededRandom::new(1)), behaviour).node()
}
