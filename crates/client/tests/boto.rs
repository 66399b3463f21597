//! The guide's table of what boto has and what takes its place here, row by row.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall fail there"
)]

use millstream_client::types::ShardIteratorType;
use millstream_client::{Builder, Client, Credentials, ErrorCode, operations::ALL, regions};
use millstream_pages::table;
use std::collections::BTreeMap;

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
    assert_eq!(rows["regions"], "regions::regions");
    assert!(regions::regions().len() > 30);
    assert_eq!(rows["KinesisConnection"], "Client");
}
