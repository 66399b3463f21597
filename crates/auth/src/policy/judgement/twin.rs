//! A second judge, written differently, and random policies that both have to judge alike.
//!
//! It interprets a document's JSON as another parser reads it, turns patterns into regular
//! expressions, and treats what is unknown by trying every possibility.

use super::*;
use crate::policy::{Found, IdentityPolicy, Key, User};
use crate::{Resource, policy};
use millstream_model::StreamArn;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use regex::{Regex, escape};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

pub(super) const STREAM: &str = "arn:aws:kinesis:us-east-1:111111111111:stream/orders";

/// A request's keys by their names, each with all its values; one that cannot be told has none.
#[derive(Clone, Debug, Default)]
pub(super) struct Given(pub(super) BTreeMap<String, Option<Vec<String>>>);

impl Given {
    pub(super) fn new<const N: usize>(pairs: [(&str, &[&str]); N]) -> Self {
        let owned = |values: &[&str]| values.iter().map(|one| (*one).to_owned()).collect();
        let pairs = pairs.map(|(key, values)| (key.to_owned(), Some(owned(values))));
        Self(pairs.into())
    }
}

impl Keys for Given {
    fn find(&self, key: &Key) -> Found<'_> {
        let name = key.to_string();
        let Some((_, values)) = self.0.iter().find(|(given, _)| **given == name) else {
            return Found::Absent;
        };
        let all = |values: &'_ Vec<String>| values.iter().cloned().map(Into::into).collect();
        match values {
            None => Found::Unclear,
            Some(values) if name == "aws:TagKeys" => Found::Many(all(values)),
            Some(values) => Found::One(values[0].clone().into()),
        }
    }
}

/// What the second judge guesses about things unknown: a bit for each, in order.
struct Guess {
    bits: u32,
    taken: u32,
}

impl Guess {
    fn next(&mut self) -> bool {
        let bit = self.bits >> self.taken & 1;
        self.taken += 1;
        bit == 1
    }
}

/// One of a request's values; `Err` if it cannot be told whether there is one.
fn value<'a>(keys: &'a Given, name: &str) -> Result<Option<&'a [String]>, ()> {
    let mut found = keys
        .0
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name));
    match found.next() {
        None => Ok(None),
        Some((_, values)) => values.as_deref().map(Some).ok_or(()),
    }
}

/// A pattern as a regular expression, with its variables' values; `None` if one has none.
fn expression(pattern: &str, style: Style, keys: &Given) -> Result<Option<Regex>, ()> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if let Some((name, after)) = rest.strip_prefix("${").and_then(|r| r.split_once('}')) {
            rest = after;
            let (key, default) = match name.split_once(", '") {
                None => (name, None),
                Some((key, default)) => (key, default.strip_suffix('\'')),
            };
            match value(keys, key)?
                .map(|values| values[0].as_str())
                .or(default)
            {
                _ if ["*", "?", "$"].contains(&name) => out += &escape(name),
                Some(value) => out += &escape(value),
                None => return Ok(None),
            }
            continue;
        }
        rest = &rest[first.len_utf8()..];
        let ends = rest.is_empty() || rest.starts_with([':', '*']);
        out += &match (first, style) {
            (_, Style::Literal) => escape(&first.to_string()),
            ('*', Style::Resource) if !ends => "[^:]*".to_owned(),
            ('?', Style::Resource) => "[^:]".to_owned(),
            ('*', _) => ".*".to_owned(),
            ('?', _) => ".".to_owned(),
            (first, _) => escape(&first.to_string()),
        };
    }
    Ok(Some(compiled(format!("(?is)^{out}$"))))
}

