//! The embedded journal: all logs of a node in one sequence of files.
//!
//! A call's batches become blocks of one frame; a frame is written once and synced once; what was
//! written is found through an index in memory, and in footers. It knows no streams and no policy
//! about what is kept: trimming and deleting are asked for. What always holds: one order for
//! everything, so that a crash leaves a consistent beginning of it; nothing is visible before it is
//! durable; what fails its checksum is an error and never an end.

mod format;
mod metrics;
mod planted;
mod read;
mod recover;
mod shared;
mod space;
mod write;

#[cfg(test)]
mod tests;

use env::{Clocks, Disk, Env, LineLimit, Timestamp};
use log::batch::Batch;
use log::batches::Batches;
use log::metrics::Metric;
use log::store::{
    Answer, AppendError, Appended, Bounds, Epoch, LogId, LogSettings, LogStore, Offset, Promises,
    ReadError, ReadLimit, Reads, Slice, StoreError, TailWatch, sealed,
};
use metrics::Measured;
use parking_lot::{Mutex, RwLock};
use read::cache::Cache;
use read::index::Log;
use read::reader::{Patience, Reader};
use recover::recovery::Recovery;
use shared::{DAMAGE_LINES_PER_SECOND, Shared};
use space::reserve::Reserve;
use space::sorter::Sorting;
use std::future::ready;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use tokio::sync::{Notify, oneshot, watch};
use write::active_segment::Open;
use write::ending::{Ending, Part, TASKS};
use write::queue::{AppendCall, Call, Change, ChangeCall, Queue, Refusal};
use write::writer::Writer;

/// The file whose lock keeps a second journal out of a directory.
const LOCK_NAME: &str = "LOCK";
/// The most bytes of batches that one call may bring.
pub const CALL_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The default bound on calls that wait to be written.
pub const QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The default bound on recently written frames kept in memory.
pub const CACHE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The default bound on what cold reads keep in memory.
pub const COLD_CACHE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// The default bound on what is held of blocks that are being copied.
pub const COPY_BYTES_MAX: usize = 40 * 1024 * 1024;
/// The default bound on segments that wait to be sorted before that is done in a hurry.
pub const UNSORTED_SEGMENTS_MAX: usize = 64;
/// The default size of a full-grown segment.
pub const SEGMENT_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// What an acknowledged append has survived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It was synced: it survives a power failure.
    Fsync,
    /// The operating system has it: it survives the end of the process.
    Os,
}

/// How a journal works.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What an acknowledgement means.
    pub durability: Durability,
    /// The size that segments grow to: 1 MiB to 1 GiB.
    pub segment_bytes_max: u64,
    /// Calls that wait to be written are refused beyond this.
    pub queue_bytes_max: usize,
    /// Memory for recently written frames.
    pub cache_bytes_max: usize,
    /// Memory for cold reads.
    pub cold_cache_bytes_max: usize,
    /// Memory for blocks that are being copied, by the cleaner and as much by the sorter; one block
    /// alone may exceed it.
    pub copy_bytes_max: usize,
    /// If more segments than this wait to be sorted by log, sorting takes processor time from
    /// others.
    pub unsorted_segments_max: usize,
    /// A bug to be caught.
    #[cfg(test)]
    planted: Option<planted::PlantedBug>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Fsync,
            segment_bytes_max: SEGMENT_BYTES_MAX,
            queue_bytes_max: QUEUE_BYTES_MAX,
            cache_bytes_max: CACHE_BYTES_MAX,
            cold_cache_bytes_max: COLD_CACHE_BYTES_MAX,
            copy_bytes_max: COPY_BYTES_MAX,
            unsorted_segments_max: UNSORTED_SEGMENTS_MAX,
            #[cfg(test)]
            planted: None,
        }
    }
}

