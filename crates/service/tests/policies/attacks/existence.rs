//! What lists, counts and refusals tell of what is not the caller's.

use crate::scene::{Scene, orders};
use millstream_protocol::operations::ALL;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Operations that name no stream or consumer that there may be, and GetRecords.
const OTHERS: [&str; 6] = [
    "CreateStream",
    "DescribeAccountSettings",
    "DescribeLimits",
    "GetRecords",
    "ListStreams",
    "UpdateAccountSettings",
];

/// Operations on something that the ARN of a stream names, each with its other members.
const BY_STREAM: &str = r#"
    AddTagsToStream {"Tags":{"a":"b"}}
    DecreaseStreamRetentionPeriod {"RetentionPeriodHours":24}
    DeleteStream {}
    DeregisterStreamConsumer {"ConsumerName":"reader"}
    DescribeStream {}
    DescribeStreamConsumer {"ConsumerName":"reader"}
    DescribeStreamSummary {}
    DisableEnhancedMonitoring {"ShardLevelMetrics":["ALL"]}
    EnableEnhancedMonitoring {"ShardLevelMetrics":["ALL"]}
    GetShardIterator {"ShardId":"shardId-000000000000","ShardIteratorType":"LATEST"}
    IncreaseStreamRetentionPeriod {"RetentionPeriodHours":25}
    ListShards {}
    ListStreamConsumers {}
    ListTagsForStream {}
    MergeShards {"ShardToMerge":"shardId-000000000000","AdjacentShardToMerge":"shardId-000000000001"}
    PutRecord {"Data":"YQ==","PartitionKey":"k"}
    PutRecords {"Records":[{"Data":"YQ==","PartitionKey":"k"}]}
    RegisterStreamConsumer {"ConsumerName":"reader"}
    RegisterStreamConsumer {"ConsumerName":"reader","Tags":{"a":"b"}}
    RemoveTagsFromStream {"TagKeys":["a"]}
    SplitShard {"ShardToSplit":"shardId-000000000000","NewStartingHashKey":"7"}
    StartStreamEncryption {"EncryptionType":"KMS","KeyId":"alias/a"}
    StopStreamEncryption {"EncryptionType":"KMS","KeyId":"alias/a"}
    UpdateMaxRecordSize {"MaxRecordSizeInKiB":2048}
    UpdateShardCount {"TargetShardCount":3,"ScalingType":"UNIFORM_SCALING"}
    UpdateStreamMode {"StreamModeDetails":{"StreamMode":"ON_DEMAND"}}
    UpdateStreamRecordDistributionStrategy {"RecordDistributionStrategy":"AUTO"}
    UpdateStreamWarmThroughput {"WarmThroughputMiBps":10}"#;

/// A request of every operation on something, by the ARN of a stream.
fn of_stream(arn: &str) -> Vec<(&'static str, Value)> {
    let requests = BY_STREAM.trim().lines().map(|line| {
        let (operation, members) = line.trim().split_once(' ').unwrap();
        let mut body: Value = serde_json::from_str(members).unwrap();
        body["StreamARN"] = arn.into();
        (operation, body)
    });
    requests.chain(of_resource(arn)).collect()
}

/// A request of every operation on a stream or a consumer by its ARN as a resource.
fn of_resource(arn: &str) -> Vec<(&'static str, Value)> {
    let policy = json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": "222222222222"},
        "Action": "kinesis:DescribeStreamSummary", "Resource": arn}});
    vec![
        ("DeleteResourcePolicy", json!({ "ResourceARN": arn })),
        ("GetResourcePolicy", json!({ "ResourceARN": arn })),
        ("ListTagsForResource", json!({ "ResourceARN": arn })),
        (
            "PutResourcePolicy",
            json!({"ResourceARN": arn, "Policy": policy.to_string()}),
        ),
        (
            "TagResource",
            json!({"ResourceARN": arn, "Tags": {"a": "b"}}),
        ),
        (
            "UntagResource",
            json!({"ResourceARN": arn, "TagKeys": ["a"]}),
        ),
    ]
}

