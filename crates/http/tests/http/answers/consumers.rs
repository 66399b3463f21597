//! Consumers: one that is not there, and the second in the ARN of one that is.

use super::*;

#[tokio::test]
async fn consumer_when_unknown_then_every_operation_on_it_says_so_in_the_same_words() {
    let server = Server::with_stream(1).await;
    let arn = format!("{ARN}/consumer/c:1767225600");
    let (by_name, by_arn) = (
        format!(r#"{{"StreamARN":"{ARN}","ConsumerName":"c"}}"#),
        format!(r#"{{"ConsumerARN":"{arn}"}}"#),
    );
    let subscribe = format!(
        r#"{{"ConsumerARN":"{arn}","ShardId":"0","StartingPosition":{{"Type":"LATEST"}}}}"#
    );
    let no_name = "Consumer c, account 111111111111 not found.";
    let no_arn = format!("Consumer {arn}, account 111111111111 not found.");
    let missing = Err((NOT_FOUND, no_arn.as_str()));
    let rows = [
        ("DescribeStreamConsumer", by_arn.as_str(), missing),
        ("DeregisterStreamConsumer", &by_arn, missing),
        ("SubscribeToShard", &subscribe, missing),
        (
            "DescribeStreamConsumer",
            &by_name,
            Err((NOT_FOUND, no_name)),
        ),
        (
            "DeregisterStreamConsumer",
            &by_name,
            Err((NOT_FOUND, no_name)),
        ),
    ];
    server.check(&rows).await;
    // Nor is it the one that was there before.
    server.ok("RegisterStreamConsumer", &by_name).await;
    server.ok("DeregisterStreamConsumer", &by_name).await;
    server.check(&rows).await;
}

/// The second in a new consumer's ARN, and its creation in seconds.
async fn register(server: &Server, name: &str) -> (u64, u64) {
    let body = format!(r#"{{"StreamARN":"{ARN}","ConsumerName":"{name}"}}"#);
    let answer = server.ok("RegisterStreamConsumer", &body).await;
    let arn = member(&answer, "ConsumerARN");
    let (_, suffix) = arn.rsplit_once(':').unwrap();
    let (_, created) = answer
        .split_once(r#""ConsumerCreationTimestamp":"#)
        .unwrap();
    let created: String = created.chars().take_while(char::is_ascii_digit).collect();
    (suffix.parse().unwrap(), created.parse().unwrap())
}

async fn deregister(server: &Server, name: &str) {
    let body = format!(r#"{{"StreamARN":"{ARN}","ConsumerName":"{name}"}}"#);
    server.ok("DeregisterStreamConsumer", &body).await;
}

#[tokio::test]
async fn consumers_when_registered_in_one_second_then_have_that_second_in_their_arns() {
    let server = Server::with_stream(1).await;
    let now = START.0 / 1000;
    for name in ["a", "b", "c", "d"] {
        assert_eq!(register(&server, name).await, (now, now), "{name}");
        server.clock.advance(Duration::from_millis(200));
    }
    // The same name twice in a second is two consumers all the same, whoever came in between.
    deregister(&server, "b").await;
    assert_eq!(register(&server, "e").await, (now, now));
    assert_eq!(register(&server, "b").await, (now + 1, now));
    deregister(&server, "b").await;
    assert_eq!(register(&server, "b").await, (now + 2, now));
    server.pass(1);
    assert_eq!(register(&server, "f").await, (now + 1, now + 1));
    deregister(&server, "b").await;
    assert_eq!(register(&server, "b").await, (now + 3, now + 1));
    server.pass(5);
    deregister(&server, "b").await;
    assert_eq!(register(&server, "b").await, (now + 6, now + 6));
}
