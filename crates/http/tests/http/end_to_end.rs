//! The whole path, from the client's typed call to the engine and back, in both protocols.

use crate::harness::Running;
use bytes::Bytes;
use millstream_client::{Client, Credentials, Error};
use millstream_http::Limits;
use millstream_protocol::operations::*;
use millstream_protocol::types::ShardIteratorType;
use millstream_protocol::{ErrorCode, Protocol};

const STREAM: &str = "orders";

fn client(server: &Running, protocol: Protocol, key: &str) -> Client {
    Client::builder()
        .endpoint(format!("http://{}", server.address))
        .credentials(Credentials::new(key, "secret", None))
        .protocol(protocol)
        .build()
        .unwrap()
}

async fn put(client: &Client, data: Bytes) -> PutRecordOutput {
    let input = PutRecordInput {
        stream_name: Some(STREAM.to_owned()),
        partition_key: Some("key".to_owned()),
        data,
        ..PutRecordInput::default()
    };
    client.call::<PutRecord>(&input).await.unwrap()
}

async fn read(client: &Client, shard_id: &str) -> GetRecordsOutput {
    let input = GetShardIteratorInput {
        stream_name: Some(STREAM.to_owned()),
        shard_id: shard_id.to_owned(),
        shard_iterator_type: ShardIteratorType::TrimHorizon,
        starting_sequence_number: None,
        timestamp: None,
        stream_arn: None,
        stream_id: None,
        dry_run: None,
    };
    let iterator = client
        .call::<GetShardIterator>(&input)
        .await
        .unwrap()
        .shard_iterator
        .unwrap();
    let input = GetRecordsInput {
        shard_iterator: iterator,
        ..GetRecordsInput::default()
    };
    client.call::<GetRecords>(&input).await.unwrap()
}

async fn check(protocol: Protocol) {
    let server = Running::start(Limits::default()).await;
    let client = client(&server, protocol, "AKID");
    let create = CreateStreamInput {
        stream_name: STREAM.to_owned(),
        shard_count: Some(1),
        ..CreateStreamInput::default()
    };
    client.call::<CreateStream>(&create).await.unwrap();
    let refused = client.call::<CreateStream>(&create).await.unwrap_err();
    assert_eq!(refused.code(), Some(ErrorCode::ResourceInUseException));
    assert!(refused.was_not_applied() && !refused.is_retryable());
    assert_eq!(
        match &refused {
            Error::Service { remote, .. } => remote.message.as_deref(),
            Error::Transport(_) | Error::NotSent(_) | Error::Invalid(_) | Error::Credentials(_) =>
                None,
        },
        Some("Stream orders under account 000000000000 already exists.")
    );

    let large = Bytes::from(
        (0..1_000_000_u32)
            .map(|place| place as u8)
            .collect::<Vec<_>>(),
    );
    let first = put(&client, Bytes::new()).await;
    let second = put(&client, large.clone()).await;
    let records = read(&client, &first.shard_id).await.records;
    let found: Vec<_> = records
        .iter()
        .map(|r| (&r.sequence_number, &r.data))
        .collect();
    let expected = [
        (&first.sequence_number, &Bytes::new()),
        (&second.sequence_number, &large),
    ];
    assert_eq!(found, expected);
    assert!(
        records
            .iter()
            .all(|record| record.partition_key.as_deref() == Some("key"))
    );
    server.stop().await;
}

#[tokio::test]
async fn records_when_put_in_json_then_are_read_as_they_were() {
    check(Protocol::Json).await;
}

#[tokio::test]
async fn records_when_put_in_cbor_then_are_read_as_they_were() {
    check(Protocol::Cbor).await;
}

#[tokio::test]
async fn streams_when_of_another_account_then_are_not_there() {
    let server = Running::start(Limits::default()).await;
    let owner = client(&server, Protocol::Json, "111111111111");
    let create = CreateStreamInput {
        stream_name: STREAM.to_owned(),
        shard_count: Some(1),
        ..CreateStreamInput::default()
    };
    owner.call::<CreateStream>(&create).await.unwrap();
    let stranger = client(&server, Protocol::Json, "222222222222");
    let listed = stranger
        .call::<ListStreams>(&ListStreamsInput::default())
        .await
        .unwrap();
    assert!(listed.stream_names.is_empty());
    let listed = owner
        .call::<ListStreams>(&ListStreamsInput::default())
        .await
        .unwrap();
    assert_eq!(listed.stream_names, [STREAM]);
    server.stop().await;
}

#[tokio::test]
async fn call_when_nobody_listens_then_was_not_sent() {
    let server = Running::start(Limits::default()).await;
    let client = client(&server, Protocol::Json, "AKID");
    server.stop().await;
    let error = client
        .call::<ListStreams>(&ListStreamsInput::default())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NotSent(_)), "{error}");
    assert!(error.was_not_applied() && error.is_retryable());
}
