//! Bodies that are not well-formed, are too deep or too many, or declare more than they have. None
//! is told more than that.

use super::rows::Answer::Malformed;
use super::rows::{Corners, append_text, declared};
use crate::value::append_head;

const JSON: &[(&str, &str)] = &[
    ("nothing", ""),
    ("a list", "[]"),
    ("a text", "\"a\""),
    ("a number", "1"),
    ("a null", "null"),
    ("an object that does not end", "{\"StreamName\":\"one\""),
    ("a text that does not end", "{\"StreamName\":\"one"),
    ("two objects", "{}{}"),
    ("a word behind it", "{} x"),
    ("a mark of the byte order", "\u{feff}{}"),
    ("a comma behind the last member", "{\"X\":1,}"),
    ("a comma before the first member", "{,\"X\":1}"),
    ("a comma behind the last element", "{\"X\":[1,]}"),
    ("no colon", "{\"X\" 1}"),
    ("no quotes", "{X:1}"),
    ("single quotes", "{'X':1}"),
    ("a comment", "{/**/}"),
    ("a control character", "{\"X\":\"\u{1}\"}"),
    ("an unknown escape", "{\"X\":\"\\x41\"}"),
    ("a short escape", "{\"X\":\"\\u00\"}"),
    ("a leading zero", "{\"X\":01}"),
    ("no digit before the point", "{\"X\":.5}"),
    ("no digit behind the point", "{\"X\":5.}"),
    ("a plus", "{\"X\":+5}"),
    ("a hexadecimal number", "{\"X\":0x5}"),
    ("an exponent without digits", "{\"X\":5e}"),
    ("not a number", "{\"X\":NaN}"),
    ("infinity", "{\"X\":-Infinity}"),
    ("half a literal", "{\"X\":tru}"),
    ("a lone high surrogate", "{\"StreamName\":\"\\ud800\"}"),
    ("a lone low surrogate", "{\"StreamName\":\"\\udc00\"}"),
    (
        "a surrogate before a letter",
        "{\"StreamName\":\"\\ud800\\u0041\"}",
    ),
    (
        "surrogates the wrong way round",
        "{\"StreamName\":\"\\udc00\\ud800\"}",
    ),
    (
        "a lone surrogate in an unknown member",
        "{\"X\":\"\\ud800\"}",
    ),
];
const CBOR: &[(&str, &[u8])] = &[
    ("nothing", b""),
    ("a list", b"\x80"),
    ("a text", b"\x61a"),
    ("a number", b"\x01"),
    ("a null", b"\xf6"),
    ("JSON", b"{}"),
    ("a map that does not end", b"\xbf\x6aStreamName\x63one"),
    ("a map with too few entries", b"\xa2\x6aStreamName\x63one"),
    ("a key without a value", b"\xbf\x61X\xff"),
    ("two maps", b"\xa0\xa0"),
    ("a byte behind it", b"\xa0\x00"),
    ("a break behind it", b"\xa0\xff"),
    ("a break in a list with a length", b"\xa1\x61X\x82\x01\xff"),
    ("a number for a name", b"\xa1\x01\x01"),
    ("bytes for a name", b"\xa1\x41X\x01"),
    ("a chunk of another kind", b"\xa1\x61X\x7f\x41a\xff"),
    ("chunks within chunks", b"\xa1\x61X\x7f\x7f\x61a\xff\xff"),
    ("chunks that do not end", b"\xa1\x61X\x7f\x61a"),
    (
        "a character in two chunks",
        b"\xa1\x61X\x7f\x61\xc3\x61\xa9\xff",
    ),
    ("an undefined length", b"\xa1\x61X\x7c"),
    ("a number of indefinite length", b"\xa1\x61X\x1f"),
    ("a tag of indefinite length", b"\xa1\x61X\xdf\x01"),
    ("a tag before nothing", b"\xa1\x61X\xc1"),
    ("a simple value", b"\xa1\x61X\xf0"),
    ("a simple value in a byte", b"\xa1\x61X\xf8\x20"),
    ("half a float", b"\xa1\x61X\xf9\x00"),
];
const NO_TEXT: &[(&str, &[u8])] = &[
    ("invalid UTF-8", b"\xff"),
    ("an overlong character", b"\xc0\x80"),
    ("a surrogate in UTF-8", b"\xed\xa0\x80"),
    ("half a character", b"\xc3"),
    ("a character beyond Unicode", b"\xf5\x80\x80\x80"),
];
/// Members of each kind, and one that is unknown.
const MEMBERS: [&str; 6] = [
    "X",
    "StreamName",
    "ShardLevelMetrics",
    "Tags",
    "Records",
    "Data",
];
/// Operations that have these members.
const OPERATIONS: [&str; 4] = [
    "AddTagsToStream",
    "EnableEnhancedMonitoring",
    "PutRecord",
    "PutRecords",
];
/// Lengths far beyond what a body has.
const LENGTHS: [u64; 6] = [u64::MAX, 1 << 63, 1 << 40, 1 << 32, 1 << 31, 1 << 30];

