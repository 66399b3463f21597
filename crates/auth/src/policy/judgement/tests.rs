//! Decisions by table: the examples of AWS's pages, and what they follow from.

use super::twin::{Given, STREAM};
use super::*;
use crate::policy::{IdentityPolicy, Policy, User};
use millstream_model::StreamArn;
use std::sync::Arc;

const OWNER: &str = "111111111111";
const OTHER: &str = "222222222222";

fn account(id: &str) -> AccountId {
    AccountId::parse(id).unwrap()
}

/// A user with policies.
fn user(id: &str, name: &str, policies: &[&str]) -> Who {
    let read = |text: &&str| IdentityPolicy::parse("p", text).unwrap();
    Who {
        account: account(id),
        partition: "aws",
        user: Some(User::new(name, None).unwrap()),
        policies: policies.iter().map(read).collect::<Arc<[_]>>(),
    }
}

/// An identity policy of some statements.
fn policy(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

fn allow_all() -> String {
    policy(r#"{"Sid":"all","Effect":"Allow","Action":"kinesis:*","Resource":"*"}"#)
}

/// A stream's policy of one statement.
fn sharing(effect: &str, principal: &str) -> String {
    policy(&format!(
        r#"{{"Sid":"share","Effect":{effect:?},"Principal":{{"AWS":{principal:?}}},
            "Action":"kinesis:PutRecord","Resource":{STREAM:?}}}"#
    ))
}

fn stored(text: &str) -> ResourcePolicy {
    let arn = StreamArn::parse(STREAM).unwrap();
    Policy::parse(text, (&arn).into()).unwrap();
    ResourcePolicy::of_stored(text, (&arn).into())
}

/// The decision about PutRecord to the stream.
fn decision(who: &Who, policy: Option<&str>) -> Decision {
    let policy = policy.map(stored);
    let owner = account(OWNER);
    let asked = Asked {
        who,
        action: "kinesis:PutRecord",
        resource: STREAM,
        owner: Some(&owner),
        policy: policy.as_ref(),
    };
    judge(asked, &Given::default()).decision
}

/// Whether a user with one policy may do something, with these keys.
fn may(text: &str, action: &str, resource: &str, keys: &Given) -> bool {
    let who = user(OWNER, "ann", &[text]);
    let owner = account(OWNER);
    let asked = Asked {
        who: &who,
        action,
        resource,
        owner: Some(&owner),
        policy: None,
    };
    judge(asked, keys).decision == Decision::Allow
}

/// The caller, what its own policy does, what the stream's does and to whom, and what follows.
const CALLERS: &str = "
    ann  | -     | -          | no identity-based policy allows
    ann  | Allow | -          | allowed
    ann  | Deny  | Allow ann  | explicit deny in an identity-based policy
    ann  | -     | Allow ann  | allowed
    ann  | -     | Allow own  | no identity-based policy allows
    ann  | Allow | Deny ann   | explicit deny in a resource-based policy
    ann  | Allow | Deny own   | explicit deny in a resource-based policy
    ann  | -     | Deny ann   | no identity-based policy allows
    ann  | -     | Allow bob  | no identity-based policy allows
    root | -     | -          | allowed
    root | -     | Deny own   | explicit deny in a resource-based policy
    root | -     | Deny ann   | allowed
    bob  | Allow | -          | no resource-based policy allows
    bob  | -     | Allow bob  | no identity-based policy allows
    bob  | Allow | Allow bob  | allowed
    bob  | Allow | Allow other| allowed
    bob  | Allow | Deny bob   | no resource-based policy allows
    bob  | Deny  | Allow bob  | explicit deny in an identity-based policy
    other| -     | Allow other| allowed
    other| -     | -          | no resource-based policy allows";

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
#[test]
fn caller_when_judged_by_both_kinds_of_policies_then_is_told_which_of_them_decides() {
    let refuse = policy(
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},
           {"Effect":"Deny","Action":"kinesis:Put*","Resource":"*"}"#,
    );
    for row in CALLERS.trim().lines() {
        let [who, own, theirs, expected] = cells(row);
        let own = match own {
            "Allow" => vec![allow_all()],
            "Deny" => vec![refuse.clone()],
            _ => vec![],
        };
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let who = match who {
            "ann" => user(OWNER, "ann", &own),
            "bob" => user(OTHER, "bob", &own),
            "root" => Who::root(account(OWNER), "aws"),
            _ => Who::root(account(OTHER), "aws"),
        };
        let theirs = theirs.split_once(' ').map(|(effect, whom)| match whom {
            "ann" => sharing(effect, "arn:aws:iam::111111111111:user/ann"),
            "bob" => sharing(effect, "arn:aws:iam::222222222222:user/bob"),
            "own" => sharing(effect, OWNER),
            _ => sharing(effect, "arn:aws:iam::222222222222:root"),
        });
        let told = match decision(&who, theirs.as_deref()) {
            Decision::Allow => "allowed".to_owned(),
            Decision::Deny(denial) => denial.because("kinesis:PutRecord").to_string(),
        };
        assert!(told.contains(expected), "{row}: {told}");
    }
}

