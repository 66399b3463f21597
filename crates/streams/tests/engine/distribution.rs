//! Records that the service distributes: where they go, and how they are read without keys.

use super::world::{Caller, Start, World, message};
use bytes::Bytes;
use millstream_protocol::operations::{
    CreateStreamInput, DescribeStreamSummaryInput, GetRecordsInput, PutRecordInput,
    PutRecordOutput, PutRecordsInput, PutRecordsOutput,
    UpdateStreamRecordDistributionStrategyInput,
};
use millstream_protocol::types::{
    PutRecordsRequestEntry, Record, RecordDistributionStrategy, StreamDescriptionSummary,
    StreamMode, StreamModeDetails,
};
use millstream_protocol::{Error, ErrorCode, Protocol, decode, encode};
use millstream_store::{Batch, Batches, LogId};
use millstream_streams::operations::{
    CreateStream, DescribeStreamSummary, GetRecords, PutRecord, PutRecords,
    UpdateStreamRecordDistributionStrategy,
};
use millstream_streams::{Handler, Settings};
use std::collections::BTreeMap;
use std::time::Duration;

const AUTO: RecordDistributionStrategy = RecordDistributionStrategy::Auto;
const BY_KEYS: RecordDistributionStrategy = RecordDistributionStrategy::UserPartitionKey;
const MIB: usize = 1024 * 1024;
/// Shards of an on-demand stream.
const SHARDS: usize = 4;
const ON_PROVISIONED: &str = "RecordDistributionStrategy=AUTO is only supported for on-demand \
                              streams. Stream s is using PROVISIONED mode.";

fn on_demand() -> CreateStreamInput {
    CreateStreamInput {
        stream_name: "s".to_owned(),
        stream_mode_details: Some(StreamModeDetails {
            stream_mode: StreamMode::OnDemand,
        }),
        ..CreateStreamInput::default()
    }
}

fn auto() -> CreateStreamInput {
    CreateStreamInput {
        record_distribution_strategy: Some(AUTO),
        ..on_demand()
    }
}

fn record(key: Option<&str>, bytes: usize) -> PutRecordInput {
    PutRecordInput {
        stream_name: Some("s".to_owned()),
        partition_key: key.map(str::to_owned),
        data: Bytes::from(vec![b'x'; bytes]),
        ..PutRecordInput::default()
    }
}

fn entry(key: Option<&str>, bytes: usize) -> PutRecordsRequestEntry {
    PutRecordsRequestEntry {
        partition_key: key.map(str::to_owned),
        data: Bytes::from(vec![b'x'; bytes]),
        explicit_hash_key: None,
    }
}

impl Caller {
    async fn redistribute(&self, strategy: RecordDistributionStrategy) -> Result<(), Error> {
        let input = UpdateStreamRecordDistributionStrategyInput {
            stream_arn: "arn:aws:kinesis:us-east-1:111111111111:stream/s".to_owned(),
            stream_id: None,
            record_distribution_strategy: strategy,
        };
        self.call::<UpdateStreamRecordDistributionStrategy>(input)
            .await
    }

    async fn summary(&self) -> StreamDescriptionSummary {
        let input = DescribeStreamSummaryInput {
            stream_name: Some("s".to_owned()),
            ..DescribeStreamSummaryInput::default()
        };
        let output = self.call::<DescribeStreamSummary>(input).await.unwrap();
        output.stream_description_summary
    }

    async fn put_one(&self, record: PutRecordInput) -> Result<PutRecordOutput, Error> {
        self.call::<PutRecord>(record).await
    }

    /// PutRecords, decoded as the server does.
    async fn put_many(
        &self,
        entries: Vec<PutRecordsRequestEntry>,
    ) -> Result<PutRecordsOutput, Error> {
        let input: PutRecordsInput = PutRecordsInput {
            records: entries,
            stream_name: Some("s".to_owned()),
            ..PutRecordsInput::default()
        };
        let mut body = Vec::new();
        encode(Protocol::Json, &input, &mut body);
        let input = decode(Protocol::Json, &body).unwrap();
        self.call::<PutRecords>(input).await
    }

    /// All records, shard by shard.
    async fn records(&self) -> Vec<Record> {
        let mut all = Vec::new();
        for shard in self.shards("s").await {
            all.extend(self.read("s", &shard.shard_id, Start::Horizon).await.0);
        }
        all
    }

    /// How many records each open shard has.
    async fn counts(&self) -> Vec<usize> {
        let mut counts = Vec::new();
        for shard in self.shards("s").await {
            counts.push(
                self.read("s", &shard.shard_id, Start::Horizon)
                    .await
                    .0
                    .len(),
            );
        }
        counts
    }
}

