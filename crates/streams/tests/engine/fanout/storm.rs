//! Everything at once: records of all sizes, splits and merges, restarts, a wall clock that jumps,
//! and subscribers that come and go. Each of them has to see each record of each shard once and in
//! order, with a true age.

use super::super::world::{START, text, until};
use super::*;
use millstream_env::{BoxFuture, Clock, Random, SeededRandom, Timestamp};
use millstream_protocol::operations::{DescribeStreamSummaryInput, MergeShardsInput};
use millstream_protocol::types::StreamStatus;
use millstream_streams::operations::{DescribeStreamSummary, MergeShards};
use std::collections::BTreeMap;
use tokio::sync::oneshot;

const SEEDS: u64 = 12;
const STEPS: usize = 1000;
const CONSUMERS: usize = 3;
/// Far less than retention: nothing may be hidden.
const JUMP_MAX_MS: u64 = 2 * 3_600_000;
/// Three of these are more than an event holds.
const LARGE_BYTES: usize = 200_000;
/// Rounds after which a consumer that has not come to the end counts as stuck.
const ROUNDS_MAX: usize = 10_000;

struct Put {
    number: String,
    data: String,
    arrival: Timestamp,
}

/// What has happened, and how often.
#[derive(Clone, Copy, Debug, Default)]
struct Met {
    /// Subscriptions that ended with children.
    children: usize,
    /// Those that ended by themselves.
    ends: usize,
    /// Events that were not the last that there was.
    behind: usize,
    /// Subscriptions after a continuation.
    resumed: usize,
}

impl Met {
    fn add(&mut self, other: &Self) {
        self.children += other.children;
        self.ends += other.ends;
        self.behind += other.behind;
        self.resumed += other.resumed;
    }
}

/// One consumer's reading of one shard.
#[derive(Default)]
struct Reading {
    subscriber: Option<Subscriber>,
    /// Where to resume.
    continuation: Option<String>,
    seen: usize,
    is_over: bool,
    met: Met,
}

struct Consumer {
    arn: String,
    shards: BTreeMap<String, Reading>,
}

struct Storm {
    world: World,
    caller: Caller,
    random: SeededRandom,
    puts: BTreeMap<String, Vec<Put>>,
    consumers: Vec<Consumer>,
    reshard: Option<oneshot::Receiver<()>>,
}

impl Storm {
    async fn new(seed: u64) -> Self {
        let world = match seed % 2 {
            0 => World::without_limits(),
            _ => aws(),
        };
        let caller = world.open().await;
        caller.create("s", 2).await.unwrap();
        let mut consumers = Vec::new();
        for place in 0..CONSUMERS {
            let arn = caller.consumer("s", &format!("c{place}")).await;
            let shards = BTreeMap::new();
            consumers.push(Consumer { arn, shards });
        }
        Self {
            world,
            caller,
            random: SeededRandom::new(seed),
            puts: BTreeMap::new(),
            consumers,
            reshard: None,
        }
    }

