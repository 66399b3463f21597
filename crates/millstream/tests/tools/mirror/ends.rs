//! How a mirror ends, and how the next run goes on.

use super::{ALL, expected, mirror, numbers, said, servers, until_stored};
use crate::records::{client, put, records, split};
use crate::server::server_with;
use rustix::process::Signal;
use serde_json::Value;

#[tokio::test]
async fn mirror_when_shards_change_and_it_is_stopped_then_stores_each_record_once_in_order() {
    for fan_out in [&[][..], &["--fan-out"]] {
        let [from, to] = servers(2, 3);
        let (source, target) = (client(&from), client(&to));
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let flags = [&["--state", state.to_str().unwrap()], fan_out].concat();
        put(&source, "orders", 0..100).await;
        let running = mirror(&from, &to, &flags).start();
        put(&source, "orders", 100..200).await;
        split(&source, "orders").await;
        put(&source, "orders", 200..300).await;
        until_stored(&target, "copy", 300).await;
        running.signal(Signal::INT);
        let ran = running.end();
        assert_eq!(ran.status.code(), Some(130), "{}", ran.stderr);
        let expected_line = "stopped: 300 records mirrored, 790 bytes, 4 shards into 3, begun at \
                             trim-horizon\n";
        assert_eq!(ran.stderr, expected_line);

        let shards = source.list_shards("orders").pages().all().await.unwrap();
        let [.., left, right] = shards.as_slice() else {
            panic!("{shards:?}");
        };
        let merge = source.merge_shards("orders", &left.shard_id, &right.shard_id);
        merge.await.unwrap();
        source.wait_until_stream_exists("orders").await.unwrap();
        put(&source, "orders", 300..400).await;
        let all = [&flags[..], &[ALL]].concat();
        let ran = mirror(&from, &to, &all).run();
        assert!(said(&ran).starts_with("100 records mirrored, "), "{ran:?}");
        assert!(said(&ran).ends_with(", gone on where the state was"));
        let ran = mirror(&from, &to, &all).run();
        assert!(said(&ran).starts_with("0 records mirrored, "), "{ran:?}");
        let found = records(&target, "copy").await;
        assert_eq!(numbers(&found), expected(400));
        let ran = mirror(&from, &to, &["--verify", "--state", flags[1]]).run();
        let equal = "400 records of 8 keys compared with 400 in TO: 0 missing, 0 out of order, 0 \
                     repeated, 0 additional, 0 earlier";
        assert_eq!(said(&ran), equal);
    }
}

#[tokio::test]
async fn mirror_when_killed_then_the_next_run_leaves_nothing_out_and_repeats_little() {
    let [from, to] = servers(2, 2);
    let (source, target) = (client(&from), client(&to));
    put(&source, "orders", 0..12_000).await;
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let state = state.to_str().unwrap();
    for stored in [500, 1700] {
        // Much more is read than is stored yet.
        let running = mirror(&from, &to, &["--state", state]).start();
        until_stored(&target, "copy", stored).await;
        running.signal(Signal::KILL);
        assert_eq!(running.end().status.code(), None);
    }
    let ran = mirror(&from, &to, &["--state", state, ALL]).run();
    assert!(
        said(&ran).ends_with(", gone on where the state was"),
        "{ran:?}"
    );
    let found = numbers(&records(&target, "copy").await);
    for (key, expected) in expected(12_000) {
        let mut once = found[&key].clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once, expected, "{key}");
    }
    let ran = mirror(&from, &to, &["--verify", "--json"]).run();
    let found: Value = serde_json::from_str(ran.text()).unwrap();
    assert_eq!(
        (ran.status.code(), &found["FromRecords"]),
        (Some(0), &12_000.into())
    );
    let repeated = found["Repeated"]["Count"].as_u64().unwrap();
    assert!(repeated < 12_000, "{repeated}");
    assert_eq!(found["ToRecords"], 12_000 + repeated);
}