fn are_even(counts: &[usize]) -> bool {
    counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1
}

#[tokio::test]
async fn records_when_the_service_distributes_them_then_are_even_whatever_their_keys() {
    for world in [World::without_limits(), World::new(Settings::default())] {
        let caller = world.open().await;
        caller.call::<CreateStream>(auto()).await.unwrap();
        let mut total = 0;
        for (round, count) in [1, 7, 500, 3, 2].into_iter().enumerate() {
            let mut entries = vec![entry(Some("same"), 10); count];
            entries[0].explicit_hash_key = Some("0".to_owned());
            entries[count / 2].partition_key = None;
            let put = caller.put_many(entries).await.unwrap();
            assert_eq!(put.failed_record_count, Some(0));
            for key in [Some("same"), None] {
                caller.put_one(record(key, 10)).await.unwrap();
            }
            total += count + 2;
            // By now the budgets are full again, or not.
            world
                .clock
                .advance(Duration::from_millis(round as u64 * 40));
            let counts = caller.counts().await;
            assert_eq!(counts.iter().sum::<usize>(), total);
            assert!(are_even(&counts), "{counts:?}");
            world.clock.advance(Duration::from_secs(1));
        }
    }
}

#[tokio::test]
async fn records_when_put_without_keys_then_are_read_without_any_in_both_protocols() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.call::<CreateStream>(auto()).await.unwrap();
    let keys = [None, Some("a"), None, Some("\"b\""), None, None, Some("c")];
    for _ in 0..SHARDS {
        let entries = keys.map(|key| entry(key, 3)).to_vec();
        caller.put_many(entries).await.unwrap();
        caller.put_one(record(None, 0)).await.unwrap();
    }
    // Before a restart and after.
    for caller in [caller, world.open().await] {
        let mut found: BTreeMap<Option<String>, usize> = BTreeMap::new();
        for shard in caller.shards("s").await {
            let iterator = caller.iterator("s", &shard.shard_id, Start::Horizon).await;
            let input = GetRecordsInput {
                shard_iterator: iterator.unwrap(),
                ..GetRecordsInput::default()
            };
            let mut in_both = Vec::new();
            // Each encoding is made, made to be kept, and kept.
            for protocol in [Protocol::Json, Protocol::Cbor].repeat(3) {
                let output = caller.handle::<GetRecords>(input.clone()).await.unwrap();
                let body = caller.body(protocol, output).into_bytes().unwrap();
                let read = as_modelled::<GetRecords>(protocol, &body);
                if protocol == Protocol::Json {
                    let text = String::from_utf8(body.to_vec()).unwrap();
                    let keyed = read.iter().filter(|it| it.partition_key.is_some());
                    assert_eq!(text.matches("PartitionKey").count(), keyed.count());
                }
                in_both.push(read);
            }
            assert!(in_both.iter().all(|read| *read == in_both[0]));
            for record in &in_both[0] {
                *found.entry(record.partition_key.clone()).or_default() += 1;
            }
        }
        let count = |key: Option<&str>| found.get(&key.map(str::to_owned)).copied();
        assert_eq!(count(None), Some(5 * SHARDS));
        for key in ["a", "\"b\"", "c"] {
            assert_eq!(count(Some(key)), Some(SHARDS), "{key}");
        }
        assert_eq!(found.len(), 4);
    }
}

fn as_modelled<H>(protocol: Protocol, body: &[u8]) -> Vec<Record>
where
    H: Handler<Operation = millstream_protocol::operations::GetRecords>,
{
    let output: millstream_streams::OutputOf<H> =
        millstream_protocol::decode_lenient(protocol, body).unwrap();
    output.records
}

#[tokio::test]
async fn strategy_when_changed_then_holds_at_once_and_after_a_restart() {
    let world = World::without_limits();
    let mut caller = world.open().await;
    caller.call::<CreateStream>(on_demand()).await.unwrap();
    let needs_key = "PartitionKey is required for stream s under account 111111111111.";
    for round in 0..2 {
        assert_eq!(
            caller.summary().await.record_distribution_strategy,
            Some(BY_KEYS)
        );
        let refused = caller.put_one(record(None, 1)).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidArgumentException);
        assert_eq!(message(&refused), needs_key);
        // The whole call is refused.
        let entries = vec![entry(Some("k"), 1), entry(None, 1)];
        let refused = caller.put_many(entries.clone()).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidArgumentException);
        assert_eq!(message(&refused), needs_key);
        assert_eq!(caller.records().await.len(), 3 * round);

        caller.redistribute(AUTO).await.unwrap();
        caller = world.open().await;
        let summary = caller.summary().await;
        assert_eq!(summary.record_distribution_strategy, Some(AUTO));
        caller.put_one(record(None, 1)).await.unwrap();
        let put = caller.put_many(entries).await.unwrap();
        assert_eq!(put.failed_record_count, Some(0));
        assert_eq!(caller.records().await.len(), 3 * round + 3);
        caller.redistribute(AUTO).await.unwrap();
        caller.redistribute(BY_KEYS).await.unwrap();
        caller = world.open().await;
    }
    // Records go by their keys again.
    let mut shards = Vec::new();
    for _ in 0..5 {
        let put = caller.put_one(record(Some("k"), 1)).await.unwrap();
        shards.push(put.shard_id);
    }
    shards.dedup();
    assert_eq!(shards.len(), 1);
}

