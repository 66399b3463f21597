//! Patterns against texts, by tables, by regular expressions, and by counted steps.

use super::*;
use proptest::prelude::*;
use std::cell::Cell;

/// A request without any keys.
struct Nothing;

impl Keys for Nothing {
    fn find(&self, _: &Key) -> Found<'_> {
        Found::Absent
    }
}

/// A request of a user whose name looks like a pattern.
struct Ann;

impl Keys for Ann {
    fn find(&self, key: &Key) -> Found<'_> {
        match key {
            Key::Global(Global::UserName) => Found::One("a*n".into()),
            Key::Global(Global::UserId) => Found::Unclear,
            Key::Global(_) | Key::ResourceTag(_) | Key::RequestTag(_) | Key::Never(_) => {
                Found::Absent
            }
        }
    }
}

fn read(text: &str, wildcards: Wildcards) -> (Pattern, Option<Fault>) {
    let mut fault = None;
    let pattern = Pattern::read(text, wildcards, Version::V2012, &mut fault);
    (pattern, fault)
}

fn matched(pattern: &str, text: &str, how: How) -> Matched {
    let (pattern, fault) = read(pattern, Wildcards::Special);
    assert_eq!(fault, None);
    pattern.matches(text, how, &Nothing)
}

#[test]
fn wildcards_when_matched_then_stand_for_any_characters_or_for_one() {
    use Matched::{No, Yes};
    for (pattern, text, expected) in [
        ("", "", Yes),
        ("", "a", No),
        ("*", "", Yes),
        ("**", "abc", Yes),
        ("?", "", No),
        ("?", "é", Yes),
        ("a?c", "abc", Yes),
        ("a*c", "ac", Yes),
        ("a*c", "abcc", Yes),
        ("a*c", "abcd", No),
        ("*b*", "abc", Yes),
        ("A", "a", No),
        ("a*b?", "axbxbc", Yes),
    ] {
        assert_eq!(
            matched(pattern, text, How::Text),
            expected,
            "{pattern} {text}"
        );
    }
    assert_eq!(
        matched("kinesis:put*", "kinesis:PutRecord", How::Action),
        Yes
    );
    let (literal, _) = read("a*", Wildcards::Literal);
    assert_eq!(literal.matches("ab", How::Text, &Nothing), No);
    assert_eq!(literal.matches("A*", How::AnyCase, &Nothing), Yes);
    let (umlaut, _) = read("ÄB", Wildcards::Literal);
    assert_eq!(umlaut.matches("äb", How::AnyCase, &Nothing), Yes);
}

/// The rule of "Using wildcards in resource ARNs".
#[test]
fn star_when_not_last_in_its_segment_then_stays_within_it() {
    use Matched::{No, Yes};
    let stream = "arn:aws:kinesis:us-east-1:111111111111:stream/orders";
    let consumer = format!("{stream}/consumer/app:1700000000");
    for (pattern, text, expected) in [
        ("*", stream, Yes),
        ("arn:*", stream, Yes),
        ("arn:aws:kinesis:*:111111111111:stream/orders", stream, Yes),
        (
            "arn:aws:kinesis:us-*:111111111111:stream/o?ders",
            stream,
            Yes,
        ),
        ("arn:aws:kinesis:us-*-1:111111111111:stream/*", stream, Yes),
        ("arn:aws:kinesis:*1:111111111111:stream/*", stream, Yes),
        ("arn:aws:kinesis:*1:stream/orders", stream, No),
        ("arn:aws:kinesis:*:stream/orders", stream, Yes),
        (
            "arn:aws:kinesis:us-east-1?111111111111:stream/orders",
            stream,
            No,
        ),
        ("arn:aws:kinesis:*:*:stream/*/consumer/*", &consumer, Yes),
        ("arn:aws:kinesis:*:*:stream/*/consumer/*:*", &consumer, Yes),
        ("arn:aws:kinesis:*:*:stream/*0", &consumer, No),
        ("arn:aws:kinesis:*:*:stream/*", &consumer, Yes),
    ] {
        assert_eq!(
            matched(pattern, text, How::Resource),
            expected,
            "{pattern} {text}"
        );
    }
}

#[test]
fn arn_in_a_condition_when_compared_then_is_so_part_by_part() {
    use Matched::{No, Unclear, Yes};
    let ann = "arn:aws:iam::111111111111:user/team/ann";
    for (pattern, text, expected) in [
        (ann, ann, Yes),
        ("arn:aws:iam::*:user/*", ann, Yes),
        ("arn:*:*:*:*:*", ann, Yes),
        ("arn:aws:iam::1111*1111:user/team/???", ann, Yes),
        ("arn:aws:iam::222222222222:user/*", ann, No),
        ("arn:aws:iam::*:user/ann", ann, No),
        ("arn:aws:iam::*:user/*", "ann", No),
        ("arn:aws:iam::*", ann, Unclear),
        ("*", ann, Unclear),
    ] {
        assert_eq!(
            matched(pattern, text, How::Arn),
            expected,
            "{pattern} {text}"
        );
    }
}

