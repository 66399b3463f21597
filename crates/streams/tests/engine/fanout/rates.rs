//! One subscription at a time, one call a second, two mebibytes a second.

use super::super::world::message;
use super::*;
use millstream_env::Clock;

const IN_USE: &str = "Another active subscription exists for this consumer: \
                      111111111111:s:shardId-000000000000:c";

#[tokio::test]
async fn subscribing_when_soon_after_then_is_in_use_and_later_takes_over() {
    let world = aws();
    let caller = world.open().await;
    caller.create("s", 2).await.unwrap();
    let arn = caller.consumer("s", "c").await;
    let mut first = caller.subscribe(&arn, FIRST, Start::Latest).await;
    first.drain().await;
    for _ in 0..2 {
        let refused = caller.try_subscribe(&arn, FIRST, Start::Latest).await;
        let error = refused.err().unwrap();
        assert_eq!(error.code, ErrorCode::ResourceInUseException);
        assert_eq!(message(&error), IN_USE);
        world.pass(Duration::from_millis(2400)).await;
    }
    first.drain().await;
    // Another shard is another matter.
    caller
        .subscribe(&arn, "shardId-000000000001", Start::Latest)
        .await;
    world.pass(Duration::from_millis(200)).await;
    let mut second = caller.subscribe(&arn, FIRST, Start::Latest).await;
    let expected = Pushed::Exception("ResourceInUseException".to_owned(), IN_USE.to_owned());
    assert_eq!(first.at_once().await, Some(expected));
    assert_eq!(first.at_once().await, Some(Pushed::End));
    second.drain().await;
    for key in 0..20 {
        caller.put("s", &key.to_string(), "a").await.unwrap();
    }
    let (data, _) = second.drain().await;
    assert!(data.starts_with("aa"), "{data}");
}

#[tokio::test]
async fn subscription_when_its_client_has_left_then_is_in_use_for_five_seconds_all_the_same() {
    let world = aws();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let arn = caller.consumer("s", "c").await;
    drop(caller.subscribe(&arn, FIRST, Start::Latest).await);
    let refused = caller.try_subscribe(&arn, FIRST, Start::Latest).await;
    assert_eq!(
        refused.err().unwrap().code,
        ErrorCode::ResourceInUseException
    );
    world.pass(seconds(5)).await;
    caller.subscribe(&arn, FIRST, Start::Latest).await;
}

#[tokio::test]
async fn calls_when_more_than_one_a_second_then_are_refused() {
    let world = aws();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let arn = caller.consumer("s", "c").await;
    for (wait_ms, expected) in [
        (0, ErrorCode::InvalidArgumentException),
        (500, ErrorCode::LimitExceededException),
        (600, ErrorCode::InvalidArgumentException),
    ] {
        world.pass(Duration::from_millis(wait_ms)).await;
        let refused = caller.try_subscribe(&arn, FIRST, Start::After("1")).await;
        let error = refused.err().unwrap();
        assert_eq!(error.code, expected);
        if expected == ErrorCode::LimitExceededException {
            let text = "Rate exceeded for consumer c and shard shardId-000000000000 in stream s \
                        under account 111111111111.";
            assert_eq!(message(&error), text);
        }
    }
}

#[tokio::test]
async fn records_when_above_two_mebibytes_a_second_then_pause_and_none_is_lost() {
    const MIB: usize = 1024 * 1024;
    let mut world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let large = "x".repeat(MIB / 2 - 1);
    for _ in 0..20 {
        caller.put("s", "k", &large).await.unwrap();
    }
    let arn = caller.consumer("s", "c").await;
    world.settings.limits = Limits::Aws;
    let caller = world.open().await;
    let mut subscriber = caller.subscribe(&arn, FIRST, Start::Horizon).await;
    let begun = world.clock.monotonic();
    let (mut bytes, mut silent_since) = (0, begun);
    while bytes < 20 * MIB / 2 {
        let Some(pushed) = subscriber.at_once().await else {
            world.clock.advance(Duration::from_millis(10));
            continue;
        };
        let Pushed::Event(event) = pushed else {
            panic!("no event: {pushed:?}");
        };
        let sizes = event.records.iter().map(|record| record.data.len() + 1);
        bytes += sizes.sum::<usize>();
        let now = world.clock.monotonic();
        // The bucket holds one second's worth, and one event more may overdraw it.
        let allowed = 2 * MIB + now.since(begun).as_millis() as usize * 2 * MIB / 1000 + MIB / 2;
        assert!(bytes <= allowed, "{bytes} after {:?}", now.since(begun));
        assert!(now.since(silent_since) <= seconds(5));
        silent_since = now;
    }
    let took = world.clock.monotonic().since(begun);
    assert!((seconds(3)..=seconds(5)).contains(&took), "{took:?}");
}
