//! The reading side of an engine: its parts, put together once and shared by whoever reads.

use crate::admission::Admission;
use crate::horizon::Horizons;
use crate::log_reader::LogReader;
use crate::logs::ShardLogs;
use crate::position::Positions;
use crate::read::ShardReader;
use crate::runtime::Runtimes;
use crate::streams::Streams;
use millstream_env::Env;
use millstream_store::LogStore;
use std::sync::Arc;

/// What reads logs, knows what is hidden of shards, reads them, and finds positions in them.
pub(crate) struct Reads {
    logs: Arc<LogReader>,
    horizons: Arc<Horizons>,
    shards: ShardReader,
    positions: Positions,
}

impl Reads {
    pub(crate) fn new(
        env: &Env,
        store: &Arc<dyn LogStore>,
        streams: &Streams,
        made: &ShardLogs,
        runtimes: &Arc<Runtimes>,
        admission: Arc<Admission>,
    ) -> Self {
        let clock = || Arc::clone(&env.clock);
        let store = || Arc::clone(store);
        let logs = Arc::new(LogReader::new(env.clone(), store(), admission));
        let horizons = Horizons::new(clock(), Arc::clone(runtimes), Arc::clone(&logs));
        let horizons = Arc::new(horizons);
        let shards = ShardReader::new(
            clock(),
            store(),
            made.clone(),
            Arc::clone(&logs),
            Arc::clone(&horizons),
        );
        let positions = Positions::new(
            clock(),
            store(),
            streams.clone(),
            made.clone(),
            Arc::clone(&logs),
        );
        Self {
            logs,
            horizons,
            shards,
            positions,
        }
    }

    /// Reads of logs.
    pub(crate) fn logs(&self) -> &LogReader {
        &self.logs
    }

    /// What retention hides.
    pub(crate) fn horizons(&self) -> &Arc<Horizons> {
        &self.horizons
    }

    /// Reads of shards.
    pub(crate) fn shards(&self) -> &ShardReader {
        &self.shards
    }

    /// Where readers start, and where shards end.
    pub(crate) fn positions(&self) -> &Positions {
        &self.positions
    }
}
