//! `millstream consumers`.

use crate::call::{Call, Ran};
use crate::server::{Server, server};
use crate::streams::without_instants;
use serde_json::{Value, json};

/// Runs a tool with these words.
fn tool(server: &Server, words: &[&str]) -> Ran {
    Call::new(words).to(server).run()
}

/// A server with a stream `orders`.
fn orders() -> Server {
    let server = server();
    tool(&server, &["streams", "create", "orders", "--wait"]).done();
    server
}

/// A table without instants and ARNs.
fn without_arns(ran: &Ran) -> String {
    let text = without_instants(ran.done());
    let lines = text
        .lines()
        .map(|line| line.split("arn:").next().unwrap().trim_end());
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn consumer_when_registered_and_deregistered_then_is_listed_as_it_is() {
    let server = orders();
    let listed = || tool(&server, &["consumers", "orders"]);
    let heads = "NAME  STATUS  REGISTERED  ARN\n";
    assert_eq!(listed().done(), heads);
    let register = [
        "consumers",
        "register",
        "orders",
        "billing",
        "--wait",
        "--tag",
        "a=b",
    ];
    let ran = tool(&server, &register);
    let expected = "\
NAME     STATUS  REGISTERED            ARN
billing  ACTIVE  INSTANT
";
    assert_eq!(without_arns(&ran), expected);
    assert_eq!(listed().done(), ran.done());
    assert!(ran.done().contains(":stream/orders/consumer/billing:"));

    let words = ["consumers", "deregister", "orders", "billing", "--wait"];
    assert_eq!(tool(&server, &words).done(), "billing is DELETED\n");
    assert_eq!(listed().done(), heads);
}

#[test]
fn document_when_asked_for_then_has_the_members_of_aws() {
    let server = orders();
    let run = |words: &[&str]| -> Value {
        let ran = tool(&server, &[&["consumers", "--json"], words].concat());
        serde_json::from_str(ran.done()).unwrap()
    };
    let stream = "arn:aws:kinesis:us-east-1:000000000000:stream/orders";
    let registered = run(&["register", stream, "billing", "--wait"]);
    assert_eq!(registered["ConsumerName"], "billing");
    assert_eq!(registered["ConsumerStatus"], "ACTIVE");
    assert_eq!(run(&["orders"]), json!([registered]));
    let gone = json!({
        "ConsumerName": "billing",
        "ConsumerARN": registered["ConsumerARN"],
        "ConsumerStatus": "DELETED",
    });
    assert_eq!(run(&["deregister", "orders", "billing", "--wait"]), gone);
}

#[test]
fn consumers_when_the_service_refuses_then_the_line_says_what_it_said() {
    let server = orders();
    tool(
        &server,
        &["consumers", "register", "orders", "billing", "--wait"],
    )
    .done();
    for (words, code) in [
        (&["nothing"][..], "ResourceNotFoundException"),
        (&["register", "orders", "billing"], "ResourceInUseException"),
        (
            &["deregister", "orders", "other"],
            "ResourceNotFoundException",
        ),
    ] {
        let ran = tool(&server, &[&["consumers"], words].concat());
        let line = ran.failed(1);
        assert!(line.starts_with(&format!("millstream: {code}: ")), "{line}");
    }
    assert_eq!(tool(&server, &["consumers"]).status.code(), Some(2));
    let ran = tool(
        &server,
        &["consumers", "orders", "deregister", "orders", "billing"],
    );
    let line = ran.failed(2);
    assert!(
        line.contains("the stream's name stands before another command"),
        "{line}"
    );
}
