//! `millstream bench`.

use crate::call::{Call, Ran};
use crate::records::client;
use crate::server::{Server, server, server_with};
use rustix::process::Signal;
use serde_json::Value;

/// A load on a server, with its own words.
fn bench(server: &Server, words: &[&str]) -> Call {
    Call::new(&[&["bench"], words].concat()).to(server)
}

/// The document of a load whose result is good.
fn document(ran: &Ran) -> Value {
    serde_json::from_str(ran.done()).unwrap()
}

/// The names of the streams of a server.
async fn streams(server: &Server) -> Vec<String> {
    let listed = client(server).list_streams().await.unwrap();
    listed.stream_names
}

/// Waits until a load has put something into the stream that it has made.
async fn under_load(server: &Server) -> String {
    let name = loop {
        let listed = streams(server).await;
        if let Some(name) = listed.into_iter().next() {
            break name;
        }
    };
    assert!(name.starts_with("millstream-bench-"), "{name}");
    let client = client(server);
    client.wait_until_stream_exists(&name).await.unwrap();
    while crate::records::records(&client, &name).await.is_empty() {}
    name
}

/// The sum of the counts of an array of objects.
fn sum(counted: &Value) -> u64 {
    let counted = counted.as_array().unwrap().iter();
    counted.map(|it| it["Count"].as_u64().unwrap()).sum()
}

/// Checks that the parts of a report make its sums.
fn check_sums(report: &Value) {
    let (requests, records) = (&report["Requests"], &report["Records"]);
    assert_eq!(requests["Failed"], sum(&requests["Errors"]), "{report}");
    assert_eq!(records["Refused"], sum(&records["Errors"]), "{report}");
    for (summary, count) in [
        (&report["LatencyMicros"], &requests["Succeeded"]),
        (&report["FailedLatencyMicros"], &requests["Failed"]),
    ] {
        if summary.is_null() {
            assert_eq!(*count, 0, "{report}");
            continue;
        }
        assert_eq!(summary["Count"], *count, "{report}");
        assert_eq!(sum(&summary["Buckets"]), *count, "{report}");
        let quantile = |name: &str| summary[name].as_u64().unwrap();
        let names = ["Min", "P50", "P90", "P99", "P99.9", "Max"];
        assert!(names.map(quantile).is_sorted(), "{report}");
    }
    let seconds = report["Seconds"].as_f64().unwrap();
    for (rate, count) in [("Requests", requests), ("Records", records)] {
        let rate = report["PerSecond"][rate].as_f64().unwrap();
        let count = count["Succeeded"].as_f64().unwrap();
        assert!((rate * seconds - count).abs() <= 1e-6 * count, "{report}");
    }
}

#[tokio::test]
async fn load_when_of_any_operation_then_counts_its_requests_and_leaves_no_stream() {
    let server = server_with(&["--limits", "off"]);
    for (operation, words, records) in [
        ("put-record", &["--protocol", "cbor"][..], Some(40)),
        ("put-records", &["--records", "7"], Some(280)),
        (
            "put-record",
            &["--http", "2", "--connections", "2"],
            Some(40),
        ),
        ("get-records", &["--fill", "30", "--records", "100"], None),
        ("end-to-end", &["--shards", "2"], Some(40)),
        ("end-to-end", &["--records", "3"], Some(120)),
        ("subscribe", &["--consumers", "2"], Some(40)),
    ] {
        let load = ["--operation", operation, "--requests", "40"];
        let load = [&load, words, &["--in-flight", "4", "--json"]].concat();
        let report = document(&bench(&server, &load).run());
        check_sums(&report);
        assert_eq!(report["Ended"], "Done");
        assert_eq!(report["Requests"]["Succeeded"], 40, "{report}");
        match records {
            Some(records) => assert_eq!(report["Records"]["Succeeded"], records, "{report}"),
            None => {
                // Each read has all of them, from the beginning on.
                assert_eq!(report["Records"]["Succeeded"], 40 * 30, "{report}");
            }
        }
        let copies = report["Parameters"]["Consumers"].as_u64().unwrap_or(1);
        match operation {
            "end-to-end" | "subscribe" => {
                let deliveries = &report["DeliveryMicros"];
                assert_eq!(deliveries["Count"], records.unwrap() * copies, "{report}");
                assert_eq!(report["MissingDeliveries"], 0);
            }
            _ => assert_eq!(report["DeliveryMicros"], Value::Null),
        }
        assert!(streams(&server).await.is_empty(), "{operation}");
    }
}

