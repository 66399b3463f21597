//! The client's consumer: all records of a stream through splits and merges, in both protocols,
//! polled and pushed, and again from checkpoints.

use crate::harness::{Running, in_time};
use futures_util::StreamExt;
use millstream_client::consumer::{
    Batch, Consumer, ConsumerError, ConsumerSettings, FileCheckpoints, MemoryCheckpoints, Position,
    ReadWith,
};
use millstream_client::types::{ShardIteratorType, StartingPosition};
use millstream_client::{Client, Credentials, ErrorCode};
use millstream_env::{Disk, Env, ManualClock, MemoryDisk, Timestamp};
use millstream_http::Limits;
use millstream_protocol::Protocol;
use millstream_streams::Settings;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const STREAM: &str = "orders";
const KEYS: usize = 7;
const HALF: &str = "170141183460469231731687303715884105728";

/// A stream, and what was put into it.
struct World {
    _server: Running,
    client: Client,
    put: usize,
}

impl World {
    /// A stream of one shard.
    async fn start(protocol: Protocol) -> Self {
        Self::start_on(Running::start(Limits::default()).await, protocol).await
    }

    async fn start_on(server: Running, protocol: Protocol) -> Self {
        let client = Client::builder()
            .endpoint(format!("http://{}", server.address))
            .credentials(Credentials::new("AKID", "secret", None))
            .protocol(protocol)
            .build()
            .unwrap();
        client.create_stream(STREAM).shard_count(1).await.unwrap();
        Self {
            _server: server,
            client,
            put: 0,
        }
    }

    /// Puts records of several keys, with their places as data.
    async fn put(&mut self, count: usize) {
        for _ in 0..count {
            let call = self.client.put_record(STREAM, self.put.to_string());
            let key = format!("key-{}", self.put % KEYS);
            call.partition_key(key).await.unwrap();
            self.put += 1;
        }
    }

    async fn split(&self, shard: usize) {
        let call = self.client.split_shard(STREAM, id(shard), HALF);
        call.await.unwrap();
        self.client.wait_until_stream_exists(STREAM).await.unwrap();
    }

    async fn merge(&self, left: usize, right: usize) {
        let call = self.client.merge_shards(STREAM, id(left), id(right));
        call.await.unwrap();
        self.client.wait_until_stream_exists(STREAM).await.unwrap();
    }

    /// Records in shard 0, in its children 1 and 2, and in theirs, 3.
    async fn history(&mut self) {
        self.put(40).await;
        self.split(0).await;
        self.put(40).await;
        self.merge(1, 2).await;
        self.put(40).await;
    }

    async fn consumer(&self, settings: ConsumerSettings) -> Consumer {
        let started = Consumer::start(&self.client, STREAM, settings).await;
        started.unwrap()
    }
}

fn id(shard: usize) -> String {
    format!("shardId-{shard:012}")
}

/// A consumer's settings for a test, which does not wait long.
fn settings() -> ConsumerSettings {
    ConsumerSettings {
        poll_every: Duration::ZERO,
        records_max: Some(7),
        ..ConsumerSettings::default()
    }
}

/// The places of a batch's records, by key.
fn add(to: &mut BTreeMap<String, Vec<usize>>, batch: &Batch) {
    for record in batch.user_records() {
        let place = str::from_utf8(&record.data).unwrap().parse().unwrap();
        let key = record.partition_key.unwrap().to_owned();
        to.entry(key).or_default().push(place);
    }
}

fn count(read: &BTreeMap<String, Vec<usize>>) -> usize {
    read.values().map(Vec::len).sum()
}

/// Asserts that each key has all of its records, in their order.
fn assert_whole(read: &BTreeMap<String, Vec<usize>>, count: usize) {
    let mut expected: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for place in 0..count {
        let key = format!("key-{}", place % KEYS);
        expected.entry(key).or_default().push(place);
    }
    assert_eq!(*read, expected);
}

async fn next(consumer: &mut Consumer) -> Batch {
    in_time(consumer.next()).await.unwrap().unwrap()
}

