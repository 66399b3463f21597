//! Documents that are policies, and documents that are not, each with its fault.

use super::*;
use crate::Action;
use millstream_model::limits::POLICY_BYTES_MAX;
use millstream_model::{AccountId, ConsumerArn, StreamArn};
use millstream_protocol::ErrorCode;
use millstream_protocol::operations::ALL;
use millstream_protocol::reader::Number;
use proptest::prelude::*;

const STREAM: &str = "arn:aws:kinesis:us-east-1:111111111111:stream/orders";
const CONSUMER: &str =
    "arn:aws:kinesis:us-east-1:111111111111:stream/orders/consumer/app:1700000000";

fn of_stream(text: &str) -> Result<Policy, Fault> {
    Policy::parse(text, (&StreamArn::parse(STREAM).unwrap()).into())
}

fn of_consumer(text: &str) -> Result<Policy, Fault> {
    Policy::parse(text, (&ConsumerArn::parse(CONSUMER).unwrap()).into())
}

/// A policy of one statement with the usual members, each in JSON; one of them replaced, or
/// absent if its replacement is empty.
fn with(member: &str, value: &str) -> String {
    let usual = [
        ("Effect", r#""Allow""#),
        ("Principal", r#"{"AWS":"222222222222"}"#),
        ("Action", r#""kinesis:PutRecord""#),
        ("Resource", &format!("{STREAM:?}")),
        ("Sid", ""),
        ("Condition", ""),
    ];
    let is_known = usual.iter().any(|(name, _)| *name == member);
    let extra = (!is_known).then_some((member, value));
    let members = usual.into_iter().chain(extra);
    let members = members.map(|(name, usual)| (name, if name == member { value } else { usual }));
    let members = members.filter(|(_, value)| !value.is_empty());
    let members: Vec<String> = members.map(|(name, v)| format!("{name:?}:{v}")).collect();
    statements(&format!("[{{{}}}]", members.join(",")))
}

fn statements(list: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{list}}}"#)
}

fn account(id: &str) -> AccountId {
    AccountId::parse(id).unwrap()
}

fn condition(operator: Operator, key: &str, values: &[Value]) -> Condition {
    Condition {
        operator,
        key: key.to_owned(),
        values: values.to_vec(),
    }
}

#[test]
fn policy_when_it_has_every_element_then_is_kept_as_values() {
    let text = format!(
        r#" {{"Id":"p","Statement":{{"Sid":"reads","Effect":"Deny",
        "Principal":{{"AWS":["222222222222","arn:aws:iam::333333333333:root",
            "arn:aws:iam::333333333333:user/team/ann@x","arn:aws:iam::333333333333:role/r-1"]}},
        "Action":["kinesis:GetRecords","KINESIS:listshards"],
        "Resource":[{STREAM:?},{STREAM:?}],
        "Condition":{{"StringLike":{{"aws:PrincipalOrgID":["o-1","o-2"],"aws:userid":"a"}},
            "ForAnyValue:NumericLessThanIfExists":{{"aws:EpochTime":7}},"Bool":{{"aws:SecureTransport":true}}}}
        }},"Version":"2008-10-17"}}
        "#
    );
    let policy = of_stream(&text).unwrap();
    assert_eq!(
        (policy.version, policy.id.as_deref()),
        (Version::V2008, Some("p"))
    );
    let [statement] = policy.statements.as_slice() else {
        panic!("{policy:?}");
    };
    assert_eq!(statement.sid.as_deref(), Some("reads"));
    assert_eq!(statement.effect, Effect::Deny);
    let third = || account("333333333333");
    let expected = [
        Principal::Account(account("222222222222")),
        Principal::Account(third()),
        Principal::User {
            account: third(),
            name: "team/ann@x".to_owned(),
        },
        Principal::Role {
            account: third(),
            name: "r-1".to_owned(),
        },
    ];
    assert_eq!(statement.principals, expected);
    assert_eq!(
        statement.actions,
        [Action("GetRecords"), Action("ListShards")]
    );
    assert_eq!(statement.resource, STREAM);
    let operator = |test| Operator {
        test,
        quantifier: Quantifier::One,
        on_missing: OnMissing::Fails,
    };
    let text = |text: &str| Value::Text(text.to_owned());
    let any_less = Operator {
        test: Test::NumericLessThan,
        quantifier: Quantifier::Any,
        on_missing: OnMissing::Passes,
    };
    let like = operator(Test::StringLike);
    let expected = [
        condition(like, "aws:PrincipalOrgID", &[text("o-1"), text("o-2")]),
        condition(like, "aws:userid", &[text("a")]),
        condition(
            any_less,
            "aws:EpochTime",
            &[Value::Number(Number::Integer(7))],
        ),
        condition(
            operator(Test::Bool),
            "aws:SecureTransport",
            &[Value::Boolean(true)],
        ),
    ];
    assert_eq!(statement.conditions, expected);
}