#[tokio::test]
async fn auto_when_a_stream_is_provisioned_then_is_refused_in_awss_words() {
    let world = World::without_limits();
    let caller = world.open().await;
    let provisioned = |strategy| CreateStreamInput {
        shard_count: Some(1),
        stream_mode_details: None,
        record_distribution_strategy: Some(strategy),
        ..on_demand()
    };
    let refused = caller
        .call::<CreateStream>(provisioned(AUTO))
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidArgumentException);
    assert_eq!(message(&refused), ON_PROVISIONED);
    let absent = caller.redistribute(AUTO).await.unwrap_err();
    assert_eq!(absent.code, ErrorCode::ResourceNotFoundException);
    assert_eq!(
        message(&absent),
        "Stream s under account 111111111111 not found."
    );

    caller
        .call::<CreateStream>(provisioned(BY_KEYS))
        .await
        .unwrap();
    let refused = caller.redistribute(AUTO).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidArgumentException);
    assert_eq!(message(&refused), ON_PROVISIONED);
    caller.redistribute(BY_KEYS).await.unwrap();
    assert_eq!(caller.summary().await.record_distribution_strategy, None);
    caller.put_one(record(None, 1)).await.unwrap_err();
    caller.put_one(record(Some("k"), 1)).await.unwrap();
}

#[tokio::test]
async fn strategy_when_the_stream_is_not_active_then_is_not_changed() {
    let world = World::new(Settings {
        transition_time: Duration::from_secs(3),
        ..Settings::default()
    });
    let caller = world.open().await;
    caller.call::<CreateStream>(on_demand()).await.unwrap();
    let refused = caller.redistribute(AUTO).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::ResourceInUseException);
    assert_eq!(
        message(&refused),
        "Stream s under account 111111111111 not ACTIVE, instead in state CREATING"
    );
    world.clock.advance(Duration::from_secs(3));
    assert_eq!(
        caller.summary().await.record_distribution_strategy,
        Some(BY_KEYS)
    );
    caller.redistribute(AUTO).await.unwrap();
    let summary = caller.summary().await;
    assert_eq!(summary.record_distribution_strategy, Some(AUTO));
    let status = millstream_protocol::types::StreamStatus::Active;
    assert_eq!(summary.stream_status, status, "it takes no time");
}

#[tokio::test]
async fn hash_keys_and_orders_when_the_service_distributes_then_mean_nothing_and_are_refused() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.call::<CreateStream>(auto()).await.unwrap();
    let beyond = "340282366920938463463374607431768211456";
    let put = PutRecordInput {
        explicit_hash_key: Some(beyond.to_owned()),
        ..record(Some("k"), 1)
    };
    let placed = caller.put_one(put.clone()).await.unwrap();
    let mut entries = vec![entry(None, 1), entry(Some("k"), 1)];
    entries[0].explicit_hash_key = Some(beyond.to_owned());
    let answer = caller.put_many(entries.clone()).await.unwrap();
    assert_eq!(answer.failed_record_count, Some(0));

    let ordered = PutRecordInput {
        sequence_number_for_ordering: Some(placed.sequence_number.clone()),
        ..record(Some("k"), 1)
    };
    let refused = caller.put_one(ordered.clone()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidArgumentException);
    let text = format!(
        "SequenceNumberForOrdering {} used in PutRecord on stream s under account 111111111111 is \
         not supported with RecordDistributionStrategy=AUTO.",
        placed.sequence_number
    );
    assert_eq!(message(&refused), text);
    assert_eq!(caller.records().await.len(), 3);

    caller.redistribute(BY_KEYS).await.unwrap();
    caller.put_one(ordered).await.unwrap();
    for refused in [
        caller.put_one(put).await.unwrap_err(),
        caller.put_many(entries[..1].to_vec()).await.unwrap_err(),
    ] {
        assert_eq!(refused.code, ErrorCode::InvalidArgumentException);
    }
}

