//! Policies of resources: which side decides, what they may not say, and how large they may be.

use crate::scene::{Scene, orders};
use millstream_protocol::Error;
use serde_json::json;

const ANN: &str = "arn:aws:iam::111111111111:user/amy";
const BOB: &str = "arn:aws:iam::222222222222:user/ben";
const ALLOW: &str = r#"{"Effect":"Allow","Action":"kinesis:PutRecord","Resource":"*"}"#;
const DENY: &str = r#"{"Effect":"Deny","Action":"kinesis:Put*","Resource":"*"}"#;
const NOTHING: &str = "";
/// The most bytes of a policy.
const BYTES_MAX: usize = 20 * 1024;

/// A statement of the stream's policy about someone.
fn about(effect: &str, whom: &str, more: &str) -> String {
    let arn = orders();
    format!(
        r#"{{"Effect":"{effect}","Principal":{{"AWS":"{whom}"}},"Action":"kinesis:PutRecord",
        "Resource":"{arn}"{more}}}"#
    )
}

async fn put(scene: &Scene, who: &str, statements: &str) -> Result<String, Error> {
    let body = json!({"StreamARN": orders(), "Data": "YQ==", "PartitionKey": "k"}).to_string();
    scene.call_with(who, statements, "PutRecord", &body).await
}

/// The end of a refusal's text; "OK" if there is none.
fn because(answer: Result<String, Error>) -> &'static str {
    let Err(error) = answer else {
        return "OK";
    };
    assert_eq!(error.code.name(), "AccessDeniedException");
    let text = error.message.unwrap();
    [
        "because no identity-based policy allows the kinesis:PutRecord action",
        "because no resource-based policy allows the kinesis:PutRecord action",
        "with an explicit deny in an identity-based policy",
        "with an explicit deny in a resource-based policy",
    ]
    .into_iter()
    .find(|end| text.ends_with(end))
    .unwrap_or_else(|| panic!("{text}"))
}

const NO_IDENTITY: &str = "because no identity-based policy allows the kinesis:PutRecord action";
const NO_RESOURCE: &str = "because no resource-based policy allows the kinesis:PutRecord action";
const IDENTITY: &str = "with an explicit deny in an identity-based policy";
const RESOURCE: &str = "with an explicit deny in a resource-based policy";

/// "Determining whether a request is allowed or denied within an account", and "Cross-account
/// policy evaluation logic", in
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
#[tokio::test]
async fn request_when_both_sides_have_policies_then_a_deny_wins_and_nothing_is_refused() {
    let scene = Scene::new().await;
    let both = |who: &str, account: &str| {
        let (allow, deny) = (about("Allow", who, ""), about("Deny", account, ""));
        [format!("{allow},{deny}"), format!("{deny},{allow}")]
    };
    let [deny_last, deny_first] = both(BOB, "222222222222");
    let [own_deny_last, own_deny_first] = both(ANN, "111111111111");
    let rows = [
        // Whose, what the user's policy says, what the stream's says, and what follows.
        (ANN, NOTHING, String::new(), NO_IDENTITY),
        (ANN, ALLOW, String::new(), "OK"),
        (ANN, DENY, String::new(), IDENTITY),
        (ANN, NOTHING, about("Allow", ANN, ""), "OK"),
        (
            ANN,
            NOTHING,
            about("Allow", "111111111111", ""),
            NO_IDENTITY,
        ),
        (ANN, DENY, about("Allow", ANN, ""), IDENTITY),
        (ANN, ALLOW, about("Deny", ANN, ""), RESOURCE),
        (ANN, NOTHING, about("Deny", ANN, ""), NO_IDENTITY),
        (ANN, ALLOW, own_deny_last, RESOURCE),
        (ANN, ALLOW, own_deny_first, RESOURCE),
        (BOB, NOTHING, String::new(), NO_IDENTITY),
        (BOB, ALLOW, String::new(), NO_RESOURCE),
        (BOB, NOTHING, about("Allow", BOB, ""), NO_IDENTITY),
        (
            BOB,
            NOTHING,
            about("Allow", "222222222222", ""),
            NO_IDENTITY,
        ),
        (BOB, ALLOW, about("Allow", BOB, ""), "OK"),
        (BOB, ALLOW, about("Allow", "222222222222", ""), "OK"),
        (BOB, ALLOW, about("Allow", "333333333333", ""), NO_RESOURCE),
        (BOB, ALLOW, about("Allow", ANN, ""), NO_RESOURCE),
        (BOB, DENY, about("Allow", BOB, ""), IDENTITY),
        (BOB, ALLOW, about("Deny", BOB, ""), NO_RESOURCE),
        (BOB, ALLOW, deny_last, NO_RESOURCE),
        (BOB, ALLOW, deny_first, NO_RESOURCE),
    ];
    for (who, own, statements, expected) in rows {
        let body = json!({"ResourceARN": orders()}).to_string();
        let _ = scene.call("ann", "DeleteResourcePolicy", &body).await;
        if !statements.is_empty() {
            scene.put_statements(&orders(), &statements).await.unwrap();
        }
        let own = match own {
            DENY => format!("{ALLOW},{DENY}"),
            own => own.to_owned(),
        };
        let answer = because(put(&scene, who, &own).await);
        assert_eq!(answer, expected, "{who}\n{own}\n{statements}");
    }
}