async fn check(protocol: Protocol, read_with: ReadWith) {
    let mut world = World::start(protocol).await;
    world.history().await;
    let settings = ConsumerSettings {
        read_with,
        ..settings()
    };
    let mut consumer = world.consumer(settings).await;
    let (mut read, mut ended) = (BTreeMap::new(), Vec::new());
    while !consumer.is_caught_up() {
        let batch = next(&mut consumer).await;
        add(&mut read, &batch);
        ended.extend(batch.is_last.then_some(batch.shard_id));
    }
    assert_whole(&read, 120);
    assert_eq!(ended[0], id(0));
    let parents: BTreeSet<_> = ended[1..].iter().cloned().collect();
    assert_eq!(parents, BTreeSet::from([id(1), id(2)]));

    // What changes while it reads.
    world.split(3).await;
    world.put(40).await;
    while count(&read) < world.put {
        add(&mut read, &next(&mut consumer).await);
    }
    assert_whole(&read, 160);

    let (client, arn) = (
        world.client.clone(),
        consumer.consumer_arn().map(str::to_owned),
    );
    consumer.deregister().await.unwrap();
    if let Some(arn) = arn {
        let described = client.describe_stream_consumer().consumer_arn(arn).await;
        let gone = described.map(|output| output.consumer_description.consumer_status);
        assert!(
            !matches!(gone, Ok(millstream_client::types::ConsumerStatus::Active)),
            "{gone:?}"
        );
    }
}

#[tokio::test]
async fn stream_when_split_and_merged_then_is_polled_whole_and_in_the_order_of_each_key() {
    check(Protocol::Json, ReadWith::Polling).await;
    check(Protocol::Cbor, ReadWith::Polling).await;
}

#[tokio::test]
async fn stream_when_split_and_merged_then_is_pushed_whole_and_in_the_order_of_each_key() {
    check(Protocol::Json, ReadWith::ConsumerNamed("tests".to_owned())).await;
    check(Protocol::Cbor, ReadWith::ConsumerNamed("tests".to_owned())).await;
}

#[tokio::test]
async fn consumer_when_it_starts_again_then_goes_on_after_its_checkpoints() {
    let mut world = World::start(Protocol::Json).await;
    world.history().await;
    let disk = MemoryDisk::new();
    disk.boot().create_directory(Path::new("/data")).unwrap();
    let settings = || {
        let disk = Arc::new(disk.boot());
        let env = Env {
            disk,
            ..Env::real()
        };
        let store = FileCheckpoints::new(&env, "/data/checkpoints");
        ConsumerSettings {
            checkpoints: Some(Arc::new(store)),
            ..settings()
        }
    };
    let mut read = BTreeMap::new();
    let (mut is_done, mut lives) = (false, 0);
    while !is_done {
        lives += 1;
        let mut consumer = world.consumer(settings()).await;
        // It dies with every fourth batch, which it has not processed.
        for _ in 0..3 {
            if consumer.is_caught_up() {
                break;
            }
            let batch = next(&mut consumer).await;
            add(&mut read, &batch);
            consumer.checkpoint_batch(&batch).await.unwrap();
        }
        is_done = consumer.is_caught_up();
        if !is_done {
            next(&mut consumer).await;
        }
    }
    assert_whole(&read, 120);
    assert!(lives > 3, "{lives}");
}

