//! The reading side of an engine: its parts, put together once and shared by whoever reads.

use crate::admission::Admission;
use crate::encryption::Encryption;
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
    admission: Arc<Admission>,
    logs: Arc<LogReader>,
    horizons: Arc<Horizons>,
    encryption: Arc<Encryption>,
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
        encryption: &Arc<Encryption>,
    ) -> Self {
        let clock = || Arc::clone(&env.clock);
        let store = || Arc::clone(store);
        let admission = Arc::new(Admission::new());
        let logs = LogReader::new(env.clone(), store(), Arc::clone(&admission));
        let logs = Arc::new(logs);
        let horizons = Horizons::new(clock(), Arc::clone(runtimes), Arc::clone(&logs));
        let horizons = Arc::new(horizons);
        let shards = ShardReader::new(
            clock(),
            store(),
            made.clone(),
            Arc::clone(&logs),
            Arc::clone(&horizons),
            Arc::clone(encryption),
        );
        let positions = Positions::new(
            clock(),
            store(),
            streams.clone(),
            made.clone(),
            Arc::clone(&logs),
        );
        Self {
            admission,
            logs,
            horizons,
            encryption: Arc::clone(encryption),
            shards,
            positions,
        }
    }

    /// Admission to the disk, and response memory.
    pub(crate) fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    /// Who may read what is encrypted.
    pub(crate) fn encryption(&self) -> &Arc<Encryption> {
        &self.encryption
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
