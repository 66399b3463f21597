//! The catalog across restarts, and with snapshots.

use crate::world::World;
use engine::operations::{AddTagsToStream, ListTagsForStream, RemoveTagsFromStream};
use log::{LogId, Offset};
use wire::operations::{AddTagsToStreamInput, ListTagsForStreamInput, RemoveTagsFromStreamInput};

const COMMANDS: LogId = LogId {
    group: u64::MAX,
    index: 0,
};

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
    for round in 0..400 {
        caller.call::<AddTagsToStream>(tags(round)).await.unwrap();
    }
    let trimmed = async || world.store.bounds(COMMANDS).unwrap().first > Offset(150);
    crate::world::until(trimmed).await;
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
    assert!(
        tags.iter()
            .all(|tag| tag.value.as_ref().unwrap().starts_with("399-"))
    );
    let removed = RemoveTagsFromStreamInput {
        stream_name: Some("s".to_owned()),
        tag_keys: vec!["key7".to_owned(), "absent".to_owned()],
        ..Default::default()
    };
    after.call::<RemoveTagsFromStream>(removed).await.unwrap();
}
