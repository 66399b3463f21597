//! Iterators and NextTokens of another caller or call, edited, too old, or of what is gone.

use crate::scene::{Scene, member, orders};
use millstream_protocol::Error;
use serde_json::{Value, json};
use std::time::Duration;

/// For how long a token is good.
const LIFETIME: Duration = Duration::from_mins(5);

/// A token, with the request that takes it.
struct Token {
    operation: &'static str,
    member: &'static str,
    /// The request without the token.
    rest: Value,
    text: String,
}

impl Token {
    fn body(&self, text: &str) -> String {
        let mut body = self.rest.clone();
        body[self.member] = text.into();
        body.to_string()
    }

    async fn used(&self, scene: &Scene, caller: &str) -> Result<String, Error> {
        let body = self.body(&self.text);
        scene.call(caller, self.operation, &body).await
    }
}

fn code(answer: Result<String, Error>) -> &'static str {
    answer.map_or_else(|error| error.code.name(), |_| "OK")
}

/// A token of each kind, of ann's.
async fn tokens(scene: &Scene) -> Vec<Token> {
    let orders = orders();
    let register = json!({"StreamARN": orders, "ConsumerName": "second"}).to_string();
    let _ = scene.call("ann", "RegisterStreamConsumer", &register).await;
    let shard = json!({"StreamName": "orders", "ShardId": "shardId-000000000000",
        "ShardIteratorType": "TRIM_HORIZON"});
    let firsts = [
        (
            "GetShardIterator",
            shard,
            "GetRecords",
            "ShardIterator",
            json!({}),
        ),
        (
            "ListShards",
            json!({"StreamName": "orders", "MaxResults": 1}),
            "ListShards",
            "NextToken",
            json!({}),
        ),
        (
            "ListStreams",
            json!({"Limit": 1}),
            "ListStreams",
            "NextToken",
            json!({}),
        ),
        (
            "ListStreamConsumers",
            json!({"StreamARN": orders, "MaxResults": 1}),
            "ListStreamConsumers",
            "NextToken",
            json!({"StreamARN": orders}),
        ),
    ];
    let mut tokens = Vec::new();
    for (first, body, operation, name, rest) in firsts {
        let answer = scene.call("ann", first, &body.to_string()).await.unwrap();
        tokens.push(Token {
            operation,
            member: name,
            rest,
            text: member(&answer, name),
        });
    }
    tokens
}

#[tokio::test]
async fn token_when_another_accounts_regions_or_lists_then_is_none() {
    let scene = Scene::new().await;
    scene.share_stream("222222222222").await;
    let tokens = tokens(&scene).await;
    for token in &tokens {
        let Token { operation, .. } = token;
        assert_eq!(code(token.used(&scene, "ann").await), "OK", "{operation}");
        let body = token.body(&token.text);
        let elsewhere = scene.call_in("eu-west-1", "ann", operation, &body).await;
        let refused = [code(token.used(&scene, "bob").await), code(elsewhere)];
        for refused in refused {
            let is_so = ["InvalidArgumentException", "AccessDeniedException"].contains(&refused)
                || (refused == "ResourceNotFoundException" && *operation == "ListStreamConsumers");
            assert!(is_so, "{operation}: {refused}");
        }
        for other in tokens.iter().filter(|other| other.text != token.text) {
            let answer = scene.call("ann", operation, &token.body(&other.text)).await;
            let Token {
                operation: from, ..
            } = other;
            assert_eq!(
                code(answer),
                "InvalidArgumentException",
                "{from} in {operation}"
            );
        }
    }
}

/// What a token says is not said again, or differently, beside it.
#[tokio::test]
async fn token_when_beside_another_stream_or_start_then_is_refused() {
    let scene = Scene::new().await;
    let tokens = tokens(&scene).await;
    let others = orders().replace("orders", "others");
    for (operation, beside) in [
        ("GetRecords", json!({"StreamARN": others})),
        ("ListShards", json!({"StreamName": "others"})),
        ("ListShards", json!({"StreamARN": others})),
        (
            "ListShards",
            json!({"ExclusiveStartShardId": "shardId-000000000000"}),
        ),
        ("ListShards", json!({"StreamCreationTimestamp": 1})),
        ("ListStreamConsumers", json!({"StreamARN": others})),
    ] {
        let token = tokens
            .iter()
            .find(|token| token.operation == operation)
            .unwrap();
        let mut body = token.rest.clone();
        body.as_object_mut()
            .unwrap()
            .extend(beside.as_object().unwrap().clone());
        body[token.member] = token.text.as_str().into();
        let refused = code(scene.call("ann", operation, &body.to_string()).await);
        let is_so = ["InvalidArgumentException", "ResourceNotFoundException"].contains(&refused);
        assert!(is_so, "{operation} {beside}: {refused}");
    }
}

