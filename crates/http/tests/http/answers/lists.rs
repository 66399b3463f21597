//! Lists: what goes with a token, and how much a page holds.

use super::*;

#[tokio::test]
async fn list_when_a_token_says_where_to_go_on_then_nothing_else_may() {
    let server = Server::with_stream(3).await;
    let first = server
        .ok("ListShards", r#"{"StreamName":"s","MaxResults":1}"#)
        .await;
    let token = member(&first, "NextToken");
    let arn = format!(r#""StreamARN":"{ARN}""#);
    for (beside, member) in [
        (r#""StreamName":"s""#, "StreamName"),
        (&arn, "StreamARN"),
        (r#""ExclusiveStartShardId":"0""#, "ExclusiveStartShardId"),
        (r#""StreamCreationTimestamp":1"#, "StreamCreationTimestamp"),
    ] {
        // Whatever the token is.
        for token in [token, "x"] {
            let body = format!(r#"{{"NextToken":"{token}",{beside}}}"#);
            let text = format!("NextToken and {member} cannot be provided together.");
            server
                .check(&[("ListShards", &body, Err((ARGUMENT, &text)))])
                .await;
        }
    }
    let both = format!(r#"{{"NextToken":"{token}","StreamName":"s",{arn}}}"#);
    let text = "NextToken and StreamName cannot be provided together.";
    let alone = format!(r#"{{"NextToken":"{token}"}}"#);
    let sized = format!(r#"{{"NextToken":"{token}","MaxResults":1}}"#);
    server
        .check(&[
            ("ListShards", &both, Err((ARGUMENT, text))),
            ("ListShards", &alone, Ok("shardId-000000000002")),
            ("ListShards", &sized, Ok("NextToken")),
            (
                "ListShards",
                "{}",
                Err((
                    ARGUMENT,
                    "Either NextToken or StreamName should be provided.",
                )),
            ),
        ])
        .await;
}

#[tokio::test]
async fn consumers_when_listed_with_a_token_then_may_not_have_the_streams_creation() {
    let server = Server::with_stream(1).await;
    for name in ["a", "b"] {
        let register = format!(r#"{{"StreamARN":"{ARN}","ConsumerName":"{name}"}}"#);
        server.ok("RegisterStreamConsumer", &register).await;
    }
    let first = format!(r#"{{"StreamARN":"{ARN}","MaxResults":1}}"#);
    let first = server.ok("ListStreamConsumers", &first).await;
    let token = member(&first, "NextToken");
    // The ARN is required, and so goes with it.
    let next = format!(r#"{{"StreamARN":"{ARN}","NextToken":"{token}"}}"#);
    let both = format!(
        r#"{{"StreamARN":"{ARN}","NextToken":"{token}","StreamCreationTimestamp":1767225600}}"#
    );
    let created = format!(r#"{{"StreamARN":"{ARN}","StreamCreationTimestamp":1767225600}}"#);
    let text = "NextToken and StreamCreationTimestamp cannot be provided together.";
    server
        .check(&[
            ("ListStreamConsumers", &next, Ok(r#""ConsumerName":"b""#)),
            ("ListStreamConsumers", &both, Err((ARGUMENT, text))),
            ("ListStreamConsumers", &created, Ok(r#""ConsumerName":"a""#)),
        ])
        .await;
}

#[tokio::test]
async fn page_when_more_is_asked_for_than_aws_gives_then_holds_no_more_and_has_a_token() {
    let server = Server::with_stream(1_200).await;
    let count = |answer: &str, name: &str| members(answer, name).len();
    for asked in ["", r#","MaxResults":1200"#, r#","MaxResults":10000"#] {
        let body = format!(r#"{{"StreamName":"s"{asked}}}"#);
        let first = server.ok("ListShards", &body).await;
        assert_eq!(count(&first, "ShardId"), 1_000, "{asked}");
        let token = member(&first, "NextToken");
        let next = format!(r#"{{"NextToken":"{token}"{asked}}}"#);
        let rest = server.ok("ListShards", &next).await;
        assert_eq!(
            (count(&rest, "ShardId"), count(&rest, "NextToken")),
            (200, 0)
        );
    }
    for asked in ["", r#","Limit":10000"#] {
        let body = format!(r#"{{"StreamName":"s"{asked}}}"#);
        let described = server.ok("DescribeStream", &body).await;
        assert_eq!(count(&described, "ShardId"), 100);
        assert!(described.contains(r#""HasMoreShards":true"#));
    }
    for number in 0..120 {
        server.create(&format!("t{number:03}"), 1).await;
        let register = format!(r#"{{"StreamARN":"{ARN}","ConsumerName":"c{number:03}"}}"#);
        server.ok("RegisterStreamConsumer", &register).await;
    }
    for asked in ["", r#""Limit":10000"#] {
        let listed = server.ok("ListStreams", &format!("{{{asked}}}")).await;
        assert_eq!(count(&listed, "StreamARN"), 100);
        assert_eq!(count(&listed, "NextToken"), 1);
    }
    for asked in ["", r#","MaxResults":10000"#] {
        let body = format!(r#"{{"StreamARN":"{ARN}"{asked}}}"#);
        let listed = server.ok("ListStreamConsumers", &body).await;
        assert_eq!(count(&listed, "ConsumerName"), 100);
        assert_eq!(count(&listed, "NextToken"), 1);
    }
}
