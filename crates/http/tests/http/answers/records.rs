//! Records: their sizes, a call's size, numbers for ordering, and budgets.

use super::*;

pub const KIB: usize = 1024;

/// A blob of so many bytes in JSON.
pub fn blob(bytes: usize) -> String {
    let rest = ["", "AA==", "AAA="][bytes % 3];
    "AAAA".repeat(bytes / 3) + rest
}

pub fn put(bytes: usize, more: &str) -> String {
    let data = blob(bytes);
    format!(r#"{{"StreamName":"s","PartitionKey":"key","Data":"{data}"{more}}}"#)
}

/// A call with records of these sizes, each with a key of three bytes.
fn put_all(sizes: &[usize], more: &str) -> String {
    let record = |size: &usize| {
        let data = blob(*size);
        format!(r#"{{"PartitionKey":"key","Data":"{data}"{more}}}"#)
    };
    let records: Vec<String> = sizes.iter().map(record).collect();
    format!(r#"{{"StreamName":"s","Records":[{}]}}"#, records.join(","))
}

pub fn too_long(path: &str, max: usize) -> String {
    format!(
        "Value at '{path}' failed to satisfy constraint: Member must have length less than or equal \
         to {max}"
    )
}

pub fn one_of(path: &str, max: usize) -> String {
    format!("1 validation error detected: {}", too_long(path, max))
}

#[tokio::test]
async fn record_when_larger_than_its_stream_takes_then_is_told_as_a_constraint() {
    for kib in [1024, 1025, 2048, 10_240] {
        let server = Server::without_limits().await;
        let create = format!(r#"{{"StreamName":"s","ShardCount":1,"MaxRecordSizeInKiB":{kib}}}"#);
        server.ok("CreateStream", &create).await;
        let max = kib * KIB;
        server.ok("PutRecord", &put(max - 3, "")).await;
        // Its key counts as well.
        let alone = one_of("data", max);
        let among = one_of("records.2.member.data", max);
        let bytes = max - 2;
        server
            .check(&[
                ("PutRecord", &put(bytes, ""), Err((VALIDATION, &alone))),
                (
                    "PutRecords",
                    &put_all(&[1, bytes, 1], ""),
                    Err((VALIDATION, &among)),
                ),
            ])
            .await;
        if kib < 10_240 {
            server
                .ok("PutRecords", &put_all(&[1, max - 3, 1], ""))
                .await;
        }
    }
}

#[tokio::test]
async fn records_when_several_are_too_large_then_up_to_ten_are_told_with_their_places() {
    let server = Server::with_stream(1).await;
    let max = 1024 * KIB;
    let two = format!(
        "2 validation errors detected: {}; {}",
        too_long("records.1.member.data", max),
        too_long("records.3.member.data", max)
    );
    let places = (1..=10).map(|place| too_long(&format!("records.{place}.member.data"), max));
    let items: Vec<String> = places.collect();
    let ten = format!("10 validation errors detected: {}", items.join("; "));
    server
        .check(&[
            (
                "PutRecords",
                &put_all(&[max, 1, max], ""),
                Err((VALIDATION, &two)),
            ),
            (
                "PutRecords",
                &put_all(&[max; 12], ""),
                Err((VALIDATION, &ten)),
            ),
        ])
        .await;
}

#[tokio::test]
async fn record_when_too_large_and_wrong_otherwise_then_its_size_comes_first() {
    let server = Server::with_stream(1).await;
    let max = 1024 * KIB;
    let no_key = r#","ExplicitHashKey":"340282366920938463463374607431768211456""#;
    let small_no_key = "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. \
                        Specified value was 340282366920938463463374607431768211456";
    let (alone, last) = (one_of("data", max), one_of("records.2.member.data", max));
    server
        .check(&[
            ("PutRecord", &put(max, no_key), Err((VALIDATION, &alone))),
            ("PutRecord", &put(1, no_key), Err((ARGUMENT, small_no_key))),
            (
                "PutRecords",
                &put_all(&[1, max], no_key),
                Err((VALIDATION, &last)),
            ),
            (
                "PutRecords",
                &put_all(&[1, 1], no_key),
                Err((ARGUMENT, small_no_key)),
            ),
        ])
        .await;
}

#[tokio::test]
async fn call_when_its_records_have_more_than_ten_mebibytes_then_is_refused_as_a_whole() {
    let server = Server::with_stream(1).await;
    let largest = 1024 * KIB - 3;
    server.ok("PutRecords", &put_all(&[largest; 10], "")).await;
    let sizes = [&[largest; 10][..], &[0]].concat();
    let text = "Records size exceeds 10 MB limit";
    server
        .check(&[("PutRecords", &put_all(&sizes, ""), Err((ARGUMENT, text)))])
        .await;
}

#[tokio::test]
async fn number_for_ordering_when_well_formed_and_not_ahead_then_is_taken() {
    let server = Server::with_stream(1).await;
    let own = server.ok("PutRecord", &put(1, "")).await;
    let own = member(&own, "SequenceNumber").to_owned();
    for number in [
        own.as_str(),
        // Zero and others of the oldest layout; version 1; version 2 of another stream, also with
        // nothing but its fixed digits, and with a shard below zero.
        "0",
        "5",
        "425352958651173072921826052383309826",
        "49537979178794861780081237450294896636708704732336619521",
        "49590338271490256608559692538361571095921575989136588898",
        "49039857307708443467467104868809893875799651909875269634",
        "49039857307708443467467104868809893875799651944235008002",
        // The shard is created in 2477 or later, which says nothing about the record: of the oldest
        // layout the largest second that it takes, of version 1 and 2 the first above and the
        // largest of all.
        "26227199374821822965252748908982894592",
        "54757830818698251126701659333928097181345247317440069633",
        "54757830818698251126701659333928097181345247317440069634",
        "73559785961205853278024167332950269321337104080717217793",
        "73559785961551514828601391991642864028743539089244946418",
    ] {
        let body = put(1, &format!(r#","SequenceNumberForOrdering":"{number}""#));
        server.ok("PutRecord", &body).await;
    }
    for number in [
        "9".repeat(60),
        // Its version is 0, 3; of the oldest layout, created in a second that is too large; arrived
        // in a second, in the largest of version 1.
        "49039857307708443467467104868809893875799651909875269632".to_owned(),
        "49039857307708443467467104868809893875799651909875269635".to_owned(),
        "26227199374822427428162556223570313216".to_owned(),
        later(&own, 1),
        "49039857307708530579753035361405940271469752945834196993".to_owned(),
    ] {
        let body = put(1, &format!(r#","SequenceNumberForOrdering":"{number}""#));
        let text = format!(
            "ExclusiveMinimumSequenceNumber {number} used in PutRecord on stream s under account \
             {ACCOUNT} is invalid."
        );
        server
            .check(&[("PutRecord", &body, Err((ARGUMENT, &text)))])
            .await;
    }
    server.pass(1);
    let body = put(
        1,
        &format!(r#","SequenceNumberForOrdering":"{}""#, later(&own, 1)),
    );
    server.ok("PutRecord", &body).await;
}

/// The number that would have been issued so many seconds later, for a record that never was.
fn later(number: &str, seconds: u64) -> String {
    let number: millstream_model::SequenceNumber = number.parse().unwrap();
    let later = millstream_model::SequenceNumber {
        counter: number.counter + 1_000,
        arrival_s: number.arrival_s + seconds,
        ..number
    };
    later.to_string()
}

#[tokio::test]
async fn shard_when_read_too_often_then_says_it_in_other_words_than_to_writers() {
    let server = Server::new(Settings::default()).await;
    server.create("s", 1).await;
    let iterator = r#"{"StreamName":"s","ShardId":"0","ShardIteratorType":"LATEST"}"#;
    let opened = server.ok("GetShardIterator", iterator).await;
    let get = format!(
        r#"{{"ShardIterator":"{}"}}"#,
        member(&opened, "ShardIterator")
    );
    for _ in 0..5 {
        server.ok("GetRecords", &get).await;
    }
    let exceeded = "ProvisionedThroughputExceededException";
    let reading = "Rate exceeded for Shard - 111111111111/s/shardId-000000000000";
    let writing =
        "Rate exceeded for shard shardId-000000000000 in stream s under account 111111111111.";
    server
        .check(&[("GetRecords", &get, Err((exceeded, reading)))])
        .await;
    for _ in 0..2 {
        server.call("PutRecord", &put(1000 * KIB, "")).await.ok();
    }
    server
        .check(&[
            ("PutRecord", &put(1000 * KIB, ""), Err((exceeded, writing))),
            ("PutRecords", &put_all(&[1000 * KIB], ""), Ok(writing)),
        ])
        .await;
}