#[test]
fn policy_when_it_says_no_version_then_is_of_the_first() {
    let text = with("Effect", r#""Allow""#).replace(r#""Version":"2012-10-17","#, "");
    assert_eq!(of_stream(&text).unwrap().version, Version::V2008);
}

/// Elements of the document itself.
#[test]
fn document_when_it_is_no_policy_then_its_fault_is_named() {
    use Element as E;
    let form = |element| Fault::Form { element };
    let missing = |element| Fault::Missing { element };
    let sound = with("Effect", r#""Allow""#);
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let later = Fault::Version {
        given: "2012-10-18".to_owned(),
    };
    for (text, fault) in [
        (String::new(), Fault::Malformed),
        ("{".to_owned(), Fault::Malformed),
        ("nonsense".to_owned(), Fault::Malformed),
        (format!("{sound} x"), Fault::Malformed),
        (format!("{sound}{sound}"), Fault::Malformed),
        (sound.replace("Allow", r"\ud800"), Fault::Malformed),
        (sound.replace("Allow", "\u{1}"), Fault::Malformed),
        (deep.clone(), Fault::Malformed),
        (statements(&deep), Fault::Malformed),
        ("{}".to_owned(), missing(E::Statement)),
        ("null".to_owned(), form(E::Policy)),
        ("[]".to_owned(), form(E::Policy)),
        (r#""text""#.to_owned(), form(E::Policy)),
        (statements("[[[7]]]"), form(E::Statement)),
        (statements("[]"), form(E::Statement)),
        (statements("7"), form(E::Statement)),
        (statements("null"), form(E::Statement)),
        (sound.replace("2012-10-17", "2012-10-18"), later),
        (
            sound.replace(r#""2012-10-17""#, "20121017"),
            form(E::Version),
        ),
        (sound.replacen('{', r#"{"Id":7,"#, 1), form(E::Id)),
        (
            sound.replacen('{', r#"{"version":"2012-10-17","#, 1),
            Fault::Unknown {
                member: "version".to_owned(),
                within: E::Policy,
            },
        ),
    ] {
        assert_eq!(of_stream(&text), Err(fault), "{text:.200}");
    }
}

/// One of two would be lost.
#[test]
fn document_when_it_says_something_twice_then_is_refused() {
    let sound = with("Effect", r#""Allow""#);
    for (text, member) in [
        (
            sound.replacen('{', r#"{"Version":"2012-10-17","#, 1),
            "Version",
        ),
        (
            sound.replace(r#""Effect""#, r#""Effect":"Deny","Effect""#),
            "Effect",
        ),
        (
            with(
                "Condition",
                r#"{"Null":{"aws:userid":true,"\u0061ws:userid":true}}"#,
            ),
            "aws:userid",
        ),
        (
            with(
                "Condition",
                r#"{"Null":{"aws:userid":true},"Null":{"aws:username":true}}"#,
            ),
            "Null",
        ),
    ] {
        let member = member.to_owned();
        let repeated = Fault::Repeated { member };
        assert_eq!(of_stream(&text), Err(repeated), "{text}");
    }
    let statement = format!(
        r#"{{"Sid":"a","Effect":"Allow","Principal":{{"AWS":"222222222222"}},
        "Action":"kinesis:PutRecord","Resource":{STREAM:?}}}"#
    );
    let sid = "a".to_owned();
    let text = statements(&format!("[{statement},{statement}]"));
    assert_eq!(of_stream(&text), Err(Fault::RepeatedSid { sid }));
}

fn check_statements(rows: &[(&str, &str, Fault)]) {
    for (member, value, fault) in rows {
        let text = with(member, value);
        assert_eq!(of_stream(&text), Err(fault.clone()), "{text}");
    }
}

#[test]
fn statement_when_an_element_is_absent_or_has_another_form_then_it_is_named() {
    use Element as E;
    let form = |element| Fault::Form { element };
    let missing = |element| Fault::Missing { element };
    let effect = Fault::Effect {
        given: "allow".to_owned(),
    };
    let unknown = Fault::Unknown {
        member: "Extra".to_owned(),
        within: E::Statement,
    };
    check_statements(&[
        ("Effect", "", missing(E::Effect)),
        ("Effect", r#""allow""#, effect),
        ("Effect", "true", form(E::Effect)),
        ("Sid", "7", form(E::Sid)),
        ("Action", "", missing(E::Action)),
        ("Action", "[]", form(E::Action)),
        ("Action", "{}", form(E::Action)),
        ("Resource", "", missing(E::Resource)),
        ("Resource", "[]", form(E::Resource)),
        ("Resource", "null", form(E::Resource)),
        ("Condition", "[]", form(E::Condition)),
        ("Condition", r#"{"Null":{"a":null}}"#, form(E::Condition)),
        ("Condition", r#"{"Null":{"a":[]}}"#, form(E::Condition)),
        (
            "Condition",
            r#"{"Null":{"a":[[true]]}}"#,
            form(E::Condition),
        ),
        ("Condition", r#"{"Null":{"":true}}"#, form(E::Condition)),
        ("Condition", r#"{"Null":true}"#, form(E::Condition)),
        ("Extra", "1", unknown),
    ]);
}

#[test]
fn statement_when_it_is_about_everyone_or_everything_then_is_refused() {
    let wildcard = |element| Fault::Wildcard { element };
    let negated = |member| Fault::Negated { member };
    let (principal, action) = (wildcard(Element::Principal), wildcard(Element::Action));
    let gets = r#"["kinesis:PutRecord","kinesis:Get*"]"#;
    let users = r#"{"AWS":"arn:aws:iam::222222222222:user/*"}"#;
    let second = r#"{"AWS":["222222222222","*"]}"#;
    let one = r#"{"AWS":"222222222222"}"#;
    check_statements(&[
        ("Principal", r#""*""#, principal.clone()),
        ("Principal", r#"{"AWS":"*"}"#, principal.clone()),
        ("Principal", second, principal.clone()),
        ("Principal", users, principal),
        ("NotPrincipal", one, negated("NotPrincipal")),
        ("Action", r#""*""#, action.clone()),
        ("Action", r#""kinesis:*""#, action.clone()),
        ("Action", gets, action),
        ("NotAction", r#""kinesis:PutRecord""#, negated("NotAction")),
        ("NotResource", r#""*""#, negated("NotResource")),
    ]);
}

#[test]
fn principal_when_of_another_kind_or_form_then_is_refused() {
    let form = || Fault::Form {
        element: Element::Principal,
    };
    let missing = Fault::Missing {
        element: Element::Principal,
    };
    let kind = |given: &str| Fault::PrincipalKind {
        given: given.to_owned(),
    };
    check_statements(&[
        ("Principal", "", missing),
        ("Principal", r#""222222222222""#, form()),
        ("Principal", r#"{"AWS":[]}"#, form()),
        ("Principal", r#"{"AWS":[[]]}"#, form()),
        ("Principal", r#"{"AWS":222222222222}"#, form()),
        ("Principal", "{}", form()),
        ("Principal", "[]", form()),
        (
            "Principal",
            r#"{"Service":"lambda.amazonaws.com"}"#,
            kind("Service"),
        ),
        ("Principal", r#"{"Federated":"x"}"#, kind("Federated")),
        (
            "Principal",
            r#"{"CanonicalUser":"x"}"#,
            kind("CanonicalUser"),
        ),
        ("Principal", r#"{"aws":"222222222222"}"#, kind("aws")),
    ]);
}

#[test]
fn principal_when_it_is_no_account_user_or_role_of_the_partition_then_is_refused() {
    let long = "n".repeat(65);
    for given in [
        "",
        "22222222222",
        "ann",
        "AIDAJQABLZS4A3QDU576Q",
        "arn:aws:iam::222222222222:group/g",
        "arn:aws:iam::222222222222:user/",
        "arn:aws:iam::222222222222:user//ann",
        "arn:aws:iam::222222222222:user/a b",
        "arn:aws:iam::222222222222:role/é",
        &format!("arn:aws:iam::222222222222:role/{long}"),
        "arn:aws:iam::222222222222:mfa/ann",
        "arn:aws:iam::22222222222:root",
        "arn:aws:iam:us-east-1:222222222222:root",
        "arn:aws-cn:iam::222222222222:root",
        "arn:aws:sts::222222222222:assumed-role/r/session",
        "arn:aws:kinesis:us-east-1:111111111111:stream/orders",
    ] {
        let text = with("Principal", &format!(r#"{{"AWS":{given:?}}}"#));
        let given = given.to_owned();
        assert_eq!(of_stream(&text), Err(Fault::Principal { given }), "{text}");
    }
}

#[test]
fn action_when_not_shared_for_this_kind_of_resource_then_is_refused() {
    for action in ALL.iter().map(|operation| operation.name) {
        let shared = |list: &[&str]| list.contains(&action);
        let text = with("Action", &format!(r#""kinesis:{action}""#));
        assert_eq!(
            of_stream(&text).is_ok(),
            shared(shared::OF_STREAMS),
            "{action}"
        );
        let text = text.replace(STREAM, CONSUMER);
        assert_eq!(
            of_consumer(&text).is_ok(),
            shared(shared::OF_CONSUMERS),
            "{action}"
        );
    }
    let all = shared::OF_STREAMS.iter().chain(shared::OF_CONSUMERS);
    for action in all {
        assert!(
            ALL.iter().any(|operation| operation.name == *action),
            "{action}"
        );
    }
    for given in [
        "",
        "PutRecord",
        "kinesis:",
        "s3:PutRecord",
        "kinesis:PutRecord ",
    ] {
        let text = with("Action", &format!("{given:?}"));
        let given = given.to_owned();
        assert_eq!(of_stream(&text), Err(Fault::Action { given }), "{text}");
    }
}

#[test]
fn resource_when_it_is_not_the_policys_own_then_is_refused() {
    for given in [
        "*",
        "",
        CONSUMER,
        &format!("{STREAM}2"),
        &STREAM.replace("aws", "AWS"),
    ] {
        let text = with("Resource", &format!("[{STREAM:?},{given:?}]"));
        let given = given.to_owned();
        assert_eq!(of_stream(&text), Err(Fault::Resource { given }), "{text}");
    }
    let text = with("Effect", r#""Allow""#);
    let given = STREAM.to_owned();
    let fault = Fault::Action {
        given: "kinesis:PutRecord".to_owned(),
    };
    assert_eq!(of_consumer(&text), Err(fault));
    let text = text.replace("PutRecord", "SubscribeToShard");
    assert_eq!(of_consumer(&text), Err(Fault::Resource { given }));
}

#[test]
fn operator_when_unknown_then_is_refused() {
    for given in [
        "stringequals",
        "",
        "IfExists",
        "NullIfExists",
        "ForSomeValues:StringEquals",
        "ForAnyValue:",
        "StringEqualsIfExistsIfExists",
    ] {
        let text = with(
            "Condition",
            &format!(r#"{{{given:?}:{{"aws:SourceIp":"x"}}}}"#),
        );
        let given = given.to_owned();
        assert_eq!(of_stream(&text), Err(Fault::Operator { given }), "{text}");
    }
}

/// Operator, key, value, and what is wrong with them.
const UNFIT: &str = r#"
    StringEquals | aws:Nothing | "x" | key
    StringEquals | kinesis:x | "x" | key
    Null | x | true | key
    Bool | aws:SourceIp | true | comparison
    NumericLessThanIfExists | AWS:currenttime | 7 | comparison
    StringLike | aws:TagKeys | "x" | comparison
    ArnLike | aws:username | "x" | comparison
    BinaryEquals | aws:userid | "x" | comparison
    Bool | aws:SecureTransport | "yes" | value
    Null | aws:userid | 1 | value
    IpAddress | aws:SourceIp | "10.0.0.0/33" | value
    IpAddress | aws:SourceIp | "::ffff:0:0/95" | value
    DateLessThan | aws:CurrentTime | "2026" | value
    DateLessThan | aws:CurrentTime | "today" | value
    DateLessThan | aws:CurrentTime | "${aws:CurrentTime}" | value
    NumericEquals | aws:EpochTime | "inf" | value
    NumericEquals | aws:EpochTime | "1e400" | value
    ArnLike | aws:PrincipalArn | "*" | value
    BinaryEquals | aws:ResourceTag/a | "?" | value
    StringEquals | aws:userid | "${aws:x}" | variable"#;

/// Conditions that no request could be held against.
#[test]
fn condition_when_it_cannot_be_judged_then_its_fault_is_named() {
    for row in UNFIT.trim().lines() {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let &[operator, key, value, kind] = cells.as_slice() else {
            panic!("{row}");
        };
        let text = with(
            "Condition",
            &format!(r#"{{{operator:?}:{{{key:?}:{value}}}}}"#),
        );
        let (key, value) = (key.to_owned(), value.trim_matches('"').to_owned());
        let operator = operator.to_owned();
        let fault = match kind {
            "key" => Fault::Key { given: key },
            "comparison" => Fault::Comparison { operator, key },
            "value" => Fault::Value { key, value },
            _ => Fault::Variable { given: value },
        };
        assert_eq!(of_stream(&text), Err(fault), "{row}");
    }
}

#[test]
fn policy_when_at_and_past_its_longest_then_only_the_first_is_read() {
    let sound = with("Effect", r#""Allow""#);
    let padded = |bytes: usize| format!("{sound}{}", " ".repeat(bytes - sound.len()));
    assert!(of_stream(&padded(POLICY_BYTES_MAX)).is_ok());
    let too_long = Fault::TooLong {
        bytes: POLICY_BYTES_MAX + 1,
        bytes_max: POLICY_BYTES_MAX,
    };
    assert_eq!(of_stream(&padded(POLICY_BYTES_MAX + 1)), Err(too_long));
    // As many statements as fit.
    let statement = with("Effect", r#""Allow""#);
    let statement = &statement[statement.find('[').unwrap() + 1..statement.rfind(']').unwrap()];
    let count = (POLICY_BYTES_MAX - 50) / (statement.len() + 1);
    let full = statements(&format!("[{}]", vec![statement; count].join(",")));
    assert_eq!(of_stream(&full).unwrap().statements.len(), count);
}

/// A body has room for the longest policy, however it is escaped.
#[test]
fn longest_policy_when_every_character_is_escaped_then_fits_the_body() {
    let put = ALL
        .iter()
        .find(|operation| operation.name == "PutResourcePolicy");
    let body = millstream_protocol::body_bytes_max(put.unwrap().input);
    assert!(body > POLICY_BYTES_MAX * r"\u0020".len());
    assert!(
        put.unwrap()
            .errors
            .contains(&ErrorCode::InvalidArgumentException)
    );
}

#[test]
fn number_when_huge_then_is_taken_without_harm() {
    let huge = format!("-{}e{}", "9".repeat(400), "9".repeat(400));
    let text = with(
        "Condition",
        &format!(r#"{{"NumericEquals":{{"aws:ResourceTag/a":{huge}}}}}"#),
    );
    let policy = of_stream(&text).unwrap();
    let expected = Value::Number(Number::Float(f64::MIN));
    assert_eq!(policy.statements[0].conditions[0].values, [expected]);
}

proptest! {
    #[test]
    fn text_when_it_is_anything_then_is_parsed_without_harm(text in "\\PC{0,200}") {
        prop_assert!(of_stream(&text).is_err());
    }

    /// One character replaced by another, anywhere: at worst a fault, and never another resource.
    #[test]
    fn policy_when_a_character_of_it_changes_then_is_parsed_without_harm(
        at in 0usize..200,
        character in "[\\x00-\\x7f\u{e9}\u{10ffff}]",
    ) {
        let sound = with("Condition", r#"{"StringEquals":{"aws:userid":["b",1.5,false]}}"#);
        let at = at % sound.len();
        let changed = format!("{}{character}{}", &sound[..at], &sound[at + 1..]);
        if let Ok(policy) = of_stream(&changed) {
            prop_assert!(policy.statements.iter().all(|one| one.resource == STREAM));
            prop_assert!(policy.statements.iter().all(|one| one.actions == [Action("PutRecord")]));
        }
    }
}
