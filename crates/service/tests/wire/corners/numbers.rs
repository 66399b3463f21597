//! Numbers out of every range, numbers that are none, and instants out of every calendar.

use super::rows::Answer::{self, Mistyped, Refused, Success};
use super::rows::{Corners, broken};
use millstream_protocol::ErrorCode;

const NUMBER: &str = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber";
const MOST: &str = "Member must have value less than or equal to 10000";
const LEAST: &str = "Member must have value greater than or equal to 1";
/// The same number in JSON and in CBOR.
type Numbers = &'static [(&'static str, &'static [u8])];

/// Beyond what an integer may be.
const HUGE: Numbers = &[
    ("1e400", b"\xf9\x7c\x00"),
    (
        "1234567890123456789012345678901234567890",
        b"\xc2\x51\x03\xa0\xc9\x20\x75\xc0\xdb\xf3\xb8\xac\xbc\x5f\x96\xce\x3f\x0a\xd2",
    ),
    (
        "18446744073709551615",
        b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff",
    ),
    ("2147483648.5", b"\xfb\x41\xe0\0\0\0\x10\0\0"),
];
/// Below what an integer may be.
const TINY: Numbers = &[
    ("-1e400", b"\xfa\xff\x80\x00\x00"),
    ("-18446744073709551617", b"\xc3\x49\x01\0\0\0\0\0\0\0\0"),
    (
        "-18446744073709551616",
        b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff",
    ),
];
/// Within what it may be.
const SOUND: Numbers = &[
    ("2.9999", b"\xfb\x40\x07\xff\xcb\x92\x3a\x29\xc7"),
    ("2.5", b"\xf9\x41\x00"),
    ("1.5", b"\xfa\x3f\xc0\0\0"),
    ("1E3", b"\xf9\x63\xd0"),
];
/// Below the least limit, with what is left of each after it is rounded down.
const SMALL: &[(&str, &[u8], &str)] = &[
    ("0.9999", b"\xfb\x3f\xef\xff\x2e\x48\xe8\xa7\x1e", "0"),
    ("-0.5", b"\xf9\xb8\x00", "-1"),
    ("-0.0", b"\xf9\x80\x00", "0"),
    ("1e-400", b"\xf9\x00\x00", "0"),
];

pub fn add(corners: &mut Corners) {
    for (json, cbor) in HUGE {
        add_limit(corners, json, cbor, broken("'2147483647' ", "limit", MOST));
    }
    for (json, cbor) in TINY {
        add_limit(
            corners,
            json,
            cbor,
            broken("'-2147483648' ", "limit", LEAST),
        );
    }
    for (json, cbor) in SOUND {
        add_limit(corners, json, cbor, Success);
    }
    for (json, cbor, shown) in SMALL {
        let shown = format!("'{shown}' ");
        add_limit(corners, json, cbor, broken(&shown, "limit", LEAST));
    }
    add_long(corners);
    add_no_numbers(corners);
    add_instants(corners);
}

fn add_limit(corners: &mut Corners, json: &str, cbor: &[u8], answer: Answer) {
    let what = json.get(..24).unwrap_or(json);
    let place = ("DescribeStream", "Limit");
    corners.member(what, place, (Some(json), Some(cbor)), answer);
}

/// Numbers of very many digits.
fn add_long(corners: &mut Corners) {
    let nines = "9".repeat(100_000);
    let bytes = [b"\xc2\x59\xff\xff".to_vec(), vec![0xff; 0xffff]].concat();
    let answer = broken("'2147483647' ", "limit", MOST);
    add_limit(corners, &nines, &bytes, answer);
    let zeros = format!("0.{}1", "0".repeat(100_000));
    let answer = broken("'0' ", "limit", LEAST);
    add_limit(corners, &zeros, b"\xf9\x00\x01", answer);
}

fn add_no_numbers(corners: &mut Corners) {
    let place = ("DescribeStream", "Limit");
    let no_number = Mistyped(format!("{NUMBER} can not be converted to an Integer"));
    for nan in [
        b"\xf9\x7e\x00".as_slice(),
        b"\xfa\x7f\xc0\0\0",
        b"\xfb\x7f\xf8\0\0\0\0\0\0",
    ] {
        corners.member(
            "is not a number",
            place,
            (None, Some(nan)),
            no_number.clone(),
        );
    }
    let bytes = "class java.nio.HeapByteBuffer can not be converted to an";
    for (operation, member, target) in [
        ("DescribeStream", "Limit", "Integer"),
        ("DescribeStream", "StreamARN", "String"),
        ("PutRecord", "DryRun", "Boolean"),
    ] {
        let answer = Mistyped(format!("{bytes} {target}"));
        corners.member(
            "of bytes",
            (operation, member),
            (None, Some(b"\x41a")),
            answer,
        );
    }
}

/// Instants out of every calendar.
fn add_instants(corners: &mut Corners) {
    let all: [(&str, &[u8]); 8] = [
        ("1e400", b"\xf9\x7c\x00"),
        ("-1e400", b"\xf9\xfc\x00"),
        (
            "9223372036854775807",
            b"\xc1\x1b\x7f\xff\xff\xff\xff\xff\xff\xff",
        ),
        (
            "-9223372036854775808",
            b"\xc1\x3b\x7f\xff\xff\xff\xff\xff\xff\xff",
        ),
        ("1e20", b"\xc2\x50\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        ("253402300800", b"\xc1\x1b\0\0\xe6\x77\xd2\x1f\xdc\0"),
        ("-62135596801", b"\xc1\x3b\0\0\x38\x83\x12\x2c\xdb\xe7"),
        ("1e-300", b"\xfb\x01\xa5\x6e\x1f\xc2\xf8\xf3\x59"),
    ];
    for (json, cbor) in all {
        let is_ahead = !json.starts_with('-') && json != "1e-300";
        let position = if is_ahead {
            Refused(ErrorCode::InvalidArgumentException)
        } else {
            Success
        };
        let json_body = format!(
            r#"{{"StreamName":"one","ShardId":"0","ShardIteratorType":"AT_TIMESTAMP","Timestamp":{json}}}"#
        );
        let cbor_body = [
            b"\xa4\x6aStreamName\x63one\x67ShardId\x610\x71ShardIteratorType\x6cAT_TIMESTAMP\
              \x69Timestamp"
                .as_slice(),
            cbor,
        ]
        .concat();
        let bodies = (Some(json_body.into_bytes()), Some(cbor_body));
        corners.add(format!("at {json}"), "GetShardIterator", bodies, position);
        let place = ("ListShards", "StreamCreationTimestamp");
        let other = Refused(ErrorCode::ResourceNotFoundException);
        corners.member(json, place, (Some(json), Some(cbor)), other);
    }
    let no_instant = format!("{NUMBER} can not be converted to milliseconds since epoch");
    let nan = Some(b"\xf9\x7e\x00".as_slice());
    for place in [
        ("ListShards", "StreamCreationTimestamp"),
        ("GetShardIterator", "Timestamp"),
    ] {
        corners.member(
            "is not a number",
            place,
            (None, nan),
            Mistyped(no_instant.clone()),
        );
    }
}