/// A regular expression, compiled once.
fn compiled(text: String) -> Regex {
    thread_local! {
        static COMPILED: RefCell<BTreeMap<String, Regex>> = RefCell::default();
    }
    COMPILED.with_borrow_mut(|all| {
        let compile = |text: &String| Regex::new(text).unwrap();
        all.entry(text).or_insert_with_key(compile).clone()
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Style {
    Literal,
    Wild,
    Resource,
}

/// Whether a text fits a pattern whose capitals matter. A variable without a value fits nothing.
fn like(pattern: &str, text: &str, style: Style, keys: &Given) -> Result<Option<bool>, ()> {
    let expression = expression(pattern, style, keys)?;
    let exact = |found: Regex| found.as_str().replacen("(?is)", "(?s)", 1);
    Ok(expression.map(|found| compiled(exact(found)).is_match(text)))
}

fn list(value: &Value) -> Vec<&Value> {
    value
        .as_array()
        .map_or_else(|| vec![value], |all| all.iter().collect())
}

fn texts(value: &Value) -> Vec<String> {
    let text = |one: &Value| one.as_str().map_or_else(|| one.to_string(), str::to_owned);
    list(value).into_iter().map(text).collect()
}

fn seconds(text: &str) -> Option<f64> {
    match text.len() {
        10 if text.contains('-') => {
            let format = time::macros::format_description!("[year]-[month]-[day]");
            let date = time::Date::parse(text, format).ok()?;
            Some(date.midnight().assume_utc().unix_timestamp() as f64)
        }
        20 => {
            let format = &time::format_description::well_known::Rfc3339;
            let date = time::OffsetDateTime::parse(text, format).ok()?;
            Some(date.unix_timestamp() as f64)
        }
        _ => text.parse().ok(),
    }
}

/// Whether an address is in a network, bit by bit.
fn is_within(net: &str, address: &str) -> Option<bool> {
    let bits = |text: &str| {
        let number = match text.parse::<IpAddr>().ok()? {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
            IpAddr::V6(v6) => (v6.to_bits(), 128),
        };
        Some(number)
    };
    let (base, length) = net.split_once('/').unwrap_or((net, ""));
    let ((base, width), (address, of)) = (bits(base)?, bits(address)?);
    let length = length.parse().unwrap_or(width);
    let differing = base ^ address;
    Some(width == of && (0..length).all(|bit| differing >> (width - 1 - bit) & 1 == 0))
}

/// The six parts of an ARN, whose variables have colons, too.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for char in text.chars() {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => (),
        }
        match char {
            ':' if depth == 0 && parts.len() < 6 => parts.push(String::new()),
            char => parts.last_mut().unwrap().push(char),
        }
    }
    parts
}

/// Whether a value fits one of a condition's, by the operator without `Not`.
fn compare(test: &str, expected: &str, found: &str, keys: &Given) -> Result<bool, ()> {
    let by_order = |order: &str, a: f64, b: f64| match order {
        "Equals" => a == b,
        "LessThan" => a < b,
        "LessThanEquals" => a <= b,
        "GreaterThan" => a > b,
        "GreaterThanEquals" => a >= b,
        _ => panic!("{order}"),
    };
    let null_is_unlike = |fits: Option<bool>| fits.unwrap_or(false);
    match test {
        "StringEquals" => like(expected, found, Style::Literal, keys).map(null_is_unlike),
        "StringLike" => like(expected, found, Style::Wild, keys).map(null_is_unlike),
        "StringEqualsIgnoreCase" => {
            let expression = expression(expected, Style::Literal, keys)?;
            Ok(expression.is_some_and(|one| one.is_match(found)))
        }
        "ArnLike" | "ArnEquals" => {
            let (patterns, texts) = (parts(expected), parts(found));
            let pairs = patterns.iter().zip(&texts);
            let fits = pairs.map(|(p, t)| like(p, t, Style::Wild, keys).map(null_is_unlike));
            let fits = fits.collect::<Result<Vec<bool>, ()>>()?;
            Ok(texts.len() == 6 && fits.into_iter().all(|one| one))
        }
        "Bool" => Ok(expected.eq_ignore_ascii_case(found)),
        "IpAddress" => is_within(expected, found).ok_or(()),
        _ => {
            let order = test
                .trim_start_matches("Numeric")
                .trim_start_matches("Date");
            let (found, expected) = (seconds(found).ok_or(())?, seconds(expected).unwrap());
            Ok(by_order(order, found, expected))
        }
    }
}