    fn below(&self, count: u64) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        u64::from_le_bytes(bytes) % count
    }

    async fn put(&mut self) {
        let key = self.below(1000).to_string();
        let count: usize = self.puts.values().map(Vec::len).sum();
        let filling = match self.below(5) {
            0 => LARGE_BYTES,
            _ => 0,
        };
        let data = format!("{count}{}", " ".repeat(filling));
        let put = match self.caller.put("s", &key, &data).await {
            Ok(put) => put,
            Err(error) => {
                assert_eq!(
                    error.code,
                    ErrorCode::ProvisionedThroughputExceededException
                );
                return;
            }
        };
        let puts = self.puts.entry(put.shard_id).or_default();
        let before = puts.last().map_or(Timestamp(0), |put| put.arrival);
        puts.push(Put {
            number: put.sequence_number,
            data,
            arrival: self.world.clock.now().max(before),
        });
    }

    /// Moves time on, and shifts the wall clock against it.
    fn pass(&self) {
        self.world
            .clock
            .advance(Duration::from_millis(self.below(20_000)));
        if self.below(4) == 0 {
            let truth = START.plus(self.world.clock.monotonic().0);
            let jump = Duration::from_millis(self.below(2 * JUMP_MAX_MS));
            let back = Duration::from_millis(JUMP_MAX_MS);
            self.world.clock.set_wall(truth.minus(back).plus(jump));
        }
    }

    /// Begins a split or a merge beside all else.
    async fn reshard(&mut self) {
        self.settle().await;
        let mut open = self.caller.shards("s").await;
        open.retain(|shard| shard.sequence_number_range.ending_sequence_number.is_none());
        open.sort_by_key(first_key);
        let place = self.below(open.len() as u64) as usize;
        let caller = self.caller.clone();
        let resharding: BoxFuture<Result<(), Error>> = if open.len() < 4 {
            let shard = open[place].clone();
            let last: u128 = shard.hash_key_range.ending_hash_key.parse().unwrap();
            let middle = first_key(&shard) + (last - first_key(&shard)) / 2;
            Box::pin(async move { caller.split("s", &shard.shard_id, middle).await })
        } else {
            let place = place.min(open.len() - 2);
            let input = MergeShardsInput {
                stream_name: Some("s".to_owned()),
                shard_to_merge: open[place].shard_id.clone(),
                adjacent_shard_to_merge: open[place + 1].shard_id.clone(),
                ..MergeShardsInput::default()
            };
            Box::pin(async move { caller.call::<MergeShards>(input).await })
        };
        let (done, ended) = oneshot::channel();
        let task = async move {
            resharding.await.unwrap();
            done.send(()).unwrap();
        };
        self.world.env.tasks.spawn("reshard", Box::pin(task));
        self.reshard = Some(ended);
    }

    async fn settle(&mut self) {
        if let Some(reshard) = self.reshard.take() {
            reshard.await.unwrap();
        }
        // Time jumps, so that the call may have ended before the reshard.
        let caller = &self.caller;
        until(async || is_active(caller).await).await;
    }

    async fn restart(&mut self) {
        self.settle().await;
        for consumer in &mut self.consumers {
            let readings = consumer.shards.values_mut();
            readings.for_each(|reading| reading.subscriber = None);
        }
        self.caller = self.world.open().await;
    }

    async fn step(&mut self) {
        match self.below(20) {
            0..8 => self.put().await,
            8..10 => self.pass(),
            10 if self.below(3) == 0 => self.reshard().await,
            11 if self.below(8) == 0 => self.restart().await,
            _ => {
                let consumer = self.below(CONSUMERS as u64) as usize;
                self.take(consumer).await;
            }
        }
    }

    /// Takes what one subscription has, or leaves it.
    async fn take(&mut self, consumer: usize) {
        self.subscribe(consumer).await;
        let count = self.consumers[consumer].shards.len() as u64;
        let nth = self.below(count) as usize;
        let leaves = self.below(20) == 0;
        let readings = &mut self.consumers[consumer].shards;
        let (shard, reading) = readings.iter_mut().nth(nth).unwrap();
        if leaves {
            reading.subscriber = None;
            return;
        }
        let Some(subscriber) = &mut reading.subscriber else {
            return;
        };
        let Some(pushed) = subscriber.at_once().await else {
            return;
        };
        let puts = self.puts.get(shard).map_or(&[][..], Vec::as_slice);
        reading.note(pushed, puts, self.world.clock.now());
    }

    /// Subscribes to all shards whose turn it is, parents first.
    async fn subscribe(&mut self, consumer: usize) {
        let listed = self.caller.shards("s").await;
        let Consumer { arn, shards } = &mut self.consumers[consumer];
        for shard in listed {
            let parents = [&shard.parent_shard_id, &shard.adjacent_parent_shard_id];
            let mut parents = parents.into_iter().flatten();
            if parents.any(|parent| !shards.get(parent).is_some_and(|parent| parent.is_over)) {
                continue;
            }
            let reading = shards.entry(shard.shard_id.clone()).or_default();
            if reading.is_over || reading.subscriber.is_some() {
                continue;
            }
            let start = reading.continuation.as_deref();
            let start = start.map_or(Start::Horizon, Start::After);
            match self.caller.try_subscribe(arn, &shard.shard_id, start).await {
                Ok(subscriber) => {
                    reading.subscriber = Some(subscriber);
                    reading.met.resumed += usize::from(reading.continuation.is_some());
                }
                Err(error) => assert_eq!(error.code, ErrorCode::ResourceInUseException),
            }
        }
    }

    /// Everybody reads to the end.
    async fn drain(&mut self) {
        self.settle().await;
        let is_through = |storm: &Self, consumer: &Consumer| {
            let readings = consumer.shards.iter();
            let mut seen = readings.map(|(shard, reading)| (shard, reading.seen));
            let is_all =
                seen.all(|(shard, seen)| storm.puts.get(shard).map_or(0, Vec::len) == seen);
            is_all
                && storm
                    .puts
                    .keys()
                    .all(|shard| consumer.shards.contains_key(shard))
        };
        for consumer in 0..CONSUMERS {
            let mut rounds = 0;
            while !is_through(self, &self.consumers[consumer]) {
                self.take(consumer).await;
                self.world.clock.advance(Duration::from_millis(50));
                rounds += 1;
                assert!(rounds < ROUNDS_MAX, "it does not come to the end");
            }
        }
    }
}

