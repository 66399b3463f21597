//! Shard ids as callers write them, wherever a request has one.

use super::*;

/// Requests to a stream of two shards, with `{id}` for the id, and a part of the answer if it is
/// that of shard 0.
const REQUESTS: &[(&str, &str, &str)] = &[
    (
        "GetShardIterator",
        r#"{"StreamName":"s","ShardId":"{id}","ShardIteratorType":"LATEST"}"#,
        "ShardIterator",
    ),
    (
        "DescribeStream",
        r#"{"StreamName":"s","ExclusiveStartShardId":"{id}"}"#,
        r#""Shards":[{"ShardId":"shardId-000000000001""#,
    ),
    (
        "ListShards",
        r#"{"StreamName":"s","ExclusiveStartShardId":"{id}"}"#,
        r#""Shards":[{"ShardId":"shardId-000000000001""#,
    ),
    (
        "ListShards",
        r#"{"StreamName":"s","ShardFilter":{"Type":"AFTER_SHARD_ID","ShardId":"{id}"}}"#,
        r#""Shards":[{"ShardId":"shardId-000000000001""#,
    ),
];
const SPLIT: &str = r#"{"StreamName":"s","ShardToSplit":"{id}","NewStartingHashKey":"1"}"#;
const MERGE: &str = r#"{"StreamName":"s","ShardToMerge":"{id}","AdjacentShardToMerge":"{id}"}"#;

#[tokio::test]
async fn shard_when_named_with_any_prefix_then_is_the_one_of_the_digits_behind_the_hyphen() {
    let server = Server::with_stream(2).await;
    let not_both = "NewStartingHashKey 1 used in SplitShard() on shard shardId-000000000000 in \
                    stream s under account 111111111111 is not both greater than one plus the \
                    shard's StartingHashKey 0 and less than the shard's EndingHashKey \
                    170141183460469231731687303715884105727.";
    let not_adjacent = "Shards shardId-000000000000 and shardId-000000000000 in stream s under \
                        account 111111111111 are not an adjacent pair of shards eligible for \
                        merging";
    for id in [
        "shardId-000000000000",
        "shard-0",
        "x-0",
        "-00",
        "0",
        "a-0-9",
    ] {
        for (operation, body, part) in REQUESTS {
            let body = body.replace("{id}", id);
            server.check(&[(operation, &body, Ok(part))]).await;
        }
        let (split, merge) = (SPLIT.replace("{id}", id), MERGE.replace("{id}", id));
        server
            .check(&[
                ("SplitShard", &split, Err((ARGUMENT, not_both))),
                ("MergeShards", &merge, Err((ARGUMENT, not_adjacent))),
            ])
            .await;
    }
}

#[tokio::test]
async fn shard_when_its_id_has_no_index_then_is_not_found_as_it_was_given() {
    let server = Server::with_stream(2).await;
    for id in [
        "shard",
        "2.14E4",
        "a--0",
        "0-",
        "2147483648",
        "shardId-002147483648",
    ] {
        let text = format!("Could not find shard {id} in stream s under account {ACCOUNT}.");
        let others = [("SplitShard", SPLIT), ("MergeShards", MERGE)];
        let requests = REQUESTS
            .iter()
            .map(|(operation, body, _)| (*operation, *body));
        for (operation, body) in requests.chain(others) {
            let body = body.replace("{id}", id);
            server
                .check(&[(operation, &body, Err((NOT_FOUND, &text)))])
                .await;
        }
    }
}

#[tokio::test]
async fn shard_when_subscribed_to_then_is_named_in_the_same_ways() {
    let server = Server::with_stream(1).await;
    let register = format!(r#"{{"StreamARN":"{ARN}","ConsumerName":"c"}}"#);
    let registered = server.ok("RegisterStreamConsumer", &register).await;
    let consumer = member(&registered, "ConsumerARN");
    let subscribe = |id: &str| {
        format!(
            r#"{{"ConsumerARN":"{consumer}","ShardId":"{id}","StartingPosition":{{"Type":"LATEST"}}}}"#
        )
    };
    server.ok("SubscribeToShard", &subscribe("x-0")).await;
    let missing =
        "Shard shardId-000000000007 in stream s under account 111111111111 does not exist";
    let no_id = "Could not find shard x-y in stream s under account 111111111111.";
    server
        .check(&[
            (
                "SubscribeToShard",
                &subscribe("x-7"),
                Err((NOT_FOUND, missing)),
            ),
            (
                "SubscribeToShard",
                &subscribe("x-y"),
                Err((NOT_FOUND, no_id)),
            ),
        ])
        .await;
}
