//! What is wrong before the stream begins, in AWS's words.

use super::super::world::{START, message};
use super::*;
use millstream_model::SequenceNumber;

const ARN: &str = "arn:aws:kinesis:us-east-1:111111111111:stream/s/consumer/c:1767225600";

fn bare(r#type: ShardIteratorType) -> StartingPosition {
    StartingPosition {
        r#type,
        sequence_number: None,
        timestamp: None,
    }
}

async fn refused(
    caller: &Caller,
    arn: &str,
    shard: &str,
    starting_position: StartingPosition,
) -> (ErrorCode, String) {
    let subscribed = caller
        .subscribe_with(Protocol::Json, arn, shard, starting_position)
        .await;
    let error = subscribed.err().expect("it is refused");
    (error.code, message(&error).to_owned())
}

#[tokio::test]
async fn subscribing_when_anything_named_is_not_there_then_says_what() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let arn = caller.consumer("s", "c").await;
    assert_eq!(arn, ARN);
    let stranger = caller.of("222222222222", "us-east-1");
    let elsewhere = caller.of("111111111111", "eu-west-1");
    let latest = || bare(ShardIteratorType::Latest);
    let no_stream = "Stream s under account 111111111111 not found.";
    for (who, arn, shard, expected) in [
        (&stranger, ARN, FIRST, no_stream.to_owned()),
        (&elsewhere, ARN, FIRST, no_stream.to_owned()),
        (
            &caller,
            &ARN.replace("stream/s", "stream/t"),
            FIRST,
            no_stream.replace(" s ", " t "),
        ),
        (
            &caller,
            &ARN.replace(":1767225600", ":1767225599"),
            FIRST,
            format!(
                "Consumer {}, account 111111111111 not found.",
                ARN.replace(":1767225600", ":1767225599")
            ),
        ),
        (
            &caller,
            ARN,
            "shardId-000000000001",
            "Shard shardId-000000000001 in stream s under account 111111111111 does not exist"
                .to_owned(),
        ),
        (
            &caller,
            ARN,
            "shard",
            "Could not find shard shard in stream s under account 111111111111.".to_owned(),
        ),
    ] {
        let found = refused(who, arn, shard, latest()).await;
        assert_eq!(found, (ErrorCode::ResourceNotFoundException, expected));
    }
    let found = refused(&caller, "arn", FIRST, latest()).await;
    let text = "ConsumerARN arn is not valid.".to_owned();
    assert_eq!(found, (ErrorCode::InvalidArgumentException, text));
}

#[tokio::test]
async fn subscribing_when_the_position_makes_no_sense_then_is_refused_as_for_an_iterator() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    caller.consumer("s", "c").await;
    let own = caller.put("s", "k", "a").await.unwrap().sequence_number;
    let own = SequenceNumber::parse(&own).unwrap();
    let other_shards = SequenceNumber {
        shard_index: 1,
        ..own
    };
    let other_shards = other_shards.to_string();
    let later = START.plus(seconds(1));
    for (position, expected) in [
        (
            bare(ShardIteratorType::AtTimestamp),
            "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current \
             request has no timestamp parameter.",
        ),
        (
            bare(ShardIteratorType::AtSequenceNumber),
            "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and \
             StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. \
             Request specified AT_SEQUENCE_NUMBER and no StartingSequenceNumber.",
        ),
        (
            position(Start::Time(later)),
            "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. \
             timestampInMillis: 1767225601000, currentTimestampInMillis: 1767225600000",
        ),
        (
            position(Start::At("7")),
            "Invalid StartingSequenceNumber. It encodes shardId-000000000007, while it was used in \
             a call to a shard with shardId-000000000000",
        ),
        (
            position(Start::After(&"9".repeat(60))),
            "StartingSequenceNumber 999999999999999999999999999999999999999999999999999999999999 \
             used in SubscribeToShard on shard shardId-000000000000 in stream s under account \
             111111111111 is invalid.",
        ),
        (
            position(Start::At(&other_shards)),
            "Invalid StartingSequenceNumber. It encodes shardId-000000000001, while it was used in \
             a call to a shard with shardId-000000000000",
        ),
    ] {
        let found = refused(&caller, ARN, FIRST, position).await;
        assert_eq!(
            found,
            (ErrorCode::InvalidArgumentException, expected.to_owned())
        );
    }
}

#[tokio::test]
async fn subscribing_when_the_consumer_is_not_active_then_is_in_use() {
    let world = World::new(Settings {
        transition_time: seconds(10),
        ..Settings::default()
    });
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    world.pass(seconds(11)).await;
    let arn = caller.consumer("s", "c").await;
    let created = arn.rsplit(':').next().unwrap();
    let text = format!(
        "Consumer c with creation timestamp {created} under stream: s, account 111111111111 is not \
         in ACTIVE status."
    );
    let expected = (ErrorCode::ResourceInUseException, text);
    let latest = || bare(ShardIteratorType::Latest);
    assert_eq!(refused(&caller, &arn, FIRST, latest()).await, expected);
    world.pass(seconds(11)).await;
    caller.subscribe(&arn, FIRST, Start::Latest).await;
    caller.deregister(&arn).await;
    assert_eq!(refused(&caller, &arn, FIRST, latest()).await, expected);
}
