//! Policies in files: checked, and tried out.

use crate::call::{Ran, tool};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

const STREAM: &str = "arn:aws:kinesis:us-east-1:111111111111:stream/orders";
const ANN: &str = "arn:aws:iam::111111111111:user/ann";
const BOB: &str = "arn:aws:iam::222222222222:user/bob";

/// A folder with policies in files.
struct Policies(TempDir);

impl Policies {
    #[expect(clippy::disallowed_methods, reason = "files for a tool to read")]
    fn new<const N: usize>(files: [(&str, &Value); N]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, document) in files {
            std::fs::write(folder.path().join(name), document.to_string()).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        Path::new(self.0.path())
            .join(name)
            .to_str()
            .unwrap()
            .to_owned()
    }
}

fn document(statements: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn reads() -> Value {
    document(
        &json!([{"Sid": "reads", "Effect": "Allow", "Action": "kinesis:Get*",
        "Resource": "arn:aws:kinesis:*:*:stream/${aws:username, 'orders'}*"},
        {"Effect": "Allow", "Action": "kinesis:*", "Resource": "arn:aws:kinesis:*:*:stream/orders",
        "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}]),
    )
}

fn refuses() -> Value {
    document(
        &json!({"Sid": "never", "Effect": "Deny", "Action": "kinesis:Delete*",
        "Resource": "*"}),
    )
}

fn shares(with: &str) -> Value {
    document(
        &json!({"Sid": "share", "Effect": "Allow", "Principal": {"AWS": with},
        "Action": "kinesis:PutRecord", "Resource": STREAM}),
    )
}

fn simulate(flags: &[&str]) -> Ran {
    tool(&[&["policy", "simulate"], flags].concat())
}

#[test]
fn request_when_tried_out_then_is_decided_with_the_statement_that_decides() {
    let files = Policies::new([("reads", &reads()), ("refuses", &refuses())]);
    let (reads, refuses) = (files.path("reads"), files.path("refuses"));
    let asked = |action, more: &[&str]| {
        let flags = ["--principal", ANN, "--resource", STREAM, "--action", action];
        let own = ["--policy", &reads, "--policy", &refuses];
        simulate(&[&flags[..], &own, more].concat())
    };
    let allowed = asked("putrecord", &["--context", "aws:sourceip=10.1.2.3"]);
    let text = format!(
        "allowed: User: {ANN} may perform: kinesis:PutRecord on resource: {STREAM}\n  \
         the caller's policies: permitted by statement 2 of {reads}\n  \
         the resource's policy: nothing about it\n"
    );
    assert_eq!(allowed.done(), text);
    let outside = asked("kinesis:PutRecord", &["--context", "aws:SourceIp=11.0.0.1"]);
    assert_eq!(
        outside.failed(3),
        "millstream: the request would be refused."
    );
    let text = format!(
        "denied: User: {ANN} is not authorized to perform: kinesis:PutRecord on resource: {STREAM} \
         because no identity-based policy allows the kinesis:PutRecord action\n  \
         the caller's policies: nothing about it\n  \
         the resource's policy: nothing about it\n"
    );
    assert_eq!(outside.text(), text);
    let unknown = asked("PutRecord", &[]);
    assert_eq!(unknown.status.code(), Some(3));
    let advice = "  not known: aws:SourceIp; give it with --context aws:SourceIp=VALUE\n";
    assert!(unknown.text().ends_with(advice), "{}", unknown.text());
    let never = asked("DeleteStream", &["--context", "aws:SourceIp=10.1.2.3"]);
    let reason = format!("refused by statement 1 (never) of {refuses}\n");
    assert!(never.text().contains(&reason), "{}", never.text());
    assert!(
        never
            .text()
            .contains("with an explicit deny in an identity-based policy\n")
    );
}

#[test]
fn request_across_accounts_when_tried_out_then_needs_both_policies() {
    let everything = document(&json!({"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}));
    let files = Policies::new([
        ("all", &everything),
        ("bob", &shares(BOB)),
        ("other", &shares("333333333333")),
    ]);
    let asked = |own: &[&str], theirs: &str| {
        let flags = [
            "--principal",
            BOB,
            "--resource",
            STREAM,
            "--action",
            "PutRecord",
            "--json",
        ];
        let theirs = ["--resource-policy", &files.path(theirs)];
        let own: Vec<String> = own.iter().map(|name| files.path(name)).collect();
        let own: Vec<&str> = own.iter().flat_map(|path| ["--policy", path]).collect();
        let ran = simulate(&[&flags[..], &theirs, &own].concat());
        let document: Value = serde_json::from_str(ran.text()).unwrap();
        (ran.status.code(), document)
    };
    let (status, document) = asked(&["all"], "bob");
    let expected = json!({
        "Decision": "allowed",
        "Message": format!("User: {BOB} may perform: kinesis:PutRecord on resource: {STREAM}"),
        "Principal": BOB,
        "Action": "kinesis:PutRecord",
        "Resource": STREAM,
        "AcrossAccounts": true,
        "IdentityPolicies": {"Says": "allow", "Statement": 1, "Policy": files.path("all")},
        "ResourcePolicy": {"Says": "allow", "Statement": 1, "Sid": "share"},
        "MissingContextKeys": [],
    });
    assert_eq!((status, document), (Some(0), expected));
    for (own, theirs, because) in [
        (
            &["all"][..],
            "other",
            "because no resource-based policy allows the kinesis:PutRecord action",
        ),
        (
            &[],
            "bob",
            "because no identity-based policy allows the kinesis:PutRecord action",
        ),
    ] {
        let (status, document) = asked(own, theirs);
        assert_eq!((status, &document["Decision"]), (Some(3), &json!("denied")));
        let message = document["Message"].as_str().unwrap();
        assert!(message.ends_with(because), "{message}");
    }
}

#[test]
fn policy_when_it_is_none_then_is_named_with_what_is_wrong_and_nothing_is_decided() {
    let typo = document(
        &json!({"Effect": "Allow", "Action": "kinesis:*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceIP4": "x"}}}),
    );
    let files = Policies::new([
        ("typo", &typo),
        ("reads", &reads()),
        ("share", &shares(BOB)),
    ]);
    let path = files.path("typo");
    let ran = simulate(&[
        "--principal",
        ANN,
        "--action",
        "PutRecord",
        "--policy",
        &path,
    ]);
    let why = format!(
        "millstream: {path} is no policy: there is no condition key aws:SourceIP4. \
         A policy of a stream or a consumer needs its ARN beside it."
    );
    assert_eq!((ran.failed(1), ran.text()), (&*why, ""));
    let ran = tool(&["policy", "check", &files.path("reads"), &path]);
    assert_eq!(ran.failed(1), why);
    assert_eq!(ran.text(), format!("{}: ok\n", files.path("reads")));
    let share = files.path("share");
    let ran = tool(&["policy", "check", &share, "--resource", STREAM]);
    assert_eq!(ran.done(), format!("{share}: ok\n"));
    let other = format!("{STREAM}-2");
    let ran = tool(&["policy", "check", &share, "--resource", &other]);
    let why = format!("millstream: {share} is no policy: {STREAM} is another resource.");
    assert_eq!(ran.failed(1), why);
    let gone = files.path("gone");
    let ran = tool(&["policy", "check", &gone]);
    let why = format!("millstream: cannot read {gone}: No such file or directory (os error 2).");
    assert_eq!(ran.failed(1), why);
    let ran = tool(&["policy", "check", "/dev/zero"]);
    assert_eq!(
        ran.failed(1),
        "millstream: cannot read /dev/zero: larger than 65536 bytes."
    );
}

#[test]
fn simulation_when_called_wrongly_then_says_what_to_write_instead() {
    let files = Policies::new([("reads", &reads()), ("share", &shares(BOB))]);
    let (reads, share) = (files.path("reads"), files.path("share"));
    let root = "arn:aws:iam::111111111111:root";
    for (flags, expected) in [
        (
            &["--principal", "ann"][..],
            "write arn:aws:iam::ACCOUNT:user/NAME",
        ),
        (&["--action", "PutNothing"], "Kinesis has no such operation"),
        (
            &["--action", "s3:PutRecord"],
            "Kinesis has no such operation",
        ),
        (
            &["--resource", "orders"],
            "give the ARN of a stream or a consumer",
        ),
        (&["--context", "aws:SourceIp"], "write KEY=VALUE"),
        (
            &["--context", "aws:Nothing=x"],
            "there is no condition key aws:Nothing",
        ),
        (
            &["--context", "aws:SourceVpc=x"],
            "no request to Millstream has aws:SourceVpc",
        ),
        (
            &["--context", "aws:userid=x", "--context", "AWS:UserID=y"],
            "aws:userid has one value, and is given more than once",
        ),
        (
            &["--resource-policy", &share],
            "--resource-policy needs --resource",
        ),
        (
            &["--principal", root, "--policy", &reads],
            "do not concern an account's root",
        ),
    ] {
        let usual = [("--principal", ANN), ("--action", "PutRecord")];
        let usual = usual.into_iter().filter(|(flag, _)| !flags.contains(flag));
        let usual: Vec<&str> = usual.flat_map(|(flag, value)| [flag, value]).collect();
        let ran = simulate(&[&usual[..], flags].concat());
        assert_eq!((ran.status.code(), ran.text()), (Some(2), ""), "{flags:?}");
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    }
}
