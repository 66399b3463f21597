//! A world for one test: clock, store, engine, and callers of its operations.

use super::store::new_store;
use bytes::Bytes;
use millstream_auth::{Across, Authorized, Operator, Principal};
use millstream_env::{Env, ManualClock, RealDisk, SeededRandom, Timestamp, TokioTasks};
use millstream_model::{AccountId, Region};
use millstream_protocol::operations::{
    CreateStreamInput, GetRecordsInput, GetRecordsOutput, GetShardIteratorInput, ListShardsInput,
    PutRecordInput, PutRecordOutput, SplitShardInput,
};
use millstream_protocol::types::{Record, Shard, ShardIteratorType};
use millstream_protocol::{Encode, Error, Protocol};
use millstream_service::{Body, Encoder};
use millstream_store::LogStore;
use millstream_streams::operations::{
    CreateStream, GetRecords, GetShardIterator, ListShards, PutRecord, SplitShard,
};
use millstream_streams::{Engine, Handler, Limits, Output, OutputOf, Settings};
use std::sync::Arc;
use std::time::Duration;

/// 2026-01-01T00:00:00Z
pub const START: Timestamp = Timestamp(1_767_225_600_000);
/// Turns of the runtime after which a test counts as stuck.
const TURNS_MAX: usize = 100_000;

pub struct World {
    pub clock: Arc<ManualClock>,
    pub env: Env,
    pub store: Arc<dyn LogStore>,
    pub settings: Settings,
}

impl World {
    pub fn new(settings: Settings) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let env = Env {
            clock: clock.clone(),
            random: Arc::new(SeededRandom::new(1)),
            disk: Arc::new(RealDisk),
            tasks: Arc::new(TokioTasks::current()),
        };
        let store = new_store(clock.clone());
        Self {
            clock,
            env,
            store,
            settings,
        }
    }

    pub fn without_limits() -> Self {
        Self::new(Settings {
            limits: Limits::Off,
            ..Settings::default()
        })
    }

    /// An engine on this world's store: the first, or the one after a restart.
    pub async fn open(&self) -> Caller {
        self.open_on(self.store.clone()).await
    }

    pub async fn open_on(&self, store: Arc<dyn LogStore>) -> Caller {
        let engine = Engine::open(self.env.clone(), store, self.settings.clone())
            .await
            .unwrap();
        let logs = self.store.clone();
        Caller {
            engine,
            logs,
            principal: principal("111111111111", "us-east-1"),
            encoder: Arc::default(),
        }
    }

    /// Moves the clock in small steps, so that whoever sleeps meanwhile wakes in time.
    pub async fn pass(&self, time: Duration) {
        const STEPS: u32 = 32;
        for _ in 0..STEPS {
            self.clock.advance(time / STEPS);
            for _ in 0..64 {
                tokio::task::yield_now().await;
            }
        }
    }
}

pub fn principal(account: &str, region: &str) -> Principal {
    let account = AccountId::parse(account).unwrap();
    Principal::root(account, Region::parse(region).unwrap())
}