#[tokio::test]
async fn consumer_when_it_starts_at_a_record_or_at_the_end_then_gives_what_follows() {
    let mut world = World::start(Protocol::Json).await;
    world.put(1).await;
    let call = world
        .client
        .put_record(STREAM, "marked")
        .partition_key("key");
    let marked = call.await.unwrap().sequence_number;
    world.put(1).await;
    let at = |position: Position| ConsumerSettings {
        positions: BTreeMap::from([(id(0), position)]),
        ..settings()
    };
    let latest = ConsumerSettings {
        from: Position::Latest,
        ..settings()
    };
    for (settings, expected) in [
        (
            at(Position::AtSequenceNumber(marked.clone())),
            &["marked", "1"][..],
        ),
        (at(Position::AfterSequenceNumber(marked.clone())), &["1"]),
        (
            at(Position::AtTimestamp(millstream_client::Timestamp(0))),
            &["0", "marked", "1"],
        ),
        (latest, &[]),
    ] {
        let mut consumer = world.consumer(settings).await;
        let mut read = Vec::new();
        while !consumer.is_caught_up() {
            let batch = next(&mut consumer).await;
            read.extend(batch.records.into_iter().map(|record| record.data));
        }
        assert_eq!(read, expected);
    }
    let no_shard = ConsumerSettings {
        shards: BTreeSet::from([id(9)]),
        ..settings()
    };
    let refused = Consumer::start(&world.client, STREAM, no_shard).await;
    let expected = "the stream orders has no shard shardId-000000000009";
    assert_eq!(refused.unwrap_err().to_string(), expected);
}

#[tokio::test]
async fn iterator_when_it_expires_then_is_renewed_where_it_was() {
    let clock = Arc::new(ManualClock::new(Timestamp(1_767_225_600_000)));
    let env = Env {
        clock: Arc::clone(&clock) as _,
        ..Env::real()
    };
    let engine = Settings {
        limits: millstream_streams::Limits::Off,
        ..Settings::default()
    };
    let server = Running::start_in(env, engine, Limits::default(), None).await;
    let mut world = World::start_on(server, Protocol::Json).await;
    let mut consumer = world.consumer(settings()).await;
    let mut read = BTreeMap::new();
    for expected in 1..=3 {
        world.put(1).await;
        while count(&read) < expected {
            add(&mut read, &next(&mut consumer).await);
        }
        // The iterator that its reader holds by now is valid for five minutes.
        clock.advance(Duration::from_secs(301));
    }
    assert_whole(&read, 3);
}

#[tokio::test]
async fn stream_when_deleted_then_ends_its_consumer_with_the_reason() {
    let world = World::start(Protocol::Json).await;
    let store = MemoryCheckpoints::new();
    let settings = ConsumerSettings {
        checkpoints: Some(Arc::new(store)),
        ..settings()
    };
    let mut consumer = world.consumer(settings).await;
    next(&mut consumer).await;
    world.client.delete_stream(STREAM).await.unwrap();
    let failed = in_time(consumer.next()).await.unwrap_err();
    let ConsumerError::Shard { shard_id, error } = failed else {
        panic!("{failed}");
    };
    assert_eq!(shard_id, id(0));
    assert_eq!(error.code(), Some(ErrorCode::ResourceNotFoundException));
    assert!(matches!(in_time(consumer.next()).await, Ok(None)));
}

#[tokio::test]
async fn events_when_taken_as_a_stream_then_are_those_of_the_subscription() {
    let mut world = World::start(Protocol::Json).await;
    world.put(2).await;
    let summary = world.client.describe_stream_summary(STREAM).await.unwrap();
    let arn = summary.stream_description_summary.stream_arn;
    let registered = world.client.register_stream_consumer(arn, "tests").await;
    let arn = registered.unwrap().consumer.consumer_arn;
    world.client.wait_until_consumer_active(&arn).await.unwrap();
    let position = StartingPosition {
        r#type: ShardIteratorType::TrimHorizon,
        sequence_number: None,
        timestamp: None,
    };
    let call = world.client.subscribe_to_shard(&arn, id(0), position);
    let mut events = call.subscribe().await.unwrap().into_stream();
    let mut records = 0;
    while records < 2 {
        let event = in_time(events.next()).await.unwrap().unwrap();
        records += event.records.len();
    }
    let call = world.client.deregister_stream_consumer();
    call.consumer_arn(&arn).await.unwrap();
    let ended = in_time(events.next()).await.unwrap().unwrap_err();
    assert_eq!(ended.code(), Some(ErrorCode::ResourceNotFoundException));
    assert!(in_time(events.next()).await.is_none());
}
