//! UpdateMaxRecordSize: the maximum size of a stream's records.

use super::world::{Caller, Start, World, message};
use bytes::Bytes;
use millstream_protocol::operations::{
    DescribeStreamSummaryInput, PutRecordInput, UpdateMaxRecordSizeInput,
};
use millstream_protocol::types::{StreamDescriptionSummary, StreamStatus};
use millstream_protocol::{Error, ErrorCode};
use millstream_streams::operations::{DescribeStreamSummary, PutRecord, UpdateMaxRecordSize};
use millstream_streams::{Limits, Settings};
use std::time::Duration;

/// The ARN of a stream of the caller that worlds make.
pub fn arn(stream: &str) -> String {
    format!("arn:aws:kinesis:us-east-1:111111111111:stream/{stream}")
}

pub async fn summary(caller: &Caller, stream: &str) -> StreamDescriptionSummary {
    let input = DescribeStreamSummaryInput {
        stream_name: Some(stream.to_owned()),
        ..DescribeStreamSummaryInput::default()
    };
    let output = caller.call::<DescribeStreamSummary>(input).await.unwrap();
    output.stream_description_summary
}

async fn set_size(caller: &Caller, arn: Option<String>, kib: i32) -> Result<(), Error> {
    let input = UpdateMaxRecordSizeInput {
        stream_arn: arn,
        stream_id: None,
        max_record_size_in_kib: kib,
    };
    caller.call::<UpdateMaxRecordSize>(input).await
}

async fn put_kib(caller: &Caller, kib: usize) -> Result<(), Error> {
    let input = PutRecordInput {
        stream_name: Some("s".to_owned()),
        partition_key: Some("k".to_owned()),
        // The key counts, too.
        data: Bytes::from(vec![b'x'; kib * 1024 - 1]),
        ..PutRecordInput::default()
    };
    caller.call::<PutRecord>(input).await.map(drop)
}

#[tokio::test]
async fn record_size_when_raised_and_lowered_then_holds_for_puts_and_hides_no_record() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    assert_eq!(
        summary(&caller, "s").await.max_record_size_in_kib,
        Some(1024)
    );
    put_kib(&caller, 1024).await.unwrap();
    put_kib(&caller, 1025).await.unwrap_err();
    set_size(&caller, Some(arn("s")), 10_240).await.unwrap();
    assert_eq!(
        summary(&caller, "s").await.max_record_size_in_kib,
        Some(10_240)
    );
    put_kib(&caller, 10_240).await.unwrap();
    put_kib(&caller, 10_241).await.unwrap_err();
    set_size(&caller, Some(arn("s")), 2048).await.unwrap();
    put_kib(&caller, 2048).await.unwrap();
    put_kib(&caller, 2049).await.unwrap_err();
    let reopened = world.open().await;
    assert_eq!(
        summary(&reopened, "s").await.max_record_size_in_kib,
        Some(2048)
    );
    put_kib(&reopened, 2049).await.unwrap_err();
    let (records, _) = reopened.read("s", "0", Start::Horizon).await;
    let kib: Vec<usize> = records
        .iter()
        .map(|it| it.data.len().div_ceil(1024))
        .collect();
    assert_eq!(kib, [1024, 10_240, 2048]);
}

#[tokio::test]
async fn record_size_when_its_stream_is_not_named_or_not_there_then_is_refused() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    let missing = set_size(&caller, None, 2048).await.unwrap_err();
    assert_eq!(missing.code, ErrorCode::InvalidArgumentException);
    assert_eq!(message(&missing), "StreamARN must be provided.");
    let unknown = set_size(&caller, Some(arn("s")), 2048).await.unwrap_err();
    assert_eq!(unknown.code, ErrorCode::ResourceNotFoundException);
    assert_eq!(
        message(&unknown),
        "Stream s under account 111111111111 not found."
    );
}

#[tokio::test]
async fn record_size_when_changed_then_the_stream_is_updating_for_a_while_and_goes_on() {
    let world = World::new(Settings {
        limits: Limits::Off,
        transition_time: Duration::from_secs(1),
        ..Settings::default()
    });
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let creating = set_size(&caller, Some(arn("s")), 2048).await.unwrap_err();
    assert_eq!(creating.code, ErrorCode::ResourceInUseException);
    world.pass(Duration::from_secs(2)).await;
    set_size(&caller, Some(arn("s")), 2048).await.unwrap();
    let reopened = world.open().await;
    for caller in [&caller, &reopened] {
        assert_eq!(
            summary(caller, "s").await.stream_status,
            StreamStatus::Updating
        );
        put_kib(caller, 1025).await.unwrap();
        let again = set_size(caller, Some(arn("s")), 4096).await.unwrap_err();
        assert_eq!(again.code, ErrorCode::ResourceInUseException);
        let text = "Stream s under account 111111111111 not ACTIVE, instead in state UPDATING";
        assert_eq!(message(&again), text);
        caller.split("s", "0", 1 << 127).await.unwrap_err();
        world.pass(Duration::from_millis(400)).await;
    }
    assert_eq!(
        summary(&reopened, "s").await.max_record_size_in_kib,
        Some(2048)
    );
    world.pass(Duration::from_millis(400)).await;
    assert_eq!(
        summary(&caller, "s").await.stream_status,
        StreamStatus::Active
    );
    let (records, _) = reopened.read("s", "0", Start::Horizon).await;
    assert_eq!(records.len(), 2);
    set_size(&reopened, Some(arn("s")), 4096).await.unwrap();
}