#[tokio::test]
async fn load_when_it_is_throttled_then_counts_by_code_and_its_result_is_good() {
    let server = server();
    // A shard takes a MiB a second.
    let load = ["--record-size", "900KiB", "--requests", "30", "--json"];
    let code = "ProvisionedThroughputExceededException";
    let one = bench(
        &server,
        &[&load[..], &["--operation", "put-record"]].concat(),
    );
    let report = document(&one.run());
    check_sums(&report);
    let requests = &report["Requests"];
    let succeeded = requests["Succeeded"].as_u64().unwrap();
    assert!((1..30).contains(&succeeded), "{report}");
    assert_eq!(requests["Failed"], 30 - succeeded);
    assert_eq!(requests["Errors"][0]["Code"], code);
    let first = requests["Errors"][0]["First"].as_str().unwrap();
    assert!(first.starts_with("Rate exceeded for shard "), "{first}");

    let load = ["--record-size", "300KiB", "--requests", "5", "--json"];
    let many = bench(
        &server,
        &[&load[..], &["--records", "10", "--in-flight", "1"]].concat(),
    );
    let report = document(&many.run());
    check_sums(&report);
    let (requests, records) = (&report["Requests"], &report["Records"]);
    let stored = records["Succeeded"].as_u64().unwrap();
    let refused = records["Refused"].as_u64().unwrap();
    assert_eq!(requests["Succeeded"], (stored + refused) / 10, "{report}");
    assert_eq!(records["Errors"][0]["Code"], code, "{report}");
    assert!(streams(&server).await.is_empty());
}

#[tokio::test]
async fn load_when_stopped_then_reports_what_it_measured_and_deletes_its_stream() {
    let server = server();
    let load = [
        "--operation",
        "put-record",
        "--duration",
        "1h",
        "--warm-up",
        "0s",
    ];
    let started = bench(&server, &[&load[..], &["--json"]].concat()).start();
    under_load(&server).await;
    started.signal(Signal::INT);
    let ran = started.end();
    assert_eq!((ran.status.code(), &*ran.stderr), (Some(130), ""));
    let report: Value = serde_json::from_str(ran.text()).unwrap();
    assert_eq!(report["Ended"], "Stopped");
    check_sums(&report);
    assert!(report["Requests"]["Succeeded"].as_u64() >= Some(1));
    assert!(streams(&server).await.is_empty());
}

#[tokio::test]
async fn stream_when_it_cannot_be_deleted_then_is_named_and_the_report_is_printed() {
    let server = server();
    let load = ["--operation", "put-record", "--duration", "1h", "--json"];
    let started = bench(&server, &load).start();
    let name = under_load(&server).await;
    drop(server);
    started.signal(Signal::INT);
    let ran = started.end();
    let line = ran.failed(130);
    let left = format!("millstream: the stream {name} may still be there: not sent: ");
    assert!(line.starts_with(&left), "{line}");
    let advice = format!("millstream streams delete {name} --enforce-consumer-deletion.");
    assert!(line.ends_with(&advice), "{line}");
    let report: Value = serde_json::from_str(ran.text()).unwrap();
    assert_eq!(report["Ended"], "Stopped");
    check_sums(&report);
}

#[tokio::test]
async fn stream_when_named_then_is_loaded_with_the_keys_asked_for_and_stays() {
    let server = server();
    let create = ["streams", "create", "orders", "--wait"];
    Call::new(&create).to(&server).run().done();
    let client = client(&server);
    client
        .put_record("orders", "other")
        .partition_key("other")
        .await
        .unwrap();
    let load = ["--stream", "orders", "--requests", "20", "--json"];
    let keyed = [
        "--operation",
        "end-to-end",
        "--keys",
        "3",
        "--record-size",
        "17",
    ];
    let report = document(&bench(&server, &[&load[..], &keyed].concat()).run());
    assert_eq!(report["DeliveryMicros"]["Count"], 20, "{report}");
    let pushed = ["--operation", "subscribe", "--hot-key", "100"];
    let report = document(&bench(&server, &[&load[..], &pushed].concat()).run());
    assert_eq!(report["DeliveryMicros"]["Count"], 20, "{report}");
    assert_eq!(streams(&server).await, ["orders"]);
    let records = crate::records::records(&client, "orders").await;
    assert_eq!(records.len(), 41);
    for (at, record) in records.iter().enumerate().skip(1) {
        let key = record.partition_key.as_deref().unwrap();
        let expected = match at {
            ..21 => ["key-0", "key-1", "key-2"].contains(&key) && record.data.len() == 17,
            _ => key == "hot" && record.data.len() == 1024,
        };
        assert!(expected, "{at}: {record:?}");
    }
    // The consumer that was pushed to is gone.
    let summary = client.describe_stream_summary("orders").await.unwrap();
    let consumers = summary.stream_description_summary.consumer_count;
    assert_eq!(consumers.unwrap_or(0), 0);
}

