//! The JSON reader and writer on their own.

use std::borrow::Cow;

use proptest::prelude::*;

use super::*;
use crate::Timestamp;
use crate::reader::{Checks, Fault, Number, Reader};
use crate::writer::Writer;

fn reader(text: &str) -> JsonReader<'_> {
    JsonReader::new(text.as_bytes(), Checks::All).unwrap()
}

fn well_formed(text: &str) -> bool {
    let mut reader = reader(text);
    reader.skip().and_then(|()| reader.finish()).is_ok()
}

fn written(write: impl FnOnce(&mut JsonWriter<'_>)) -> String {
    let mut out = Vec::new();
    write(&mut JsonWriter::new(&mut out));
    String::from_utf8(out).unwrap()
}

#[test]
fn a_text_when_it_is_json_is_well_formed() {
    for text in [
        "{}",
        "[]",
        " \t\r\n{ } ",
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-1.5e+3",
        "1E5",
        "1.0",
        r#""""#,
        r#""\"\\\/\b\f\n\r\tA\ud83d\ude00""#,
        r#"{"a":[1,{"b":null}],"":"é"}"#,
    ] {
        assert!(well_formed(text), "{text}");
    }
}

#[test]
fn a_text_when_it_is_not_json_is_malformed() {
    for text in [
        "",
        " ",
        "{",
        "[",
        "{]",
        "[}",
        "{,}",
        "[,]",
        "[1,]",
        r#"{"a":1,}"#,
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a" 1}"#,
        "{a:1}",
        "{1:1}",
        "[1 2]",
        "nul",
        "nullx",
        "True",
        "01",
        "-",
        "-a",
        "1.",
        ".5",
        "1e",
        "1e+",
        "+1",
        "0x1",
        "NaN",
        "Infinity",
        r#"""#,
        r#""\""#,
        r#""\x""#,
        r#""\u12""#,
        r#""\u12g4""#,
        r#""\u+123""#,
        r#""\ud800""#,
        r#""\ud800A""#,
        r#""\udc00""#,
        "\"\n\"",
        "\"\u{0}\"",
        "'a'",
        "{} {}",
        "[1]]",
        "\u{feff}{}",
        "// a\n{}",
        r#""\é""#,
    ] {
        assert!(!well_formed(text), "{text}");
    }
}

#[test]
fn a_body_when_it_is_not_utf8_is_malformed() {
    assert_eq!(
        JsonReader::new(b"\"\xff\"", Checks::All).err(),
        Some(Fault::Malformed)
    );
}

#[test]
fn a_text_when_nested_32_deep_is_well_formed_and_33_deep_is_not() {
    let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
    assert!(well_formed(&nested(32)));
    assert!(!well_formed(&nested(33)));
    assert!(!well_formed(&"[".repeat(1_000_000)));
    assert!(well_formed(&format!("[{}]", ["[]"; 100].join(","))));
}

#[test]
fn a_string_when_it_has_no_escapes_is_borrowed() {
    assert!(matches!(
        reader(r#""abc""#).text(),
        Ok(Cow::Borrowed("abc"))
    ));
}

#[test]
fn a_string_when_it_has_escapes_is_unescaped() {
    let mut reader = reader(r#""a\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00z""#);
    assert_eq!(reader.text().unwrap(), "a\"\\/\u{8}\u{c}\n\r\téé😀z");
}

#[test]
fn a_number_when_read_keeps_its_value() {
    for (text, expected) in [
        ("0", Number::Integer(0)),
        ("-12", Number::Integer(-12)),
        ("9223372036854775807", Number::Integer(i64::MAX)),
        (
            "9223372036854775808",
            Number::Float(9_223_372_036_854_775_808.0),
        ),
        ("1.548E9", Number::Float(1.548e9)),
        ("1e999", Number::Float(f64::MAX)),
        ("-1e999", Number::Float(f64::MIN)),
    ] {
        assert_eq!(reader(text).number(), Ok(expected), "{text}");
    }
}

#[test]
fn a_number_when_it_is_a_decimal_is_floored_and_clamped() {
    for (text, expected) in [
        ("1.9", 1),
        ("-0.5", -1),
        ("1e10", i32::MAX),
        ("-1e10", i32::MIN),
    ] {
        assert_eq!(
            reader(text).number().unwrap().to_integer(),
            Some(expected),
            "{text}"
        );
    }
}

#[test]
fn a_timestamp_when_given_in_any_form_is_milliseconds() {
    for (text, expected) in [
        ("1700000001", 1_700_000_001_000),
        ("1700000001.456", 1_700_000_001_456),
        ("1.548E9", 1_548_000_000_000),
        ("-1.5", -1500),
        (r#""2023-11-14T22:13:21Z""#, 1_700_000_001_000),
        (r#""2023-11-14T23:13:21.456789+01:00""#, 1_700_000_001_456),
        (r#""1969-12-31T23:59:58.5Z""#, -1500),
    ] {
        assert_eq!(reader(text).timestamp(), Ok(Timestamp(expected)), "{text}");
    }
    assert_eq!(reader(r#""yesterday""#).timestamp(), Err(Fault::Mismatch));
}

#[test]
fn a_timestamp_when_written_has_the_decimals_it_needs_and_at_least_one() {
    for (millis, expected) in [
        (1_700_000_001_456, "1700000001.456"),
        (1_700_000_001_450, "1700000001.45"),
        (1_700_000_001_000, "1700000001.0"),
        (1_700_000_001_001, "1700000001.001"),
        (0, "0.0"),
        (-1500, "-1.5"),
    ] {
        assert_eq!(
            written(|writer| writer.timestamp(Timestamp(millis))),
            expected
        );
    }
}

#[test]
fn a_value_when_written_is_compact() {
    let text = written(|writer| {
        writer.begin_map();
        writer.key("a");
        writer.begin_list();
        for number in [1, -2] {
            writer.item();
            writer.integer(number);
        }
        writer.end_list();
        writer.key("b");
        writer.begin_map();
        writer.end_map();
        writer.key("c");
        writer.boolean(true);
        writer.key("d");
        writer.blob(b"\xff\xfe");
        writer.end_map();
    });
    assert_eq!(text, r#"{"a":[1,-2],"b":{},"c":true,"d":"//4="}"#);
}

#[test]
fn a_text_when_written_has_its_controls_and_quotes_escaped() {
    let text = written(|writer| writer.text("a\"\\/\n\r\t\u{1}\u{1f}\u{7f}é"));
    assert_eq!(text, "\"a\\\"\\\\/\\n\\r\\t\\u0001\\u001f\u{7f}é\"");
}

#[test]
fn base64_when_its_slashes_are_escaped_is_decoded() {
    let mut bytes = vec![1];
    assert_eq!(reader(r#""\/\/4=""#).blob(&mut bytes), Ok(2));
    assert_eq!(bytes, [1, 0xff, 0xfe]);
}

proptest! {
    #[test]
    fn a_text_when_written_and_read_is_the_same(text in any::<String>()) {
        let json = written(|writer| writer.text(&text));
        prop_assert_eq!(reader(&json).text().unwrap(), text);
    }

    #[test]
    fn a_timestamp_when_written_and_read_is_the_same(millis in -10_000_000_000_000i64..10_000_000_000_000) {
        let json = written(|writer| writer.timestamp(Timestamp(millis)));
        prop_assert_eq!(reader(&json).timestamp(), Ok(Timestamp(millis)));
    }

    #[test]
    fn a_text_when_serde_reads_it_too_is_well_formed(text in "[\\[\\]{},:\"0-9a-f\\\\u.eE+\\- ]{0,12}") {
        // Except for unpaired surrogates, depth and numbers beyond floats, the two must agree.
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        let differs = theirs.as_ref().err().is_some_and(|e| e.to_string().contains("out of range"));
        prop_assume!(!differs);
        prop_assert_eq!(well_formed(&text), theirs.is_ok(), "{}", text);
    }
}
