//! Subscriptions are so many at a time.

use super::super::world::{Start, World, message};
use super::FIRST;
use millstream_protocol::ErrorCode;

#[tokio::test]
async fn subscription_when_there_are_too_many_then_is_refused_until_one_ends() {
    const SECOND: &str = "shardId-000000000001";
    let world = World::without_limits();
    let caller = world.open().await;
    caller.engine.subscriptions().resize(1);
    caller.create("s", 2).await.unwrap();
    let arn = caller.consumer("s", "reader").await;
    let first = caller.subscribe(&arn, FIRST, Start::Latest).await;
    assert_eq!(caller.engine.subscriptions().taken(), 1);
    let refused = caller.try_subscribe(&arn, SECOND, Start::Latest).await;
    let error = refused.err().expect("there is no place");
    assert_eq!(error.code, ErrorCode::LimitExceededException);
    let text = message(&error);
    assert!(text.contains("too many subscriptions"), "{text}");
    drop(first);
    assert_eq!(caller.engine.subscriptions().taken(), 0);
    // The refused call has not taken the seat.
    caller.subscribe(&arn, SECOND, Start::Latest).await;
}
