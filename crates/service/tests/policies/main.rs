//! Policies that are enforced: within an account, between accounts, and what the refused may learn.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attacks;
mod scene;

use scene::{Scene, iterator_of, orders};
use std::collections::BTreeSet;

/// What AWS lets a stream's policy share, with requests that name the stream by its ARN.
fn of_stream(arn: &str) -> Vec<(&'static str, String)> {
    let record = r#""Data":"YQ==","PartitionKey":"k""#;
    let shard = r#""ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON""#;
    vec![
        ("PutRecord", format!(r#"{{"StreamARN":"{arn}",{record}}}"#)),
        (
            "PutRecords",
            format!(r#"{{"StreamARN":"{arn}","Records":[{{{record}}}]}}"#),
        ),
        (
            "ListShards",
            format!(r#"{{"StreamARN":"{arn}","MaxResults":1}}"#),
        ),
        (
            "GetShardIterator",
            format!(r#"{{"StreamARN":"{arn}",{shard}}}"#),
        ),
        (
            "DescribeStreamSummary",
            format!(r#"{{"StreamARN":"{arn}"}}"#),
        ),
        ("DescribeStream", format!(r#"{{"StreamARN":"{arn}"}}"#)),
    ]
}

#[tokio::test]
async fn stream_when_shared_with_another_account_then_is_read_and_written_by_its_arn() {
    let scene = Scene::new().await;
    let arn = orders();
    for (operation, body) in of_stream(&arn) {
        let text = scene.denied("bob", operation, &body).await;
        let because =
            format!("because no resource-based policy allows the kinesis:{operation} action");
        assert!(text.ends_with(&because), "{text}");
        assert!(
            text.starts_with("User: arn:aws:iam::222222222222:user/bob is not"),
            "{text}"
        );
    }
    scene.share_stream("222222222222").await;
    for (operation, body) in of_stream(&arn) {
        let answer = scene.call("bob", operation, &body).await;
        assert!(answer.is_ok(), "{operation}: {answer:?}");
    }
    // By name it is another stream, bob's own; and nothing else is shared.
    let by_name = scene
        .call("bob", "DescribeStream", r#"{"StreamName":"orders"}"#)
        .await;
    let text = by_name.unwrap_err().message.unwrap();
    assert_eq!(text, "Stream orders under account 222222222222 not found.");
    for operation in ["DeleteStream", "ListTagsForStream", "StopStreamEncryption"] {
        let more = r#""EncryptionType":"KMS","KeyId":"k""#;
        let body = format!(r#"{{"StreamARN":"{arn}",{more}}}"#);
        let text = scene.denied("bob", operation, &body).await;
        assert!(
            text.contains("because no resource-based policy allows"),
            "{text}"
        );
    }
    // A policy that is changed or gone is so for the next call.
    scene.put_stream_policy("Deny", "222222222222").await;
    for (operation, body) in of_stream(&arn) {
        scene.denied("bob", operation, &body).await;
    }
    scene.share_stream("222222222222").await;
    let describe = format!(r#"{{"StreamARN":"{arn}"}}"#);
    scene
        .call("bob", "DescribeStream", &describe)
        .await
        .unwrap();
    let body = format!(r#"{{"ResourceARN":"{arn}"}}"#);
    scene
        .call("ann", "DeleteResourcePolicy", &body)
        .await
        .unwrap();
    for (operation, body) in of_stream(&arn) {
        scene.denied("bob", operation, &body).await;
    }
}

#[tokio::test]
async fn tokens_of_a_shared_stream_when_used_then_are_their_callers_and_judged_again() {
    let scene = Scene::new().await;
    scene.share_stream("222222222222").await;
    let arn = orders();
    let page = format!(r#"{{"StreamARN":"{arn}","MaxResults":1}}"#);
    let page = scene.call("bob", "ListShards", &page).await.unwrap();
    let next = format!(r#"{{"NextToken":"{}"}}"#, scene::member(&page, "NextToken"));
    let second = scene.call("bob", "ListShards", &next).await.unwrap();
    assert!(second.contains("shardId-000000000001"), "{second}");
    // It is nobody else's, the owner's neither.
    let of_ann = scene.call("ann", "ListShards", &next).await.unwrap_err();
    assert_eq!(of_ann.code.name(), "InvalidArgumentException");

    let read = |iterator: &str| format!(r#"{{"ShardIterator":"{iterator}","StreamARN":"{arn}"}}"#);
    let iterator = iterator_of(&scene, "bob").await;
    let answer = scene
        .call("bob", "GetRecords", &read(&iterator))
        .await
        .unwrap();
    let following = scene::member(&answer, "NextShardIterator");
    scene
        .call("bob", "GetRecords", &read(&following))
        .await
        .unwrap();
    let without = format!(r#"{{"ShardIterator":"{iterator}"}}"#);
    let text = scene
        .call("bob", "GetRecords", &without)
        .await
        .unwrap_err()
        .message
        .unwrap();
    let gone =
        "Shard shardId-000000000000 in stream orders under account 222222222222 does not exist";
    assert_eq!(text, gone);
    let anns = iterator_of(&scene, "ann").await;
    for (caller, iterator) in [("bob", &anns), ("ann", &iterator)] {
        let refused = scene
            .call(caller, "GetRecords", &read(iterator))
            .await
            .unwrap_err();
        assert_eq!(refused.code.name(), "InvalidArgumentException", "{caller}");
    }

    let body = format!(r#"{{"ResourceARN":"{arn}"}}"#);
    scene
        .call("ann", "DeleteResourcePolicy", &body)
        .await
        .unwrap();
    scene.denied("bob", "ListShards", &next).await;
    scene.denied("bob", "GetRecords", &read(&following)).await;
}

#[tokio::test]
async fn consumer_when_shared_then_needs_a_policy_of_its_own() {
    let scene = Scene::new().await;
    scene.share_stream("222222222222").await;
    let consumer = scene.consumer.clone();
    let describe = format!(r#"{{"ConsumerARN":"{consumer}"}}"#);
    let subscribe = format!(
        r#"{{"ConsumerARN":"{consumer}","ShardId":"shardId-000000000000",
            "StartingPosition":{{"Type":"LATEST"}},"DryRun":true}}"#
    );
    let requests = [
        ("DescribeStreamConsumer", &describe),
        ("SubscribeToShard", &subscribe),
    ];
    for (operation, body) in requests {
        let text = scene.denied("bob", operation, body).await;
        assert!(
            text.contains(&format!("on resource: {consumer} because")),
            "{text}"
        );
    }
    scene.share_consumer("222222222222").await;
    scene
        .call("bob", "DescribeStreamConsumer", &describe)
        .await
        .unwrap();
    let dry = scene
        .call("bob", "SubscribeToShard", &subscribe)
        .await
        .unwrap_err();
    assert_eq!(dry.code.name(), "DryRunOperationException");
}

#[tokio::test]
async fn consumer_when_named_by_its_stream_then_is_refused_alike_whether_it_exists() {
    let scene = Scene::new().await;
    let orders = orders();
    let mut texts = BTreeSet::new();
    for (stream, name) in [("orders", "reader"), ("orders", "none"), ("none", "reader")] {
        let arn = orders.replace("orders", stream);
        let body = format!(r#"{{"StreamARN":"{arn}","ConsumerName":"{name}"}}"#);
        for caller in ["erin", "carol"] {
            let text = scene.denied(caller, "DescribeStreamConsumer", &body).await;
            let shown = format!("on resource: {arn}/consumer/{name} because");
            texts.insert(text.replace(&shown, "").replace(caller, ""));
        }
    }
    assert_eq!(texts.len(), 2, "one for each account: {texts:?}");
}

/// The same answer, whether or not there is such a stream, a policy, or a refusal in it.
#[tokio::test]
async fn caller_when_denied_then_learns_nothing_about_what_is_there() {
    let scene = Scene::new().await;
    let orders = orders();
    let texts = async |caller: &str| {
        let mut all = BTreeSet::new();
        for name in ["orders", "none"] {
            let arn = orders.replace("orders", name);
            for (operation, body) in of_stream(&arn) {
                let text = scene.denied(caller, operation, &body).await;
                all.insert(text.replace(&arn, "ARN"));
            }
        }
        all
    };
    let operations = of_stream(&orders).len();
    let mut seen = Vec::new();
    for effect in ["", "Deny", "Allow"] {
        if !effect.is_empty() {
            scene.put_stream_policy(effect, "333333333333").await;
        }
        // Carol has no policies, dave permits everything and is of the account that is shared with.
        let carol = texts("carol").await;
        assert_eq!(carol.len(), operations, "{carol:?}");
        seen.push(carol);
        // The owner's own user without policies.
        let erin = texts("erin").await;
        assert_eq!(erin.len(), operations, "{erin:?}");
    }
    assert!(seen.iter().all(|texts| *texts == seen[0]));
}

#[tokio::test]
async fn account_when_no_policies_are_enforced_then_keeps_to_itself_whatever_it_shares() {
    let scene = Scene::new().await;
    scene.share_stream("222222222222").await;
    for (operation, body) in of_stream(&orders()) {
        let refused = scene
            .call_openly("222222222222", operation, &body)
            .await
            .unwrap_err();
        assert_eq!(
            refused.code.name(),
            "ResourceNotFoundException",
            "{operation}"
        );
    }
}

#[tokio::test]
async fn tags_when_a_policy_asks_about_them_then_are_those_of_the_request_and_the_stream() {
    let scene = Scene::new().await;
    let add = |tags: &str| format!(r#"{{"StreamName":"orders","Tags":{{{tags}}}}}"#);
    // Frank may give the tag `team` alone, and only the value `red`.
    for (tags, is_allowed) in [
        (r#""team":"red""#, true),
        (r#""team":"blue""#, false),
        (r#""team":"red","other":"x""#, false),
    ] {
        let answer = scene.call("frank", "AddTagsToStream", &add(tags)).await;
        assert_eq!(answer.is_ok(), is_allowed, "{tags}: {answer:?}");
    }
    // And describe what has it by now.
    let describe = |name: &str| format!(r#"{{"StreamName":"{name}"}}"#);
    scene
        .call("frank", "DescribeStreamSummary", &describe("orders"))
        .await
        .unwrap();
    scene
        .denied("frank", "DescribeStreamSummary", &describe("others"))
        .await;
    let untag = r#"{"StreamName":"orders","TagKeys":["team"]}"#;
    scene
        .call("frank", "RemoveTagsFromStream", untag)
        .await
        .unwrap();
    scene
        .denied("frank", "DescribeStreamSummary", &describe("orders"))
        .await;
}

/// "If you pass the Tags parameter, in addition to having the kinesis:CreateStream permission, you
/// must also have the kinesis:AddTagsToStream permission for the stream that will be created", and
/// kinesis:TagResource for the consumer that will be registered:
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html>
#[tokio::test]
async fn stream_and_consumer_when_made_with_tags_then_need_a_permission_for_these_too() {
    let scene = Scene::new().await;
    let create =
        |name: &str, tags: &str| format!(r#"{{"StreamName":"{name}","ShardCount":1{tags}}}"#);
    let red = r#","Tags":{"team":"red"}"#;
    let blue = r#","Tags":{"team":"blue"}"#;
    for (name, tags, is_allowed) in [
        ("plain", "", true),
        ("other", red, false),
        ("tagged", blue, false),
        ("tagged", red, true),
    ] {
        let body = create(name, tags);
        if is_allowed {
            scene.call("henry", "CreateStream", &body).await.unwrap();
            continue;
        }
        let text = scene.denied("henry", "CreateStream", &body).await;
        let arn = orders().replace("orders", name);
        let expected = format!(
            "User: arn:aws:iam::111111111111:user/henry is not authorized to perform: \
             kinesis:AddTagsToStream on resource: {arn} because no identity-based policy allows the \
             kinesis:AddTagsToStream action"
        );
        assert_eq!(text, expected);
        let described = format!(r#"{{"StreamName":"{name}"}}"#);
        let absent = scene.call("ann", "DescribeStreamSummary", &described).await;
        assert_eq!(absent.unwrap_err().code.name(), "ResourceNotFoundException");
    }
    let register = |name: &str, tags: &str| {
        let arn = orders();
        format!(r#"{{"StreamARN":"{arn}","ConsumerName":"{name}"{tags}}}"#)
    };
    let operation = "RegisterStreamConsumer";
    let text = scene
        .denied("henry", operation, &register("other", red))
        .await;
    let resource = format!(
        "kinesis:TagResource on resource: {}/consumer/other with",
        orders()
    );
    assert!(text.contains(&resource), "{text}");
    for (name, tags) in [("other", ""), ("tagged", red)] {
        let body = register(name, tags);
        scene.call("henry", operation, &body).await.unwrap();
    }
}

/// A request whose tags break a constraint is not looked at for them: they may be anything.
#[tokio::test]
async fn request_when_its_constraints_are_broken_then_is_judged_before_it_is_told() {
    let scene = Scene::new().await;
    let broken = r#"{"StreamName":"orders","TagKeys":[]}"#;
    scene.denied("frank", "RemoveTagsFromStream", broken).await;
    let told = scene
        .call("ann", "RemoveTagsFromStream", broken)
        .await
        .unwrap_err();
    assert_eq!(told.code.name(), "ValidationException");
}
