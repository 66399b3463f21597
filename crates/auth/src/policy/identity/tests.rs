//! Documents that are identity policies, and documents that are not, each with its fault.

use super::*;

fn parse(text: &str) -> std::result::Result<IdentityPolicy, IdentityFault> {
    IdentityPolicy::parse("p", text)
}

/// A policy of one statement with the usual members; one of them replaced, or absent.
fn with(member: &str, value: &str) -> String {
    let usual = [
        ("Effect", r#""Allow""#),
        ("Action", r#""kinesis:*""#),
        ("Resource", r#""*""#),
    ];
    let is_known = usual.iter().any(|(name, _)| *name == member);
    let extra = (!is_known).then_some((member, value));
    let members = usual.into_iter().chain(extra);
    let members = members.map(|(name, usual)| (name, if name == member { value } else { usual }));
    let members = members.filter(|(_, value)| !value.is_empty());
    let members: Vec<String> = members.map(|(name, v)| format!("{name:?}:{v}")).collect();
    let statement = members.join(",");
    format!(r#"{{"Version":"2012-10-17","Statement":[{{{statement}}}]}}"#)
}

#[test]
fn names_when_in_the_form_of_actions_and_resources_then_are_accepted() {
    for action in [
        "*",
        "kinesis:*",
        "kinesis:Put?ecord*",
        "s3:GetObject",
        "a-b:C1",
    ] {
        let text = with("Action", &format!("{action:?}"));
        assert!(parse(&text).is_ok(), "{action}");
        assert!(
            parse(&text.replace("Action", "NotAction")).is_ok(),
            "{action}"
        );
    }
    for resource in [
        "*",
        "arn:*",
        "arn:aws:kinesis:*",
        "arn:aws:s3:::b",
        "arn:a:b:c:d:e:f",
    ] {
        let text = with("Resource", &format!("[{resource:?}]"));
        assert!(parse(&text).is_ok(), "{resource}");
        assert!(
            parse(&text.replace("Resource", "NotResource")).is_ok(),
            "{resource}"
        );
    }
}

#[test]
fn names_when_in_another_form_then_are_refused() {
    for given in [
        "",
        "kinesis",
        "kinesis:",
        ":Put",
        "kine*:Put",
        "kinesis:Put Record",
        "**",
        "k:${a}",
    ] {
        let text = with("Action", &format!("{given:?}"));
        let given = given.to_owned();
        assert_eq!(parse(&text), Err(IdentityFault::Action { given }), "{text}");
    }
    for given in [
        "",
        "orders",
        "stream/*",
        "arn:aws:kinesis",
        "arn:aws:kinesis:*:stream/orders",
        "arn:aws:kinesis:*stream/orders*",
        "arn:aws:kinesis:us-east-1:stream/${aws:username}",
    ] {
        let text = with("Resource", &format!("{given:?}"));
        let given = given.to_owned();
        assert_eq!(
            parse(&text),
            Err(IdentityFault::Resource { given }),
            "{text}"
        );
    }
}

#[test]
fn document_when_it_is_no_identity_policy_then_its_fault_is_named() {
    let missing = |element| IdentityFault::Document(Fault::Missing { element });
    let unknown = |member: &str| {
        let (member, within) = (member.to_owned(), Element::Statement);
        IdentityFault::Document(Fault::Unknown { member, within })
    };
    for (member, value, fault) in [
        ("Effect", "", missing(Element::Effect)),
        ("Action", "", missing(Element::Action)),
        ("Resource", "", missing(Element::Resource)),
        (
            "NotAction",
            r#""s3:*""#,
            IdentityFault::Both { element: "Action" },
        ),
        (
            "NotResource",
            r#""*""#,
            IdentityFault::Both {
                element: "Resource",
            },
        ),
        (
            "Principal",
            r#""*""#,
            IdentityFault::Principal {
                member: "Principal",
            },
        ),
        (
            "NotPrincipal",
            r#""*""#,
            IdentityFault::Principal {
                member: "NotPrincipal",
            },
        ),
        ("Extra", "1", unknown("Extra")),
        ("action", r#""*""#, unknown("action")),
        (
            "Condition",
            r#"{"StringEquals":{"aws:Nothing":"x"}}"#,
            Fault::Key {
                given: "aws:Nothing".to_owned(),
            }
            .into(),
        ),
        (
            "Resource",
            r#""arn:aws:kinesis:*:*:stream/${aws:name}""#,
            Fault::Variable {
                given: "${aws:name}".to_owned(),
            }
            .into(),
        ),
    ] {
        let text = with(member, value);
        assert_eq!(parse(&text), Err(fault), "{text}");
    }
    assert_eq!(parse("{"), Err(Fault::Malformed.into()));
    let twice = with("Effect", r#""Deny","Effect":"Allow""#);
    let member = "Effect".to_owned();
    assert_eq!(parse(&twice), Err(Fault::Repeated { member }.into()));
}

#[test]
fn policy_when_at_and_past_its_longest_then_only_the_first_is_read() {
    let sound = with("Sid", r#""SID""#);
    let rest = sound.chars().filter(|char| !char.is_whitespace()).count() - "SID".len();
    let of = |chars: usize| sound.replace("SID", &"s".repeat(chars - rest));
    assert!(parse(&of(IDENTITY_POLICY_CHARS_MAX)).is_ok());
    let chars = IDENTITY_POLICY_CHARS_MAX + 1;
    assert_eq!(parse(&of(chars)), Err(IdentityFault::TooLong { chars }));
    let padded = |bytes: usize| format!("{sound}{}", " ".repeat(bytes - sound.len()));
    assert!(parse(&padded(IDENTITY_POLICY_BYTES_MAX)).is_ok());
    let bytes = IDENTITY_POLICY_BYTES_MAX + 1;
    assert_eq!(
        parse(&padded(bytes)),
        Err(IdentityFault::TooManyBytes { bytes })
    );
}