fn condition_holds(
    operator: &str,
    name: &str,
    expected: &[String],
    keys: &Given,
    guess: &mut Guess,
) -> bool {
    let (set, rest) = operator.split_once(':').unwrap_or(("", operator));
    let test = rest.strip_suffix("IfExists").unwrap_or(rest);
    let negated = test.contains("Not");
    let plain = test.replace("Not", "");
    let values: Vec<String> = match value(keys, name) {
        Err(()) => return guess.next(),
        Ok(values) => values.unwrap_or_default().to_vec(),
    };
    if test == "Null" {
        return expected
            .iter()
            .any(|one| one == &values.is_empty().to_string());
    }
    if values.is_empty() {
        return rest != test || set == "ForAllValues" || (negated && set.is_empty());
    }
    let mut fits = |found: &String| {
        let each = expected.iter().map(|one| compare(&plain, one, found, keys));
        let each = each.map(|fits| fits.unwrap_or_else(|()| guess.next()));
        // None is left out, so that each guess stays what it is for.
        let each: Vec<bool> = each.collect();
        each.contains(&true) != negated
    };
    let fits: Vec<bool> = values.iter().map(&mut fits).collect();
    match set {
        "ForAllValues" => !fits.contains(&false),
        _ => fits.contains(&true),
    }
}

/// Whether everything about a statement but its principals fits.
fn statement_fits(one: &Value, deed: Deed<'_>, keys: &Given, guess: &mut Guess) -> bool {
    let action = |pattern: &String| {
        let found = expression(pattern, Style::Wild, &Given::default());
        found.unwrap().unwrap().is_match(deed.action)
    };
    let acts = match (one.get("Action"), one.get("NotAction")) {
        (Some(names), None) => texts(names).iter().any(action),
        (None, Some(names)) => !texts(names).iter().any(action),
        both => panic!("{both:?}"),
    };
    let mut resource = |pattern: &String, null: Option<bool>| {
        let fits = like(pattern, deed.resource, Style::Resource, keys);
        match fits {
            Ok(Some(fits)) => fits,
            Ok(None) => null.unwrap_or_else(|| guess.next()),
            Err(()) => guess.next(),
        }
    };
    let concerns = match (one.get("Resource"), one.get("NotResource")) {
        (Some(names), None) => {
            let each = texts(names);
            let each: Vec<bool> = each.iter().map(|n| resource(n, Some(false))).collect();
            each.contains(&true)
        }
        (None, Some(names)) => {
            let each: Vec<bool> = texts(names).iter().map(|n| resource(n, None)).collect();
            !each.contains(&true)
        }
        both => panic!("{both:?}"),
    };
    let none = serde_json::Map::new();
    let conditions = one
        .get("Condition")
        .map_or(&none, |all| all.as_object().unwrap());
    let mut holds = true;
    for (operator, pairs) in conditions {
        for (name, expected) in pairs.as_object().unwrap() {
            holds &= condition_holds(operator, name, &texts(expected), keys, guess);
        }
    }
    acts && concerns && holds
}

/// Whether a statement applies: one that permits whatever the guess, one that refuses by any.
fn applies(one: &Value, deed: Deed<'_>, keys: &Given) -> bool {
    let mut first = Guess { bits: 0, taken: 0 };
    statement_fits(one, deed, keys, &mut first);
    assert!(first.taken < 16);
    let mut all = (0..1 << first.taken)
        .map(|bits| statement_fits(one, deed, keys, &mut Guess { bits, taken: 0 }));
    match one["Effect"].as_str() {
        Some("Allow") => all.all(|fits| fits),
        _ => all.any(|fits| fits),
    }
}

/// How strongly a resource's statement names someone: 0 not at all, 1 by the account, 2 directly.
fn named(one: &Value, who: &Who) -> u8 {
    let account = who.account.as_str();
    let by_account = [account.to_owned(), format!("arn:aws:iam::{account}:root")];
    let strength = |text: String| match (by_account.contains(&text), who.user.is_none()) {
        (true, true) => 2,
        (true, false) => 1,
        (false, _) => u8::from(text == who.arn()) * 2,
    };
    texts(&one["Principal"]["AWS"])
        .into_iter()
        .map(strength)
        .max()
        .unwrap_or(0)
}

