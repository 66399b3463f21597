//! Short ways to use a server, through the typed client and byte by byte.

use bytes::Bytes;
use millstream_client::{Client, Credentials};
use millstream_protocol::operations::*;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Timeout that turns a hanging test into a failure.
const PATIENCE: Duration = Duration::from_secs(120);

pub fn client(url: &str) -> Client {
    Client::builder()
        .endpoint(url)
        .credentials(Credentials::new("AKID", "secret", None))
        .build()
        .unwrap()
}

pub async fn put(url: &str, stream: &str) -> PutRecordOutput {
    put_data(&client(url), stream, Bytes::from("data")).await
}

pub async fn put_data(client: &Client, stream: &str, data: Bytes) -> PutRecordOutput {
    let input = PutRecordInput {
        stream_name: Some(stream.to_owned()),
        partition_key: Some("key".to_owned()),
        data,
        ..PutRecordInput::default()
    };
    client.call::<PutRecord>(&input).await.unwrap()
}

/// An iterator at the start of a stream's first shard.
pub async fn iterator(client: &Client, stream: &str) -> String {
    let input = GetShardIteratorInput {
        stream_name: Some(stream.to_owned()),
        shard_id: "shardId-000000000000".to_owned(),
        shard_iterator_type: millstream_protocol::types::ShardIteratorType::TrimHorizon,
        starting_sequence_number: None,
        timestamp: None,
        stream_arn: None,
        stream_id: None,
        dry_run: None,
    };
    let output = client.call::<GetShardIterator>(&input).await.unwrap();
    output.shard_iterator.unwrap()
}

pub fn connect(url: &str) -> TcpStream {
    let (_, address) = url.split_once("://").unwrap();
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The head of a request in JSON whose declared body length is `length`.
pub fn head(operation: &str, length: usize) -> String {
    format!(
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amz-target: Kinesis_20131202.{operation}\r\ncontent-length: {length}\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/kinesis/aws4_request, \
         SignedHeaders=host, Signature=0\r\nx-amz-date: 20260101T000000Z\r\n\r\n"
    )
}

/// Sends a whole request.
pub fn send(stream: &mut TcpStream, operation: &str, body: &str) {
    let request = head(operation, body.len()) + body;
    stream.write_all(request.as_bytes()).unwrap();
}

/// The status of the next response, of which nothing more is read.
pub fn status(stream: &mut TcpStream) -> String {
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    let status = String::from_utf8_lossy(&status);
    status.strip_prefix("HTTP/1.1 ").unwrap().to_owned()
}

/// The response of an admin page.
pub fn get(address: &str, path: &str) -> String {
    let mut stream = connect(&format!("http://{address}"));
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
