//! Secrets that a tool is given by the environment.

use crate::call::{Call, Ran};
use crate::help::commands;
use crate::server::server;

/// What the environment has, of which nothing may be told.
const SECRETS: [(&str, &str); 2] = [
    ("AWS_SECRET_ACCESS_KEY", "CANARYx-the-secret-of-a-key"),
    ("AWS_SESSION_TOKEN", "CANARYx-the-token-of-a-session"),
];
/// A command that talks to a server.
const LIST: [&str; 2] = ["streams", "--verbose"];

fn run(words: &[&str], endpoint: &str) -> Ran {
    let call = Call::new(words)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE00000");
    let call = SECRETS
        .iter()
        .fold(call, |call, (name, secret)| call.env(name, secret));
    call.run()
}

fn check(words: &[&str], ran: &Ran) {
    for said in [ran.text(), &ran.stderr] {
        assert!(!said.contains("CANARY"), "{words:?}: {said}");
    }
}

#[test]
fn secrets_when_given_by_variables_then_are_in_no_help_and_no_error() {
    let nowhere = "http://127.0.0.1:1";
    for words in commands() {
        for flag in ["--help", "-h", "--no-such-flag"] {
            let words: Vec<&str> = words.iter().map(String::as_str).chain([flag]).collect();
            let ran = run(&words, nowhere);
            assert!(
                !ran.text().is_empty() || !ran.stderr.is_empty(),
                "{words:?}"
            );
            check(&words, &ran);
        }
    }
    let ran = run(&LIST, nowhere);
    assert_eq!(ran.status.code(), Some(1), "{}", ran.stderr);
    check(&LIST, &ran);
    let server = server();
    let ran = run(&LIST, &server.url);
    assert_eq!(ran.status.code(), Some(0), "{}", ran.stderr);
    check(&LIST, &ran);
}
