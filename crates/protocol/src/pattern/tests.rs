//! Each checker against its regular expression.

use proptest::prelude::*;
use proptest::string::string_regex;
use regex::Regex;

use super::*;

const PATTERNS: [&Pattern; 7] = [
    &NAME,
    &HASH_KEY,
    &SEQUENCE_NUMBER,
    &STREAM_ARN,
    &CONSUMER_ARN,
    &RESOURCE_ARN,
    &STREAM_ID,
];

/// Java's `matches`: the whole string, ASCII digits and whitespace, and a dot that stops at line
/// terminators.
fn java(pattern: &Pattern) -> Regex {
    let expression = pattern
        .expression
        .trim_start_matches('^')
        .trim_end_matches('$');
    let expression = expression
        .replace(r"\d", "[0-9]")
        .replace(r"\S", r"[^ \t\n\x0b\f\r]")
        .replace(r"\/", "/")
        .replace(".*", r"[^\n\r\x{85}\x{2028}\x{2029}]*");
    Regex::new(&format!(r"\A(?:{expression})\z")).unwrap()
}

fn agree(text: &str) {
    for pattern in PATTERNS {
        let expected = java(pattern).is_match(text);
        assert_eq!(
            pattern.matches(text),
            expected,
            "{} on {text:?}",
            pattern.expression
        );
    }
}

#[test]
fn a_checker_when_given_edge_cases_agrees_with_its_expression() {
    let account = "000000000000";
    let longest_hash_key = "9".repeat(39);
    let longest_sequence_number = "9".repeat(129);
    let cases = [
        String::new(),
        "0".into(),
        "00".into(),
        "01".into(),
        "-1".into(),
        "1\n".into(),
        "a b".into(),
        "é".into(),
        format!("{longest_hash_key}0"),
        longest_hash_key,
        format!("{longest_sequence_number}0"),
        longest_sequence_number,
        "abcdefghij0123456789-abc".into(),
        "abcdefghij0123456789-abC".into(),
        "abcdefghij0123456789é-ab".into(),
        format!("arn:aws:kinesis:us-east-1:{account}:stream/a"),
        format!("arn:aws-cn:kinesis:us-east-1:{account}:stream/a/b:c"),
        format!("arn:aws:kinesis::{account}:stream/a"),
        format!("arn:aws:kinesis:{account}:stream/a"),
        format!("arn:aws:kinesis:us-east-1:{account}:stream/"),
        format!("arn:aws:kinesis:us-east-1:{account}:stream/a b"),
        format!("arn:aws:kinesis:us-east-1:{account}:stream/a\u{85}"),
        format!("arn:aws:\u{2028}kinesis:us-east-1:{account}:stream/a"),
        format!("arn:aws:s3:us-east-1:{account}:stream/a"),
        format!("arn:aws:kinesis:us-east-1:1{account}:stream/a"),
        format!("arn:aws:kinesis:x:{account}:stream/a:kinesis:x:{account}:stream/ b"),
        format!("arn:aws:kinesis:us-east-1:{account}:stream/a/consumer/b:1"),
        format!("arn:aws:kinesis:us-east-1:{account}:stream/a/consumer/b:"),
        format!("arn:aws:kinesis:us-east-1:{account}:stream/a/consumer/b"),
        format!("arn:aws:kinesis:us-east-1:{account}:stream/a/consumer/:1"),
        format!("arn:aws:kinesis:us-east-1:{account}:upstream/a/consumer/b:1"),
        format!("arn:aws:kinesis:us-east-1:{account}:x:{account}:stream/a/consumer/b:1"),
        format!("arn:aws:kinesis:us-east-1:{account}\n:stream/a/consumer/b:1"),
        format!("arn:aws:kinesis:us-east-1:{account}:\nstream/a/consumer/b:1"),
        format!("arn:aws:kinesis:us-east-1:{account}:queue/a"),
        format!("arn:aws:kinesis:us-east-1:{account}:channel/a\u{2028}"),
        format!("arn:aws:kinesis:us-east-1:{account}:x\u{2028}queue/a"),
        format!("arn:aws:kinesis:us-east-1:{account}:queue/ stream/a"),
        format!("arn:aws:kinesis:us-east-1:{account}:queue/a stream/"),
        format!("arn:aws:kinesis:us-east-1:{account}:mystream/"),
        format!("arn:aws:kinesis:us-east-1:{account}:table/a"),
        format!("arn:aws:kinesis:stream/a:{account}:x"),
        format!("arn:aws:kinesis:x:{account}queue/a"),
    ];
    for case in &cases {
        agree(case);
    }
}

/// Pieces of all the patterns, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("arn:aws".to_owned()),
        Just(":kinesis:".to_owned()),
        Just(":123456789012".to_owned()),
        Just(":".to_owned()),
        Just(":stream/".to_owned()),
        Just("stream/".to_owned()),
        Just("queue/".to_owned()),
        Just("channel/".to_owned()),
        Just("/consumer/".to_owned()),
        Just(":1".to_owned()),
        string_regex("[a-z0-9_.\n \u{2028}é-]{0,3}").unwrap(),
    ];
    prop::collection::vec(piece, 0..9).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn a_checker_when_given_anything_agrees_with_its_expression(text in "\\PC{0,12}") {
        agree(&text);
    }

    #[test]
    fn a_checker_when_given_pieces_of_arns_agrees_with_its_expression(text in pieces()) {
        agree(&text);
    }

    #[test]
    fn a_checker_when_given_a_match_accepts_it(
        name in "[a-zA-Z0-9_.-]{1,20}",
        key in "0|[1-9][0-9]{0,38}",
        id in "[a-z0-9]{20}-[a-z0-9]{3}",
        arn in "arn:aws[a-z-]{0,3}:kinesis:[a-z0-9:-]{0,9}:[0-9]{12}:stream/[!-~]{1,9}",
        resource in
            "arn:aws[a-z-]{0,3}:kinesis:[a-z0-9:-]{0,9}:[0-9]{12}:[a-z]{0,3}(stream|channel|queue)/[!-~]{1,9}",
        consumer in "arn:aws:kinesis:[a-z:]{0,9}:[0-9]{12}:[a-z:0-9]{0,9}stream/[a-z.]{1,9}/consumer/[a-z]{1,9}:[0-9]{1,9}",
    ) {
        for (pattern, text) in
            [(&NAME, &name), (&HASH_KEY, &key), (&SEQUENCE_NUMBER, &key), (&STREAM_ID, &id),
             (&STREAM_ARN, &arn), (&RESOURCE_ARN, &arn), (&CONSUMER_ARN, &consumer),
             (&RESOURCE_ARN, &consumer), (&RESOURCE_ARN, &resource)]
        {
            prop_assert!(pattern.matches(text), "{} on {text:?}", pattern.expression);
            agree(text);
        }
    }
}

#[test]
fn a_pattern_when_shown_has_no_enclosing_anchors() {
    assert_eq!(HASH_KEY.shown(), r"0|([1-9]\d{0,38})");
    assert_eq!(SEQUENCE_NUMBER.shown(), r"0|([1-9]\d{0,128})");
    assert_eq!(NAME.shown(), "[a-zA-Z0-9_.-]+");
    assert_eq!(CONSUMER_ARN.shown(), CONSUMER_ARN.expression);
}
