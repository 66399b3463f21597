//! The cost of hostile bodies: a bounded multiple of a good one of the same size. Each has the
//! largest possible part of one kind.

use crate::counted;
use millstream_protocol::Protocol::{self, Cbor, Json};
use millstream_protocol::operations::PutRecordsInput;
use millstream_protocol::types::PutRecordsRequestEntry;
use millstream_service::{Typed, decode_types};
use millstream_streams::Handler;
use millstream_streams::operations::{PutRecord, PutRecords};
use std::iter::repeat_n;

const TEST: &str = "hostile::body_when_made_to_cost_much_then_costs_little_more_than_a_good_one";
/// Of each body.
const BYTES: usize = 2 * 1024 * 1024;
/// The most that a body may cost, in multiples of a good one of its size and protocol. A good one
/// is little more than a copy, and a bad one is read a second time for its error.
const TIMES_MAX: u64 = 40;

/// A body, and the operation that it is sent to.
struct Case {
    name: &'static str,
    protocol: Protocol,
    is_single: bool,
    body: fn() -> Vec<u8>,
}

const fn records(name: &'static str, protocol: Protocol, body: fn() -> Vec<u8>) -> Case {
    Case {
        name,
        protocol,
        is_single: false,
        body,
    }
}

const fn single(name: &'static str, protocol: Protocol, body: fn() -> Vec<u8>) -> Case {
    Case {
        name,
        protocol,
        is_single: true,
        body,
    }
}