#[test]
fn variable_when_filled_then_is_literal_and_without_a_value_fits_nothing() {
    use Matched::{No, Null, Unclear, Yes};
    for (pattern, text, expected) in [
        ("x/${aws:username}", "x/a*n", Yes),
        ("x/${aws:username}", "x/aXn", No),
        ("${AWS:UserName}*", "a*n-1", Yes),
        ("${aws:PrincipalTag/team}", "x", Null),
        ("${aws:PrincipalTag/team, 'all'}", "all", Yes),
        ("${aws:PrincipalTag/team,'all'}", "x", No),
        ("${aws:username, 'all'}", "all", No),
        ("${aws:userid}", "x", Unclear),
        ("${aws:PrincipalTag/team}${aws:userid}", "x", Unclear),
        ("a${*}${?}${$}", "a*?$", Yes),
        ("a${*}", "ab", No),
    ] {
        let (pattern, fault) = read(pattern, Wildcards::Special);
        assert_eq!(fault, None);
        assert_eq!(
            pattern.matches(text, How::Text, &Ann),
            expected,
            "{pattern:?}"
        );
    }
}

#[test]
fn variable_when_it_is_none_then_is_named_and_fits_nothing_for_sure() {
    for (text, named) in [
        ("a/${aws:username", "a/${aws:username"),
        ("${}", "${}"),
        ("${aws:nothing}", "${aws:nothing}"),
        ("${ aws:username }", "${ aws:username }"),
        ("${aws:username, all}", "${aws:username, all}"),
        ("${aws:TagKeys}", "${aws:TagKeys}"),
    ] {
        let (pattern, fault) = read(text, Wildcards::Special);
        let given = named.to_owned();
        assert_eq!(fault, Some(Fault::Variable { given }));
        assert_eq!(pattern.matches(text, How::Text, &Ann), Matched::Unclear);
    }
    let mut fault = None;
    let first = Pattern::read("${x}", Wildcards::Special, Version::V2008, &mut fault);
    assert_eq!(first.matches("${x}", How::Text, &Ann), Matched::Yes);
    assert_eq!(fault, None);
}

/// Stars upon stars, which make matchers that try one after the other take for ever.
#[test]
fn pattern_when_the_worst_for_its_text_then_takes_three_steps_for_each_pair_at_most() {
    let text = "a".repeat(500);
    for pattern in [
        "a*".repeat(1_000) + "b",
        "*".repeat(2_000) + "b",
        "?*".repeat(500),
    ] {
        let tokens: Vec<Token> = pattern
            .chars()
            .map(|char| match char {
                '*' => Token::Many,
                '?' => Token::One,
                char => Token::Char(char),
            })
            .collect();
        for colons in [Colons::Ordinary, Colons::EndSegments] {
            let mut left = usize::MAX;
            matcher::run(&tokens, &text, char::eq, colons, &mut left).unwrap();
            let steps = usize::MAX - left;
            // With a step less it cannot be told.
            let mut left = steps - 1;
            let told = matcher::run(&tokens, &text, char::eq, colons, &mut left);
            assert_eq!((told, left), (None, 0));
            let pairs = (tokens.len() + 1) * (text.len() + 1);
            assert!(steps <= 3 * pairs, "{steps} for {pairs}");
        }
    }
}

/// Knows nothing, and counts steps.
struct Left(Cell<usize>);

impl Keys for Left {
    fn find(&self, _: &Key) -> Found<'_> {
        Found::Absent
    }

    fn steps_left(&self) -> usize {
        self.0.get()
    }

    fn set_steps_left(&self, left: usize) {
        self.0.set(left);
    }
}

/// More than two stars in a row are left out, and mean no less.
#[test]
fn stars_when_in_a_row_then_take_the_steps_of_two() {
    let text = "arn:aws:kinesis:us-east-1:111111111111:stream/orders";
    for (around, is_match) in [
        ("N", true),
        ("arn:aws:Ns", true),
        ("NX", false),
        ("arn:N", true),
    ] {
        let with = |stars: &str| around.replace('N', stars);
        for how in [How::Text, How::Resource, How::AnyCase] {
            let steps = |pattern: &str| {
                let left = Left(Cell::new(usize::MAX));
                let (pattern, _) = read(pattern, Wildcards::Special);
                (pattern.matches(text, how, &left), left.0.get())
            };
            let two = steps(&with("**"));
            assert_eq!(steps(&with(&"*".repeat(5_000))), two, "{around}");
            assert_eq!(two.0 == Matched::Yes, is_match, "{around}");
        }
    }
}

/// The pattern as a regular expression.
fn as_expression(pattern: &str, how: How) -> regex::Regex {
    let mut expression = if how == How::Action {
        "(?is)^"
    } else {
        "(?s)^"
    }
    .to_owned();
    let chars: Vec<char> = pattern.chars().collect();
    for (place, char) in chars.iter().enumerate() {
        let ends = matches!(chars.get(place + 1), None | Some(':' | '*'));
        expression += &match (char, how) {
            ('*', How::Resource) if !ends => "[^:]*".to_owned(),
            ('?', How::Resource) => "[^:]".to_owned(),
            ('*', _) => ".*".to_owned(),
            ('?', _) => ".".to_owned(),
            (char, _) => regex::escape(&char.to_string()),
        };
    }
    regex::Regex::new(&(expression + "$")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn pattern_when_matched_then_as_a_regular_expression_does(
        pattern in "[ab:*?]{0,12}",
        text in "[abAB:]{0,12}",
    ) {
        for how in [How::Text, How::Action, How::Resource] {
            let expected = as_expression(&pattern, how).is_match(&text);
            let found = matched(&pattern, &text, how) == Matched::Yes;
            prop_assert_eq!(found, expected, "{:?}", how);
        }
    }
}