#[test]
fn load_when_on_a_terminal_then_is_drawn_as_it_grows_and_in_a_pipe_is_not() {
    let server = server();
    let load = ["--operation", "put-record", "--requests", "30"];
    let json = [&load[..], &["--json"]].concat();
    let call = bench(&server, &json).env("TERM", "xterm");
    let (ran, messages) = call.run_with_screen_for_messages(80);
    let report: Value = serde_json::from_str(ran.text()).unwrap();
    assert_eq!(report["Requests"]["Succeeded"], 30);
    for drawn in [
        "put-record [",
        "100 %",
        " requests/s  ",
        "0 requests failed, 0 records refused",
        "p99.9 ",
        "█",
    ] {
        assert!(messages.contains(drawn), "{drawn}: {messages}");
    }

    let ran = bench(&server, &load).run();
    let text = ran.done();
    assert!(text.is_ascii(), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("put-record: 1 x 1024 bytes, 16 in flight, 1 shard at http://"));
    let words = |line: &str| {
        line.split_whitespace()
            .take(2)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(
        [words(lines[3]), words(lines[4])],
        ["requests 30", "records 30"]
    );
    assert!(lines.iter().any(|line| line.contains(" - ##")), "{text}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the file of a report")]
fn run_when_compared_with_an_earlier_one_then_ratios_and_what_differs_are_shown() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("before.json");
    let path = file.to_str().unwrap();
    let load = ["--operation", "put-record", "--requests", "20"];
    let before = bench(&server, &[&load[..], &["--json"]].concat()).run();
    std::fs::write(&file, before.done()).unwrap();
    let compare = [&load[..], &["--compare", path, "--in-flight", "2"]].concat();
    let text = bench(&server, &compare).run();
    let text = text.done();
    let lines: Vec<&str> = text.lines().collect();
    let table = lines
        .iter()
        .position(|line| line.starts_with("COMPARED WITH "))
        .unwrap();
    assert!(lines[table + 1].starts_with("requests a second "), "{text}");
    assert!(text.contains("\nlatency p99.9 "), "{text}");
    assert!(
        text.ends_with("\nThe runs differ: InFlight is 2, was 16.\n"),
        "{text}"
    );

    let json = bench(&server, &[&compare[..], &["--json"]].concat()).run();
    let compared = &document(&json)["Compared"];
    assert_eq!(compared["Differing"][0]["Parameter"], "InFlight");
    let before: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let ratio = &compared["Ratios"][0];
    assert_eq!(ratio["Before"], before["PerSecond"]["Requests"]);
    let number = |name: &str| ratio[name].as_f64().unwrap();
    let ratio = number("Now") / number("Before");
    assert!((number("Ratio") / ratio - 1.0).abs() < 1e-9, "{compared}");

    std::fs::write(&file, "[]").unwrap();
    let ran = bench(&server, &compare).run();
    let line = ran.failed(1);
    assert!(
        line.contains("before.json is not the report of a run"),
        "{line}"
    );
}

#[tokio::test]
async fn load_when_it_cannot_be_carried_out_then_the_line_says_why_and_nothing_is_left() {
    let nobody = Call::new(&["bench", "http://127.0.0.1:1", "--requests", "1"]);
    let nobody = nobody.env("AWS_ACCESS_KEY_ID", "any");
    let ran = nobody.env("AWS_SECRET_ACCESS_KEY", "any").run();
    let line = ran.failed(1);
    assert!(line.contains("Connection refused"), "{line}");
    assert!(
        line.contains("Check whether the server is running"),
        "{line}"
    );

    let server = server();
    let refused = bench(
        &server,
        &["--record-size", "2MiB", "--records", "1", "--json"],
    )
    .run();
    let line = refused.failed(1);
    assert!(
        line.starts_with("millstream: ValidationException: "),
        "{line}"
    );
    let report: Value = serde_json::from_str(refused.text()).unwrap();
    assert_eq!(report["Ended"], "Failed");
    check_sums(&report);
    assert!(streams(&server).await.is_empty());

    let missing = bench(&server, &["--stream", "nothing", "--requests", "1"]).run();
    let line = missing.failed(1);
    assert!(
        line.starts_with("millstream: ResourceNotFoundException: "),
        "{line}"
    );
    for words in [
        &["--consumers", "2"][..],
        &["--stream", "orders", "--shards", "2"],
        &["http://127.0.0.1:1", "--endpoint-url", "http://127.0.0.1:2"],
        &["not-a-url"],
    ] {
        assert_eq!(
            bench(&server, words).run().status.code(),
            Some(2),
            "{words:?}"
        );
    }
}

#[test]
fn aws_when_it_would_be_loaded_then_a_person_is_asked_before() {
    let aws = || {
        let call = Call::new(&["bench", "--region", "eu-west-1", "--requests", "1"]);
        let call = call.env("AWS_ACCESS_KEY_ID", "any");
        call.env("AWS_SECRET_ACCESS_KEY", "any")
    };
    let ran = aws().run();
    let line = ran.failed(2);
    assert!(line.ends_with("--yes does it without asking."), "{line}");
    let ran = aws().run_on_screen_typing(100, "n\n");
    assert_eq!(ran.status.code(), Some(1));
    let question = "Load AWS (kinesis.eu-west-1.amazonaws.com)? Requests, records and shards cost \
                    money. [y/N]";
    assert!(ran.text().contains(question), "{}", ran.text());
    assert!(ran.text().contains("nothing was done"), "{}", ran.text());
}