/// The second judge's decision.
fn is_allowed(
    who: &Who,
    own: &[Value],
    theirs: Option<&Value>,
    deed: Deed<'_>,
    keys: &Given,
) -> bool {
    let statements = |documents: &[Value]| {
        let all = documents.iter().flat_map(|one| list(&one["Statement"]));
        all.cloned().collect::<Vec<Value>>()
    };
    let effect = |one: &Value| one["Effect"].as_str().unwrap().to_owned();
    let own: Vec<Value> = match who.user {
        Some(_) => statements(own),
        None => vec![json!({"Effect": "Allow", "Action": "*", "Resource": "*"})],
    };
    let own: Vec<String> = own
        .iter()
        .filter(|one| applies(one, deed, keys))
        .map(effect)
        .collect();
    let theirs = statements(theirs.cloned().as_slice());
    let theirs: Vec<(String, u8)> = theirs
        .iter()
        .filter(|one| applies(one, deed, keys) && named(one, who) > 0)
        .map(|one| (effect(one), named(one, who)))
        .collect();
    let denies = own
        .iter()
        .chain(theirs.iter().map(|(effect, _)| effect))
        .any(|e| e == "Deny");
    let by_own = own.iter().any(|effect| effect == "Allow");
    let strength = theirs
        .iter()
        .filter(|(e, _)| e == "Allow")
        .map(|(_, s)| *s)
        .max();
    let is_own_resource = deed.resource == "*" || deed.resource.contains(who.account.as_str());
    !denies
        && match is_own_resource {
            true => by_own || strength == Some(2),
            false => by_own && strength.is_some(),
        }
}

// --- Random policies and requests
// -----------------------------------------------------------------------------------------------

fn one_or_list(all: Vec<&'static str>) -> Value {
    match all.as_slice() {
        [one] => json!(one),
        all => json!(all),
    }
}

fn some_of(pool: &'static [&'static str], most: usize) -> impl Strategy<Value = Value> {
    subsequence(pool, 1..=most).prop_map(one_or_list)
}

const ACTIONS: &[&str] = &[
    "*",
    "kinesis:*",
    "kinesis:PutRecord",
    "kinesis:put*",
    "kinesis:Put?ecord",
    "KINESIS:Get*",
    "kinesis:*Record*",
    "s3:*",
    "kinesis:ListStreams",
];
const RESOURCES: &[&str] = &[
    "*",
    STREAM,
    "arn:aws:kinesis:*",
    "arn:aws:kinesis:*:111111111111:stream/*",
    "arn:aws:kinesis:us-*-1:*:stream/orders",
    "arn:aws:kinesis:us-east-?:111111111111:*/orders",
    "arn:aws:kinesis:*:*:stream/${aws:username}*",
    "arn:aws:kinesis:*:*:stream/o*/consumer/*",
    "arn:aws:kinesis:*:*:stream/${aws:PrincipalTag/team}",
    "arn:*:${aws:PrincipalAccount}:*",
    "arn:aws:kinesis:*:*:stream/${aws:ResourceTag/team, 'orders'}",
    "arn:aws:s3:::b",
    "arn:aws:kinesis:us-east-1:222222222222:stream/*",
];
const TEXTS: &[&str] = &[
    "ann",
    "a*",
    "*",
    "A?N",
    "${aws:username}",
    "${aws:PrincipalTag/x}",
    "red",
    "7",
];
const ARNS: &[&str] = &[
    "arn:aws:iam::111111111111:user/ann",
    "arn:aws:iam::*:user/*",
    "arn:*:*:*:*:root",
    "arn:aws:iam::${aws:PrincipalAccount}:user/${aws:username}",
];
const NETS: &[&str] = &[
    "10.0.0.0/8",
    "10.1.2.3",
    "0.0.0.0/0",
    "::/0",
    "fd00::/8",
    "10.1.2.128/25",
];
const DATES: &[&str] = &[
    "2026-11-30",
    "2026-11-30T12:00:00Z",
    "1796040000",
    "2027-01-01T00:00:00Z",
];
const NUMBERS: &[&str] = &["7", "1796040000", "-1.5", "1e3"];

fn sets() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just(""), 1 => Just("ForAllValues:"), 1 => Just("ForAnyValue:")]
}

