//! Unusual ways to say something right, members that are said twice, and unusual texts.

use super::rows::Answer::{self, Broken, Mistyped, Refused, Success};
use super::rows::{Corners, broken, cbor_text};
use millstream_protocol::ErrorCode;

const STRUCTURE: &str = "Start of structure or map found where not expected.";
const LIST: &str = "Start of list found where not expected";
const NAME_PATTERN: &str = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+";

pub fn add(corners: &mut Corners) {
    add_unusual(corners);
    add_duplicates(corners);
    add_texts(corners);
}

/// Unusual ways to say what is right.
fn add_unusual(corners: &mut Corners) {
    let deep = format!("{}{}", "[".repeat(31), "]".repeat(31));
    let deep_json = format!("{{\"StreamName\":\"one\",\"X\":{deep}}}");
    let deep_cbor = [
        b"\xa2\x6aStreamName\x63one\x61X".to_vec(),
        vec![0x81; 30],
        vec![0x80],
    ]
    .concat();
    for (what, body) in [
        ("white space", " \r\n\t{ \"StreamName\" : \"one\" } \n"),
        ("escapes", r#"{"\u0053tream\u004eame":"\u006fne"}"#),
        (
            "an unknown member",
            r#"{"X":{"a":[1,null,{}]},"StreamName":"one"}"#,
        ),
        ("a null", r#"{"StreamName":"one","StreamARN":null}"#),
        ("an empty name", r#"{"":1,"StreamName":"one"}"#),
        ("some depth", &deep_json),
        (
            "a pair of surrogates",
            r#"{"X":"\ud83d\ude00","StreamName":"one"}"#,
        ),
        ("a huge number", r#"{"X":1e99999,"StreamName":"one"}"#),
    ] {
        corners.json(what, body, Success);
    }
    for (what, body) in [
        (
            "a map of indefinite length",
            b"\xbf\x6aStreamName\x63one\xff".as_slice(),
        ),
        (
            "chunks",
            b"\xbf\x7f\x66Stream\x64Name\xff\x7f\x60\x61o\x62ne\xff\xff",
        ),
        ("no chunks", b"\xa2\x61X\x7f\xff\x6aStreamName\x63one"),
        (
            "tags",
            b"\xd9\xd9\xf7\xa1\xc0\x6aStreamName\xd8\x20\xc0\x63one",
        ),
        (
            "a length in eight bytes",
            b"\xbb\0\0\0\0\0\0\0\x01\x6aStreamName\x7b\0\0\0\0\0\0\0\x03one",
        ),
        ("undefined", b"\xa2\x61X\xf7\x6aStreamName\x63one"),
        (
            "an unknown member",
            b"\xa2\x61X\xa1\x61a\x9f\x01\xf6\xa0\xff\x6aStreamName\x63one",
        ),
        ("bytes", b"\xa2\x61X\x5f\x41a\x40\xff\x6aStreamName\x63one"),
        ("some depth", &deep_cbor),
        (
            "a large integer",
            b"\xa2\x61X\xc2\x5f\x41\xff\x41\xff\xff\x6aStreamName\x63one",
        ),
    ] {
        corners.cbor(what, body, Success);
    }
}

/// What is said twice counts as said last, but for its type.
fn add_duplicates(corners: &mut Corners) {
    let boolean = "class java.lang.Boolean can not be converted to an String";
    let length = "Member must have length greater than or equal to 1";
    let both = format!(
        "Value '' at 'streamName' failed to satisfy constraint: {NAME_PATTERN}; Value '' at \
         'streamName' failed to satisfy constraint: {length}"
    );
    let name = |value: &[u8]| [b"\x6aStreamName".as_slice(), value].concat();
    let twice = |one: &[u8], two: &[u8]| [vec![0xa2], name(one), name(two)].concat();
    for (json, cbor, answer) in [
        (
            r#""","StreamName":"one""#,
            twice(b"\x60", b"\x63one"),
            Success,
        ),
        (
            r#""one","StreamName":"""#,
            twice(b"\x63one", b"\x60"),
            Broken(both),
        ),
        (
            r#"true,"StreamName":"one""#,
            twice(b"\xf5", b"\x63one"),
            Mistyped(boolean.to_owned()),
        ),
        (
            r#""one","StreamName":null"#,
            twice(b"\x63one", b"\xf6"),
            Refused(ErrorCode::InvalidArgumentException),
        ),
        (
            r#""none","StreamName":"none""#,
            twice(b"\x64none", b"\x64none"),
            Refused(ErrorCode::ResourceNotFoundException),
        ),
    ] {
        let json = format!("{{\"StreamName\":{json}}}");
        corners.json("twice", json, answer.clone());
        corners.cbor("twice", cbor, answer);
    }
    let records: [(&str, &[u8], Answer); 3] = [
        (
            r#"[{"Data":"!","Data":"QQ==","PartitionKey":"k"}]"#,
            b"\x81\xa3\x64Data\x61!\x64Data\x41A\x6cPartitionKey\x61k",
            Mistyped(
                "'!' can not be converted to a Blob: Base64 encoded length is expected a \
                      multiple of 4 bytes but found: 1"
                    .to_owned(),
            ),
        ),
        (
            r#"[{"PartitionKey":"","Data":"QUI=","Data":"QQ==","PartitionKey":"k"}]"#,
            b"\x81\xa4\x6cPartitionKey\x60\x64Data\x42AB\x64Data\x41A\x6cPartitionKey\x61k",
            Success,
        ),
        (
            r#"[{"Data":"QQ==","PartitionKey":"k"}],"Records":[]"#,
            b"\x81\xa2\x64Data\x41A\x6cPartitionKey\x61k\x67Records\x80",
            broken("", "records", length),
        ),
    ];
    for (index, (json, cbor, answer)) in records.into_iter().enumerate() {
        let place = ("PutRecords", "Records");
        corners.member("twice", place, (Some(json), None), answer.clone());
        let mut body = b"\xa2\x6aStreamName\x63one\x67Records".to_vec();
        body[0] += u8::from(index == 2);
        body.extend_from_slice(cbor);
        corners.add("twice", "PutRecords", (None, Some(body)), answer);
    }
}

fn add_texts(corners: &mut Corners) {
    let name = |shown: &str| broken(&format!("'{shown}' "), "streamName", NAME_PATTERN);
    corners.json("a zero", r#"{"StreamName":"a\u0000b"}"#, name("a\0b"));
    corners.cbor(
        "a zero",
        b"\xa1\x6aStreamName\x63a\0b".as_slice(),
        name("a\0b"),
    );
    corners.json(
        "an emoji",
        r#"{"StreamName":"\ud83d\ude00"}"#,
        name("\u{1f600}"),
    );
    corners.cbor(
        "an emoji",
        b"\xa1\x6aStreamName\x64\xf0\x9f\x98\x80".as_slice(),
        name("\u{1f600}"),
    );
    let long = "a".repeat(1_000_000);
    let rule = "Member must have length less than or equal to 128";
    let answer = broken(&format!("'{long}' "), "streamName", rule);
    let json = format!("{{\"StreamName\":\"{long}\"}}");
    corners.json("a long text", json, answer.clone());
    let cbor = [b"\xa1\x6aStreamName".to_vec(), cbor_text(&long)].concat();
    corners.cbor("a long text", cbor, answer);
    let place = ("DescribeStream", "StreamARN");
    let nested = format!("{}{}", "[".repeat(20), "]".repeat(20));
    let nested_cbor = [vec![0x81; 19], vec![0x80]].concat();
    let bodies = (Some(&nested[..]), Some(&nested_cbor[..]));
    corners.member("nested", place, bodies, Mistyped(LIST.to_owned()));
    let map: (Option<&str>, Option<&[u8]>) = (Some("{\"a\":{}}"), Some(b"\xbf\x61a\xa0\xff"));
    corners.member("a map", place, map, Mistyped(STRUCTURE.to_owned()));
}
