//! The guide's table of what boto has and what takes its place here, row by row.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall fail there"
)]

use millstream_client::credentials::Sources;
use millstream_client::operations::ALL;
use millstream_client::regions::{self, Region};
use millstream_client::types::{Record, ShardIteratorType};
use millstream_client::{
    Blob, Builder, Client, Credentials, Env, Error, ErrorCode, RemoteError, Retries,
};
use millstream_pages::table;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

const PAGE: &str = include_str!("../../../docs/guide/client.md");

/// The rows of the table: boto's name, and ours.
fn rows() -> BTreeMap<&'static str, &'static str> {
    let (_, section) = PAGE.split_once("\n## From boto\n").unwrap();
    let bare = |cell: &'static str| cell.trim_matches('`');
    table(section)
        .skip(1)
        .map(|cells| (bare(cells[0]), bare(cells[1])))
        .collect()
}

/// The rows of the table under a heading of the third level: boto's names, and ours.
fn rows_under(heading: &str) -> Vec<(Vec<&'static str>, &'static str)> {
    let names = |cell: &'static str| cell.split('`').skip(1).step_by(2).collect();
    millstream_pages::rows(PAGE, heading)
        .map(|cells| (names(cells[0]), cells[1]))
        .collect()
}

/// A row that has something of ours: boto's first name, ours, and whether it does what it should.
type Shown = (&'static str, &'static str, bool);

/// Checks that each row has a reason why there is nothing, or names what was shown to be there.
#[track_caller]
fn check(heading: &str, shown: &[Shown]) {
    let mut left: BTreeSet<_> = shown.iter().map(|(boto, ours, _)| (*boto, *ours)).collect();
    for (boto, ours) in rows_under(heading) {
        if let Some(reason) = ours.strip_prefix("none, because ") {
            assert!(!reason.is_empty(), "{boto:?}");
            continue;
        }
        assert!(
            left.remove(&(boto[0], ours)),
            "{boto:?}: {ours} is not shown"
        );
    }
    assert!(left.is_empty(), "not in the table: {left:?}");
    for (boto, ours, is_so) in shown {
        assert!(is_so, "{boto}: {ours}");
    }
}

fn client() -> Client {
    let credentials = Credentials::new("AKID", "secret", None);
    let builder = Builder::default().region("eu-central-1");
    builder.credentials(credentials).build().unwrap()
}

/// The operation of each method that boto has, as a call of ours names it.
fn operations(client: &Client) -> Vec<(&'static str, String)> {
    let start = ShardIteratorType::Latest;
    let none = Vec::new;
    vec![
        (
            "add_tags_to_stream",
            format!("{:?}", client.add_tags_to_stream("s", BTreeMap::new())),
        ),
        ("create_stream", format!("{:?}", client.create_stream("s"))),
        ("delete_stream", format!("{:?}", client.delete_stream("s"))),
        (
            "describe_stream",
            format!("{:?}", client.describe_stream("s")),
        ),
        ("get_records", format!("{:?}", client.get_records("i"))),
        (
            "get_shard_iterator",
            format!("{:?}", client.get_shard_iterator("s", "0", start)),
        ),
        ("list_streams", format!("{:?}", client.list_streams())),
        (
            "list_tags_for_stream",
            format!("{:?}", client.list_tags_for_stream("s")),
        ),
        (
            "merge_shards",
            format!("{:?}", client.merge_shards("s", "0", "1")),
        ),
        (
            "put_record",
            format!("{:?}", client.put_record("s", "data")),
        ),
        (
            "put_records",
            format!("{:?}", client.put_records("s", none())),
        ),
        (
            "remove_tags_from_stream",
            format!("{:?}", client.remove_tags_from_stream("s", Vec::new())),
        ),
        (
            "split_shard",
            format!("{:?}", client.split_shard("s", "0", "1")),
        ),
    ]
}

