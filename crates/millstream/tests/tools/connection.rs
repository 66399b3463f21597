//! Which endpoint a tool talks to.

use crate::server::{server, server_with};
use clap::Parser;
use millstream_env::Env;
use millstream_protocol::operations::{ListStreams, ListStreamsInput};
use millstream_tools::terminal::{Color, Terminal};
use millstream_tools::{Connection, Failure, Stop, Surroundings, Variables, connect};
use std::sync::Arc;

/// A tool that has nothing but a connection.
#[derive(Parser)]
struct Only {
    #[command(flatten)]
    connection: Connection,
}

/// Calls the endpoint of a tool with these flags and variables.
async fn call(words: &[&str], variables: &[(&str, &str)]) -> Result<usize, Failure> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let variables: Vec<(String, String)> = variables.iter().map(own).collect();
    let look_up = move |wanted: &str| {
        let found = variables.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.clone())
    };
    let surroundings = Surroundings {
        env: Env::real(),
        terminal: Terminal::of_process(Color::Never),
        stop: Stop::default(),
        variables: Variables::new(look_up),
        program: Arc::new(clap::Command::new("test")),
    };
    let words = ["test"].iter().chain(words);
    let only = Only::try_parse_from(words).map_err(|error| Failure::usage(error.to_string()))?;
    let client = connect(&only.connection, &surroundings)?;
    let listed = client
        .call::<ListStreams>(&ListStreamsInput::default())
        .await;
    Ok(listed?.stream_names.len())
}

const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "any"),
    ("AWS_SECRET_ACCESS_KEY", "any"),
];

#[tokio::test]
async fn endpoint_and_region_when_given_by_flags_and_variables_then_the_flags_win() {
    let full = server_with(&["--stream", "orders"]);
    let empty = server();
    let (full, empty) = (full.url.as_str(), empty.url.as_str());
    let (kinesis, all) = ("AWS_ENDPOINT_URL_KINESIS", "AWS_ENDPOINT_URL");
    for (words, variables, expected) in [
        (&["--endpoint-url", full][..], &[(kinesis, empty)][..], 1),
        (&[], &[(kinesis, full), (all, empty)], 1),
        (&[], &[(kinesis, ""), (all, full)], 1),
        (&[], &[(all, empty)], 0),
        (&["--protocol", "cbor"], &[(all, full)], 1),
        (&["--region", "eu-west-1"], &[(all, full)], 0),
        (&[], &[(all, full), ("AWS_REGION", "eu-west-1")], 0),
        (&[], &[(all, full), ("AWS_DEFAULT_REGION", "eu-west-1")], 0),
        (
            &["--region", "us-east-1"],
            &[(all, full), ("AWS_REGION", "eu-west-1")],
            1,
        ),
    ] {
        let found = call(words, &[variables, &KEYS].concat()).await;
        assert_eq!(found, Ok(expected), "{words:?} {variables:?}");
    }
}

#[tokio::test]
async fn connection_when_something_is_missing_then_the_failure_says_how_to_give_it() {
    let endpoint = ("AWS_ENDPOINT_URL", "http://127.0.0.1:4567");
    for (variables, expected) in [
        (
            &KEYS[..],
            "millstream: no endpoint is given, and no region of AWS. Give --endpoint-url URL or \
             --region REGION, or set AWS_ENDPOINT_URL or AWS_REGION.",
        ),
        (
            &[endpoint, KEYS[0]],
            "millstream: the environment has an access key's id, and no AWS_SECRET_ACCESS_KEY.",
        ),
        (
            &[endpoint],
            "millstream: no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run \
             `aws configure` (the profile `default` has none). `millstream dev` takes any.",
        ),
        (
            &[("AWS_ENDPOINT_URL", "127.0.0.1:4567"), KEYS[0], KEYS[1]],
            "millstream: the endpoint \"127.0.0.1:4567\" is not a URL such as \
             https://kinesis.us-east-1.amazonaws.com.",
        ),
    ] {
        let failure = call(&[], variables).await.unwrap_err();
        assert_eq!(failure.line().as_deref(), Some(expected));
    }
}

#[tokio::test]
async fn endpoint_when_nobody_listens_there_then_the_failure_says_what_to_check() {
    let words = ["--endpoint-url", "http://127.0.0.1:1"];
    let failure = call(&words, &KEYS).await.unwrap_err();
    let line = failure.line().unwrap();
    assert!(line.contains("Connection refused"), "{line}");
    assert!(
        line.contains("Check whether the server is running"),
        "{line}"
    );
}