/// A request of every operation on a consumer by its ARN.
fn of_consumer(arn: &str) -> Vec<(&'static str, Value)> {
    let position = json!({"Type": "LATEST"});
    let mut all = of_resource(arn);
    all.push(("DeregisterStreamConsumer", json!({ "ConsumerARN": arn })));
    all.push(("DescribeStreamConsumer", json!({ "ConsumerARN": arn })));
    all.push((
        "SubscribeToShard",
        json!({"ConsumerARN": arn, "ShardId": "shardId-000000000000",
            "StartingPosition": position}),
    ));
    all
}

/// Users without policies, of the account and of another, and one of another with all permissions:
/// each operation refuses each in the same words, whether or not there is what is named.
#[tokio::test]
async fn caller_when_refused_by_any_operation_then_is_told_the_same_of_what_is_and_what_is_not() {
    let scene = Scene::new().await;
    let (stream, consumer) = (orders(), scene.consumer.clone());
    let absent_stream = stream.replace("orders", "none");
    let absent_consumers = [
        consumer.replace("orders", "none"),
        consumer.replace("reader", "none"),
        format!("{stream}/consumer/reader:1"),
    ];
    let mut seen: BTreeSet<&str> = OTHERS.into();
    let mut compare =
        async |present: (&'static str, Value), arn: &str, absent: Value, other: &str| {
            let (operation, body) = present;
            seen.insert(operation);
            for caller in ["erin", "carol", "bob"] {
                let one = scene.denied(caller, operation, &body.to_string()).await;
                let two = scene.denied(caller, operation, &absent.to_string()).await;
                assert_eq!(one.replace(arn, other), two, "{caller}");
                assert!(one.contains(&format!("on resource: {arn}")), "{one}");
            }
        };
    for (one, (_, two)) in of_stream(&stream)
        .into_iter()
        .zip(of_stream(&absent_stream))
    {
        compare(one, &stream, two, &absent_stream).await;
    }
    for absent in &absent_consumers {
        for (one, (_, two)) in of_consumer(&consumer).into_iter().zip(of_consumer(absent)) {
            compare(one, &consumer, two, absent).await;
        }
    }
    let all: BTreeSet<&str> = ALL.iter().map(|operation| operation.name).collect();
    assert_eq!(seen, all);
    // None of it has changed anything.
    let described = json!({ "StreamARN": stream }).to_string();
    let described = scene
        .call("ann", "DescribeStreamSummary", &described)
        .await
        .unwrap();
    for said in [
        r#""OpenShardCount":2"#,
        r#""ConsumerCount":1"#,
        r#""StreamStatus":"ACTIVE""#,
    ] {
        assert!(described.contains(said), "{described}");
    }
}

/// An account that is shared with sees no more of the other in its lists and counts.
#[tokio::test]
async fn lists_and_counts_when_others_have_streams_then_are_the_callers_own() {
    let scene = Scene::new().await;
    scene.share_stream("222222222222").await;
    let list = |body: &str| body.to_owned();
    for body in [
        list("{}"),
        list(r#"{"ExclusiveStartStreamName":"a"}"#),
        list(r#"{"ExclusiveStartStreamName":"orders"}"#),
    ] {
        let listed = scene.call("bob", "ListStreams", &body).await.unwrap();
        assert!(
            !listed.contains("orders") && !listed.contains("others"),
            "{listed}"
        );
        assert!(listed.contains(r#""HasMoreStreams":false"#), "{listed}");
    }
    let limits = scene.call("bob", "DescribeLimits", "{}").await.unwrap();
    assert!(limits.contains(r#""OpenShardCount":0"#), "{limits}");
    assert!(limits.contains(r#""OnDemandStreamCount":0"#), "{limits}");
    let settings = scene
        .call("bob", "DescribeAccountSettings", "{}")
        .await
        .unwrap();
    assert!(!settings.contains("111111111111"), "{settings}");
    // A name is the caller's own, whoever else has a stream that is called so.
    scene
        .call(
            "bob",
            "CreateStream",
            r#"{"StreamName":"orders","ShardCount":1}"#,
        )
        .await
        .unwrap();
    let own = json!({"StreamName": "orders"}).to_string();
    let own = scene
        .call("bob", "DescribeStreamSummary", &own)
        .await
        .unwrap();
    assert!(own.contains(":222222222222:stream/orders"), "{own}");
    let consumers = json!({"StreamARN": orders()}).to_string();
    scene.denied("bob", "ListStreamConsumers", &consumers).await;
}