const CASES: [Case; 31] = [
    records("good", Json, || good(Json)),
    records("good", Cbor, || good(Cbor)),
    records("empty records", Json, || {
        json(r#"{"Records":["#, "{},", "{}]}")
    }),
    records("empty records", Cbor, || {
        cbor(b"\xbf\x67Records\x9f", b"\xa0", b"\xff\xff")
    }),
    records("nulls for records", Json, || {
        json(r#"{"Records":["#, "null,", "null]}")
    }),
    records("nulls for records", Cbor, || {
        cbor(b"\xbf\x67Records\x9f", b"\xf6", b"\xff\xff")
    }),
    records("numbers for records", Json, || {
        json(r#"{"Records":["#, "1,", "1]}")
    }),
    records("numbers for records", Cbor, || {
        cbor(b"\xbf\x67Records\x9f", b"\x01", b"\xff\xff")
    }),
    records("unknown members", Json, || {
        json("{", r#""a":1,"#, r#""a":1}"#)
    }),
    records("unknown members", Cbor, || {
        cbor(b"\xbf", b"\x61a\x01", b"\xff")
    }),
    records("known members again", Json, || {
        json("{", r#""DryRun":true,"#, r#""DryRun":true}"#)
    }),
    records("known members again", Cbor, || {
        cbor(b"\xbf", b"\x66DryRun\xf5", b"\xff")
    }),
    records("data again", Json, || {
        json(r#"{"Records":[{"#, r#""Data":"","#, r#""Data":""}]}"#)
    }),
    records("unknown lists", Json, || json(r#"{"a":["#, "[],", "[]]}")),
    records("unknown lists", Cbor, || {
        cbor(b"\xbf\x61a\x9f", b"\x80", b"\xff\xff")
    }),
    records("deep lists", Json, || json(r#"{"a":"#, "[", "")),
    records("deep lists", Cbor, || cbor(b"\xbf\x61a", b"\x9f", b"")),
    records("deep members", Json, || json("{", r#""a":{"#, "")),
    records("tags", Cbor, || cbor(b"\xbf\x61a", b"\xc1", b"\x01\xff")),
    records("pieces of text", Cbor, || {
        cbor(b"\xbf\x6aStreamName\x7f", b"\x61a", b"\xff\xff")
    }),
    records("pieces of a name", Cbor, || {
        cbor(b"\xbf\x7f", b"\x60", b"\xff\x01\xff")
    }),
    records("blanks", Json, || json("{", " ", "}")),
    records("a long name", Json, || json("{\"", "a", r#"":1}"#)),
    records("a long text", Json, || {
        json(r#"{"StreamName":""#, "a", r#""}"#)
    }),
    records("a text of escapes", Json, || {
        json(r#"{"StreamName":""#, r"\n", r#""}"#)
    }),
    records("a text of escaped pairs", Json, || {
        json(r#"{"StreamName":""#, r"\ud83d\ude00", r#""}"#)
    }),
    records("a long ARN", Json, || {
        json(
            r#"{"StreamARN":"arn:aws:kinesis:"#,
            ":123456789012:stream/",
            r#" "}"#,
        )
    }),
    records("a number of a million digits", Json, || {
        json(r#"{"a":"#, "7", "}")
    }),
    single("escaped data", Json, || {
        json(r#"{"PartitionKey":"k","Data":""#, r"\/\/\/\/", r#""}"#)
    }),
    single("data that is none at its end", Json, || {
        json(r#"{"PartitionKey":"k","Data":""#, "AAAA", r#"AAA!"}"#)
    }),
    single("data too long for its key", Json, || {
        json(r#"{"PartitionKey":"","Data":""#, "AAAA", r#""}"#)
    }),
];

/// As many repetitions as make up the size.
fn body(before: &[u8], repeated: &[u8], after: &[u8]) -> Vec<u8> {
    let count = (BYTES - before.len() - after.len()) / repeated.len();
    let repeated = repeat_n(repeated, count).flatten().copied();
    let body = before.iter().copied().chain(repeated);
    body.chain(after.iter().copied()).collect()
}

fn json(before: &str, repeated: &str, after: &str) -> Vec<u8> {
    body(before.as_bytes(), repeated.as_bytes(), after.as_bytes())
}

fn cbor(before: &[u8], repeated: &[u8], after: &[u8]) -> Vec<u8> {
    body(before, repeated, after)
}

/// Records of 10 kB.
fn good(protocol: Protocol) -> Vec<u8> {
    let record = |index: usize| PutRecordsRequestEntry {
        data: vec![index as u8; 10_000].into(),
        explicit_hash_key: None,
        partition_key: Some(format!("{index:016x}")),
    };
    let encoded = |count: usize| {
        let input: PutRecordsInput = PutRecordsInput {
            records: (0..count).map(record).collect(),
            stream_name: Some("stream".to_owned()),
            stream_arn: None,
            stream_id: None,
            dry_run: None,
        };
        let mut body = Vec::new();
        millstream_protocol::encode(protocol, &input, &mut body);
        body
    };
    encoded(BYTES / (encoded(2).len() - encoded(1).len()))
}

#[test]
fn body_when_made_to_cost_much_then_costs_little_more_than_a_good_one() {
    if let Some(work) = counted::work() {
        return run(&work);
    }
    let cost = |place: usize| {
        let once = counted::instructions(TEST, &format!("{place} 1"));
        let twice = counted::instructions(TEST, &format!("{place} 2"));
        twice - once
    };
    let [json, cbor] = [cost(0), cost(1)];
    let mut costly = Vec::new();
    for (place, case) in CASES.iter().enumerate() {
        let good = match case.protocol {
            Json => json,
            Cbor => cbor,
        };
        let cost = cost(place);
        let (name, protocol) = (case.name, case.protocol);
        println!(
            "{cost:>12} instructions, {:>4} times: {name}, {protocol:?}",
            cost / good
        );
        if cost > good * TIMES_MAX {
            costly.push((name, protocol, cost / good));
        }
    }
    assert_eq!(costly, []);
}

/// Decodes a body so many times, as the server does.
fn run(work: &str) {
    let (place, turns) = work.split_once(' ').unwrap();
    let case = &CASES[place.parse::<usize>().unwrap()];
    let body = (case.body)();
    assert!(body.len() <= BYTES && body.len() > BYTES - 20_000);
    for _ in 0..turns.parse().unwrap() {
        let is_good = match case.is_single {
            true => is_sound::<PutRecord>(case.protocol, &body),
            false => is_sound::<PutRecords>(case.protocol, &body),
        };
        assert_eq!(is_good, matches!(case.name, "good" | "escaped data"));
    }
}

/// Whether the request satisfies its shape; if not, what is wrong was found out as well.
fn is_sound<H: Handler>(protocol: Protocol, body: &[u8]) -> bool {
    matches!(
        decode_types::<H::Input>(protocol, body),
        Ok(Typed::Sound(_))
    )
}
