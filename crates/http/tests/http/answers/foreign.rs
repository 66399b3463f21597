//! ARNs of other accounts and regions: they are answered like those of streams that are missing, so
//! nobody finds out what exists elsewhere.

use super::*;

const THEIR_CREDENTIAL: &str = "AWS4-HMAC-SHA256 Credential=222222222222/20260101/us-east-1/\
                                kinesis/aws4_request, SignedHeaders=host, Signature=0";
const ELSEWHERE_CREDENTIAL: &str = "AWS4-HMAC-SHA256 Credential=111111111111/20260101/eu-west-1/\
                                    kinesis/aws4_request, SignedHeaders=host, Signature=0";
const MISSING: &str = "arn:aws:kinesis:us-east-1:111111111111:stream/s";
const THEIRS: &str = "arn:aws:kinesis:us-east-1:222222222222:stream/s";
const ELSEWHERE: &str = "arn:aws:kinesis:eu-west-1:111111111111:stream/s";

const NO_STREAM: &str = "Stream s under account {account} not found.";
const NO_SHARD: &str =
    "Shard shardId-000000000000 in stream s under account {account} does not exist";
const NOT_ONE: &str = "Could not find shard bad in stream s under account {account}.";

/// Operations with the members that they take beside `{arn}`, and what a missing stream is told.
const REQUESTS: &[(&str, &str, &str)] = &[
    (
        "GetShardIterator",
        r#""StreamARN":"{arn}","ShardId":"x-0","ShardIteratorType":"LATEST""#,
        NO_SHARD,
    ),
    (
        "GetShardIterator",
        r#""StreamARN":"{arn}","ShardId":"x-0","ShardIteratorType":"AT_TIMESTAMP""#,
        NO_SHARD,
    ),
    (
        "GetShardIterator",
        r#""StreamARN":"{arn}","StreamName":"s","ShardId":"bad","ShardIteratorType":"LATEST""#,
        NOT_ONE,
    ),
    (
        "SplitShard",
        r#""StreamARN":"{arn}","ShardToSplit":"bad","NewStartingHashKey":"7""#,
        NOT_ONE,
    ),
    (
        "SplitShard",
        r#""StreamARN":"{arn}","ShardToSplit":"x-0","NewStartingHashKey":"7""#,
        NO_STREAM,
    ),
    (
        "MergeShards",
        r#""StreamARN":"{arn}","ShardToMerge":"bad","AdjacentShardToMerge":"x-1""#,
        NOT_ONE,
    ),
    (
        "MergeShards",
        r#""StreamARN":"{arn}","ShardToMerge":"x-0","AdjacentShardToMerge":"bad""#,
        NOT_ONE,
    ),
    (
        "MergeShards",
        r#""StreamARN":"{arn}","ShardToMerge":"x-0","AdjacentShardToMerge":"x-1""#,
        NO_STREAM,
    ),
    // These look for the stream first.
    (
        "DescribeStream",
        r#""StreamARN":"{arn}","ExclusiveStartShardId":"bad""#,
        NO_STREAM,
    ),
    (
        "ListShards",
        r#""StreamARN":"{arn}","ExclusiveStartShardId":"bad""#,
        NO_STREAM,
    ),
    (
        "ListShards",
        r#""StreamARN":"{arn}","ShardFilter":{"Type":"AFTER_SHARD_ID","ShardId":"bad"}"#,
        NO_STREAM,
    ),
    (
        "DescribeStreamConsumer",
        r#""StreamARN":"{arn}","ConsumerName":"c""#,
        NO_STREAM,
    ),
    (
        "DeregisterStreamConsumer",
        r#""ConsumerARN":"{arn}/consumer/c:1767225600""#,
        NO_STREAM,
    ),
    (
        "SubscribeToShard",
        r#""ConsumerARN":"{arn}/consumer/c:1767225600","ShardId":"bad",
           "StartingPosition":{"Type":"LATEST"}"#,
        NO_STREAM,
    ),
    ("ListStreamConsumers", r#""StreamARN":"{arn}""#, NO_STREAM),
    (
        "TagResource",
        r#""ResourceARN":"{arn}","Tags":{"a":"b"}"#,
        NO_STREAM,
    ),
    (
        "GetResourcePolicy",
        r#""ResourceARN":"{arn}/consumer/c:1767225600""#,
        NO_STREAM,
    ),
    (
        "PutRecord",
        r#""StreamARN":"{arn}","PartitionKey":"k","Data":"""#,
        NO_STREAM,
    ),
];

async fn check_all(server: &Server, arn: &str, account: &str) {
    for (operation, members, text) in REQUESTS {
        let body = format!("{{{}}}", members.replace("{arn}", arn));
        let text = text.replace("{account}", account);
        server
            .check(&[(operation, &body, Err((NOT_FOUND, &text)))])
            .await;
    }
}

#[tokio::test]
async fn arn_when_of_another_account_or_region_then_is_answered_like_one_of_a_missing_stream() {
    let server = Server::without_limits().await;
    for arn in [MISSING, ELSEWHERE] {
        check_all(&server, arn, ACCOUNT).await;
    }
    check_all(&server, THEIRS, "222222222222").await;
    // Neither do the answers change once there are such streams.
    for (credential, arn) in [
        (THEIR_CREDENTIAL, THEIRS),
        (ELSEWHERE_CREDENTIAL, ELSEWHERE),
    ] {
        let create = r#"{"StreamName":"s","ShardCount":2}"#;
        let made = server.call_by(credential, "CreateStream", create).await;
        made.unwrap();
        let register = format!(r#"{{"StreamARN":"{arn}","ConsumerName":"c"}}"#);
        let registered = server.call_by(credential, "RegisterStreamConsumer", &register);
        let registered = registered.await.unwrap();
        let consumer = member(&registered, "ConsumerARN");
        assert_eq!(consumer, format!("{arn}/consumer/c:1767225600"));
    }
    check_all(&server, ELSEWHERE, ACCOUNT).await;
    check_all(&server, THEIRS, "222222222222").await;
}

#[tokio::test]
async fn iterator_when_used_with_an_arn_of_elsewhere_then_its_shard_is_missing_there() {
    let server = Server::with_stream(1).await;
    let iterator = r#"{"StreamName":"s","ShardId":"0","ShardIteratorType":"LATEST"}"#;
    let opened = server.ok("GetShardIterator", iterator).await;
    let iterator = member(&opened, "ShardIterator");
    let get = |arn: &str| format!(r#"{{"ShardIterator":"{iterator}","StreamARN":"{arn}"}}"#);
    let missing = |account| NO_SHARD.replace("{account}", account);
    server
        .check(&[
            ("GetRecords", &get(MISSING), Ok(r#""Records":[]"#)),
            (
                "GetRecords",
                &get(ELSEWHERE),
                Err((NOT_FOUND, &missing(ACCOUNT))),
            ),
            (
                "GetRecords",
                &get(THEIRS),
                Err((NOT_FOUND, &missing("222222222222"))),
            ),
        ])
        .await;
}

/// Refused calls would tell that the stream exists, and keep its owner from calling.
#[tokio::test]
async fn calls_when_about_a_stream_of_another_account_then_are_not_counted_as_its() {
    let server = Server::new(Settings::default()).await;
    let create = r#"{"StreamName":"s","ShardCount":1}"#;
    let made = server.call_by(THEIR_CREDENTIAL, "CreateStream", create);
    made.await.unwrap();
    let open = format!(r#"{{"StreamARN":"{THEIRS}","ShardId":"0","ShardIteratorType":"LATEST"}}"#);
    let split =
        format!(r#"{{"StreamARN":"{THEIRS}","ShardToSplit":"0","NewStartingHashKey":"7"}}"#);
    for (operation, body, text) in [
        ("GetShardIterator", &open, NO_SHARD),
        ("SplitShard", &split, NO_STREAM),
    ] {
        let text = text.replace("{account}", "222222222222");
        for _ in 0..20 {
            let found = server.call_by(CREDENTIAL, operation, body).await;
            assert_eq!(found, error(NOT_FOUND, &text));
        }
        let owners = server.call_by(THEIR_CREDENTIAL, operation, body).await;
        owners.unwrap();
    }
}
