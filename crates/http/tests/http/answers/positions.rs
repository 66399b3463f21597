//! Where readers start: sequence numbers of every layout, the last of a shard, and what goes with
//! which type.

use super::*;

/// A number of the oldest layout whose date is the largest that it takes.
const LAST_OLDEST: &str = "26227199374821822965252748908982894592";
/// 2^124 and more of a number of the oldest layout, whose date is one second too late.
const TOO_LATE: &str = "26227199374822427428162556223570313216";
/// The same without bit 124.
const TOO_LATE_UNSET: &str = "4959551442263773461701643259084800000";
/// A number of version 1, of a stream of 2014, of its shard 0.
const VERSION_1: &str = "49537979178794861780081237450294896636708704732336619521";
/// Numbers of version 1 and of version 2, of a shard 0 that is created in second 16025175000.
const FAR_1: &str = "54757830818698251126701659333928097181345247317440069633";
const FAR_2: &str = "54757830818698251126701659333928097181345247317440069634";

fn at(kind: &str, shard: &str, number: &str) -> String {
    format!(
        r#"{{"StreamName":"s","ShardId":"{shard}","ShardIteratorType":"{kind}",
            "StartingSequenceNumber":"{number}"}}"#
    )
}

/// Registers a consumer of stream `s` and tells its ARN.
async fn consumer(server: &Server) -> String {
    let register = format!(r#"{{"StreamARN":"{ARN}","ConsumerName":"c"}}"#);
    let registered = server.ok("RegisterStreamConsumer", &register).await;
    member(&registered, "ConsumerARN").to_owned()
}

fn subscribe(consumer: &str, kind: &str, shard: &str, more: &str) -> String {
    format!(
        r#"{{"ConsumerARN":"{consumer}","ShardId":"{shard}","StartingPosition":
            {{"Type":"{kind}"{more}}}}}"#
    )
}

/// What `operation` says of a number that was given to it for shard 0.
fn used(operation: &str, number: &str, why: &str) -> String {
    format!(
        "StartingSequenceNumber {number} used in {operation} on shard shardId-000000000000 in \
         stream s under account {ACCOUNT} is invalid{why}."
    )
}

fn encodes(shard: &str, used: &str) -> String {
    format!(
        "Invalid StartingSequenceNumber. It encodes shardId-{shard}, while it was used in a call to \
         a shard with shardId-{used}"
    )
}

#[tokio::test]
async fn number_when_of_an_older_layout_then_is_refused_for_what_it_says() {
    let server = Server::with_stream(3).await;
    let foreign = " because it did not come from this stream";
    // Hexadecimal 2000…0800000002: bit 31 of the shard; 2000…0008…2: the highest of the counter.
    let negative = "49039857307708443467467104868809893875799651944235008002";
    let counter = "49039857307719593840066370180380661734935976090628259842";
    let version_3 = "49039857307708443467467104868809893875799651909875269635";
    let consumer = consumer(&server).await;
    for kind in ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"] {
        for operation in ["GetShardIterator", "SubscribeToShard"] {
            let used = |number: &str, why| used(operation, number, why);
            let request = |shard, number: &str| match operation {
                "GetShardIterator" => at(kind, shard, number),
                _ => {
                    let member = format!(r#","SequenceNumber":"{number}""#);
                    subscribe(&consumer, kind, shard, &member)
                }
            };
            for (shard, number, text) in [
                ("0", "5", encodes("000000000005", "000000000000")),
                ("0", "65537", encodes("000000000001", "000000000000")),
                ("1", "0", encodes("000000000000", "000000000001")),
                ("0", negative, encodes("-02147483648", "000000000000")),
                ("0", TOO_LATE, used(TOO_LATE, "")),
                ("0", TOO_LATE_UNSET, used(TOO_LATE_UNSET, "")),
                ("0", counter, used(counter, "")),
                ("0", version_3, used(version_3, "")),
                ("0", &"9".repeat(60), used(&"9".repeat(60), "")),
                ("0", VERSION_1, used(VERSION_1, foreign)),
                ("0", FAR_1, used(FAR_1, foreign)),
                ("0", FAR_2, used(FAR_2, foreign)),
                // The oldest layout is printed with bit 124 and none above it.
                (
                    "0",
                    "65536",
                    used("21267647932558653966460912964485578752", foreign),
                ),
                (
                    "2",
                    "425352958651173072921826052383309826",
                    used("21693000891209827039382739016868823042", foreign)
                        .replace("shardId-000000000000", "shardId-000000000002"),
                ),
                ("0", LAST_OLDEST, used(LAST_OLDEST, foreign)),
                (
                    "0",
                    "323974270430642978495705530411780079616",
                    used(LAST_OLDEST, foreign),
                ),
                (
                    "0",
                    "4959551442263168998791835944497381376",
                    used(LAST_OLDEST, foreign),
                ),
            ] {
                let body = request(shard, number);
                server
                    .check(&[(operation, &body, Err((ARGUMENT, &text)))])
                    .await;
            }
            let zero = server.call(operation, &request("0", "0")).await;
            assert_eq!(zero, error("InternalFailure", ""), "as AWS fails on it");
        }
    }
}

