//! Confusions of accounts: names of resources that are almost another's, or say two things.

use crate::scene::{Scene, member, orders};
use millstream_protocol::Error;
use serde_json::{Value, json};

/// Texts like a resource's ARN, made of that.
fn lookalikes(arn: &str) -> Vec<String> {
    let with = |from: &str, to: &str| arn.replacen(from, to, 1);
    let mut all = vec![
        with("111111111111", "333333333333"),
        with("111111111111", "*"),
        with("111111111111", ""),
        with("111111111111", "11111111111"),
        with("111111111111", "1111111111111"),
        with("111111111111", "11111111111\u{ff11}"),
        with("111111111111", "\u{661}11111111111"),
        with("us-east-1", "eu-west-1"),
        with("us-east-1", "US-EAST-1"),
        with("us-east-1", ""),
        with("us-east-1", "*"),
        with("us-east-1:111111111111", ":"),
        with("arn:aws:", "arn:aws-cn:"),
        with("arn:aws:", "arn:aws-us-gov:"),
        with("arn:aws:", "arn:aws-x:"),
        with("arn:aws:", "arn:*:"),
        with("arn:aws:", "arn::"),
        with("arn:aws:", "ARN:aws:"),
        with("arn:aws:", "arn:AWS:"),
        with("arn:aws:", " arn:aws:"),
        with("arn:aws:", "aws:"),
        with(":kinesis:", ":Kinesis:"),
        with(":kinesis:", ":s3:"),
        with(":kinesis:", ":*:"),
        with(":stream/", ":Stream/"),
        with(":stream/", ":stream:"),
        with(":stream/", ":stream%2F"),
        with(":stream/", ":stream//"),
        with(":stream/", ":stream/../stream/"),
        with(":stream/", ":*/"),
        with(":stream/", ":queue/"),
        with("orders", "Orders"),
        with("orders", "%6frders"),
        with("orders", "order%73"),
        with("orders", "orders%00"),
        with("orders", "orders\0"),
        with("orders", "\0orders"),
        with("orders", "orders\n"),
        with("orders", "orders "),
        with("orders", "orders."),
        with("orders", "\u{43e}rders"),
        with("orders", "orders\u{200b}"),
        with("orders", "\u{ff4f}rders"),
        with("orders", "orde*"),
        with("orders", "order?"),
        with("orders", "*"),
        with("orders", ""),
        with("orders", &"o".repeat(2_100)),
        with("orders", &format!("orders{}", "/".repeat(2_100))),
        format!("{arn}/"),
        format!("{arn}:"),
        format!("{arn}*"),
        format!("{arn}\0{arn}"),
        format!("{arn},{arn}"),
        "*".to_owned(),
        String::new(),
    ];
    all.retain(|text| text != arn);
    all
}

/// Requests that name the stream or the consumer of an ARN, in each of the members.
fn requests(stream: &str, consumer: &str) -> Vec<(&'static str, Value)> {
    let subscribe = json!({"ConsumerARN": consumer, "ShardId": "shardId-000000000000",
        "StartingPosition": {"Type": "LATEST"}, "DryRun": true});
    vec![
        (
            "PutRecord",
            json!({"StreamARN": stream, "Data": "YQ==", "PartitionKey": "k"}),
        ),
        ("DescribeStreamSummary", json!({ "StreamARN": stream })),
        (
            "DescribeStreamConsumer",
            json!({"StreamARN": stream, "ConsumerName": "reader"}),
        ),
        ("DescribeStreamConsumer", json!({ "ConsumerARN": consumer })),
        ("SubscribeToShard", subscribe),
        ("ListTagsForResource", json!({ "ResourceARN": stream })),
        ("ListTagsForResource", json!({ "ResourceARN": consumer })),
        ("GetResourcePolicy", json!({ "ResourceARN": stream })),
    ]
}

/// What a refusal may be. A dry run that is one would have been served.
fn is_refused(answer: &Result<String, Error>) -> bool {
    const CODES: [&str; 4] = [
        "AccessDeniedException",
        "InvalidArgumentException",
        "ResourceNotFoundException",
        "ValidationException",
    ];
    matches!(answer, Err(error) if CODES.contains(&error.code.name()))
}

/// The number of records that ann's stream has.
async fn records(scene: &Scene) -> usize {
    let mut count = 0;
    for shard in ["shardId-000000000000", "shardId-000000000001"] {
        let body = json!({"StreamName": "orders", "ShardId": shard,
            "ShardIteratorType": "TRIM_HORIZON"});
        let answer = scene
            .call("ann", "GetShardIterator", &body.to_string())
            .await;
        let iterator = member(&answer.unwrap(), "ShardIterator");
        let body = json!({ "ShardIterator": iterator }).to_string();
        let read = scene.call("ann", "GetRecords", &body).await.unwrap();
        count += read.matches("PartitionKey").count();
    }
    count
}

