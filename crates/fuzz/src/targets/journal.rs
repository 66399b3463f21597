//! Stores of the journal, whose files hold anything.

use super::checksums;
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
/// the content in four, the content. As it is, and with right checksums, it is refused or opened;
/// each log is served or refused, and reading it comes to an end.
pub(super) fn segments(bytes: &[u8]) {
    let mut files = files(bytes);
    open(&files);
    let as_given = files.clone();
    checksums::mend(&mut files);
    if files != as_given {
        open(&files);
    }
}

fn files(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut rest = bytes;
    let next = || next_file(&mut rest).map(|(name, content)| (name.to_owned(), content.to_vec()));
    std::iter::from_fn(next).collect()
}

/// Opens a store and reads all of it; says whether it was opened.
fn open(files: &[(String, Vec<u8>)]) -> bool {
    let disk = MemoryDisk::new();
    Disk::create_directory(&disk, Path::new(DIRECTORY)).unwrap();
    for (name, content) in files {
        disk.put_back(&Path::new(DIRECTORY).join(name), content);
    }
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().unwrap();
    runtime.block_on(read_all(disk))
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

async fn read_all(disk: MemoryDisk) -> bool {
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
    let opened = Journal::open(env, Path::new(DIRECTORY), options);
    let is_open = opened.is_ok();
    if let Ok(journal) = opened {
        for index in 0..LOGS {
            read_log(&journal, LogId { group: 1, index }).await;
        }
        journal.maintain().await;
        journal.shutdown().await;
    }
    assert!(!deaths.are_any(), "a task of the journal panicked");
    is_open
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Corpus;

    /// The byte of the MANIFEST that begins what is told of the first log's retention.
    const RETENTION: usize = 56 + 3 * 40 + 16;

    #[test]
    fn store_when_its_manifest_was_changed_then_opens_once_its_checksums_are_put_right() {
        let inputs = Corpus::of("segments").read();
        let stores = inputs.iter().map(|input| files(input));
        let is_whole = |files: &Vec<(String, Vec<u8>)>| {
            let mut mended = files.clone();
            checksums::mend(&mut mended);
            files.len() == 4 && mended == *files && open(files)
        };
        let whole: Vec<_> = stores.filter(is_whole).collect();
        assert!(!whole.is_empty(), "the corpus has a whole store");
        for mut files in whole {
            let (_, manifest) = files
                .iter_mut()
                .find(|(name, _)| name == "MANIFEST")
                .unwrap();
            manifest[RETENTION] ^= 1;
            assert!(!open(&files));
            checksums::mend(&mut files);
            assert!(open(&files));
        }
    }
}