#[tokio::test]
async fn number_when_the_last_of_a_shard_then_nothing_comes_after_it() {
    let server = Server::with_stream(1).await;
    let split = r#"{"StreamName":"s","ShardToSplit":"0","NewStartingHashKey":"7"}"#;
    server.ok("SplitShard", split).await;
    let listed = server.ok("ListShards", r#"{"StreamName":"s"}"#).await;
    let last = member(&listed, "EndingSequenceNumber");
    let text = "Invalid SequenceNumber for ShardIteratorType AFTER_SEQUENCE_NUMBER, SequenceNumber \
                has reached max possible value for the shard.";
    let after = at("AFTER_SEQUENCE_NUMBER", "0", last);
    let subscribe = subscribe(
        &consumer(&server).await,
        "AFTER_SEQUENCE_NUMBER",
        "0",
        &format!(r#","SequenceNumber":"{last}""#),
    );
    server
        .check(&[
            ("GetShardIterator", &after, Err((ARGUMENT, text))),
            ("SubscribeToShard", &subscribe, Err((ARGUMENT, text))),
            // At it there is the end.
            (
                "GetShardIterator",
                &at("AT_SEQUENCE_NUMBER", "0", last),
                Ok("ShardIterator"),
            ),
        ])
        .await;
    // The first number of a shard has all behind it.
    let first = members(&listed, "StartingSequenceNumber")[0];
    let after = at("AFTER_SEQUENCE_NUMBER", "0", first);
    server
        .check(&[("GetShardIterator", &after, Ok("ShardIterator"))])
        .await;
}

#[tokio::test]
async fn iterator_when_its_stream_was_made_anew_then_reads_that_from_its_start() {
    let server = Server::slow(Limits::Off).await;
    server.create("s", 2).await;
    server.pass(10);
    let iterator = async |shard: &str, kind: &str| {
        let body =
            format!(r#"{{"StreamName":"s","ShardId":"{shard}","ShardIteratorType":"{kind}"}}"#);
        let opened = server.ok("GetShardIterator", &body).await;
        format!(
            r#"{{"ShardIterator":"{}"}}"#,
            member(&opened, "ShardIterator")
        )
    };
    let put = |data: &str| {
        format!(r#"{{"StreamName":"s","PartitionKey":"k","ExplicitHashKey":"0","Data":"{data}"}}"#)
    };
    server.ok("PutRecord", &put("AAAA")).await;
    let (latest, horizon) = (
        iterator("0", "LATEST").await,
        iterator("0", "TRIM_HORIZON").await,
    );
    let of_second = iterator("1", "LATEST").await;
    let missing = |shard: &str| {
        format!(
            "Shard shardId-00000000000{shard} in stream s under account {ACCOUNT} does not exist"
        )
    };
    let none = async || {
        for iterator in [&latest, &horizon] {
            let answer = server.call("GetRecords", iterator).await;
            assert_eq!(answer, error(NOT_FOUND, missing("0")));
        }
    };
    server.ok("DeleteStream", r#"{"StreamName":"s"}"#).await;
    server.pass(10);
    until_gone(&server).await;
    none().await;
    server.create("s", 1).await;
    // It has no shards yet.
    none().await;
    server.pass(10);
    for data in ["BBBB", "CCCC"] {
        server.ok("PutRecord", &put(data)).await;
    }
    for iterator in [&latest, &horizon] {
        let read = server.ok("GetRecords", iterator).await;
        assert_eq!(members(&read, "Data"), ["BBBB", "CCCC"]);
        let next = member(&read, "NextShardIterator");
        let next = format!(r#"{{"ShardIterator":"{next}"}}"#);
        let read = server.ok("GetRecords", &next).await;
        assert!(members(&read, "Data").is_empty(), "{read}");
    }
    let answer = server.call("GetRecords", &of_second).await;
    assert_eq!(answer, error(NOT_FOUND, missing("1")));
}

/// Lets the deletion of stream `s`, whose time has come, end in the background.
async fn until_gone(server: &Server) {
    for _ in 0..10_000 {
        let summary = server.call("DescribeStreamSummary", r#"{"StreamName":"s"}"#);
        if summary.await.is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it is still there");
}

/// What is said of a position's members where no limits hold: nothing, that a number is missing or
/// one too many, or that the time is missing or ahead.
#[derive(Clone, Copy, Debug)]
enum Said {
    Nothing,
    NoNumber,
    AlsoANumber,
    NoTime,
    TimeAhead,
}

#[tokio::test]
async fn position_when_of_any_type_with_any_members_then_is_told_which_contradict() {
    use Said::{AlsoANumber, NoNumber, NoTime, Nothing, TimeAhead};
    let server = Server::with_stream(1).await;
    let consumer = consumer(&server).await;
    let listed = server.ok("ListShards", r#"{"StreamName":"s"}"#).await;
    let own = member(&listed, "StartingSequenceNumber");
    let ahead_ms = START.0 + 1_000_000;
    let ahead = format!("{}", ahead_ms / 1_000);
    // Without a time, with one, and with one that is ahead; first without a number, then with one.
    for (kind, without, with) in [
        ("TRIM_HORIZON", [Nothing; 3], [AlsoANumber; 3]),
        ("LATEST", [Nothing; 3], [AlsoANumber; 3]),
        ("AT_SEQUENCE_NUMBER", [NoNumber; 3], [Nothing; 3]),
        ("AFTER_SEQUENCE_NUMBER", [NoNumber; 3], [Nothing; 3]),
        (
            "AT_TIMESTAMP",
            [NoTime, Nothing, TimeAhead],
            [NoTime, Nothing, TimeAhead],
        ),
    ] {
        for (number, said) in [(None, without), (Some(own), with)] {
            let times = [None, Some("1"), Some(ahead.as_str())];
            for (time, said) in times.into_iter().zip(said) {
                let number_or_type = |presence| {
                    format!(
                        "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and \
                         StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no \
                         StartingSequenceNumber. Request specified {kind} and {presence} \
                         StartingSequenceNumber."
                    )
                };
                let (code, text) = match said {
                    Nothing => ("DryRunOperationException", DRY_RUN.to_owned()),
                    NoNumber => (ARGUMENT, number_or_type("no")),
                    AlsoANumber => (ARGUMENT, number_or_type("also a")),
                    NoTime => (ARGUMENT, NO_TIME.to_owned()),
                    TimeAhead => (ARGUMENT, time_ahead(ahead_ms)),
                };
                let time = time.map_or(String::new(), |s| format!(r#","Timestamp":{s}"#));
                let more = |name: &str| {
                    let number = number.map(|digits| format!(r#","{name}":"{digits}""#));
                    number.unwrap_or_default() + &time
                };
                let iterator = format!(
                    r#"{{"StreamName":"s","ShardId":"0","DryRun":true,"ShardIteratorType":"{kind}"{}}}"#,
                    more("StartingSequenceNumber")
                );
                let subscribe = subscribe(&consumer, kind, "0", &more("SequenceNumber")).replacen(
                    '{',
                    r#"{"DryRun":true,"#,
                    1,
                );
                server
                    .check(&[
                        ("GetShardIterator", &iterator, Err((code, &text))),
                        ("SubscribeToShard", &subscribe, Err((code, &text))),
                    ])
                    .await;
            }
        }
    }
}

const DRY_RUN: &str = "The request was rejected because the DryRun parameter was specified.";
const NO_TIME: &str = "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. \
                       Current request has no timestamp parameter.";

fn time_ahead(ms: u64) -> String {
    format!(
        "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. \
         timestampInMillis: {ms}, currentTimestampInMillis: {}",
        START.0
    )
}