#[tokio::test]
async fn record_when_the_service_distributes_it_then_is_throttled_only_if_no_shard_has_room() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    caller.call::<CreateStream>(auto()).await.unwrap();
    // A record that leaves its shard a tenth of its bytes.
    let large = caller.put_one(record(None, MIB * 9 / 10)).await.unwrap();
    // Those that follow go past it, until the others have as little left.
    let hundredth = MIB / 100;
    for _ in 0..3 * 90 {
        let put = caller.put_one(record(None, hundredth)).await.unwrap();
        assert_ne!(put.shard_id, large.shard_id);
    }
    // What is left is 40 hundredths, wherever it is; a rounding may take one in each shard.
    let mut put = 0;
    let refused = loop {
        match caller.put_one(record(None, hundredth)).await {
            Ok(_) => put += 1,
            Err(refused) => break refused,
        }
    };
    assert!((36..=40).contains(&put), "{put}");
    assert_eq!(
        refused.code,
        ErrorCode::ProvisionedThroughputExceededException
    );
    let text = message(&refused);
    assert!(text.starts_with("Rate exceeded for shard shardId-00000000000"));
    assert!(text.ends_with(" in stream s under account 111111111111."));

    // A record for which only one shard has room finds it.
    world.clock.advance(Duration::from_secs(60));
    let key = "k".repeat(256);
    let mut found = Vec::new();
    for _ in 0..SHARDS {
        let whole = record(Some(&key), MIB - key.len());
        found.push(caller.put_one(whole).await.unwrap().shard_id);
    }
    found.sort();
    found.dedup();
    assert_eq!(found.len(), SHARDS);
    caller.put_one(record(None, 1024)).await.unwrap_err();
}

#[tokio::test]
async fn batch_when_over_all_budgets_then_fails_record_by_record() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    caller.call::<CreateStream>(auto()).await.unwrap();
    for round in 0..9 {
        let answer = caller.put_many(vec![entry(None, 1); 500]).await.unwrap();
        let failed = if round < 8 { 0 } else { 500 };
        assert_eq!(answer.failed_record_count, Some(failed), "{round}");
        for entry in &answer.records[..usize::from(failed > 0)] {
            let code = "ProvisionedThroughputExceededException";
            assert_eq!(entry.error_code.as_deref(), Some(code));
        }
    }
    assert_eq!(caller.counts().await, [1000; SHARDS]);
    world.clock.advance(Duration::from_millis(100));
    let answer = caller.put_many(vec![entry(None, 1); 500]).await.unwrap();
    assert_eq!(answer.failed_record_count, Some(100));
    assert_eq!(caller.counts().await, [1100; SHARDS]);
}

/// Seals the log of a shard, as a reshard does first.
async fn seal(world: &World, shard: u32) {
    let is_it = |log: &LogId| log.group != u64::MAX && log.index == shard;
    let log = world.store.known_list().into_iter().find(is_it).unwrap();
    let close = Batches::one(log, Batch::control(&[1]));
    world.store.append_many(close).await[0].as_ref().unwrap();
}

#[tokio::test]
async fn record_when_its_shard_is_sealed_then_goes_to_another_that_is_open() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.call::<CreateStream>(auto()).await.unwrap();
    for shard in [0, 1, 3] {
        seal(&world, shard).await;
    }
    let open = "shardId-000000000002";
    for _ in 0..2 * SHARDS {
        let put = caller.put_one(record(None, 1)).await.unwrap();
        assert_eq!(put.shard_id, open);
    }
    let put = caller.put_many(vec![entry(None, 1); 10]).await.unwrap();
    assert_eq!(put.failed_record_count, Some(0));
    for entry in put.records {
        assert_eq!(entry.shard_id.as_deref(), Some(open));
    }
    assert_eq!(caller.counts().await, [0, 0, 2 * SHARDS + 10, 0]);
}

#[tokio::test]
async fn record_when_all_shards_are_sealed_then_waits_for_the_reshard_and_no_longer() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.call::<CreateStream>(auto()).await.unwrap();
    for shard in 0..SHARDS as u32 {
        seal(&world, shard).await;
    }
    let put = caller.put_one(record(None, 1));
    let (put, ()) = tokio::join!(put, world.pass(Duration::from_secs(3)));
    // What is known is that it was not put.
    assert_eq!(put.unwrap_err().code, ErrorCode::InternalFailure);
    assert_eq!(caller.counts().await, [0; SHARDS]);
}