fn first_key(shard: &millstream_protocol::types::Shard) -> u128 {
    shard.hash_key_range.starting_hash_key.parse().unwrap()
}

impl Reading {
    fn note(&mut self, pushed: Pushed, puts: &[Put], now: Timestamp) {
        let event = match pushed {
            Pushed::Initial => return,
            Pushed::Event(event) => event,
            Pushed::End => {
                self.subscriber = None;
                self.met.ends += usize::from(!self.is_over);
                return;
            }
            Pushed::Exception(name, text) => panic!("{name}: {text}"),
        };
        for record in &event.records {
            let put = puts.get(self.seen).expect("it was put");
            assert_eq!(record.sequence_number, put.number);
            assert_eq!(text(record), put.data);
            let arrival = record.approximate_arrival_timestamp.unwrap();
            assert_eq!(arrival.0 as u64, put.arrival.0);
            self.seen += 1;
        }
        let behind = puts.get(self.seen).map(|next| now.since(next.arrival));
        let told = Duration::from_millis(event.millis_behind_latest as u64);
        assert_eq!(told, behind.unwrap_or_default());
        self.met.behind += usize::from(behind.is_some());
        self.met.children += usize::from(event.child_shards.is_some());
        self.continuation = event.continuation_sequence_number;
        self.is_over = event.child_shards.is_some();
        assert_eq!(self.is_over, self.continuation.is_none());
        if self.is_over {
            assert_eq!(self.seen, puts.len(), "the end comes after the last");
        }
    }
}

async fn is_active(caller: &Caller) -> bool {
    let input = DescribeStreamSummaryInput {
        stream_name: Some("s".to_owned()),
        ..DescribeStreamSummaryInput::default()
    };
    let described = caller.call::<DescribeStreamSummary>(input).await.unwrap();
    described.stream_description_summary.stream_status == StreamStatus::Active
}

#[tokio::test]
async fn subscribers_when_everything_happens_at_once_then_see_each_record_once_and_in_order() {
    let mut met = Met::default();
    for seed in 0..SEEDS {
        let mut storm = Storm::new(seed).await;
        for _ in 0..STEPS {
            storm.step().await;
        }
        storm.drain().await;
        for reading in storm
            .consumers
            .iter()
            .flat_map(|consumer| consumer.shards.values())
        {
            met.add(&reading.met);
        }
    }
    let all = [met.children, met.ends, met.behind, met.resumed];
    assert!(
        all.iter().all(|count| *count > 10),
        "all of it has happened: {met:?}"
    );
}