/// Why a journal was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another journal has the directory.
    #[error("{0} is in use by another process")]
    Locked(PathBuf),
    /// It is somebody else's.
    #[error(
        "{directory} holds no journal, but {entry:?}; an empty directory is expected, or one with a journal"
    )]
    Strange {
        /// The directory.
        directory: PathBuf,
        /// One of the names that no journal gives.
        entry: String,
    },
    /// What says which files belong to the journal is not what was written.
    #[error("damage in {file} at byte {position}: {what}")]
    Damaged {
        /// The file that holds the damage.
        file: String,
        /// Where in the file.
        position: u64,
        /// What did not hold.
        what: &'static str,
    },
    /// A file may hold records of a journal whose MANIFEST is not the one that is there.
    #[error(
        "{file} {what}; nothing was removed. Put the MANIFEST back that belongs to the data, or move {file} away to go on without it"
    )]
    Stray {
        /// The file.
        file: String,
        /// Why it is neither the journal's nor provably unused.
        what: &'static str,
    },
    /// The disk failed.
    #[error("cannot open the journal: {doing}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        error: io::Error,
    },
}

impl OpenError {
    fn reading(error: io::Error) -> Self {
        Self::Io {
            doing: "reading its files",
            error,
        }
    }

    fn writing(error: io::Error) -> Self {
        Self::Io {
            doing: "writing its files",
            error,
        }
    }
}

/// Takes the directory: by itself, so that nobody else gets it though the lock's file is removed,
/// and by that file, where directories cannot be locked.
fn lock(disk: &dyn Disk, directory: &Path) -> Result<Box<dyn Send + Sync>, OpenError> {
    let take = |path: &Path| {
        disk.lock(path).map_err(|error| {
            if error.kind() == io::ErrorKind::WouldBlock {
                return OpenError::Locked(directory.to_owned());
            }
            OpenError::writing(error)
        })
    };
    let both = (take(directory)?, take(&directory.join(LOCK_NAME))?);
    Ok(Box::new(both))
}

/// All logs of a node, on its disk. Dropping it lets what was handed over be finished, some time
/// later; after [`LogStore::shutdown`] the directory is free for another.
pub struct Journal {
    shared: Arc<Shared>,
}

impl Journal {
    /// Opens the journal in a directory, or begins a new one there if it is empty. Blocks while it
    /// reads; starts its tasks in `env`.
    pub fn open(env: Env, directory: &Path, options: Options) -> Result<Arc<Self>, OpenError> {
        env.disk
            .create_directory(directory)
            .map_err(OpenError::writing)?;
        recover::preflight::check(&*env.disk, directory)?;
        let lock = lock(&*env.disk, directory)?;
        let shared = Arc::new(Shared::new(env, directory, options, lock));
        let open = Recovery::new(&shared).run()?;
        start_tasks(&shared, open);
        // What recovery left to do.
        shared.keeper_wake.notify_one();
        Ok(Arc::new(Self { shared }))
    }

    /// Bytes that the journal's live segments take on the disk (at most two spare files come on
    /// top).
    pub fn disk_bytes(&self) -> u64 {
        self.shared.disk_bytes()
    }

    /// Memory of frames and of what was read: kept for the next readers, or shared by answers that
    /// were not sent yet.
    pub fn memory_bytes(&self) -> usize {
        self.shared.cache.memory_bytes()
    }

    /// Does now what the cleaner does every minute: gives back space that is due. Sorts what waits
    /// for it.
    pub async fn maintain(&self) {
        space::keeper::maintain(&self.shared).await;
        space::sorter::sort(&self.shared).await;
    }

    /// A log's settings.
    pub fn settings(&self, log: LogId) -> Option<LogSettings> {
        self.shared.find(log).map(|log| log.state.lock().settings)
    }

    fn find(&self, log: LogId) -> Result<Arc<Log>, ReadError> {
        self.shared
            .find(log)
            .ok_or_else(|| self.shared.missing(log))
    }