pub fn add(corners: &mut Corners) {
    for (what, body) in JSON {
        corners.json(what, *body, Malformed);
    }
    for (what, body) in CBOR {
        corners.cbor(what, *body, Malformed);
    }
    add_deep_and_many(corners);
    add_no_text(corners);
    for length in LENGTHS {
        add_declared(corners, length);
    }
}

fn add_deep_and_many(corners: &mut Corners) {
    for depth in [32, 1_000, 500_000] {
        let json = format!("{{\"X\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        corners.json("depth", json, Malformed);
        let cbor = [b"\xa1\x61X".to_vec(), vec![0x81; depth - 1], vec![0x80]].concat();
        corners.cbor("depth", cbor, Malformed);
    }
    corners.json("depth without end", "[{\"a\":".repeat(200_000), Malformed);
    corners.cbor(
        "depth without end",
        b"\x9f\xbf\x61a".repeat(200_000),
        Malformed,
    );
    let json = format!("{{\"X\":[{}0]}}", "0,".repeat(200_000));
    corners.json("many values", json, Malformed);
    let many = |open: &[u8], each: &[u8], end: &[u8]| {
        [b"\xa1\x61X", open, &each.repeat(200_000), end].concat()
    };
    for (what, body) in [
        ("many values", many(b"\x9f", b"\x00", b"\xff")),
        ("many tags", many(b"", b"\xc1", b"\x00")),
        ("many chunks", many(b"\x7f", b"\x61a", b"\xff")),
    ] {
        corners.cbor(what, body, Malformed);
    }
}

/// Bytes that are not UTF-8, as a known value, an unknown one, and a name.
fn add_no_text(corners: &mut Corners) {
    for (what, bytes) in NO_TEXT {
        for member in ["StreamName", "X"] {
            let json = [format!("{{\"{member}\":\"").as_bytes(), bytes, b"\"}"].concat();
            corners.json(what, json, Malformed);
            let mut cbor = vec![0xa1];
            append_text(member, &mut cbor);
            append_head(3, bytes.len() as u64, &mut cbor);
            cbor.extend_from_slice(bytes);
            corners.cbor(what, cbor, Malformed);
        }
        let json = [b"{\"".as_slice(), bytes, b"\":1}"].concat();
        corners.json(&format!("{what} in a name"), json, Malformed);
        let mut cbor = vec![0xa1];
        append_head(3, bytes.len() as u64, &mut cbor);
        cbor.extend_from_slice(bytes);
        cbor.push(1);
        corners.cbor(&format!("{what} in a name"), cbor, Malformed);
    }
}

/// A length that is only declared, of everything that has one.
fn add_declared(corners: &mut Corners, length: u64) {
    for major in 2..=5 {
        for member in MEMBERS {
            let mut body = vec![0xa1];
            append_text(member, &mut body);
            body.extend(declared(major, length));
            let what = format!("{member} with a length of {length} of kind {major}");
            for operation in OPERATIONS {
                let bodies = (None, Some(body.clone()));
                corners.add(what.clone(), operation, bodies, Malformed);
            }
        }
        corners.cbor("a length of everything", declared(major, length), Malformed);
    }
    for (what, before, major) in [
        ("a chunk", b"\xa1\x61X\x7f".as_slice(), 3),
        ("a name", b"\xa1", 3),
        ("an integer", b"\xa1\x61X\xc2", 2),
    ] {
        let body = [before, &declared(major, length)].concat();
        corners.cbor(&format!("{what} of length {length}"), body, Malformed);
    }
}
