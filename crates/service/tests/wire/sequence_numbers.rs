//! Sequence numbers of any layout and of none, given to every operation that takes one, in JSON and
//! in CBOR. What is to be answered is computed from the bits of the number.

mod bits;

use crate::caller::Server;
use crate::value::Value;
use bits::Bits;
use millstream_protocol::{Error, ErrorCode, Protocol};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

const STREAM: &str = "in stream s under account 000000000000";
const CONSUMER: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:1767225600";
/// The server's time, which stands still.
const NOW_S: u64 = 1_767_225_600;
/// The first creation second that the oldest layout does not take.
const OLDEST_TOO_LATE_S: u64 = 16_025_175_000;
const COUNTER_CLOSED: u64 = (1 << 63) - 1;
/// The server's stream has two shards, without records.
const SHARD: u64 = 1;
const SHARDS: u64 = 2;

/// What a number says, unless it is none.
struct Said {
    /// The newer layouts have 32 bits for it, with a sign.
    shard: i64,
    arrival_s: Option<u64>,
    /// How it is shown where it is said to be of another stream.
    shown: String,
}

fn said(number: &Bits) -> Option<Said> {
    if number.is_below_two_to(129) {
        let low = Bits(number.0.iter().copied().take(124).collect());
        let shown = Bits::of(&[(low.field(0, 62), 62), (low.field(62, 62), 62), (1, 1)]);
        return (number.field(88, 36) < OLDEST_TOO_LATE_S).then(|| Said {
            shard: number.field(0, 16) as i64,
            arrival_s: None,
            shown: shown.to_decimal(),
        });
    }
    if !number.is_below_two_to(186) || number.field(184, 2) != 2 {
        return None;
    }
    let arrival_s = match number.field(0, 4) {
        1 => number.field(100, 36),
        2 if number.field(80, 64) <= COUNTER_CLOSED => number.field(36, 36),
        _ => return None,
    };
    Some(Said {
        shard: i64::from(number.field(4, 32) as u32 as i32),
        arrival_s: Some(arrival_s),
        shown: number.to_decimal(),
    })
}

/// Numbers of all layouts and of none, near all bounds, and some that the stream could have given.
fn numbers() -> impl Strategy<Value = Bits> {
    let second = || {
        prop_oneof![
            Just(NOW_S),
            Just(NOW_S + 1),
            Just(OLDEST_TOO_LATE_S - 1),
            Just(OLDEST_TOO_LATE_S),
            Just(u64::MAX),
            any::<u64>(),
        ]
    };
    let shard = || {
        let bounds = [0, 1, 2, 1 << 31, (1 << 31) - 1, u64::from(u32::MAX)];
        prop_oneof![3 => Just(SHARD), 1 => prop::sample::select(bounds.to_vec()), 1 => any::<u64>()]
    };
    let counter = || {
        let bounds = [0, 1, COUNTER_CLOSED, COUNTER_CLOSED + 1];
        prop_oneof![3 => prop::sample::select(bounds.to_vec()), 1 => any::<u64>()]
    };
    let newest = (second(), counter(), second(), shard());
    let newest = newest.prop_map(|(c, n, a, s)| Bits::newest(c, n, a, s));
    let version = prop_oneof![4 => 1..4_u64, 1 => any::<u64>()];
    let top = prop_oneof![4 => Just(2), 1 => any::<u64>()];
    let rest = (second(), any::<u64>(), any::<u64>(), second(), shard());
    let newer = (rest, version, top).prop_map(|((c, n, m, a, s), v, top)| {
        let low = [(v, 4), (s, 32), (n, 64), (a, 36)];
        Bits::of(&[&low[..], &[(m, 12), (c, 36), (top, 2)]].concat())
    });
    let oldest = (shard(), any::<u64>(), any::<u64>(), second(), 0..64_u64);
    let oldest = oldest
        .prop_map(|(s, n, m, c, top)| Bits::of(&[(s, 16), (n, 64), (m, 8), (c, 36), (top, 6)]));
    let other = prop::collection::vec(any::<bool>(), 0..420).prop_map(Bits);
    prop_oneof![3 => newest, 3 => newer, 3 => oldest, 1 => other]
}

fn argument(text: String) -> Error {
    Error::new(ErrorCode::InvalidArgumentException, text)
}

/// What is said of a request that would be carried out, as each is a dry run.
fn sound() -> Error {
    let text = "The request was rejected because the DryRun parameter was specified.";
    Error::new(ErrorCode::DryRunOperationException, text.to_owned())
}

