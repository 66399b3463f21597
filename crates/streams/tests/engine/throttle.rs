//! Limits and quotas, in AWS's words.

use super::world::{Start, World, message};
use bytes::Bytes;
use millstream_protocol::operations::{CreateStreamInput, PutRecordsInput};
use millstream_protocol::{ErrorCode, RecordSink};
use millstream_streams::operations::{CreateStream, PutRecords};
use millstream_streams::{RecordArena, Settings};
use std::time::Duration;

fn records(count: usize, bytes: usize) -> PutRecordsInput<RecordArena> {
    let mut arena = RecordArena::default();
    for _ in 0..count {
        arena.begin_record();
        arena.data().extend(std::iter::repeat_n(b'x', bytes));
        arena.data_done(bytes);
        arena.partition_key(b"k");
        arena.end_record();
    }
    assert!(arena.end());
    PutRecordsInput {
        records: arena,
        stream_name: Some("s".to_owned()),
        stream_arn: None,
        stream_id: None,
        dry_run: None,
    }
}

#[tokio::test]
async fn put_records_when_over_the_shards_budget_then_fail_one_by_one_and_pass_later() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    for expected_failures in [0, 0, 500] {
        let answer = caller.call::<PutRecords>(records(500, 10)).await.unwrap();
        assert_eq!(answer.failed_record_count, Some(expected_failures));
        let failed = answer
            .records
            .iter()
            .filter(|entry| entry.error_code.is_some());
        for entry in failed {
            assert_eq!(
                entry.error_code.as_deref(),
                Some("ProvisionedThroughputExceededException")
            );
            let text = "Rate exceeded for shard shardId-000000000000 in stream s under account \
                        111111111111.";
            assert_eq!(entry.error_message.as_deref(), Some(text));
            assert_eq!(entry.sequence_number, None);
        }
    }
    let error = caller.put("s", "k", "x").await.unwrap_err();
    assert_eq!(
        error.code,
        ErrorCode::ProvisionedThroughputExceededException
    );
    world.clock.advance(Duration::from_millis(500));
    let answer = caller.call::<PutRecords>(records(500, 10)).await.unwrap();
    assert_eq!(answer.failed_record_count, Some(0));
    assert_eq!(caller.read_all("s").await.len(), 1500);
}

#[tokio::test]
async fn get_records_when_a_sixth_time_in_a_second_then_is_throttled() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let iterator = caller.iterator("s", "0", Start::Latest).await.unwrap();
    for _ in 0..5 {
        caller.get(&iterator).await.unwrap();
    }
    let error = caller.get(&iterator).await.unwrap_err();
    assert_eq!(
        error.code,
        ErrorCode::ProvisionedThroughputExceededException
    );
    world.clock.advance(Duration::from_millis(200));
    caller.get(&iterator).await.unwrap();
}

#[tokio::test]
async fn get_records_when_it_brought_ten_mebibytes_then_the_shard_pauses_for_five_seconds() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    let input = CreateStreamInput {
        stream_name: "s".to_owned(),
        shard_count: Some(1),
        max_record_size_in_kib: Some(10_240),
        ..CreateStreamInput::default()
    };
    caller.call::<CreateStream>(input).await.unwrap();
    for _ in 0..3 {
        let put = millstream_protocol::operations::PutRecordInput {
            stream_name: Some("s".to_owned()),
            partition_key: Some("k".to_owned()),
            data: Bytes::from(vec![0; 6 * 1024 * 1024]),
            ..Default::default()
        };
        caller
            .call::<millstream_streams::operations::PutRecord>(put)
            .await
            .unwrap();
        world.clock.advance(Duration::from_secs(10));
    }
    let iterator = caller.iterator("s", "0", Start::Horizon).await.unwrap();
    let first = caller.get(&iterator).await.unwrap();
    assert_eq!(first.records.len(), 1, "two would be more than 10 MiB");
    let next = first.next_shard_iterator.unwrap();
    world.clock.advance(Duration::from_millis(4_999));
    caller.get(&next).await.unwrap_err();
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(caller.get(&next).await.unwrap().records.len(), 1);
}

#[tokio::test]
async fn shards_when_over_the_accounts_limit_then_are_refused_with_the_counts() {
    let world = World::new(Settings {
        shard_limit: Some(3),
        ..Settings::default()
    });
    let caller = world.open().await;
    caller.create("s", 2).await.unwrap();
    let error = caller.create("t", 2).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::LimitExceededException);
    let start = "This request would exceed the shard limit for the account 111111111111 in \
                 us-east-1. Current shard count for the account: 2. Limit: 3. Number of additional \
                 shards that would have resulted from this request: 2. Refer to";
    assert!(message(&error).starts_with(start), "{error}");
    caller.split("s", "0", 5).await.unwrap();
    let error = caller.split("s", "1", (1 << 127) + 5).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::LimitExceededException);
    caller
        .of("222222222222", "us-east-1")
        .create("u", 3)
        .await
        .unwrap();
}

#[tokio::test]
async fn puts_when_the_stream_takes_large_records_then_come_in_bursts_of_ten_mebibytes() {
    const MIB: usize = 1024 * 1024;
    let world = World::new(Settings::default());
    let caller = world.open().await;
    for (name, kib) in [("small", 1024), ("large", 1025)] {
        let input = CreateStreamInput {
            stream_name: name.to_owned(),
            shard_count: Some(1),
            max_record_size_in_kib: Some(kib),
            ..CreateStreamInput::default()
        };
        caller.call::<CreateStream>(input).await.unwrap();
    }
    let put = async |stream: &str| {
        let put = millstream_protocol::operations::PutRecordInput {
            stream_name: Some(stream.to_owned()),
            partition_key: Some("k".to_owned()),
            data: Bytes::from(vec![0; MIB - 1]),
            ..Default::default()
        };
        let put = caller.call::<millstream_streams::operations::PutRecord>(put);
        match put.await {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(
                    error.code,
                    ErrorCode::ProvisionedThroughputExceededException
                );
                false
            }
        }
    };
    for _ in 0..10 {
        assert!(put("large").await);
    }
    assert!(!put("large").await);
    assert!(put("small").await);
    assert!(!put("small").await);
    world.clock.advance(Duration::from_secs(3));
    for _ in 0..3 {
        assert!(put("large").await);
    }
    assert!(!put("large").await, "it refills a mebibyte a second");
    assert!(put("small").await);
    assert!(!put("small").await);
}
