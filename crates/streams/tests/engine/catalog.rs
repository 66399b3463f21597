//! The catalog across restarts, and with snapshots.

use super::world::World;
use millstream_protocol::operations::{
    AddTagsToStreamInput, ListTagsForStreamInput, RemoveTagsFromStreamInput,
};
use millstream_store::{LogId, LogSettings, Offset};
use millstream_streams::operations::{AddTagsToStream, ListTagsForStream, RemoveTagsFromStream};

const COMMANDS: LogId = LogId {
    group: u64::MAX,
    index: 0,
};
/// Enough commands that some are trimmed, though the newest few thousand stay.
const ROUNDS: usize = 4_600;

pub fn tags(round: usize) -> AddTagsToStreamInput {
    let tag = |i: usize| (format!("key{i}"), format!("{round}-{}", "v".repeat(200)));
    AddTagsToStreamInput {
        stream_name: Some("s".to_owned()),
        tags: (0..40).map(tag).collect(),
        ..AddTagsToStreamInput::default()
    }
}

#[tokio::test]
async fn catalog_when_it_has_grown_then_is_snapshot_and_trimmed_and_survives_restarts() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 3).await.unwrap();
    caller.put("s", "k", "a").await.unwrap();
    caller.split("s", "1", (1 << 127) + 7).await.unwrap();
    let shards = caller.shards("s").await;
    // Some 10 KiB a command: enough for several snapshots of a mebibyte of commands each.
    for round in 0..ROUNDS {
        caller.call::<AddTagsToStream>(tags(round)).await.unwrap();
    }
    let trimmed = async || world.store.known_bounds(COMMANDS).unwrap().first > Offset(150);
    super::world::until(trimmed).await;
    drop(caller);
    let after = world.open().await;
    assert_eq!(after.shards("s").await, shards);
    assert_eq!(after.read_all("s").await, ["a"]);
    let input = ListTagsForStreamInput {
        stream_name: Some("s".to_owned()),
        ..Default::default()
    };
    let tags = after.call::<ListTagsForStream>(input).await.unwrap().tags;
    assert_eq!(tags.len(), 40);
    let newest = format!("{}-", ROUNDS - 1);
    assert!(
        tags.iter()
            .all(|tag| tag.value.as_ref().unwrap().starts_with(&newest))
    );
    let removed = RemoveTagsFromStreamInput {
        stream_name: Some("s".to_owned()),
        tag_keys: vec!["key7".to_owned(), "absent".to_owned()],
        ..Default::default()
    };
    after.call::<RemoveTagsFromStream>(removed).await.unwrap();
}

/// Logs that are none of the engine's: of a namespace that it does not know, and of the machine
/// there.
#[tokio::test]
async fn logs_when_of_another_namespace_then_survive_a_start() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let others = [1 << 56, 7 << 56 | 3, u64::MAX - 1].map(|group| LogId { group, index: 0 });
    let orphan = LogId {
        group: 1_000_000,
        index: 0,
    };
    let logs = others.into_iter().chain([orphan]);
    let logs = logs.map(|log| (log, LogSettings::default())).collect();
    world.store.create(logs).await.unwrap();
    drop(caller);
    world.open().await;
    let left = world.store.known_list();
    assert!(others.iter().all(|log| left.contains(log)), "{left:?}");
    assert!(!left.contains(&orphan), "it is no stream's");
}

/// As a second node's start will be.
#[tokio::test]
async fn start_when_another_engine_is_at_work_on_the_store_then_does_no_harm() {
    let world = World::without_limits();
    let first = world.open().await;
    first.create("s", 2).await.unwrap();
    first.put("s", "k", "a").await.unwrap();
    first.split("s", "0", 1 << 126).await.unwrap();
    let seen = || {
        (
            world.store.known_list(),
            world.store.known_bounds(COMMANDS).unwrap().end,
        )
    };
    let before = seen();
    let second = world.open().await;
    assert_eq!(seen(), before, "nothing is removed, made or proposed again");
    second.put("s", "k", "b").await.unwrap();
    second.create("t", 1).await.unwrap();
    let is_known = async || first.put("t", "k", "c").await.is_ok();
    crate::world::until(is_known).await;
    assert_eq!(first.read_all("s").await, ["a", "b"]);
    assert_eq!(second.read_all("t").await, ["c"]);
}
