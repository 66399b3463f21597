//! What an account or a stream may have, and what holds a stream.

use super::*;

#[tokio::test]
async fn stream_when_a_sixth_is_on_its_way_then_is_refused_with_both_blanks() {
    let server = Server::slow(Limits::Aws).await;
    for name in ["a", "b", "c", "d", "e"] {
        server.create(name, 1).await;
    }
    let text = "This request would have exceed the limit on the number  of streams that can \
                simultaneously be in CREATING or DELETING for the account 111111111111. Limit: 5.";
    let sixth = r#"{"StreamName":"f","ShardCount":1}"#;
    server
        .check(&[("CreateStream", sixth, Err((LIMIT, text)))])
        .await;
    server.pass(10);
    for name in ["a", "b", "c", "d", "e"] {
        let body = format!(r#"{{"StreamName":"{name}"}}"#);
        server.ok("DeleteStream", &body).await;
    }
    server
        .check(&[("CreateStream", sixth, Err((LIMIT, text)))])
        .await;
}

#[tokio::test]
async fn on_demand_stream_when_over_the_quota_then_is_refused_with_the_counts() {
    let server = Server::new(Settings::default()).await;
    for number in 0..50 {
        let body = format!(r#"{{"StreamName":"o{number}"}}"#);
        server.ok("CreateStream", &body).await;
    }
    let text = "This request would exceed the limit on the number of On-Demand streams for the \
                account 111111111111 in us-east-1. Current On-Demand streams count: 50. Limit: 50.";
    let one_more = r#"{"StreamName":"more","StreamModeDetails":{"StreamMode":"ON_DEMAND"}}"#;
    server
        .check(&[("CreateStream", one_more, Err((LIMIT, text)))])
        .await;
    server.create("provisioned", 1).await;
}

#[tokio::test]
async fn stream_when_it_has_consumers_then_is_deleted_with_them_or_not_at_all() {
    let server = Server::with_stream(1).await;
    let register = format!(r#"{{"StreamARN":"{ARN}","ConsumerName":"c"}}"#);
    server.ok("RegisterStreamConsumer", &register).await;
    let text = "DeleteStream can't delete 111111111111:s because there are consumers associated with \
                this data stream. To delete s anyway, set the EnforceConsumerDeletion parameter to \
                true to force the deletion of all the consumers that are associated with it.";
    server
        .check(&[
            ("DeleteStream", r#"{"StreamName":"s"}"#, Err((IN_USE, text))),
            (
                "DeleteStream",
                r#"{"StreamName":"s","EnforceConsumerDeletion":false}"#,
                Err((IN_USE, text)),
            ),
            (
                "DeleteStream",
                r#"{"StreamName":"s","EnforceConsumerDeletion":true}"#,
                Ok(""),
            ),
        ])
        .await;
}