#[tokio::test]
async fn record_when_it_is_given_up_then_ends_the_mirror_and_nothing_of_its_key_is_behind_it() {
    let from = server_with(&["--stream", "orders:4", "--limits", "off"]);
    // A shard takes 1 MiB a second.
    let to = server_with(&["--stream", "copy"]);
    let (source, target) = (client(&from), client(&to));
    for number in 0..64 {
        let put = source.put_record("orders", format!("{number:65000}"));
        put.partition_key(format!("key-{}", number % 8))
            .await
            .unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let state = state.to_str().unwrap();
    let flags = ["--state", state, ALL, "--retry-for", "0s"];
    let ran = mirror(&from, &to, &flags).run();
    assert_eq!(ran.status.code(), Some(1), "{}", ran.stderr);
    let last = ran.stderr.lines().last().unwrap();
    assert!(
        last.starts_with("millstream: stopped at the record "),
        "{last}"
    );
    assert!(
        last.contains(", not stored: ProvisionedThroughputExceededException: "),
        "{last}"
    );
    let complete = expected(64);
    for (key, found) in numbers(&records(&target, "copy").await) {
        assert!(complete[&key].starts_with(&found), "{key}");
    }
    let ran = mirror(&from, &to, &["--state", state, ALL]).run();
    said(&ran);
    let ran = mirror(&from, &to, &["--verify"]).run();
    let counts = said(&ran);
    assert!(
        counts.starts_with("64 records of 8 keys compared with ")
            && counts.contains(": 0 missing, 0 out of order, "),
        "{counts}"
    );
}

#[tokio::test]
async fn mirror_when_it_begins_late_then_has_what_comes_from_there_on_in_later_runs_too() {
    let [from, to] = servers(2, 1);
    let (source, target) = (client(&from), client(&to));
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let state = state.to_str().unwrap();
    put(&source, "orders", 0..16).await;
    let flags = ["--from", "latest", "--state", state, ALL];
    let ran = mirror(&from, &to, &flags).run();
    assert_eq!(
        said(&ran),
        "0 records mirrored, 0 bytes, 0 shards into 0, begun at latest"
    );
    // Nothing is known yet of either shard.
    put(&source, "orders", 16..32).await;
    let ran = mirror(&from, &to, &flags).run();
    assert!(said(&ran).starts_with("16 records mirrored, 32 bytes, 2 shards into 1, gone on"));
    let mut found: Vec<u32> = numbers(&records(&target, "copy").await)
        .into_values()
        .flatten()
        .collect();
    found.sort_unstable();
    assert_eq!(found, (16..32).collect::<Vec<u32>>());
    let ran = mirror(&from, &to, &["--verify", "--state", state]).run();
    assert!(said(&ran).starts_with("16 records of 8 keys compared with 16 in TO: 0 missing"));
}

#[tokio::test]
async fn record_when_too_large_for_the_target_then_those_of_its_key_behind_it_are_not_stored() {
    let [from, to] = servers(1, 1);
    let (source, target) = (client(&from), client(&to));
    let summary = source.describe_stream_summary("orders").await.unwrap();
    let arn = summary.stream_description_summary.stream_arn;
    let resize = source.update_max_record_size(arn, 2048);
    resize.await.unwrap();
    source.wait_until_stream_exists("orders").await.unwrap();
    for number in 0..32 {
        // The second of the first key.
        let padding = if number == 8 { 1_500_000 } else { 0 };
        let data = format!("{number}{}", " ".repeat(padding));
        let put = source.put_record("orders", data);
        let key = format!("key-{}", number % 8);
        put.partition_key(key).await.unwrap();
    }
    let ran = mirror(&from, &to, &["--plan"]).run();
    let warning = "warning: TO takes records of 1.00 MiB, FROM of 2.00 MiB: a larger one ends the \
                   mirror\n";
    assert!(ran.done().contains(warning), "{ran:?}");
    let ran = mirror(&from, &to, &[ALL]).run();
    assert_eq!(ran.status.code(), Some(1), "{}", ran.stderr);
    let last = ran.stderr.lines().last().unwrap();
    assert!(
        last.contains(", not stored: ValidationException: "),
        "{last}"
    );
    let found = numbers(&records(&target, "copy").await);
    assert_eq!(found["key-0"], [0]);
    let complete = expected(32);
    for (key, found) in found {
        assert!(complete[&key].starts_with(&found), "{key}");
    }
}