/// An operator and a key, with values that it compares.
fn condition() -> impl Strategy<Value = (String, &'static str, Value)> {
    let exists = || prop_oneof![3 => Just(""), 1 => Just("IfExists")];
    let of = |tests: &'static [&'static str], names: &'static [&'static str], pool, most| {
        (
            sets(),
            select(tests),
            exists(),
            select(names),
            some_of(pool, most),
        )
            .prop_map(|(set, test, exists, name, values)| {
                let set = match (set, name) {
                    ("", "aws:TagKeys") => "ForAnyValue:",
                    (set, _) => set,
                };
                (format!("{set}{test}{exists}"), name, values)
            })
    };
    const STRINGS: &[&str] = &[
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLike",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
    ];
    const NUMERIC: &[&str] = &[
        "NumericEquals",
        "NumericNotEquals",
        "NumericLessThan",
        "NumericLessThanEquals",
        "NumericGreaterThan",
        "NumericGreaterThanEquals",
    ];
    const DATE: &[&str] = &[
        "DateEquals",
        "DateNotEquals",
        "DateLessThan",
        "DateLessThanEquals",
        "DateGreaterThan",
        "DateGreaterThanEquals",
    ];
    let null = (
        sets(),
        select(&["aws:username", "aws:ResourceTag/team", "aws:TagKeys"][..]),
    );
    let null = (null, some_of(&["true", "false"], 1));
    prop_oneof![
        4 => of(STRINGS, &[
            "aws:username", "AWS:UserId", "aws:ResourceTag/team", "aws:TagKeys",
            "aws:PrincipalOrgID", "aws:RequestTag/team",
        ], TEXTS, 3),
        1 => of(&["ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals"], &["aws:PrincipalArn"],
            ARNS, 2),
        1 => of(&["Bool"], &["aws:SecureTransport", "aws:MultiFactorAuthPresent"],
            &["true", "false"], 1),
        1 => of(&["IpAddress", "NotIpAddress"], &["aws:SourceIp"], NETS, 2),
        1 => of(DATE, &["aws:CurrentTime", "aws:EpochTime"], DATES, 2),
        1 => of(NUMERIC, &["aws:EpochTime", "aws:ResourceTag/team"], NUMBERS, 2),
        1 => null.prop_map(|((set, name), values)| (format!("{set}Null"), name, values)),
    ]
}

fn conditions() -> impl Strategy<Value = Value> {
    let some = proptest::collection::vec(condition(), 0..3);
    some.prop_map(|all| {
        let mut found = json!({});
        for (operator, name, values) in all {
            found[operator][name] = values;
        }
        found
    })
}

fn effect() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just("Allow"), 1 => Just("Deny")]
}

fn identity_policy() -> impl Strategy<Value = Value> {
    let or_not =
        |name: &'static str, other: &'static str| prop_oneof![4 => Just(name), 1 => Just(other)];
    let actions = (or_not("Action", "NotAction"), some_of(ACTIONS, 2));
    let resources = (or_not("Resource", "NotResource"), some_of(RESOURCES, 2));
    let statement = (effect(), actions, resources, conditions()).prop_map(
        |(effect, (action, actions), (resource, resources), conditions)| {
            json!({"Effect": effect, action: actions, resource: resources, "Condition": conditions})
        },
    );
    proptest::collection::vec(statement, 1..4)
        .prop_map(|all| json!({"Version": "2012-10-17", "Statement": all}))
}

fn resource_policy() -> impl Strategy<Value = Value> {
    const PRINCIPALS: &[&str] = &[
        "111111111111",
        "222222222222",
        "arn:aws:iam::111111111111:user/ann",
        "arn:aws:iam::222222222222:user/team/bob",
        "arn:aws:iam::222222222222:root",
        "arn:aws:iam::222222222222:role/r",
    ];
    const SHARED: &[&str] = &[
        "kinesis:PutRecord",
        "kinesis:GetRecords",
        "kinesis:ListShards",
    ];
    let statement = (
        effect(),
        some_of(PRINCIPALS, 2),
        some_of(SHARED, 2),
        conditions(),
    )
        .prop_map(|(effect, principals, actions, conditions)| {
            json!({"Effect": effect, "Principal": {"AWS": principals}, "Action": actions,
                "Resource": STREAM, "Condition": conditions})
        });
    proptest::collection::vec(statement, 1..4)
        .prop_map(|all| json!({"Version": "2012-10-17", "Statement": all}))
}