/// The cells of a table's row.
fn cells<const N: usize>(row: &str) -> [&str; N] {
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    cells.try_into().unwrap()
}

/// Whoever may not learn of a stream is told the same whatever its policy says.
#[test]
fn denial_when_the_caller_may_not_act_anyway_then_says_nothing_about_the_resource() {
    let policies = [
        None,
        Some(sharing("Deny", "arn:aws:iam::111111111111:user/ann")),
        Some(sharing("Deny", "222222222222")),
        Some(sharing("Allow", "333333333333")),
    ];
    let allow = allow_all();
    for (who, told) in [
        (user(OWNER, "ann", &[]), Denial::NoIdentityPolicy),
        (user(OTHER, "bob", &[]), Denial::NoIdentityPolicy),
        (user(OTHER, "bob", &[&allow]), Denial::NoResourcePolicy),
    ] {
        for policy in &policies {
            let found = decision(&who, policy.as_deref());
            assert_eq!(found, Decision::Deny(told), "{} {policy:?}", who.arn());
        }
    }
}

#[test]
fn judgement_when_it_follows_from_a_statement_then_names_it() {
    let refuse = policy(
        r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"},
           {"Sid":"no","Effect":"Deny","Action":"kinesis:PutRecord","Resource":"*"}"#,
    );
    let allow = allow_all();
    let parse = |name, text: &str| IdentityPolicy::parse(name, text).unwrap();
    let mut who = user(OWNER, "ann", &[]);
    who.policies = [parse("all", &allow)].into();
    let shared = stored(&sharing("Allow", "111111111111"));
    let owner = account(OWNER);
    let place = |policy, statement, sid| Place {
        policy,
        statement,
        sid: Some(sid),
    };
    let judged = |who: &Who| {
        let asked = Asked {
            who,
            action: "kinesis:PutRecord",
            resource: STREAM,
            owner: Some(&owner),
            policy: Some(&shared),
        };
        let found = judge(asked, &Given::default());
        format!("{:?} {:?}", found.identity, found.resource)
    };
    let delegates = Side::Delegates(place("", 1, "share"));
    let expected = format!("{:?} {delegates:?}", Side::Allows(place("all", 1, "all")));
    assert_eq!(judged(&who), expected);
    who.policies = [parse("all", &allow), parse("refuse", &refuse)].into();
    let expected = format!("{:?} {delegates:?}", Side::Denies(place("refuse", 2, "no")));
    assert_eq!(judged(&who), expected);
}