#[tokio::test]
async fn methods_when_boto_has_them_then_are_calls_of_the_same_operation() {
    let client = client();
    let mut rows = rows();
    for (method, call) in operations(&client) {
        let ours = rows.remove(&*format!("KinesisConnection.{method}"));
        assert_eq!(ours, Some(&*format!("Client::{method}")));
        let name = ALL.iter().map(|operation| operation.name);
        let name = name.filter(|name| call.starts_with(&format!("Call({name}, ")));
        let snake: Vec<String> = name.map(snake).collect();
        assert_eq!(snake, [method]);
    }
    let rest = rows
        .keys()
        .filter(|boto| boto.starts_with("KinesisConnection."));
    assert_eq!(
        rest.collect::<Vec<_>>(),
        [&"KinesisConnection.make_request"]
    );
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[tokio::test]
async fn exceptions_and_functions_when_boto_has_them_then_have_the_same_name_or_what_the_table_says()
 {
    let rows = rows();
    let exceptions: Vec<_> = rows
        .iter()
        .filter(|(boto, _)| boto.ends_with("Exception"))
        .collect();
    assert_eq!(exceptions.len(), 7);
    for (boto, ours) in exceptions {
        assert_eq!(*ours, format!("ErrorCode::{boto}"));
        let code = ErrorCode::from_name(boto).unwrap();
        assert_eq!(code.name(), *boto);
    }
    assert_eq!(rows["connect_to_region"], "Builder::region");
    assert_eq!(client().region(), "eu-central-1");
    let url = client().endpoint().to_string();
    assert_eq!(url, "https://kinesis.eu-central-1.amazonaws.com/");
    assert_eq!(rows["connect_kinesis"], "Builder::from_environment");
    assert_eq!(rows["regions"], "regions::regions");
    assert!(regions::regions().len() > 30);
    assert_eq!(rows["KinesisConnection"], "Client");
}

fn is(found: &Option<String>, expected: &str) -> bool {
    found.as_deref() == Some(expected)
}

/// The optional arguments of methods that describe, list and read.
fn arguments_of_reads(client: &Client) -> Vec<Shown> {
    let mut describe = client.describe_stream("s").limit(5);
    describe = describe.exclusive_start_shard_id("0");
    let describe = describe.input_mut();
    let mut tags = client.list_tags_for_stream("s").limit(7);
    tags = tags.exclusive_start_tag_key("k");
    let tags = tags.input_mut();
    let mut list = client.list_streams().limit(8);
    list = list.exclusive_start_stream_name("a");
    let list = list.input_mut();
    let mut records = client.get_records("i").limit(6);
    let limit = "`Call::limit`";
    vec![
        ("describe_stream(limit)", limit, describe.limit == Some(5)),
        (
            "describe_stream(exclusive_start_shard_id)",
            "`Call::exclusive_start_shard_id`",
            is(&describe.exclusive_start_shard_id, "0"),
        ),
        (
            "get_records(limit)",
            limit,
            records.input_mut().limit == Some(6),
        ),
        ("list_streams(limit)", limit, list.limit == Some(8)),
        (
            "list_streams(exclusive_start_stream_name)",
            "`Call::exclusive_start_stream_name`",
            is(&list.exclusive_start_stream_name, "a"),
        ),
        ("list_tags_for_stream(limit)", limit, tags.limit == Some(7)),
        (
            "list_tags_for_stream(exclusive_start_tag_key)",
            "`Call::exclusive_start_tag_key`",
            is(&tags.exclusive_start_tag_key, "k"),
        ),
    ]
}

/// The optional arguments of methods that name a position or a place.
fn arguments_of_places(client: &Client) -> Vec<Shown> {
    let mut put = client.put_record("s", "data").explicit_hash_key("1");
    put = put.sequence_number_for_ordering("2");
    let put = put.input_mut();
    let at = ShardIteratorType::AtSequenceNumber;
    let mut iterator = client.get_shard_iterator("s", "0", at);
    iterator = iterator.starting_sequence_number("3");
    let iterator = iterator.input_mut();
    vec![
        (
            "get_shard_iterator(starting_sequence_number)",
            "`Call::starting_sequence_number`",
            is(&iterator.starting_sequence_number, "3"),
        ),
        (
            "put_record(explicit_hash_key)",
            "`Call::explicit_hash_key`",
            is(&put.explicit_hash_key, "1"),
        ),
        (
            "put_record(sequence_number_for_ordering)",
            "`Call::sequence_number_for_ordering`",
            is(&put.sequence_number_for_ordering, "2"),
        ),
    ]
}

#[tokio::test]
async fn arguments_when_boto_has_them_then_are_setters_of_the_same_name_or_the_table_says_why_not()
{
    let client = client();
    let mut shown = arguments_of_reads(&client);
    shown.extend(arguments_of_places(&client));
    check("Optional arguments", &shown);
    let data: &Blob = &Record::default().data;
    assert!(data.is_empty(), "bytes, not text in base64");
}

/// A builder with a profile of its own, and nothing else of the machine.
fn of_profile(profile: &str) -> Result<Builder, millstream_client::LoadError> {
    let file = |path: &std::path::Path| match path.ends_with("credentials") {
        true => Ok("[boto]\naws_access_key_id = AKID\naws_secret_access_key = secret\n".to_owned()),
        false => Err(io::ErrorKind::NotFound.into()),
    };
    let sources = Sources::new(|_| None, file);
    Builder::load(&sources, Some(profile), &Env::real())
}

fn keys() -> Credentials {
    Credentials::new("AKID", "secret", Some("token".to_owned()))
}

/// What says where requests go, and who sends them.
fn servers_and_keys() -> Vec<Shown> {
    let here = Builder::default().endpoint("https://localhost:4567");
    let untrusted = here.clone().credentials(keys()).ca_bundle("none");
    let here = here.credentials(keys()).build().unwrap();
    let key = aws_credential_types::Credentials::new("AKID", "secret", None, None, "test");
    let provided = Builder::default().credentials_provider(key);
    let usual = Builder::default().credentials(keys()).build().unwrap();
    vec![
        (
            "region",
            "`Builder::region`, `Client::region`",
            client().region() == "eu-central-1",
        ),
        (
            "host",
            "`Builder::endpoint`, `Client::endpoint`",
            *here.endpoint() == "https://localhost:4567/",
        ),
        (
            "aws_access_key_id",
            "`Credentials::new`",
            format!("{:?}", keys()) == "Credentials(AKID, ***)",
        ),
        (
            "profile_name",
            "`Builder::load`",
            of_profile("boto").is_ok() && of_profile("other").is_err(),
        ),
        (
            "provider",
            "`Builder::credentials_provider`",
            provided.build().is_ok(),
        ),
        (
            "ca_certificates_file",
            "`Builder::ca_bundle`",
            untrusted.build().is_err(),
        ),
        (
            "DefaultRegionName",
            "`Builder::build`, which takes `us-east-1` unless it is told another",
            usual.region() == "us-east-1",
        ),
    ]
}

/// What says how often and how long a call is tried.
fn patience() -> Vec<Shown> {
    let builder = Builder::default().credentials(keys());
    let impatient = builder.clone().attempt_timeout(Duration::from_secs(1));
    let reset = Error::Transport("reset".to_owned());
    vec![
        (
            "num_retries",
            "`Builder::retries`",
            builder.retries(Retries::none()).build().is_ok(),
        ),
        (
            "http_exceptions",
            "`Error::is_retryable`",
            reset.is_retryable(),
        ),
        (
            "http_connection_kwargs",
            "`Builder::attempt_timeout`",
            impatient.build().is_ok(),
        ),
        (
            "ResponseError",
            "`Error::Service`",
            matches!(refusal(), Error::Service { .. }),
        ),
    ]
}

fn refusal() -> Error {
    Error::Service {
        remote: RemoteError {
            status: 400,
            name: "LimitExceededException".to_owned(),
            message: Some("too many".to_owned()),
        },
        request_id: Some("id".to_owned()),
        is_after_unknown: false,
    }
}

#[tokio::test]
async fn connection_when_boto_has_a_part_then_the_builder_sets_it_or_the_table_says_why_not() {
    let mut shown = servers_and_keys();
    shown.extend(patience());
    check("Connections of boto", &shown);
}

#[tokio::test]
async fn facts_of_errors_and_regions_when_boto_has_them_then_are_here_or_the_table_says_why_not() {
    let error = refusal();
    let region = Region::of("eu-central-1").unwrap();
    assert_eq!(Region::of("nowhere"), None);
    check(
        "Errors and regions of boto",
        &[
            (
                "BotoServerError.status",
                "`Error::status`",
                error.status() == Some(400),
            ),
            (
                "BotoServerError.error_code",
                "`Error::code`",
                error.code() == Some(ErrorCode::LimitExceededException),
            ),
            (
                "BotoServerError.message",
                "`Error::message`",
                error.message() == Some("too many"),
            ),
            (
                "BotoServerError.request_id",
                "`Error::request_id`",
                error.request_id() == Some("id"),
            ),
            (
                "RegionInfo.name",
                "`Region::name`",
                region.name() == "eu-central-1",
            ),
            (
                "RegionInfo.endpoint",
                "`Region::endpoint`",
                region.endpoint() == "kinesis.eu-central-1.amazonaws.com",
            ),
            (
                "RegionInfo.connect",
                "`Builder::region`",
                client().region() == region.name(),
            ),
        ],
    );
}