/// Lets other tasks run until a condition holds.
pub async fn until(mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..TURNS_MAX {
        if holds().await {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never came to hold");
}

/// Somebody who calls operations.
#[derive(Clone)]
pub struct Caller {
    pub engine: Arc<Engine>,
    /// What the engine's store has come to hold.
    pub logs: Arc<dyn LogStore>,
    pub principal: Principal,
    /// What makes answers as clients see them.
    pub encoder: Arc<Encoder>,
}

impl Caller {
    pub fn of(&self, account: &str, region: &str) -> Self {
        Self {
            principal: principal(account, region),
            ..self.clone()
        }
    }

    /// What a handler answers to an input that is authorized.
    pub async fn handle<H: Handler>(&self, input: H::Input) -> Result<H::Output, H::Error> {
        let principal = self.principal.clone();
        let found = millstream_streams::find::<H>(&self.engine, &principal, Across::Never, &input);
        let found = found.map_err(|lacking| H::Error::from(lacking.into_why()))?;
        let request =
            Authorized::by_operator(&Operator::from_command_line(), principal, input, found);
        H::handle(self.engine.clone(), request).await
    }

    /// An output as clients see it, whatever form the engine gives it.
    pub fn body(&self, protocol: Protocol, output: impl Output<Shape: Encode>) -> Body {
        let body = self.encoder.body(protocol, output.into_answer());
        body.expect("forms are known")
    }

    pub async fn call<H: Handler>(&self, input: H::Input) -> Result<OutputOf<H>, Error> {
        let handled = self.handle::<H>(input).await;
        let output = handled.map_err(|error| millstream_service::say(&error.into()))?;
        let body = self.body(Protocol::Cbor, output);
        let length = body.length();
        let answer = body.into_bytes().expect("it does not come in events");
        assert_eq!(answer.len(), length, "the length is known before");
        Ok(millstream_protocol::decode_lenient(Protocol::Cbor, &answer)
            .expect("answers are as modelled"))
    }

    pub async fn create(&self, name: &str, shards: i32) -> Result<(), Error> {
        let input = CreateStreamInput {
            stream_name: name.to_owned(),
            shard_count: Some(shards),
            ..CreateStreamInput::default()
        };
        self.call::<CreateStream>(input).await
    }

    pub async fn put(&self, stream: &str, key: &str, data: &str) -> Result<PutRecordOutput, Error> {
        let input = PutRecordInput {
            stream_name: Some(stream.to_owned()),
            partition_key: Some(key.to_owned()),
            data: Bytes::copy_from_slice(data.as_bytes()),
            ..PutRecordInput::default()
        };
        self.call::<PutRecord>(input).await
    }

    pub async fn shards(&self, stream: &str) -> Vec<Shard> {
        let input = ListShardsInput {
            stream_name: Some(stream.to_owned()),
            ..ListShardsInput::default()
        };
        self.call::<ListShards>(input)
            .await
            .unwrap()
            .shards
            .unwrap()
    }

    pub async fn split(&self, stream: &str, shard: &str, at: u128) -> Result<(), Error> {
        let input = SplitShardInput {
            stream_name: Some(stream.to_owned()),
            shard_to_split: shard.to_owned(),
            new_starting_hash_key: at.to_string(),
            ..SplitShardInput::default()
        };
        self.call::<SplitShard>(input).await
    }

    pub async fn iterator(
        &self,
        stream: &str,
        shard: &str,
        start: Start<'_>,
    ) -> Result<String, Error> {
        let (kind, number, time) = match start {
            Start::Horizon => (ShardIteratorType::TrimHorizon, None, None),
            Start::Latest => (ShardIteratorType::Latest, None, None),
            Start::At(number) => (ShardIteratorType::AtSequenceNumber, Some(number), None),
            Start::After(number) => (ShardIteratorType::AfterSequenceNumber, Some(number), None),
            Start::Time(time) => (ShardIteratorType::AtTimestamp, None, Some(time)),
        };
        let input = GetShardIteratorInput {
            stream_name: Some(stream.to_owned()),
            shard_id: shard.to_owned(),
            shard_iterator_type: kind,
            starting_sequence_number: number.map(str::to_owned),
            timestamp: time.map(|time| millstream_protocol::Timestamp(time.0 as i64)),
            stream_arn: None,
            stream_id: None,
            dry_run: None,
        };
        Ok(self
            .call::<GetShardIterator>(input)
            .await?
            .shard_iterator
            .unwrap())
    }

    pub async fn get(&self, iterator: &str) -> Result<GetRecordsOutput, Error> {
        let input = GetRecordsInput {
            shard_iterator: iterator.to_owned(),
            ..GetRecordsInput::default()
        };
        self.call::<GetRecords>(input).await
    }

    /// Reads a shard until there is no more, and says whether it is over.
    pub async fn read(&self, stream: &str, shard: &str, start: Start<'_>) -> (Vec<Record>, bool) {
        let mut iterator = self.iterator(stream, shard, start).await.unwrap();
        let mut records = Vec::new();
        loop {
            let answer = self.get(&iterator).await.unwrap();
            let is_empty = answer.records.is_empty();
            records.extend(answer.records);
            match answer.next_shard_iterator {
                None => return (records, true),
                Some(_) if is_empty => return (records, false),
                Some(next) => iterator = next,
            }
        }
    }

    /// The data of all shards' records, parents first.
    pub async fn read_all(&self, stream: &str) -> Vec<String> {
        let mut all = Vec::new();
        for shard in self.shards(stream).await {
            let (records, _) = self.read(stream, &shard.shard_id, Start::Horizon).await;
            all.extend(records.iter().map(text));
        }
        all
    }
}

/// Where to start.
#[derive(Clone, Copy)]
pub enum Start<'a> {
    Horizon,
    Latest,
    At(&'a str),
    After(&'a str),
    Time(Timestamp),
}

pub fn text(record: &Record) -> String {
    String::from_utf8(record.data.to_vec()).unwrap()
}

pub fn message(error: &Error) -> &str {
    error.message.as_deref().unwrap_or_default()
}
