//! `millstream streams`.

use crate::call::{Call, Ran};
use crate::server::{Server, server};
use serde_json::{Value, json};

/// Runs `millstream streams` with these words.
fn streams(server: &Server, words: &[&str]) -> Ran {
    Call::new(&[&["streams"], words].concat()).to(server).run()
}

/// The only document of an output.
fn document(ran: &Ran) -> Value {
    serde_json::from_str(ran.done()).unwrap()
}

/// A text with `INSTANT` for each instant.
pub fn without_instants(text: &str) -> String {
    let is_instant = |word: &&str| word.len() == 20 && word.ends_with('Z') && word.contains("T");
    let instants: Vec<&str> = text.split_whitespace().filter(is_instant).collect();
    let replace = |text: String, instant: &&str| text.replace(instant, "INSTANT");
    instants.iter().fold(text.to_owned(), replace)
}

#[test]
fn stream_when_created_scaled_and_deleted_then_is_listed_as_it_is() {
    let server = server();
    let ran = streams(&server, &[]);
    let heads = "NAME  STATUS  MODE  SHARDS  RETENTION  CREATED\n";
    assert_eq!(ran.done(), heads);

    let create = ["create", "orders", "--shards", "4", "--wait"];
    let ran = streams(&server, &create);
    let orders = "orders  ACTIVE  PROVISIONED       4       24 h  INSTANT\n";
    let heads = "NAME    STATUS  MODE         SHARDS  RETENTION  CREATED\n";
    assert_eq!(without_instants(ran.done()), format!("{heads}{orders}"));
    streams(&server, &["create", "clicks", "--on-demand", "--wait"]).done();
    let clicks = "clicks  ACTIVE  ON_DEMAND         4       24 h  INSTANT\n";
    let listed = without_instants(streams(&server, &[]).done());
    assert_eq!(listed, format!("{heads}{clicks}{orders}"));

    let ran = streams(&server, &["scale", "orders", "6", "--wait"]);
    let scaled = orders.replace('4', "6").replacen("26 h", "24 h", 1);
    assert_eq!(without_instants(ran.done()), format!("{heads}{scaled}"));

    let ran = streams(&server, &["delete", "orders", "--yes", "--wait"]);
    assert_eq!(ran.done(), "orders is DELETED\n");
    let expected = "\
NAME    STATUS  MODE       SHARDS  RETENTION  CREATED
clicks  ACTIVE  ON_DEMAND       4       24 h  INSTANT
";
    assert_eq!(without_instants(streams(&server, &[]).done()), expected);
}

#[test]
fn stream_when_described_then_shows_its_tags_and_properties() {
    let server = server();
    let tags = ["--tag", "team=a=b", "--tag", "empty="];
    streams(
        &server,
        &[&["create", "orders", "--wait"][..], &tags].concat(),
    )
    .done();
    let described = without_instants(streams(&server, &["describe", "orders"]).done());
    let expected = "\
PROPERTY        VALUE
name            orders
ARN             arn:aws:kinesis:us-east-1:000000000000:stream/orders
status          ACTIVE
mode            PROVISIONED
open shards     1
retention       24 h
created         INSTANT
consumers       0
maximum record  1024 KiB
encryption      NONE
";
    let (properties, tags) = described.split_at(described.find("tag ").unwrap());
    assert_eq!(properties, expected);
    assert_eq!(tags, "tag             empty=\ntag             team=a=b\n");

    let arn = "arn:aws:kinesis:us-east-1:000000000000:stream/orders";
    let described = document(&streams(&server, &["describe", arn, "--json"]));
    assert_eq!(described["StreamARN"], arn);
    assert_eq!(described["OpenShardCount"], 1);
    let expected = json!([{"Key": "empty", "Value": ""}, {"Key": "team", "Value": "a=b"}]);
    assert_eq!(described["Tags"], expected);
}