/// A filter is the token's, which a page is of.
#[tokio::test]
async fn token_when_beside_a_filter_then_goes_on_with_its_own() {
    let scene = Scene::new().await;
    let tokens = tokens(&scene).await;
    let shards = tokens.iter().find(|token| token.operation == "ListShards");
    let shards = shards.unwrap();
    let own = shards.used(&scene, "ann").await.unwrap();
    assert!(own.contains("shardId-000000000001"), "{own}");
    let after = json!({"Type": "AFTER_SHARD_ID", "ShardId": "shardId-000000000001"});
    let body = json!({"NextToken": shards.text, "ShardFilter": after}).to_string();
    let beside = scene.call("ann", "ListShards", &body).await.unwrap();
    assert_eq!(beside, own);
}

#[tokio::test]
async fn token_when_any_bit_of_its_text_is_another_then_is_refused() {
    let scene = Scene::new().await;
    for token in tokens(&scene).await {
        for place in 0..token.text.len() {
            for bit in 0..8 {
                let edited = token.text.bytes().enumerate().map(|(at, byte)| {
                    char::from(if at == place { byte ^ (1 << bit) } else { byte })
                });
                let body = token.body(&edited.collect::<String>());
                let refused = code(scene.call("ann", token.operation, &body).await);
                let is_so = ["InvalidArgumentException", "ValidationException"].contains(&refused);
                assert!(is_so, "{} {place} {bit}: {refused}", token.operation);
            }
        }
        assert_eq!(code(token.used(&scene, "ann").await), "OK");
    }
}

/// Only its owner is told that a token has been one.
#[tokio::test]
async fn token_when_five_minutes_old_then_has_expired() {
    let scene = Scene::new().await;
    let tokens = tokens(&scene).await;
    scene.clock.advance(LIFETIME);
    for token in &tokens {
        assert_eq!(
            code(token.used(&scene, "ann").await),
            "OK",
            "{}",
            token.operation
        );
    }
    scene.clock.advance(Duration::from_millis(1));
    for token in &tokens {
        let expired = match token.member {
            "ShardIterator" => "ExpiredIteratorException",
            _ => "ExpiredNextTokenException",
        };
        assert_eq!(
            code(token.used(&scene, "ann").await),
            expired,
            "{}",
            token.operation
        );
        let others = code(token.used(&scene, "bob").await);
        assert!(!others.starts_with("Expired") && others != "OK", "{others}");
    }
}

/// The new stream's policy decides about iterators of the old one, and pages of the old end.
#[tokio::test]
async fn token_when_its_stream_was_deleted_and_made_again_then_gives_nothing_of_the_old() {
    let scene = Scene::new().await;
    scene.share_stream("222222222222").await;
    let orders = orders();
    let put = json!({"StreamARN": orders, "Data": "b2xk", "PartitionKey": "k"}).to_string();
    scene.call("ann", "PutRecord", &put).await.unwrap();
    let of_bob = crate::scene::iterator_of(&scene, "bob").await;
    let of_bob = json!({"ShardIterator": of_bob, "StreamARN": orders}).to_string();
    scene.call("bob", "GetRecords", &of_bob).await.unwrap();
    let tokens = tokens(&scene).await;
    let delete = json!({"StreamName": "orders", "EnforceConsumerDeletion": true}).to_string();
    scene.call("ann", "DeleteStream", &delete).await.unwrap();
    let describe = json!({"StreamName": "orders"}).to_string();
    let gone = scene.call("ann", "DescribeStreamSummary", &describe).await;
    assert_eq!(code(gone), "ResourceNotFoundException");
    for token in &tokens {
        let answer = code(token.used(&scene, "ann").await);
        let expected = match token.operation {
            "ListStreams" => "OK",
            _ => "ResourceNotFoundException",
        };
        assert_eq!(answer, expected, "{}", token.operation);
    }
    let create = r#"{"StreamName":"orders","ShardCount":2}"#;
    scene.call("ann", "CreateStream", create).await.unwrap();
    let text = scene.denied("bob", "GetRecords", &of_bob).await;
    assert!(text.ends_with("no resource-based policy allows the kinesis:GetRecords action"));
    for token in &tokens {
        match (token.operation, token.used(&scene, "ann").await) {
            ("GetRecords", Ok(read)) => assert!(!read.contains("b2xk"), "{read}"),
            ("ListStreams", answer) => assert_eq!(code(answer), "OK"),
            (operation, answer) => {
                let refused = code(answer);
                let is_so = ["InvalidArgumentException", "ResourceNotFoundException"];
                assert!(is_so.contains(&refused), "{operation}: {refused}");
            }
        }
    }
}