/// The examples of "Controlling access to Amazon Kinesis Data Streams resources using IAM".
///
/// <https://docs.aws.amazon.com/streams/latest/dev/controlling-access.html>
#[test]
fn examples_of_the_developer_guide_when_judged_then_permit_what_their_headings_say() {
    let keys = Given::default();
    let region = "arn:aws:kinesis:us-east-1:111111111111";
    let gets = policy(&format!(
        r#"{{"Effect":"Allow","Action":["kinesis:Get*","kinesis:DescribeStreamSummary"],
            "Resource":["{region}:stream/stream1"]}},
           {{"Effect":"Allow","Action":["kinesis:ListStreams"],"Resource":["*"]}}"#
    ));
    let puts = policy(&format!(
        r#"{{"Effect":"Allow","Action":["kinesis:PutRecord"],"Resource":["{region}:stream/*"]}}"#
    ));
    let any = policy(&format!(
        r#"{{"Effect":"Allow","Action":"kinesis:*","Resource":["{region}:stream/stream1"]}}"#
    ));
    for (text, action, resource, expected) in [
        (&gets, "GetRecords", "stream/stream1", true),
        (&gets, "GetShardIterator", "stream/stream1", true),
        (&gets, "GetRecords", "stream/stream2", false),
        (&gets, "GetRecords", "stream/stream1/consumer/c:1", false),
        (&gets, "DescribeStream", "stream/stream1", false),
        (&puts, "PutRecord", "stream/anything", true),
        (&puts, "PutRecords", "stream/anything", false),
        (&any, "DeleteStream", "stream/stream1", true),
        (&any, "DeleteStream", "stream/stream10", false),
    ] {
        let (action, resource) = (format!("kinesis:{action}"), format!("{region}:{resource}"));
        assert_eq!(
            may(text, &action, &resource, &keys),
            expected,
            "{action} {resource}"
        );
    }
    assert!(may(&gets, "kinesis:ListStreams", "*", &keys));
    assert!(!may(&any, "kinesis:ListStreams", "*", &keys));
}

/// "IAM JSON policy elements: NotAction" and "NotResource": everything but what is named, which for
/// a permission is a lot.
#[test]
fn opposites_when_judged_then_are_about_everything_else() {
    let keys = Given::default();
    let but = policy(
        r#"{"Effect":"Allow","NotAction":["kinesis:Delete*","kinesis:Put*"],"NotResource":
            "arn:aws:kinesis:*:*:stream/secret*"}"#,
    );
    let stream = |name: &str| format!("arn:aws:kinesis:us-east-1:111111111111:stream/{name}");
    for (action, name, expected) in [
        ("kinesis:GetRecords", "orders", true),
        ("kinesis:DeleteStream", "orders", false),
        ("kinesis:GetRecords", "secret-1", false),
        ("kinesis:PutRecord", "secret-1", false),
    ] {
        assert_eq!(
            may(&but, action, &stream(name), &keys),
            expected,
            "{action} {name}"
        );
    }
}

/// "IAM policy elements: Variables and tags".
#[test]
fn users_own_streams_when_named_by_a_variable_then_are_the_callers_alone() {
    let own = policy(
        r#"{"Effect":"Allow","Action":"kinesis:*",
            "Resource":"arn:aws:kinesis:*:*:stream/${aws:username}-*"}"#,
    );
    let but = policy(
        r#"{"Effect":"Allow","Action":"kinesis:*",
            "NotResource":"arn:aws:kinesis:*:*:stream/${aws:username}-*"}"#,
    );
    let anns = Given::new([("aws:username", &["ann"])]);
    let stars = Given::new([("aws:username", &["*"])]);
    let nobody = Given::default();
    let stream = |name: &str| format!("arn:aws:kinesis:us-east-1:111111111111:stream/{name}");
    for (text, name, keys, expected) in [
        (&own, "ann-1", &anns, true),
        (&own, "bob-1", &anns, false),
        (&own, "bob-1", &stars, false),
        (&own, "ann-1", &nobody, false),
        (&but, "bob-1", &anns, true),
        (&but, "ann-1", &anns, false),
        (&but, "bob-1", &nobody, false),
    ] {
        assert_eq!(
            may(text, "kinesis:PutRecord", &stream(name), keys),
            expected,
            "{text} {name}"
        );
    }
}

