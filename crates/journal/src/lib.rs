//! The embedded journal: all logs of a node in one sequence of files.
//!
//! A call's batches become blocks of one frame. A frame is written once and synced once; its blocks
//! are found through an in-memory index, and through footers. The journal knows no streams and no
//! retention policy: trimming and deleting are requested by its user. What always holds: one total
//! order, so that a crash leaves a consistent prefix; nothing is visible before it is durable; what
//! fails its checksum is an error, never an end.

mod format;
mod inspect;
mod journal_store;
mod measured;
mod metrics;
mod open_error;
mod options;
mod planted;
mod read;
mod recover;
mod space;
mod startup;
mod state;
mod write;

#[cfg(test)]
mod tests;

pub use inspect::{
    Changes, Checked, Extent, Finding, Inspection, InspectionSize, Loss, Plan, Records, Repair,
    Severity, Visitor, What,
};
pub use open_error::OpenError;
pub use options::{
    CACHE_BYTES_MAX, CALL_BYTES_MAX, COLD_CACHE_BYTES_MAX, COPY_BYTES_MAX, Durability, Options,
    QUEUE_BYTES_MAX, SEGMENT_BYTES_MAX, UNSORTED_SEGMENTS_MAX,
};

use measured::Measured;
use millstream_env::{Env, Tasks};
use millstream_store::store::{Answer, LogId, LogSettings, ReadError, StoreError};
use read::index::Log;
use read::reader::{Patience, Reader};
use read::reads::Reads;
use space::backlog::Backlog;
use space::reserve::Reserve;
use space::sorter::Sorter;
use space::upkeep::Upkeep;
use state::damage::Damage;
use state::handover::Handover;
use state::health::Health;
use state::lifecycle::Lifecycle;
use state::logs::Logs;
use state::segments::Segments;
use std::future::ready;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::oneshot;
use write::queue::{Call, Change, ChangeCall, Queue, Refusal};

/// All logs of a node, on its disk. Dropping it lets submitted calls complete, some time later;
/// after [`LogStore::shutdown`] the directory is free for another journal.
pub struct Journal {
    tasks: Arc<dyn Tasks>,
    backlog: Arc<Backlog>,
    damage: Arc<Damage>,
    handover: Arc<Handover>,
    health: Arc<Health>,
    lifecycle: Arc<Lifecycle>,
    logs: Arc<Logs>,
    measured: Arc<Measured>,
    queue: Arc<Queue>,
    reads: Arc<Reads>,
    reserve: Arc<Reserve>,
    segments: Arc<Segments>,
    sorter: Arc<Sorter>,
    upkeep: Arc<Upkeep>,
}

impl Journal {
    /// Opens the journal in a directory, or creates one if the directory is empty. Blocks while it
    /// reads; spawns its tasks in `env`.
    pub fn open(env: Env, directory: &Path, options: Options) -> Result<Arc<Self>, OpenError> {
        startup::open(env, directory, options).map(Arc::new)
    }

    /// Disk space of the journal's live segments (without up to two spare files).
    pub fn disk_bytes(&self) -> u64 {
        self.segments.disk_bytes()
    }

    /// Memory of frames and read data: cached, or shared by responses that are not sent yet.
    pub fn memory_bytes(&self) -> usize {
        self.reads.cache().memory_bytes()
    }

    /// Does now what the cleaner does every minute: frees space that is due, and sorts waiting
    /// segments.
    pub async fn maintain(&self) {
        self.upkeep.maintain().await;
        self.sorter.sort().await;
    }

    /// A log's settings.
    pub fn settings(&self, log: LogId) -> Option<LogSettings> {
        self.logs
            .find(log)
            .map(|log| log.with(|state| state.settings))
    }

    fn find(&self, log: LogId) -> Result<Arc<Log>, ReadError> {
        let found = self.logs.find(log);
        found.ok_or_else(|| self.damage.why_unknown(log))
    }

    /// Looks in memory alone; `None` if the disk is needed.
    fn ask_at_hand<T>(
        &self,
        log: LogId,
        question: impl Fn(&Reader<'_>) -> Option<Result<T, ReadError>>,
    ) -> Option<Result<T, ReadError>> {
        match self.find(log) {
            Ok(log) => question(&Reader::new(&self.reads, &log, Patience::MemoryOnly)),
            Err(error) => Some(Err(error)),
        }
    }

    /// Looks in memory first, then, if the disk is needed, on a thread that may block.
    async fn ask<T: Send + 'static>(
        &self,
        log: LogId,
        question: impl Fn(&Reader<'_>) -> Option<Result<T, ReadError>> + Send + 'static,
    ) -> Result<T, ReadError> {
        let log = self.find(log)?;
        if let Some(answer) = question(&Reader::new(&self.reads, &log, Patience::MemoryOnly)) {
            return answer;
        }
        let (tell, told) = oneshot::channel();
        let reads = self.reads.clone();
        let work = move || {
            let answer = question(&Reader::new(&reads, &log, Patience::MayBlock));
            // The caller may have gone.
            drop(tell.send(answer));
        };
        self.tasks.run_blocking(Box::new(work)).await;
        let answer = told.await.ok().flatten();
        answer.unwrap_or_else(|| Err(ReadError::Io("the read was given up".to_owned())))
    }

    fn change(&self, change: Change) -> Answer<'_, Result<(), StoreError>> {
        let (reply, answer) = oneshot::channel();
        let call = Call::Change(ChangeCall { change, reply });
        match self.queue.push(call) {
            Ok(()) => Box::pin(async {
                let lost = || Err(StoreError::Unknown("the writer has ended".to_owned()));
                answer.await.unwrap_or_else(|_| lost())
            }),
            Err(Refusal::Full) => Box::pin(ready(Err(StoreError::NotApplied(
                "too much is waiting to be written".to_owned(),
            )))),
            Err(Refusal::Closed) => Box::pin(ready(Err(StoreError::NotApplied(
                "the journal is closed".to_owned(),
            )))),
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.queue.close();
    }
}