/// Whoever may use the stream and its consumer, may not by another name; nor may others.
#[tokio::test]
async fn arn_when_almost_another_then_reaches_nothing() {
    let scene = Scene::new().await;
    scene.share_stream("222222222222").await;
    scene.share_consumer("222222222222").await;
    let (stream, consumer) = (orders(), scene.consumer.clone());
    // What is refused below is served by its own name.
    for (operation, body) in requests(&stream, &consumer) {
        let answer = scene.call("ann", operation, &body.to_string()).await;
        assert!(!is_refused(&answer), "{operation} {body}: {answer:?}");
    }
    let before = records(&scene).await;
    let streams = lookalikes(&stream);
    let consumers = lookalikes(&consumer);
    assert!(streams.len() > 50 && streams.len() == consumers.len());
    for (stream, consumer) in streams.iter().zip(&consumers) {
        for (operation, body) in requests(stream, consumer) {
            for caller in ["ann", "gina", "bob", "carol"] {
                let answer = scene.call(caller, operation, &body.to_string()).await;
                assert!(
                    is_refused(&answer),
                    "{caller} {operation} {body}: {answer:?}"
                );
            }
        }
    }
    assert_eq!(records(&scene).await, before);
}

/// Another account's resource is nothing by an ARN of another region, or for a caller in one.
#[tokio::test]
async fn stream_when_shared_then_only_in_its_own_region() {
    let scene = Scene::new().await;
    scene.share_stream("222222222222").await;
    let body = json!({ "StreamARN": orders() }).to_string();
    scene
        .call("bob", "DescribeStreamSummary", &body)
        .await
        .unwrap();
    for region in ["eu-west-1", "cn-north-1", "us-gov-west-1"] {
        for caller in ["ann", "bob"] {
            let call = scene.call_in(region, caller, "DescribeStreamSummary", &body);
            let answer = call.await;
            assert!(is_refused(&answer), "{region} {caller}: {answer:?}");
        }
    }
}

/// A caller who may use one stream gets at no other by naming both.
#[tokio::test]
async fn request_when_its_names_disagree_then_is_refused_and_reaches_neither() {
    let scene = Scene::new().await;
    let (orders, others) = (orders(), orders().replace("orders", "others"));
    let consumer = scene.consumer.clone();
    let record = |name: &str, arn: &str| json!({"StreamName": name, "StreamARN": arn, "Data": "YQ==", "PartitionKey": "k"});
    let disagreeing = [
        ("PutRecord", record("orders", &others)),
        ("PutRecord", record("others", &orders)),
        (
            "DescribeStreamConsumer",
            json!({"ConsumerARN": consumer, "StreamARN": others}),
        ),
        (
            "DescribeStreamConsumer",
            json!({"ConsumerARN": consumer, "StreamARN": orders, "ConsumerName": "other"}),
        ),
        (
            "DeregisterStreamConsumer",
            json!({"ConsumerARN": consumer.replace("orders", "others"), "StreamARN": orders,
                "ConsumerName": "reader"}),
        ),
    ];
    for (operation, body) in disagreeing {
        let body = body.to_string();
        let told = scene.call("ann", operation, &body).await.unwrap_err();
        assert_eq!(
            told.code.name(),
            "InvalidArgumentException",
            "{operation} {body}"
        );
        // For policies it names nothing that there can be.
        let text = scene.denied("gina", operation, &body).await;
        assert!(text.contains("on resource: * because"), "{text}");
    }
    assert_eq!(records(&scene).await, 0);
    let agreeing = record("orders", &orders).to_string();
    scene.call("gina", "PutRecord", &agreeing).await.unwrap();
    for arn in [
        others.as_str(),
        &orders.replace("111111111111", "222222222222"),
    ] {
        let body = record("others", arn).to_string();
        assert!(is_refused(&scene.call("gina", "PutRecord", &body).await));
    }
}

/// Iterators and pages do not widen what a caller of the same account may use.
#[tokio::test]
async fn token_when_of_a_stream_that_the_caller_may_not_use_then_is_refused() {
    let scene = Scene::new().await;
    let body = r#"{"StreamName":"others","ShardId":"shardId-000000000000",
        "ShardIteratorType":"TRIM_HORIZON"}"#;
    let answer = scene.call("ann", "GetShardIterator", body).await.unwrap();
    let iterator = member(&answer, "ShardIterator");
    let pages = r#"{"StreamName":"others","MaxResults":1}"#;
    let answer = scene.call("ann", "ListShards", pages).await.unwrap();
    let next = member(&answer, "NextToken");
    let others = orders().replace("orders", "others");
    for body in [
        json!({ "ShardIterator": iterator }),
        json!({"ShardIterator": iterator, "StreamARN": others}),
    ] {
        let text = scene.denied("gina", "GetRecords", &body.to_string()).await;
        assert!(
            text.contains(&format!("on resource: {others} because")),
            "{text}"
        );
    }
    let both = json!({"ShardIterator": iterator, "StreamARN": orders()}).to_string();
    assert!(is_refused(&scene.call("gina", "GetRecords", &both).await));
    let next = json!({ "NextToken": next }).to_string();
    let text = scene.denied("gina", "ListShards", &next).await;
    assert!(
        text.contains(&format!("on resource: {others} because")),
        "{text}"
    );
}