fn given() -> impl Strategy<Value = Given> {
    let one = |name: &'static str, pool: &'static [&'static str]| {
        let value = select(pool).prop_map(|one| Some(vec![one.to_owned()]));
        let maybe = prop_oneof![4 => value.prop_map(Some), 2 => Just(None), 1 => Just(Some(None))];
        maybe.prop_map(move |values| values.map(|values| (name.to_owned(), values)))
    };
    let tags = subsequence(&["ann", "red", "blue"][..], 0..=3);
    let tags = tags.prop_map(|all| all.into_iter().map(str::to_owned).collect::<Vec<_>>());
    let tags = tags.prop_map(|all| Some(("aws:TagKeys".to_owned(), Some(all))));
    let all = (
        one("aws:username", &["ann", "a*n", "team", "orders"]),
        one("aws:userid", &["ann", "ANN", "7"]),
        one("aws:ResourceTag/team", &["red", "7", "orders", "-1.5"]),
        one("aws:RequestTag/team", &["red", "A*N"]),
        one(
            "aws:PrincipalArn",
            &["arn:aws:iam::111111111111:user/ann", "arn:aws:iam::2:root"],
        ),
        one("aws:PrincipalAccount", &["111111111111", "222222222222"]),
        one("aws:SecureTransport", &["true", "false"]),
        one(
            "aws:SourceIp",
            &["10.1.2.3", "10.1.2.200", "11.0.0.1", "fd00::1", "::1"],
        ),
        one(
            "aws:CurrentTime",
            &["2026-11-30T12:00:00Z", "2026-11-30T00:00:00Z"],
        ),
        one("aws:EpochTime", &["1796040000", "1796040001"]),
        tags,
    );
    all.prop_map(|(a, b, c, d, e, f, g, h, i, j, k)| {
        Given(
            [a, b, c, d, e, f, g, h, i, j, k]
                .into_iter()
                .flatten()
                .collect(),
        )
    })
}

fn who(policies: &[Value]) -> [Who; 4] {
    let read = |one: &Value| IdentityPolicy::parse("p", &one.to_string()).unwrap();
    let policies: Arc<[IdentityPolicy]> = policies.iter().map(read).collect();
    [
        ("111111111111", "ann"),
        ("222222222222", "team/bob"),
        ("111111111111", ""),
        ("222222222222", ""),
    ]
    .map(|(account, user)| Who {
        account: AccountId::parse(account).unwrap(),
        partition: "aws",
        user: User::new(user, None),
        policies: Arc::clone(&policies),
    })
}

proptest! {
    #[test]
    fn request_when_judged_by_a_second_judge_then_is_decided_alike(
        own in proptest::collection::vec(identity_policy(), 0..3),
        theirs in proptest::option::of(resource_policy()),
        keys in given(),
        action in select(&["kinesis:PutRecord", "kinesis:GetRecords", "kinesis:ListStreams"][..]),
        resource in select(&[STREAM, STREAM, STREAM, "*"][..]),
    ) {
        let arn = StreamArn::parse(STREAM).unwrap();
        let owner = (resource != "*").then_some(&arn.account);
        let theirs = theirs.filter(|_| owner.is_some());
        let text = theirs.as_ref().map(Value::to_string);
        if let Some(text) = &text {
            policy::Policy::parse(text, Resource::from(&arn)).unwrap();
        }
        let policy = text.map(|text| ResourcePolicy::of_stored(&text, (&arn).into()));
        for who in &who(&own) {
            let asked = Asked { who, action, resource, owner, policy: policy.as_ref() };
            let judgement = judge(asked, &keys);
            let expected = is_allowed(who, &own, theirs.as_ref(), Deed { action, resource }, &keys);
            let found = judgement.decision == Decision::Allow;
            prop_assert_eq!(found, expected, "{}: {:?}", who.arn(), judgement);
        }
    }
}