    /// Asks in memory alone; `None` if the disk is needed.
    fn ask_at_hand<T>(
        &self,
        log: LogId,
        question: impl Fn(&Reader<'_>) -> Option<Result<T, ReadError>>,
    ) -> Option<Result<T, ReadError>> {
        match self.find(log) {
            Ok(log) => question(&Reader::new(&self.shared, &log, Patience::MemoryOnly)),
            Err(error) => Some(Err(error)),
        }
    }

    /// Asks in memory first, and where the disk is needed on a thread that may block.
    async fn ask<T: Send + 'static>(
        &self,
        log: LogId,
        question: impl Fn(&Reader<'_>) -> Option<Result<T, ReadError>> + Send + 'static,
    ) -> Result<T, ReadError> {
        let log = self.find(log)?;
        if let Some(answer) = question(&Reader::new(&self.shared, &log, Patience::MemoryOnly)) {
            return answer;
        }
        let (tell, told) = oneshot::channel();
        let shared = self.shared.clone();
        let work = move || {
            let answer = question(&Reader::new(&shared, &log, Patience::MayBlock));
            // Whoever left does not want to know.
            drop(tell.send(answer));
        };
        self.shared.env.tasks.run_blocking(Box::new(work)).await;
        let answer = told.await.ok().flatten();
        answer.unwrap_or_else(|| Err(ReadError::Io("the read was given up".to_owned())))
    }

    fn change(&self, change: Change) -> Answer<'_, Result<(), StoreError>> {
        let (reply, answer) = oneshot::channel();
        match self
            .shared
            .queue
            .push(Call::Change(ChangeCall { change, reply }))
        {
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

fn start_tasks(shared: &Arc<Shared>, open: Open) {
    let tasks = &shared.env.tasks;
    let ending = |part| Ending::new(shared, part);
    let writer = Writer::new(shared.clone(), open);
    let writer = Box::pin(writer.run(ending(Part::Writer)));
    tasks.spawn_thread("journal-writer", writer);
    let keeper = space::keeper::keep(shared.clone(), ending(Part::Keeper));
    tasks.spawn("journal-keeper", Box::pin(keeper));
    let cleaner = space::keeper::tidy(shared.clone(), ending(Part::Helper));
    tasks.spawn("journal-cleaner", Box::pin(cleaner));
    let sorter = space::sorter::run(shared.clone(), ending(Part::Helper));
    tasks.spawn("journal-sorter", Box::pin(sorter));
}

impl Shared {
    fn new(env: Env, directory: &Path, options: Options, lock: Box<dyn Send + Sync>) -> Self {
        let clocks = Clocks::new(env.clock.now(), env.clock.monotonic());
        Self {
            env,
            directory: directory.to_owned(),
            options,
            logs: RwLock::default(),
            deleted: Mutex::default(),
            damage_lines: LineLimit::new(DAMAGE_LINES_PER_SECOND),
            segments: Mutex::default(),
            generation: Mutex::default(),
            unlisted: Mutex::default(),
            next_segment: AtomicU64::new(0),
            open_number: AtomicU64::new(0),
            cache: Cache::new(options.cache_bytes_max, options.cold_cache_bytes_max),
            queue: Queue::new(options.queue_bytes_max),
            jobs: Mutex::default(),
            keeper_wake: Notify::new(),
            cleaner_wake: Notify::new(),
            sorting: Sorting::default(),
            measured: Measured::default(),
            upkeep: Mutex::default(),
            footers: Mutex::default(),
            rebuilding: Mutex::default(),
            copy_room: Mutex::default(),
            reserve: Reserve::default(),
            uncopyable: Mutex::default(),
            writer_wake: Notify::new(),
            is_poisoned: AtomicBool::new(false),
            clocks: Mutex::new(clocks),
            damage: Mutex::default(),
            is_stopped: AtomicBool::new(false),
            is_unkept: AtomicBool::new(false),
            ended: watch::Sender::new(0),
            lock: Mutex::new(Some(lock)),
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.shared.queue.close();
    }
}

fn refuse(count: usize, error: &AppendError) -> Vec<Result<Appended, AppendError>> {
    vec![Err(error.clone()); count]
}

impl LogStore for Journal {
    fn create(&self, logs: Vec<(LogId, LogSettings)>) -> Answer<'_, Result<(), StoreError>> {
        self.change(Change::Create(logs))
    }

    fn append_many(&self, batches: Batches) -> Answer<'_, Vec<Result<Appended, AppendError>>> {
        let count = batches.len();
        if batches.buffer().len() > CALL_BYTES_MAX {
            return Box::pin(ready(refuse(count, &AppendError::TooLarge)));
        }
        let (reply, answer) = oneshot::channel();
        match self
            .shared
            .queue
            .push(Call::Append(AppendCall { batches, reply }))
        {
            Ok(()) => Box::pin(async move {
                let lost = AppendError::Unknown("the writer has ended".to_owned());
                answer.await.unwrap_or_else(|_| refuse(count, &lost))
            }),
            Err(Refusal::Full) => Box::pin(ready(refuse(count, &AppendError::Full))),
            Err(Refusal::Closed) => {
                let closed = AppendError::NotApplied("the journal is closed".to_owned());
                Box::pin(ready(refuse(count, &closed)))
            }
        }
    }

    /// A formality: the lock on the directory keeps every other owner out.
    fn claim(&self, log: LogId, _: Epoch) -> Answer<'_, Result<(), AppendError>> {
        let found = self.find(log).map(drop);
        Box::pin(ready(found.map_err(|error| match error {
            ReadError::NoSuchLog(log) => AppendError::NoSuchLog(log),
            ReadError::Damaged { .. } | ReadError::Io(_) => {
                AppendError::NotApplied(error.to_string())
            }
        })))
    }

    fn seal(&self, log: LogId, bytes: &[u8]) -> Answer<'_, Result<Offset, AppendError>> {
        // What is known is durable: also a journal that writes no more can tell.
        let known = self.shared.find(log);
        if let Some(at) = known.and_then(|log| log.state.lock().first_control()) {
            return Box::pin(ready(Ok(at)));
        }
        let appended = self.append_many(Batches::one(log, Batch::control(bytes)));
        Box::pin(async { sealed(appended.await) })
    }