/// Operator, key, what the policy wants, what the request has, and whether that fits.
const CONDITIONS: &str = r#"
    StringEquals | aws:username | "ann" | ann | fits
    StringEquals | aws:username | "ANN" | ann | not
    StringEqualsIgnoreCase | aws:username | "ANN" | ann | fits
    StringNotEqualsIgnoreCase | aws:username | "ANN" | ann | not
    StringEquals | aws:username | ["bob","ann"] | ann | fits
    StringNotEquals | aws:username | ["bob","ann"] | ann | not
    StringNotEquals | aws:username | "bob" | - | fits
    StringEquals | aws:username | "bob" | - | not
    StringEqualsIfExists | aws:username | "bob" | - | fits
    StringEquals | aws:username | "a*" | ann | not
    StringLike | aws:username | "a*" | ann | fits
    StringNotLike | aws:username | "a*" | ann | not
    NumericLessThanEquals | aws:ResourceTag/level | 10 | 10 | fits
    NumericLessThan | aws:ResourceTag/level | 10 | 9.5 | fits
    NumericLessThan | aws:ResourceTag/level | 10 | nine | not
    NumericNotEquals | aws:ResourceTag/level | 10 | nine | not
    NumericGreaterThan | aws:EpochTime | 1796040000 | 1796040001 | fits
    DateGreaterThan | aws:CurrentTime | "2026-11-30" | 2026-11-30T00:00:01Z | fits
    DateLessThan | aws:CurrentTime | "2026-11-30T01:00+01:00" | 2026-11-30T00:00:00Z | not
    DateEquals | aws:EpochTime | "2026-11-30T12:00:00Z" | 1796040000 | fits
    Bool | aws:SecureTransport | true | true | fits
    Bool | aws:SecureTransport | "False" | true | not
    Bool | aws:MultiFactorAuthPresent | false | - | not
    BoolIfExists | aws:MultiFactorAuthPresent | false | - | fits
    BinaryEquals | aws:ResourceTag/b | "QmluYXJ5" | QmluYXJ5 | fits
    BinaryEquals | aws:ResourceTag/b | "QmluYXJ5" | QmluYXJ6 | not
    IpAddress | aws:SourceIp | "203.0.113.0/24" | 203.0.113.15 | fits
    IpAddress | aws:SourceIp | "203.0.113.0/24" | 203.0.114.15 | not
    NotIpAddress | aws:SourceIp | "203.0.113.0/24" | 203.0.114.15 | fits
    IpAddress | aws:SourceIp | "2001:db8::/32" | 2001:db8::5 | fits
    IpAddress | aws:SourceIp | "203.0.113.7" | ::ffff:203.0.113.7 | fits
    IpAddress | aws:SourceIp | "::ffff:203.0.113.0/120" | 203.0.113.7 | fits
    ArnLike | aws:PrincipalArn | "arn:aws:iam::*:user/*" | arn:aws:iam::111111111111:user/ann | fits
    ArnNotEquals | aws:PrincipalArn | "arn:aws:iam::111111111111:root" | arn:aws:iam::111111111111:user/ann | fits
    Null | aws:username | true | - | fits
    Null | aws:username | false | ann | fits
    Null | aws:username | true | ann | not
    ForAllValues:StringEquals | aws:TagKeys | ["a","b"] | a, b | fits
    ForAllValues:StringEquals | aws:TagKeys | ["a","b"] | a, c | not
    ForAllValues:StringEquals | aws:TagKeys | ["a","b"] | - | fits
    ForAnyValue:StringEquals | aws:TagKeys | ["a","b"] | a, c | fits
    ForAnyValue:StringEquals | aws:TagKeys | ["a","b"] | c | not
    ForAnyValue:StringEquals | aws:TagKeys | ["a","b"] | - | not
    ForAllValues:StringNotEquals | aws:TagKeys | ["a","b"] | c | fits
    ForAnyValue:StringNotEquals | aws:TagKeys | ["a","b"] | a | not"#;

/// "IAM JSON policy elements: Condition operators" and "Single-valued vs. multivalued context
/// keys": each operator, with the key and without.
#[test]
fn condition_when_held_against_a_request_then_fits_as_its_operator_says() {
    for row in CONDITIONS.trim().lines() {
        let [operator, name, wanted, given, expected] = cells(row);
        let text = policy(&format!(
            r#"{{"Effect":"Allow","Action":"*","Resource":"*",
                "Condition":{{{operator:?}:{{{name:?}:{wanted}}}}}}}"#
        ));
        let given: Vec<&str> = given.split(", ").filter(|one| *one != "-").collect();
        let keys = match given.as_slice() {
            [] => Given::default(),
            given => Given::new([(name, given)]),
        };
        let found = may(&text, "kinesis:PutRecord", STREAM, &keys);
        assert_eq!(found, expected == "fits", "{row}");
    }
}