#[test]
fn document_when_asked_for_then_has_the_members_of_aws() {
    let server = server();
    let words = ["--json", "create", "orders", "--shards", "2", "--wait"];
    let created = document(&streams(&server, &words));
    assert_eq!(created["StreamName"], "orders");
    assert_eq!(created["StreamModeDetails"]["StreamMode"], "PROVISIONED");
    assert!(created["StreamCreationTimestamp"].is_number(), "{created}");
    assert_eq!(document(&streams(&server, &["--json"])), json!([created]));
    let scaled = document(&streams(
        &server,
        &["scale", "orders", "1", "--wait", "--json"],
    ));
    assert_eq!(scaled["OpenShardCount"], 1);
    let words = ["delete", "orders", "--yes", "--wait", "--json"];
    let expected = json!({"StreamName": "orders", "StreamStatus": "DELETED"});
    assert_eq!(document(&streams(&server, &words)), expected);
    assert_eq!(document(&streams(&server, &["--json"])), json!([]));
}

#[test]
fn scaling_when_it_takes_several_steps_then_they_are_said_and_made_if_they_may_be_waited_for() {
    let server = server();
    streams(&server, &["create", "orders", "--wait"]).done();
    let ran = streams(&server, &["scale", "orders", "5"]);
    let said = "from 1 to 5 shards takes 3 steps (2, 4, 5)";
    let line = ran.failed(2);
    assert!(
        line.starts_with(&format!("millstream: {said}. --wait ")),
        "{line}"
    );
    assert!(
        streams(&server, &[])
            .done()
            .contains("PROVISIONED       1 ")
    );

    let ran = streams(&server, &["scale", "orders", "5", "--wait"]);
    assert_eq!((ran.status.code(), ran.stderr.trim_end()), (Some(0), said));
    assert!(
        ran.text().contains("ACTIVE  PROVISIONED       5 "),
        "{}",
        ran.text()
    );
    let ran = streams(&server, &["scale", "orders", "5"]);
    assert!(ran.done().contains("PROVISIONED       5 "));
}

#[test]
fn deletion_when_nobody_can_be_asked_or_the_answer_is_no_then_does_not_happen() {
    let server = server();
    streams(&server, &["create", "orders", "--wait"]).done();
    let line = streams(&server, &["delete", "orders"]).failed(2).to_owned();
    let expected = "millstream: this asks first, and standard input is not a terminal. --yes does \
                    it without asking.";
    assert_eq!(line, expected);
    let delete = ["streams", "delete", "orders", "--wait"];
    for (answer, status, said) in [
        (
            "\n",
            1,
            "millstream: nothing was done: the answer was not yes.",
        ),
        ("yes\n", 0, "orders is DELETED"),
    ] {
        assert!(streams(&server, &[]).done().contains("orders"));
        let ran = Call::new(&delete)
            .to(&server)
            .run_on_screen_typing(200, answer);
        let question = "Delete the stream orders and all of its records? [y/N]";
        assert!(ran.text().contains(question), "{}", ran.text());
        assert!(ran.text().contains(said), "{}", ran.text());
        assert_eq!(ran.status.code(), Some(status));
    }
    assert!(!streams(&server, &[]).done().contains("orders"));
}

#[test]
fn stream_when_the_service_refuses_then_the_line_says_what_it_said() {
    let server = server();
    for (words, code) in [
        (&["describe", "nothing"][..], "ResourceNotFoundException"),
        (&["delete", "nothing", "--yes"], "ResourceNotFoundException"),
        (&["scale", "nothing", "2"], "ResourceNotFoundException"),
        (&["create", "or ders"], "ValidationException"),
    ] {
        let ran = streams(&server, words);
        let line = ran.failed(1);
        assert!(line.starts_with(&format!("millstream: {code}: ")), "{line}");
    }
    for words in [
        &["create", "orders", "--shards", "0"][..],
        &["create", "orders", "--shards", "2", "--on-demand"],
        &["create", "orders", "--tag", "team"],
        &["scale", "orders", "many"],
    ] {
        assert_eq!(streams(&server, words).status.code(), Some(2), "{words:?}");
    }
}