/// Whether it is of the stream itself, with this counter, and arrived in any second of its layout.
fn is_own(number: &Bits, shard: u64, counter: u64) -> bool {
    let arrival_s = number.field(36, 36);
    let own = Bits::newest(NOW_S, counter, arrival_s, shard);
    arrival_s < OLDEST_TOO_LATE_S && number.to_decimal() == own.to_decimal()
}

fn put_judged(number: &Bits) -> Error {
    let is_past = said(number).is_some_and(|said| said.arrival_s.is_none_or(|s| s <= NOW_S));
    // A subscriber may have been told to go on after it.
    let is_continuation = (0..SHARDS).any(|shard| is_own(number, shard, 0));
    let invalid = || {
        argument(format!(
            "ExclusiveMinimumSequenceNumber {} used in PutRecord on stream s under account \
             000000000000 is invalid.",
            number.to_decimal()
        ))
    };
    if is_past || is_continuation {
        sound()
    } else {
        invalid()
    }
}

fn start_judged(number: &Bits, operation: &str, kind: &str) -> Error {
    let used_in = format!("shardId-{SHARD:012}");
    let used = |digits: &str, why: &str| {
        argument(format!(
            "StartingSequenceNumber {digits} used in {operation} on shard {used_in} {STREAM} is \
             invalid{why}."
        ))
    };
    let Some(said) = said(number) else {
        return used(&number.to_decimal(), "");
    };
    let encoded = said.shard;
    if u64::try_from(encoded) != Ok(SHARD) {
        return argument(format!(
            "Invalid StartingSequenceNumber. It encodes shardId-{encoded:012}, while it was used in \
             a call to a shard with {used_in}"
        ));
    }
    if is_own(number, SHARD, 0) {
        sound()
    } else if is_own(number, SHARD, COUNTER_CLOSED) && kind == "AFTER_SEQUENCE_NUMBER" {
        let text = "Invalid SequenceNumber for ShardIteratorType AFTER_SEQUENCE_NUMBER, \
                    SequenceNumber has reached max possible value for the shard.";
        argument(text.to_owned())
    } else {
        used(&said.shown, " because it did not come from this stream")
    }
}

/// The requests that take a number, with what is to be answered.
fn requests(number: &Bits) -> Vec<(&'static str, Value, Error)> {
    let map = |entries: Vec<(&str, Value)>| {
        let own = entries.into_iter();
        Value::Map(own.map(|(name, value)| (name.to_owned(), value)).collect())
    };
    let text = Value::text;
    let digits = || Value::Text(number.to_decimal());
    let shard = || Value::Text(SHARD.to_string());
    let dry = || ("DryRun", Value::Boolean(true));
    let put = map(vec![
        dry(),
        ("StreamName", text("s")),
        ("PartitionKey", text("k")),
        ("Data", Value::Blob(vec![1])),
        ("SequenceNumberForOrdering", digits()),
    ]);
    let mut all = vec![("PutRecord", put, put_judged(number))];
    for kind in ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"] {
        let iterator = map(vec![
            dry(),
            ("StreamName", text("s")),
            ("ShardId", shard()),
            ("ShardIteratorType", text(kind)),
            ("StartingSequenceNumber", digits()),
        ]);
        let position = map(vec![("Type", text(kind)), ("SequenceNumber", digits())]);
        let subscribe = map(vec![
            dry(),
            ("ConsumerARN", text(CONSUMER)),
            ("ShardId", shard()),
            ("StartingPosition", position),
        ]);
        for (operation, request) in [
            ("GetShardIterator", iterator),
            ("SubscribeToShard", subscribe),
        ] {
            all.push((operation, request, start_judged(number, operation, kind)));
        }
    }
    all
}

async fn check(server: &Server, number: &Bits) {
    for (operation, request, expected) in requests(number) {
        for (protocol, body) in [
            (Protocol::Json, request.to_json()),
            (Protocol::Cbor, request.to_cbor()),
        ] {
            let said = server.call(operation, protocol, body).await;
            let said = said.expect_err("it is a dry run");
            assert_eq!(said, expected, "{operation} {protocol:?}");
        }
    }
}

#[test]
fn numbers_when_any_then_are_judged_by_their_bits_in_both_protocols() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let server = runtime.block_on(async {
        let server = Server::start().await;
        for (operation, body) in [
            ("CreateStream", r#"{"StreamName":"s","ShardCount":2}"#),
            (
                "RegisterStreamConsumer",
                r#"{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s",
                    "ConsumerName":"c"}"#,
            ),
        ] {
            let answer = server.call(operation, Protocol::Json, body.into()).await;
            assert!(answer.is_ok(), "{operation}: {answer:?}");
        }
        server
    });
    TestRunner::default()
        .run(&numbers(), |number| {
            runtime.block_on(check(&server, &number));
            Ok(())
        })
        .unwrap();
}