/// What cannot be told permits nothing, and is refused by whoever refuses it.
#[test]
fn condition_when_it_cannot_be_told_then_permits_nothing_and_refuses() {
    let mut keys = Given::default();
    keys.0.insert("aws:userid".to_owned(), None);
    let by = |effect: &str, operator: &str| {
        policy(&format!(
            r#"{{"Effect":"Allow","Action":"kinesis:Get*","Resource":"*"}},
               {{"Effect":{effect:?},"Action":["kinesis:GetRecords","kinesis:PutRecord"],
                "Resource":"*","Condition":{{{operator:?}:{{"aws:userid":"AIDA"}}}}}}"#
        ))
    };
    for operator in [
        "StringEquals",
        "StringNotEquals",
        "StringEqualsIfExists",
        "StringLike",
    ] {
        assert!(
            !may(&by("Allow", operator), "kinesis:PutRecord", STREAM, &keys),
            "{operator}"
        );
        assert!(
            !may(&by("Deny", operator), "kinesis:GetRecords", STREAM, &keys),
            "{operator}"
        );
        assert!(may(
            &by("Deny", operator),
            "kinesis:GetShardIterator",
            STREAM,
            &keys
        ));
    }
}

/// Policies of earlier versions, whose conditions were stored as they came, and bytes that are no
/// policy.
#[test]
fn stored_policy_when_it_would_not_be_accepted_today_then_permits_nothing_and_refuses() {
    let arn = StreamArn::parse(STREAM).unwrap();
    let root = Who::root(account(OWNER), "aws");
    let other = Who::root(account(OTHER), "aws");
    let owner = account(OWNER);
    let with = |effect: &str| {
        sharing(effect, "222222222222")
            .replace("222222222222\"", "222222222222\",\"111111111111\"")
            .replace("\"AWS\":\"", "\"AWS\":[\"")
            .replace("111111111111\"}", "111111111111\"]}")
            .replace(
                "\"Action\"",
                r#""Condition":{"StringEquals":{"aws:Later":"x"}},"Action""#,
            )
    };
    let judged = |who, text: &str, action| {
        let policy = ResourcePolicy::of_stored(text, (&arn).into());
        let asked = Asked {
            who,
            action,
            resource: STREAM,
            owner: Some(&owner),
            policy: Some(&policy),
        };
        judge(asked, &Given::default()).decision
    };
    let put = "kinesis:PutRecord";
    let not_shared = Decision::Deny(Denial::NoResourcePolicy);
    assert!(Policy::parse(&with("Allow"), (&arn).into()).is_err());
    assert_eq!(judged(&other, &with("Allow"), put), not_shared);
    assert_eq!(judged(&root, &with("Allow"), put), Decision::Allow);
    let refused = Decision::Deny(Denial::ResourcePolicy);
    assert_eq!(judged(&root, &with("Deny"), put), refused);
    assert_eq!(judged(&other, "no policy", put), not_shared);
    assert_eq!(judged(&root, "no policy", put), refused);
    assert_eq!(
        judged(&root, "no policy", "kinesis:PutResourcePolicy"),
        Decision::Allow
    );
}

#[test]
fn denial_when_told_then_is_in_aws_words() {
    for (denial, words) in [
        (
            Denial::NoIdentityPolicy,
            "because no identity-based policy allows the kinesis:PutRecord action",
        ),
        (
            Denial::IdentityPolicy,
            "with an explicit deny in an identity-based policy",
        ),
        (
            Denial::NoResourcePolicy,
            "because no resource-based policy allows the kinesis:PutRecord action",
        ),
        (
            Denial::ResourcePolicy,
            "with an explicit deny in a resource-based policy",
        ),
    ] {
        assert_eq!(denial.because("kinesis:PutRecord").to_string(), words);
    }
}
