//! Tests of the file of checkpoints, on a disk that loses and tears what is not synced.

use super::*;
use millstream_env::{Call, Fault, MemoryDisk, SeededRandom};

const PATH: &str = "/data/orders.checkpoints";

fn store(disk: &MemoryDisk) -> FileCheckpoints {
    let disk = Arc::new(disk.boot());
    let env = Env {
        disk,
        ..Env::real()
    };
    FileCheckpoints::new(&env, PATH)
}

fn after(number: usize) -> Checkpoint {
    Checkpoint::After(number.to_string())
}

async fn saved(store: &FileCheckpoints, number: usize) -> bool {
    store
        .save("shardId-000000000000", after(number))
        .await
        .is_ok()
}

fn disk() -> MemoryDisk {
    let disk = MemoryDisk::new();
    disk.boot().create_directory(Path::new("/data")).unwrap();
    disk
}

#[tokio::test]
async fn checkpoints_when_saved_then_are_there_for_the_next_process() {
    let disk = disk();
    let first = store(&disk);
    assert_eq!(first.load().await.unwrap(), Checkpoints::new());
    first
        .save("shardId-000000000001", Checkpoint::End)
        .await
        .unwrap();
    // A clone shares what is known; a store that has not loaded reads first.
    assert!(saved(&first.clone(), 5).await);
    drop(first);
    assert!(saved(&store(&disk), 6).await);
    let expected = Checkpoints::from([
        ("shardId-000000000000".to_owned(), after(6)),
        ("shardId-000000000001".to_owned(), Checkpoint::End),
    ]);
    assert_eq!(store(&disk).load().await.unwrap(), expected);
    let text = String::from_utf8(disk.contents(Path::new(PATH)).unwrap()).unwrap();
    let dense: String = text.split_whitespace().collect();
    let expected = [
        r#"{"format":"millstream-checkpoints","version":1,"#,
        r#""shards":{"shardId-000000000000":{"after":"6"},"shardId-000000000001":"end"}}"#,
    ];
    assert_eq!(dense, expected.concat());
}

#[tokio::test]
async fn file_when_power_fails_at_any_call_then_has_the_checkpoint_before_or_after() {
    let calls = [
        Call::Open,
        Call::Write,
        Call::SyncData,
        Call::Rename,
        Call::SyncDirectory,
    ];
    for seed in 0..40 {
        for call in calls {
            let disk = disk();
            let first = store(&disk);
            assert!(saved(&first, 1).await);
            // Opens are for reading, if nothing is known, and for writing.
            disk.fail_nth(call, 1, Fault::Death);
            assert!(!saved(&first, 2).await, "{call:?}");
            disk.power_loss(&SeededRandom::new(seed));
            disk.cancel_faults();
            let second = store(&disk);
            let found = second.load().await.unwrap();
            let found = &found["shardId-000000000000"];
            assert!([after(1), after(2)].contains(found), "{call:?} {found:?}");
            // What the first left does not hinder the second.
            assert!(saved(&second, 3).await, "{call:?}");
            disk.power_loss(&SeededRandom::new(seed));
            let found = store(&disk).load().await.unwrap();
            assert_eq!(found["shardId-000000000000"], after(3), "{call:?}");
        }
    }
}

#[tokio::test]
async fn file_when_a_call_fails_then_says_so_and_the_next_save_keeps_everything() {
    for call in [
        Call::Open,
        Call::Write,
        Call::SyncData,
        Call::Rename,
        Call::SyncDirectory,
    ] {
        let disk = disk();
        let store = store(&disk);
        store
            .save("shardId-000000000001", Checkpoint::End)
            .await
            .unwrap();
        disk.fail_nth(call, 1, Fault::ENOSPC);
        assert!(!saved(&store, 2).await, "{call:?}");
        assert!(saved(&store, 3).await, "{call:?}");
        let found = store.load().await.unwrap();
        assert_eq!(found.len(), 2, "{call:?}");
        assert_eq!(found["shardId-000000000000"], after(3));
    }
}