/// The account itself may do everything in it, unless its own policy of the resource refuses it.
#[tokio::test]
async fn root_when_a_resource_refuses_it_then_is_refused_and_can_still_remove_the_policy() {
    let scene = Scene::new().await;
    let root = "arn:aws:iam::111111111111:root";
    assert_eq!(because(put(&scene, root, NOTHING).await), "OK");
    let deny = about("Deny", "111111111111", "");
    scene.put_statements(&orders(), &deny).await.unwrap();
    assert_eq!(because(put(&scene, root, NOTHING).await), RESOURCE);
    let body = json!({"ResourceARN": orders()}).to_string();
    let removed = scene
        .call_with(root, NOTHING, "DeleteResourcePolicy", &body)
        .await;
    removed.unwrap();
    assert_eq!(because(put(&scene, root, NOTHING).await), "OK");
    // Of another account it is nobody.
    let other = "arn:aws:iam::222222222222:root";
    assert_eq!(because(put(&scene, other, NOTHING).await), NO_RESOURCE);
}

#[tokio::test]
async fn condition_when_it_does_not_hold_then_nothing_is_permitted_or_refused_by_its_statement() {
    let scene = Scene::new().await;
    let conditions = [
        (r#"{"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}}"#, true),
        (r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, false),
        (r#"{"Bool":{"aws:SecureTransport":"false"}}"#, true),
        (r#"{"Bool":{"aws:SecureTransport":"true"}}"#, false),
        (r#"{"StringEquals":{"aws:username":"ben"}}"#, true),
        (r#"{"StringNotEquals":{"aws:username":"ben"}}"#, false),
        (r#"{"StringLike":{"aws:PrincipalArn":"*:user/b*"}}"#, true),
        (r#"{"StringLike":{"aws:PrincipalArn":"*:user/a*"}}"#, false),
        (
            r#"{"DateLessThan":{"aws:CurrentTime":"2026-11-30T12:00:01Z"}}"#,
            true,
        ),
        (
            r#"{"DateLessThan":{"aws:CurrentTime":"2026-11-30T12:00:00Z"}}"#,
            false,
        ),
        (r#"{"Null":{"aws:PrincipalOrgID":"true"}}"#, true),
        (r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#, false),
    ];
    for (condition, holds) in conditions {
        let more = format!(r#","Condition":{condition}"#);
        let allow = about("Allow", BOB, &more);
        scene.put_statements(&orders(), &allow).await.unwrap();
        let expected = if holds { "OK" } else { NO_RESOURCE };
        assert_eq!(
            because(put(&scene, BOB, ALLOW).await),
            expected,
            "{condition}"
        );
        let deny = format!("{},{}", about("Deny", BOB, &more), about("Allow", BOB, ""));
        scene.put_statements(&orders(), &deny).await.unwrap();
        let expected = if holds { NO_RESOURCE } else { "OK" };
        assert_eq!(
            because(put(&scene, BOB, ALLOW).await),
            expected,
            "{condition}"
        );
    }
}

/// The opposite of an element would be about everybody, or everything, but what it names.
#[tokio::test]
async fn policy_when_it_is_about_all_but_something_then_is_refused_on_a_resource() {
    let scene = Scene::new().await;
    let valid = about("Allow", BOB, "");
    for (element, code) in [
        ("\"Principal\"", "InvalidArgumentException"),
        ("\"Action\"", "InvalidArgumentException"),
        ("\"Resource\"", "InvalidArgumentException"),
    ] {
        let negated = element.replacen('"', "\"Not", 1);
        let statement = valid.replacen(element, &negated, 1);
        let refused = scene
            .put_statements(&orders(), &statement)
            .await
            .unwrap_err();
        assert_eq!(refused.code.name(), code, "{statement}");
    }
    for (from, to) in [
        (BOB, "*"),
        ("kinesis:PutRecord", "*"),
        ("kinesis:PutRecord", "kinesis:Put*"),
        ("kinesis:PutRecord", "kinesis:DeleteStream"),
        ("stream/orders", "stream/*"),
        ("stream/orders", "stream/others"),
    ] {
        let statement = valid.replacen(from, to, 1);
        let refused = scene
            .put_statements(&orders(), &statement)
            .await
            .unwrap_err();
        assert_eq!(
            refused.code.name(),
            "InvalidArgumentException",
            "{statement}"
        );
    }
    assert_eq!(because(put(&scene, BOB, ALLOW).await), NO_RESOURCE);
    // A user's policy may be, and a refusal of it is stronger than any permission.
    let all_but = r#"{"Effect":"Allow","NotAction":"kinesis:Delete*","Resource":"*"}"#;
    assert_eq!(because(put(&scene, ANN, all_but).await), "OK");
    let only = format!(r#"{ALLOW},{{"Effect":"Deny","NotAction":"kinesis:Get*","Resource":"*"}}"#);
    assert_eq!(because(put(&scene, ANN, &only).await), IDENTITY);
    let elsewhere =
        format!(r#"{ALLOW},{{"Effect":"Deny","Action":"*","NotResource":"*:stream/others"}}"#);
    let parsed = elsewhere.replace("*:stream", "arn:aws:kinesis:*:*:stream");
    assert_eq!(because(put(&scene, ANN, &parsed).await), IDENTITY);
}

#[tokio::test]
async fn policy_when_it_has_20_kib_then_is_judged_and_with_a_byte_more_is_refused() {
    let scene = Scene::new().await;
    // The last of many statements permits it.
    let mut statements = String::new();
    for number in 0..60 {
        let user = format!("arn:aws:iam::222222222222:user/u{number}");
        statements += &about("Allow", &user, "");
        statements += ",";
    }
    statements += &about("Allow", BOB, "");
    let around = r#"{"Version":"2012-10-17","Statement":[]}"#.len();
    let room = BYTES_MAX - around - statements.len();
    let full = format!("{}{statements}", " ".repeat(room));
    scene.put_statements(&orders(), &full).await.unwrap();
    assert_eq!(because(put(&scene, BOB, ALLOW).await), "OK");
    let refused = scene
        .put_statements(&orders(), &format!(" {full}"))
        .await
        .unwrap_err();
    assert_eq!(refused.code.name(), "InvalidArgumentException");
    let text = refused.message.unwrap();
    assert_eq!(
        text,
        "Policy has 20481 bytes. A policy cannot have more than 20480 bytes."
    );
    assert_eq!(because(put(&scene, BOB, ALLOW).await), "OK");
}
