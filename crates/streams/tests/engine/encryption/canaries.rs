//! What must be found nowhere on disk: data, partition keys, and data keys.

use super::Locked;
use crate::catalog::tags;
use crate::world::{Caller, Start, until};
use millstream_env::{Disk, MemoryDisk};
use millstream_journal::{Journal, Options};
use millstream_store::{LogStore as _, Offset};
use millstream_streams::inspect::CatalogAudit;
use millstream_streams::operations::AddTagsToStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// All bytes of all files below a directory.
fn all_bytes(disk: &MemoryDisk, directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for file in disk.list(directory).unwrap_or_default() {
        match disk.contents(&file) {
            Some(bytes) => found.push((file, bytes)),
            None => found.extend(all_bytes(disk, &file)),
        }
    }
    found
}

fn holds(files: &[(PathBuf, Vec<u8>)], wanted: &[u8]) -> bool {
    let holds =
        |(_, bytes): &(PathBuf, Vec<u8>)| bytes.windows(wanted.len()).any(|it| it == wanted);
    files.iter().any(holds)
}

/// Whether a file is a copy that the journal sorted: docs/formats/journal.md, "Segment header".
fn is_sorted_copy((path, bytes): &(PathBuf, Vec<u8>)) -> bool {
    let number = |from: usize| {
        let bytes = bytes.get(from..from + 8)?.try_into().ok()?;
        Some(u64::from_le_bytes(bytes))
    };
    let is_segment = path.extension().is_some_and(|it| it == "segment");
    is_segment && number(8) > Some(1) && number(24) == Some(0)
}

/// Puts what must be found nowhere, and what must be found.
async fn put_day(caller: &Caller, day: usize) {
    for nth in 0..400 {
        let data = format!("canary-of-data-{nth}-{}", "x".repeat(3000));
        let key = format!("canary-of-key-{nth}");
        caller.put("s", &key, &data).await.unwrap();
    }
    for round in 0..40 {
        // So that the catalog makes a snapshot.
        let tags = tags(40 * day + round);
        caller.call::<AddTagsToStream>(tags).await.unwrap();
    }
    let put = caller.put("plain", "seen-partition-key", "seen-data").await;
    put.unwrap();
}

fn check(files: &[(PathBuf, Vec<u8>)], locked: &Locked) {
    assert!(holds(files, b"seen-data") && holds(files, b"seen-partition-key"));
    assert!(!holds(files, b"canary-of-data"));
    assert!(!holds(files, b"canary-of-key"));
    for data_key in locked.keys.plaintexts() {
        // Nor any half of one.
        let (left, right) = data_key.expose().split_at(16);
        assert!(!holds(files, left) && !holds(files, right));
    }
}

#[tokio::test]
async fn disk_when_a_stream_is_encrypted_then_holds_no_plaintext_and_no_data_key() {
    let mut locked = Locked::new();
    let disk = MemoryDisk::new();
    locked.world.env.disk = Arc::new(disk.clone());
    let options = Options {
        segment_bytes_max: 1024 * 1024,
        ..Options::default()
    };
    let journal = || {
        let env = locked.world.env.clone();
        Journal::open(env, Path::new("/data"), options).unwrap()
    };
    let store = journal();
    let caller = locked.world.open_on(store.clone()).await;
    caller.create("plain", 1).await.unwrap();
    caller.create("s", 2).await.unwrap();
    caller.encrypt("s", &locked.a).await;
    for day in 0..4 {
        // Whatever was here before may have expired and be gone.
        locked.pass(Duration::from_hours(25)).await;
        put_day(&caller, day).await;
        check(&all_bytes(&disk, Path::new("/data")), &locked);
    }
    assert!(locked.keys.plaintexts().len() >= 4);
    // The other forms in which records and data keys are on the disk.
    let files = || all_bytes(&disk, Path::new("/data"));
    until(async || files().iter().any(is_sorted_copy)).await;
    let is_snapshot = || store.known_bounds(CatalogAudit::snapshots_log());
    until(async || is_snapshot().is_ok_and(|bounds| bounds.end > Offset(0))).await;
    check(&files(), &locked);
    caller.engine.shutdown().await;
    drop(store);
    check(&files(), &locked);
    let caller = locked.world.open_on(journal()).await;
    let shard = &caller.shards("s").await[0].shard_id;
    let is_read = async || !caller.read("s", shard, Start::Horizon).await.0.is_empty();
    until(is_read).await;
}