#[tokio::test]
async fn file_when_it_is_no_checkpoints_then_is_an_error_and_stays() {
    for bytes in [
        &b""[..],
        b"{}",
        b"{\"shards\":",
        b"{\"shards\":{\"a\":\"before\"}}",
        b"{\"version\":1,\"shards\":{}}",
        b"{\"format\":\"millstream-checkpoints\",\"shards\":{}}",
        b"{\"format\":\"millstream-checkpoints\",\"version\":0,\"shards\":{}}",
        b"{\"format\":\"millstream-export-state\",\"version\":1,\"shards\":{}}",
    ] {
        let disk = disk();
        disk.put_back(Path::new(PATH), bytes);
        let store = store(&disk);
        let error = store.load().await.unwrap_err().to_string();
        assert!(
            error.starts_with("/data/orders.checkpoints: no checkpoints: "),
            "{error}"
        );
        assert!(!saved(&store, 1).await);
        assert_eq!(disk.contents(Path::new(PATH)).unwrap(), bytes);
    }
}

#[tokio::test]
async fn file_when_of_a_build_without_versions_then_is_read_and_written_with_one() {
    let disk = disk();
    disk.put_back(
        Path::new(PATH),
        b"{\"shards\":{\"shardId-000000000001\":\"end\"}}",
    );
    let store = store(&disk);
    assert!(saved(&store, 1).await);
    assert_eq!(store.load().await.unwrap().len(), 2);
    let text = String::from_utf8(disk.contents(Path::new(PATH)).unwrap()).unwrap();
    assert!(text.contains("\"version\": 1"), "{text}");
}

#[tokio::test]
async fn file_when_of_a_newer_version_then_is_an_error_that_says_what_to_do_and_stays() {
    let disk = disk();
    let bytes = b"{\"format\":\"millstream-checkpoints\",\"version\":2,\"parts\":[]}";
    disk.put_back(Path::new(PATH), bytes);
    let store = store(&disk);
    let error = store.load().await.unwrap_err().to_string();
    let expected = "/data/orders.checkpoints: version 2 of the checkpoints' format is newer than \
                    this program, which reads 1: use the newer program, or another file";
    assert_eq!(error, expected);
    assert!(!saved(&store, 1).await);
    assert_eq!(disk.contents(Path::new(PATH)).unwrap(), bytes);
}

#[tokio::test]
async fn file_when_another_consumer_uses_it_then_is_refused_until_that_one_is_gone() {
    let disk = disk();
    let (first, second) = (store(&disk), store(&disk));
    assert!(saved(&first, 1).await);
    let expected = "/data/orders.checkpoints: another consumer uses it: end that one, or give \
                    this one a file of its own";
    assert_eq!(second.load().await.unwrap_err().to_string(), expected);
    let saving = second.save("shardId-000000000000", after(2)).await;
    assert_eq!(saving.unwrap_err().to_string(), expected);
    // The first one's lock outlives the files that it replaces.
    assert!(saved(&first, 3).await);
    assert!(second.load().await.is_err());
    drop(first);
    let found = second.load().await.unwrap();
    assert_eq!(found["shardId-000000000000"], after(3));
    assert!(saved(&second, 4).await);
}

#[tokio::test]
async fn file_when_written_then_is_as_its_page_shows_it() {
    let page = include_str!("../../../../../docs/formats/checkpoints.md");
    let (_, shown) = page.split_once("```json\n").unwrap();
    let (shown, _) = shown.split_once("\n```").unwrap();
    let disk = disk();
    disk.put_back(Path::new(PATH), shown.as_bytes());
    let found = store(&disk).load().await.unwrap();
    assert_eq!(found.len(), 2);
    disk.take_away(Path::new(PATH));
    let store = store(&disk);
    for (shard_id, checkpoint) in found {
        store.save(&shard_id, checkpoint).await.unwrap();
    }
    let written = disk.contents(Path::new(PATH)).unwrap();
    assert_eq!(str::from_utf8(&written).unwrap(), shown);
}
