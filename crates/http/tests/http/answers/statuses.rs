//! A stream that is CREATING or DELETING, or gone: which operations see it, and its shards.

use super::*;

const OF_S: &str = r#"{"StreamName":"s"}"#;
const ITERATOR: &str = r#"{"StreamName":"s","ShardId":"0","ShardIteratorType":"LATEST"}"#;
const SPLIT: &str = r#"{"StreamName":"s","ShardToSplit":"0","NewStartingHashKey":"7"}"#;
const NO_SHARD: &str =
    "Shard shardId-000000000000 in stream s under account 111111111111 does not exist";
const NO_STREAM: &str = "Stream s under account 111111111111 not found.";

#[tokio::test]
async fn stream_when_creating_then_has_no_shards_for_anyone() {
    let server = Server::slow(Limits::Off).await;
    server.create("s", 2).await;
    let creating = "Stream s under account 111111111111 not ACTIVE or UPDATING, instead in state \
                    CREATING";
    let not_active = "Stream s under account 111111111111 not ACTIVE, instead in state CREATING";
    server
        .check(&[
            ("ListShards", OF_S, Err((IN_USE, creating))),
            ("GetShardIterator", ITERATOR, Err((NOT_FOUND, NO_SHARD))),
            ("DescribeStream", OF_S, Ok(r#""Shards":[]"#)),
            ("DescribeStream", OF_S, Ok(r#""StreamStatus":"CREATING""#)),
            ("DescribeStreamSummary", OF_S, Ok(r#""OpenShardCount":0"#)),
            (
                "PutRecord",
                r#"{"StreamName":"s","PartitionKey":"k","Data":""}"#,
                Err((NOT_FOUND, NO_STREAM)),
            ),
            ("SplitShard", SPLIT, Err((IN_USE, not_active))),
            (
                "UpdateShardCount",
                r#"{"StreamName":"s","TargetShardCount":3,"ScalingType":"UNIFORM_SCALING"}"#,
                Err((IN_USE, not_active)),
            ),
        ])
        .await;
    server.pass(10);
    server
        .check(&[
            ("ListShards", OF_S, Ok("shardId-000000000001")),
            ("GetShardIterator", ITERATOR, Ok("ShardIterator")),
            ("DescribeStream", OF_S, Ok("shardId-000000000001")),
            ("DescribeStreamSummary", OF_S, Ok(r#""OpenShardCount":2"#)),
        ])
        .await;
}

#[tokio::test]
async fn subscribing_when_the_stream_is_deleting_then_is_refused_before_the_position() {
    let server = Server::slow(Limits::Off).await;
    server.create("s", 1).await;
    server.pass(10);
    let register = format!(r#"{{"StreamARN":"{ARN}","ConsumerName":"c"}}"#);
    let registered = server.ok("RegisterStreamConsumer", &register).await;
    let consumer = member(&registered, "ConsumerARN");
    let subscribe = format!(
        r#"{{"ConsumerARN":"{consumer}","ShardId":"9","StartingPosition":{{"Type":"AT_TIMESTAMP"}}}}"#
    );
    server.pass(10);
    let found = server.call("SubscribeToShard", &subscribe).await;
    let missing = NO_SHARD.replace("00 ", "09 ");
    assert_eq!(found, error(NOT_FOUND, missing));
    let delete = r#"{"StreamName":"s","EnforceConsumerDeletion":true}"#;
    server.ok("DeleteStream", delete).await;
    let deleting = "Stream s under account 111111111111 not ACTIVE or UPDATING, instead in state \
                    DELETING";
    let found = server.call("SubscribeToShard", &subscribe).await;
    assert_eq!(found, error(IN_USE, deleting));
}

#[tokio::test]
async fn stream_when_deleted_while_creating_then_is_deleting_without_shards() {
    let server = Server::slow(Limits::Off).await;
    server.create("s", 2).await;
    server.ok("DeleteStream", OF_S).await;
    let deleting = "Stream s under account 111111111111 not ACTIVE or UPDATING, instead in state \
                    DELETING";
    let rows = [
        ("DescribeStream", OF_S, Ok(r#""Shards":[]"#)),
        ("DescribeStream", OF_S, Ok(r#""StreamStatus":"DELETING""#)),
        ("DescribeStreamSummary", OF_S, Ok(r#""OpenShardCount":0"#)),
        ("ListShards", OF_S, Err((IN_USE, deleting))),
        ("GetShardIterator", ITERATOR, Err((NOT_FOUND, NO_SHARD))),
    ];
    server.check(&rows).await;
    // They would have come by now.
    server.pass(9);
    server.check(&rows).await;
}

#[tokio::test]
async fn stream_when_deleted_after_it_was_active_then_still_shows_its_shards() {
    let server = Server::slow(Limits::Off).await;
    server.create("s", 2).await;
    server.pass(10);
    let token = server.ok("ListShards", r#"{"StreamName":"s","MaxResults":1}"#);
    let token = token.await;
    let next = format!(r#"{{"NextToken":"{}"}}"#, member(&token, "NextToken"));
    server.ok("DeleteStream", OF_S).await;
    let deleting = "Stream s under account 111111111111 not ACTIVE or UPDATING, instead in state \
                    DELETING";
    server
        .check(&[
            ("DescribeStream", OF_S, Ok("shardId-000000000001")),
            ("DescribeStreamSummary", OF_S, Ok(r#""OpenShardCount":2"#)),
            ("GetShardIterator", ITERATOR, Ok("ShardIterator")),
            ("ListShards", OF_S, Err((IN_USE, deleting))),
            ("ListShards", &next, Err((IN_USE, deleting))),
        ])
        .await;
}

#[tokio::test]
async fn stream_when_missing_then_readers_miss_its_shard_and_others_the_stream() {
    let server = Server::with_stream(1).await;
    let opened = server.ok("GetShardIterator", ITERATOR).await;
    let get = format!(
        r#"{{"ShardIterator":"{}"}}"#,
        member(&opened, "ShardIterator")
    );
    server.ok("DeleteStream", OF_S).await;
    let by_arn = format!(r#"{{"StreamARN":"{ARN}","ShardId":"x-0","ShardIteratorType":"LATEST"}}"#);
    // A missing stream comes before a senseless position, and both behind a senseless shard.
    let senseless = r#"{"StreamName":"s","ShardId":"0","ShardIteratorType":"AT_TIMESTAMP"}"#;
    let nonsense = r#"{"StreamName":"s","ShardId":"x","ShardIteratorType":"AT_TIMESTAMP"}"#;
    let no_id = "Could not find shard x in stream s under account 111111111111.";
    let rows = [
        ("GetShardIterator", ITERATOR, Err((NOT_FOUND, NO_SHARD))),
        ("GetShardIterator", &by_arn, Err((NOT_FOUND, NO_SHARD))),
        ("GetShardIterator", senseless, Err((NOT_FOUND, NO_SHARD))),
        ("GetShardIterator", nonsense, Err((NOT_FOUND, no_id))),
        ("GetRecords", &get, Err((NOT_FOUND, NO_SHARD))),
        ("ListShards", OF_S, Err((NOT_FOUND, NO_STREAM))),
        ("DescribeStream", OF_S, Err((NOT_FOUND, NO_STREAM))),
        ("SplitShard", SPLIT, Err((NOT_FOUND, NO_STREAM))),
    ];
    server.check(&rows).await;
}

#[tokio::test]
async fn name_when_taken_then_comes_before_what_is_wrong_with_the_tags() {
    let server = Server::with_stream(1).await;
    let text = "Stream s under account 111111111111 already exists.";
    let create = r#"{"StreamName":"s","ShardCount":1,"Tags":{";":"a"}}"#;
    server
        .check(&[("CreateStream", create, Err((IN_USE, text)))])
        .await;
}

#[tokio::test]
async fn shard_when_missing_then_comes_before_the_position_and_before_the_status() {
    let server = Server::slow(Limits::Off).await;
    server.create("s", 1).await;
    server.pass(10);
    let at = r#"{"StreamName":"s","ShardId":"shardId-5","ShardIteratorType":"AT_SEQUENCE_NUMBER",
                 "StartingSequenceNumber":"5"}"#;
    let missing = NO_SHARD.replace("00 ", "05 ");
    let split = SPLIT.replace(r#":"0""#, r#":"shardId-5""#);
    let lower = r#"{"StreamName":"s","ShardToMerge":"shardId-5","AdjacentShardToMerge":"x-0"}"#;
    let upper = r#"{"StreamName":"s","ShardToMerge":"x-0","AdjacentShardToMerge":"shardId-5"}"#;
    let not_found =
        "Could not find shard shardId-000000000005 in stream s under account 111111111111.";
    let updating = "Stream s under account 111111111111 not ACTIVE, instead in state UPDATING";
    server.ok("SplitShard", SPLIT).await;
    server
        .check(&[
            ("SplitShard", SPLIT, Err((IN_USE, updating))),
            ("SplitShard", &split, Err((NOT_FOUND, not_found))),
            ("MergeShards", lower, Err((NOT_FOUND, not_found))),
            ("MergeShards", upper, Err((NOT_FOUND, not_found))),
            ("GetShardIterator", at, Err((NOT_FOUND, &missing))),
        ])
        .await;
}
