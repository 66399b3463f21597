//! `--plan`.

use super::{ALL, said, write};
use crate::call::{Call, Ran};
use crate::records::{client, put};
use crate::server::{Server, server_with};
use serde_json::Value;

fn server_of_three() -> Server {
    server_with(&[
        "--stream", "orders:4", "--stream", "copy:2", "--stream", "other:1", "--limits", "off",
    ])
}

fn run(server: &Server, words: &[&str]) -> Ran {
    let words = [&["mirror"], words].concat();
    Call::new(&words).to(server).run()
}

#[tokio::test]
async fn plan_when_asked_for_then_says_what_would_be_done_and_what_is_in_the_way() {
    let server = server_of_three();
    let client = client(&server);
    put(&client, "orders", 0..20).await;
    let retention = client.increase_stream_retention_period("orders", 48);
    retention.await.unwrap();
    let run = |words: &[&str]| run(&server, words);
    let ran = run(&["orders", "copy", "--plan"]);
    let plan = ran.done();
    for line in [
        "open shards     4 ",
        "maximum record  1.00 MiB ",
        "retention       48 h ",
        "shardId-000000000003  open   trim-horizon  shardId-000000000001\n",
        "warning: TO has 2 open shards, FROM has 4: TO takes 2 MiB and 2,000 records a second at \
         most\n",
        "warning: TO keeps records for 24 hours, FROM for 48\n",
    ] {
        assert!(plan.contains(line), "{line}\n{plan}");
    }
    assert!(!plan.contains("problem: "));
    let quiet = run(&["copy", "orders", "--plan"]);
    assert!(!quiet.done().contains("warning: "), "{quiet:?}");
    assert!(
        quiet
            .text()
            .contains("shardId-000000000000, shardId-000000000001\n")
    );

    let create = format!(
        "millstream: there is no stream missing at {}/. This makes it: millstream streams create \
         missing --shards 4 --wait.",
        server.url
    );
    for (words, line) in [
        (&["orders", "missing"][..], &*create),
        (
            &["missing", "copy"],
            "millstream: there is no stream missing at http",
        ),
        (
            &["orders", "orders"],
            "millstream: FROM and TO are the same stream, \
             arn:aws:kinesis:us-east-1:000000000000:stream/orders. Give another TO.",
        ),
    ] {
        for report in [&["--plan"][..], &["--plan", "--json"], &["--verify"], &[]] {
            let ran = run(&[words, report].concat());
            let found = ran.failed(1);
            assert!(found.starts_with(line), "{report:?} {found}");
        }
    }
}

#[tokio::test]
async fn plan_when_there_is_a_state_then_says_how_far_it_is_and_whether_it_belongs_here() {
    let server = server_of_three();
    let client = client(&server);
    put(&client, "orders", 0..20).await;
    let run = |words: &[&str]| run(&server, words);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let state = state.to_str().unwrap();
    said(&run(&["orders", "copy", "--state", state, ALL]));
    let ran = run(&["orders", "copy", "--state", state, "--plan", "--json"]);
    let plan: Value = serde_json::from_str(ran.done()).unwrap();
    assert_eq!(plan["From"]["Stream"]["StreamName"], "orders");
    assert_eq!(plan["To"]["Stream"]["OpenShardCount"], 2);
    assert_eq!(plan["Problems"], Value::Array(vec![]));
    assert_eq!(plan["Warnings"].as_array().unwrap().len(), 1);
    let shards = plan["Shards"].as_array().unwrap();
    assert_eq!(shards.len(), 4);
    let after = shards.iter().filter(|shard| {
        let from = shard["From"].as_str().unwrap();
        from.starts_with("after 49")
    });
    assert!(after.count() > 1, "{plan}");
    assert_eq!(
        shards[3]["Into"],
        serde_json::json!(["shardId-000000000001"])
    );
    for words in [["orders", "other"], ["other", "copy"]] {
        let ran = run(&[&words[..], &["--state", state, "--plan"]].concat());
        let found = ran.failed(1);
        assert!(found.contains("the state is of the stream arn:"), "{found}");
        assert!(
            ran.text()
                .contains("problem: the state is of the stream arn:")
        );
    }
    // Another stream of that name is not the one that was mirrored into.
    client.delete_stream("copy").await.unwrap();
    client.wait_until_stream_not_exists("copy").await.unwrap();
    client.create_stream("copy").shard_count(1).await.unwrap();
    client.wait_until_stream_exists("copy").await.unwrap();
    let ran = run(&["orders", "copy", "--state", state]);
    assert!(
        ran.failed(1)
            .contains("the state is of an earlier stream of that name")
    );
}

#[tokio::test]
async fn state_when_its_record_or_its_shard_has_expired_then_a_gap_is_said() {
    let server = server_of_three();
    let client = client(&server);
    put(&client, "orders", 0..20).await;
    let run = |words: &[&str]| run(&server, words);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let flags = ["orders", "copy", "--state", path.to_str().unwrap()];
    said(&run(&[&flags[..], &[ALL]].concat()));
    assert!(
        !run(&[&flags[..], &["--plan"]].concat())
            .done()
            .contains("expired")
    );

    // A number of the shard that no record has, as if its record had expired.
    let text = std::fs::read_to_string(&path).unwrap();
    let mut state: Value = serde_json::from_str(&text).unwrap();
    let shards = client.list_shards("orders").pages().all().await.unwrap();
    let number = &shards[0].sequence_number_range.starting_sequence_number;
    let (kept, gone) = (&shards[0].shard_id, "shardId-000000000099");
    state["Shards"][kept]["SequenceNumber"] = number.as_str().into();
    state["Shards"][gone] = serde_json::json!({"SequenceNumber": null, "Ended": false});
    write(&path, &state.to_string());
    let warnings = [
        format!("the record {number} of {kept} has expired; others behind it may be missing in TO"),
        format!("{gone} has expired; the rest of it may be missing in TO"),
    ];
    let plan = run(&[&flags[..], &["--plan"]].concat());
    let copied = run(&[&flags[..], &[ALL]].concat());
    for warning in warnings {
        let line = format!("warning: {warning}\n");
        assert!(plan.done().contains(&line), "{plan:?}");
        assert!(copied.stderr.contains(&line), "{copied:?}");
    }
    let state = std::fs::read_to_string(&path).unwrap();
    assert!(!state.contains(gone), "{state}");
}
