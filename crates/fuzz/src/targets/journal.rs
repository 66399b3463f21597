//! Stores of the journal, whose files hold anything.

use super::inline_tasks::InlineTasks;
use millstream_env::{Disk, Env, ManualClock, MemoryDisk, SeededRandom, Tasks, Timestamp};
use millstream_journal::{Journal, Options};
use millstream_store::store::{LogId, LogStore, Offset, ReadLimit};
use std::path::Path;
use std::sync::Arc;

const DIRECTORY: &str = "/data";
/// Segments as small as those of the stores in the corpus.
const SEGMENT_BYTES: u64 = 8 * 1024;
/// Number of logs of the stores in the corpus, and one more.
const LOGS: u32 = 4;
const ALL: ReadLimit = ReadLimit {
    records: u32::MAX,
    bytes: u64::MAX,
};

/// A store, as files one after the other: the length of the name in a byte, the name, the length of
/// the content in four, the content. It is refused or opened; each log is served or refused, and
/// reading it comes to an end.
pub(super) fn segments(bytes: &[u8]) {
    let disk = MemoryDisk::new();
    Disk::create_directory(&disk, Path::new(DIRECTORY)).unwrap();
    let mut rest = bytes;
    while let Some((name, content)) = next_file(&mut rest) {
        disk.put_back(&Path::new(DIRECTORY).join(name), content);
    }
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().unwrap();
    runtime.block_on(read_all(disk));
}

/// The next file; a content that is cut off ends early.
fn next_file<'i>(rest: &mut &'i [u8]) -> Option<(&'i str, &'i [u8])> {
    let (length, after) = rest.split_first()?;
    let (name, after) = after.split_at_checked(usize::from(*length))?;
    let (length, after) = after.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    let (content, after) = after.split_at(length.min(after.len()));
    *rest = after;
    let name = str::from_utf8(name).ok()?;
    let is_name = !name.is_empty() && !name.contains(['/', '\0']) && !name.starts_with('.');
    is_name.then_some((name, content))
}

async fn read_all(disk: MemoryDisk) {
    let tasks = Arc::new(InlineTasks::default());
    let deaths = tasks.deaths();
    let env = Env {
        clock: Arc::new(ManualClock::new(Timestamp(1_700_000_000_000))),
        random: Arc::new(SeededRandom::new(1)),
        disk: Arc::new(disk.boot()),
        tasks,
    };
    let options = Options {
        segment_bytes_max: SEGMENT_BYTES,
        ..Options::default()
    };
    if let Ok(journal) = Journal::open(env, Path::new(DIRECTORY), options) {
        for index in 0..LOGS {
            read_log(&journal, LogId { group: 1, index }).await;
        }
        journal.maintain().await;
        journal.shutdown().await;
    }
    assert!(!deaths.are_any(), "a task of the journal panicked");
}

async fn read_log(journal: &Journal, log: LogId) {
    let mut from = Offset(0);
    while let Ok(slice) = journal.read(log, from, ALL).await {
        for record in slice.records() {
            assert!(record.offset >= from, "records rise");
        }
        if slice.next == slice.end {
            return;
        }
        assert!(slice.next > from, "reading comes to an end");
        from = slice.next;
    }
}
