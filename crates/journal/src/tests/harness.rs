//! A journal on a disk in memory, and short ways to use it.

use super::inline::InlineTasks;
use super::misled::mislead;
use crate::{Durability, Journal, OpenError, Options};
use millstream_env::{
    Clock, Env, ManualClock, MemoryDisk, Random, SeededRandom, Tasks, Timestamp, TokioTasks,
};
use millstream_store::batch::{Batch, BatchBuilder, Kind};
use millstream_store::batches::Batches;
use millstream_store::store::{
    AppendError, Appended, LogId, LogSettings, LogStore, Offset, ReadError, ReadLimit, Slice,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) const ANY: ReadLimit = ReadLimit {
    records: u32::MAX,
    bytes: u64::MAX,
};
pub(crate) const DIRECTORY: &str = "/data";

/// Small segments and caches, so that a test reaches all that a large store reaches.
pub(crate) fn small() -> Options {
    Options {
        segment_bytes_max: 1024 * 1024,
        cache_bytes_max: 64 * 1024,
        cold_cache_bytes_max: 2 * 1024 * 1024,
        copy_bytes_max: 200 * 1024,
        ..Options::default()
    }
}

/// Segments that a few records fill.
pub(crate) fn tiny() -> Options {
    Options {
        segment_bytes_max: 128 * 1024,
        cache_bytes_max: 8 * 1024,
        ..small()
    }
}

/// A world whose disk and clock the test holds in its hands.
pub(crate) struct World {
    pub(crate) disk: MemoryDisk,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) dice: SeededRandom,
    pub(crate) options: Options,
    pub(crate) seed: u64,
    /// Whether all tasks run on the test's thread, in the same order every time.
    pub(crate) is_inline: bool,
    /// How many processes there were, each of which has chance of its own: a salt does not come
    /// again.
    pub(crate) lives: AtomicU64,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000)));
        let (disk, dice) = (MemoryDisk::new(), SeededRandom::new(seed));
        Self {
            disk,
            clock,
            dice,
            options: small(),
            seed,
            is_inline: false,
            lives: AtomicU64::new(0),
        }
    }

    /// A world in which the same calls have the same effects every time.
    pub(crate) fn inline(seed: u64) -> Self {
        Self {
            is_inline: true,
            ..Self::new(seed)
        }
    }

    /// With these options and the bug that it had.
    pub(crate) fn with(self, options: Options) -> Self {
        let planted = self.options.planted;
        let options = Options { planted, ..options };
        Self { options, ..self }
    }

    /// Some thirty records of this length fill a segment.
    pub(crate) fn record_bytes(&self) -> usize {
        self.options.segment_bytes_max as usize / 35
    }

    pub(crate) fn env(&self) -> Env {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let life = self.lives.fetch_add(1, Ordering::Relaxed);
        let random = SeededRandom::new((life << 32) + self.seed + 1);
        let random: Arc<dyn Random> = Arc::new(random);
        let tasks: Arc<dyn Tasks> = match self.is_inline {
            true => Arc::new(InlineTasks),
            false => Arc::new(TokioTasks::current()),
        };
        let env = Env {
            clock,
            random,
            disk: Arc::new(self.disk.boot()),
            tasks,
        };
        mislead(env, self.options.planted, Path::new(DIRECTORY))
    }

    pub(crate) fn try_open(&self) -> Result<Arc<Journal>, OpenError> {
        Journal::open(self.env(), Path::new(DIRECTORY), self.options)
    }

    pub(crate) fn open(&self) -> Arc<Journal> {
        self.try_open().unwrap()
    }

    /// The process dies; what it wrote stays in the page cache.
    pub(crate) fn kill(&self) -> Arc<Journal> {
        self.disk.process_death();
        self.open()
    }

    pub(crate) fn lose_power(&self) -> Arc<Journal> {
        self.disk.power_loss(&self.dice);
        self.open()
    }

    /// The files of segments, by name.
    pub(crate) fn segments(&self) -> Vec<PathBuf> {
        let mut files = millstream_env::Disk::list(&self.disk, Path::new(DIRECTORY)).unwrap();
        files.retain(|path| {
            path.extension()
                .is_some_and(|extension| extension == "segment")
        });
        files
    }
}

pub(crate) fn os() -> Options {
    Options {
        durability: Durability::Os,
        ..small()
    }
}

pub(crate) fn id(index: u32) -> LogId {
    LogId { group: 1, index }
}

pub(crate) async fn create(journal: &Journal, count: u32) {
    let logs = (0..count)
        .map(|index| (id(index), LogSettings::default()))
        .collect();
    journal.create(logs).await.unwrap();
}

pub(crate) fn batch<T: AsRef<[u8]>>(records: &[T]) -> Batch {
    let mut builder = BatchBuilder::default();
    for record in records {
        builder.push(Kind::Data, &[record.as_ref()]);
    }
    builder.finish()
}

pub(crate) async fn try_append(
    journal: &Journal,
    index: u32,
    batch: Batch,
) -> Result<Appended, AppendError> {
    let batches = Batches::one(id(index), batch);
    journal.append_many(batches).await.remove(0)
}

pub(crate) async fn append(journal: &Journal, index: u32, record: &[u8]) -> Appended {
    try_append(journal, index, batch(&[record])).await.unwrap()
}

pub(crate) async fn read(journal: &Journal, index: u32, from: u64) -> Result<Slice, ReadError> {
    journal.read(id(index), Offset(from), ANY).await
}

/// All kept records, or the error that a read met.
pub(crate) async fn read_all(
    journal: &Journal,
    index: u32,
) -> Result<Vec<(u64, Vec<u8>)>, ReadError> {
    let mut records = Vec::new();
    let mut from = 0;
    loop {
        let slice = read(journal, index, from).await?;
        let found = slice
            .records()
            .map(|record| (record.offset.0, record.bytes.to_vec()));
        records.extend(found);
        if slice.next == slice.end {
            return Ok(records);
        }
        from = slice.next.0;
    }
}

/// The file and the position that damage names.
pub(crate) fn place_in_file(at: &str) -> (String, u64) {
    let (file, position) = at.rsplit_once(" at byte ").unwrap();
    (file.to_owned(), position.parse().unwrap())
}