    fn read(
        &self,
        log: LogId,
        from: Offset,
        limit: ReadLimit,
    ) -> Answer<'_, Result<Slice, ReadError>> {
        Box::pin(self.ask(log, move |reader| reader.read(from, limit)))
    }

    fn read_at_hand(
        &self,
        log: LogId,
        from: Offset,
        limit: ReadLimit,
    ) -> Option<Result<Slice, ReadError>> {
        self.ask_at_hand(log, |reader| reader.read(from, limit))
    }

    fn offset_at(&self, log: LogId, time: Timestamp) -> Answer<'_, Result<Offset, ReadError>> {
        Box::pin(self.ask(log, move |reader| reader.offset_at(time)))
    }

    fn offset_at_hand(&self, log: LogId, time: Timestamp) -> Option<Result<Offset, ReadError>> {
        self.ask_at_hand(log, |reader| reader.offset_at(time))
    }

    fn known_bounds(&self, log: LogId) -> Result<Bounds, ReadError> {
        Ok(self.find(log)?.state.lock().bounds())
    }

    fn fresh_bounds(&self, log: LogId) -> Answer<'_, Result<Bounds, ReadError>> {
        Box::pin(ready(self.known_bounds(log)))
    }

    fn tail(&self, log: LogId) -> Result<TailWatch, ReadError> {
        Ok(self.find(log)?.state.lock().watch())
    }

    fn trim(&self, log: LogId, before: Offset) -> Answer<'_, Result<(), StoreError>> {
        self.change(Change::Trim(log, before))
    }

    fn configure(&self, log: LogId, settings: LogSettings) -> Answer<'_, Result<(), StoreError>> {
        self.change(Change::Configure(log, settings))
    }

    fn known_list(&self) -> Vec<LogId> {
        self.shared.live_logs().iter().map(|log| log.id).collect()
    }

    fn fresh_list(&self) -> Answer<'_, Result<Vec<LogId>, ReadError>> {
        Box::pin(ready(Ok(self.known_list())))
    }

    fn delete(&self, logs: Vec<LogId>) -> Answer<'_, Result<(), StoreError>> {
        self.change(Change::Delete(logs))
    }

    fn promises(&self) -> Promises {
        Promises {
            reads: Reads::Newest,
        }
    }

    fn is_writable(&self) -> bool {
        !self.shared.is_poisoned() && !self.shared.queue.is_closed()
    }

    fn metrics(&self) -> Vec<Metric> {
        self.shared.metrics()
    }

    fn shutdown(&self) -> Answer<'_, ()> {
        self.shared.queue.close();
        Box::pin(async {
            let mut ended = self.shared.ended.subscribe();
            // The sender lives in `shared`, which lives as long as this.
            drop(ended.wait_for(|ended| *ended == TASKS).await);
            for log in self.shared.every_log() {
                log.state.lock().end_tail();
            }
            *self.shared.lock.lock() = None;
        })
    }
}
