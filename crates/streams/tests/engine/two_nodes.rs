//! Two engines over one cluster: requests get lost and arrive late, owners are fenced, and a node
//! sleeps through a reshard. What clients were told is compared with what is stored.

use crate::account::commit;
use crate::interposed::{Hook, Interposed};
use crate::mode::create_on_demand;
use crate::warm_throughput::warm;
use crate::world::{Caller, Start, World, text, until};
use millstream_env::SeededRandom;
use millstream_model::SequenceNumber;
use millstream_protocol::Protocol;
use millstream_protocol::operations::{
    AddTagsToStreamInput, PutRecordInput, PutRecordOutput, UpdateShardCountInput,
};
use millstream_protocol::types::MinimumThroughputBillingCommitmentInputStatus as Wanted;
use millstream_protocol::types::ScalingType;
use millstream_store::kafka_like::{Behaviour, Cluster, FORGETS_AFTER};
use millstream_store::{Epoch, LogId, LogStore};
use millstream_streams::operations::{AddTagsToStream, PutRecord, UpdateShardCount};
use millstream_streams::{AnyFact, Fact as _, Outcome};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

const SEEDS: u64 = 25;
const PUTS: usize = 60;
const FAULTS_PER_MILLE: u32 = 500;
const CATALOG: u64 = u64::MAX;

/// What a client was told of a record: shard and number, or what is known of it.
type Told = Result<(String, String), Outcome>;

/// A world without faults so far, and its cluster.
fn world(seed: u64) -> (World, Arc<Cluster>) {
    let world = World::without_limits();
    let random = Arc::new(SeededRandom::new(seed));
    let cluster = Cluster::new(world.clock.clone(), random, Behaviour::default());
    let store = cluster.node();
    (World { store, ..world }, cluster)
}

async fn put(caller: &Caller, key: &str, data: &str) -> Told {
    let input = PutRecordInput {
        stream_name: Some("s".to_owned()),
        partition_key: Some(key.to_owned()),
        data: data.to_owned().into(),
        ..PutRecordInput::default()
    };
    match caller.handle::<PutRecord>(input).await {
        Ok(output) => {
            let answer = caller.body(Protocol::Cbor, output).into_bytes();
            let answer = answer.expect("it comes whole");
            let put =
                millstream_protocol::decode_lenient::<PutRecordOutput>(Protocol::Cbor, &answer)
                    .unwrap();
            Ok((put.shard_id, put.sequence_number))
        }
        Err(error) => Err(AnyFact::from(error).outcome()),
    }
}

/// Puts one record after the other under one key.
async fn produce(caller: &Caller, key: &'static str) -> Vec<(String, Told)> {
    let mut all = Vec::new();
    for at in 0..PUTS {
        let data = format!("{key}{at}");
        let told = put(caller, key, &data).await;
        all.push((data, told));
    }
    all
}

async fn scale(caller: &Caller) {
    for target in [3, 1, 4, 2] {
        for _ in 0..60 {
            tokio::task::yield_now().await;
        }
        let input = UpdateShardCountInput {
            stream_name: Some("s".to_owned()),
            target_shard_count: target,
            scaling_type: ScalingType::UniformScaling,
            stream_arn: None,
            stream_id: None,
        };
        // Whether it takes place is left to chance.
        drop(caller.call::<UpdateShardCount>(input).await);
    }
}

/// All that is in the stream as a third node finds it: data, shard and number.
async fn found(world: &World, cluster: &Arc<Cluster>) -> Vec<(String, (String, String))> {
    cluster.set_faults_per_mille(0);
    cluster.deliver_late();
    let reader = world.open_on(cluster.node()).await;
    let mut all = Vec::new();
    for shard in reader.shards("s").await {
        let (records, _) = reader.read("s", &shard.shard_id, Start::Horizon).await;
        let place = |number: &str| (shard.shard_id.clone(), number.to_owned());
        let records = records.iter();
        all.extend(records.map(|record| (text(record), place(&record.sequence_number))));
    }
    all
}

fn judge(found: &[(String, (String, String))], told: &[(String, Told)], seed: u64) {
    let mut there: BTreeMap<&str, Vec<&(String, String)>> = BTreeMap::new();
    for (data, place) in found {
        there.entry(data).or_default().push(place);
    }
    let mut last = None;
    for (data, told) in told {
        let places = there.remove(data.as_str()).unwrap_or_default();
        match told {
            Ok(place) => {
                assert_eq!(places, [place], "{seed}: {data}");
                let number = SequenceNumber::parse(&place.1).unwrap();
                assert!(last < Some(number), "{seed}: {data} is out of order");
                last = Some(number);
            }
            Err(Outcome::Unknown) => assert!(places.len() <= 1, "{seed}: {data} twice"),
            Err(Outcome::NotApplied) => assert!(places.is_empty(), "{seed}: {data}"),
        }
    }
}

/// Lets time go by until something is done.
async fn while_time_passes<T>(world: &World, work: impl Future<Output = T>) -> T {
    let passes = async {
        loop {
            world.pass(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        biased;
        done = work => done,
        () = passes => unreachable!("time does not end"),
    }
}

#[tokio::test]
async fn records_when_two_nodes_put_them_through_faults_and_reshards_then_are_as_told() {
    let (mut applied, mut unknown) = (0, 0);
    for seed in 0..SEEDS {
        let (world, cluster) = world(seed);
        let a = world.open().await;
        a.create("s", 2).await.unwrap();
        let b = world.open_on(cluster.node()).await;
        cluster.set_faults_per_mille(FAULTS_PER_MILLE);
        let work = async { tokio::join!(produce(&a, "a"), produce(&b, "b"), scale(&a)) };
        let (of_a, of_b, ()) = while_time_passes(&world, work).await;
        let found = found(&world, &cluster).await;
        for told in [&of_a, &of_b] {
            judge(&found, told, seed);
            let of = |outcome| {
                told.iter()
                    .filter(|(_, told)| told.is_err() == outcome)
                    .count()
            };
            applied += of(false);
            unknown += of(true);
        }
    }
    assert!(
        applied > 1000 && unknown > 20,
        "{applied} applied, {unknown} not told so"
    );
}

async fn tag(caller: &Caller) {
    let input = AddTagsToStreamInput {
        stream_name: Some("s".to_owned()),
        tags: [("key".to_owned(), "value".to_owned())].into(),
        stream_arn: None,
        stream_id: None,
    };
    caller.call::<AddTagsToStream>(input).await.unwrap();
}

/// A shard's split whose answer never comes, though it was begun: nobody starts again, and nobody
/// else knows.
#[tokio::test]
async fn reshard_when_nobody_heard_that_it_was_begun_then_is_complete_within_two_minutes() {
    let mut begun = 0;
    for seed in 0..SEEDS {
        let (world, cluster) = world(seed);
        let a = world.open().await;
        a.create("s", 1).await.unwrap();
        cluster.set_faults_per_mille(1000);
        let split = while_time_passes(&world, a.split("s", "0", 1 << 127)).await;
        assert!(split.is_err(), "{seed}: no answer comes");
        cluster.set_faults_per_mille(0);
        cluster.deliver_late();
        // What was lost on its way is sent once more before anything else is.
        tag(&a).await;
        for _ in 0..2 {
            world.pass(Duration::from_secs(61)).await;
        }
        let shards = a.shards("s").await;
        begun += usize::from(shards.len() == 3);
        let last = &shards[shards.len() - 1].shard_id;
        let split = a.split("s", last, 3 << 126).await;
        split.unwrap_or_else(|error| panic!("{seed}: {error:?}"));
    }
    assert_eq!(begun, SEEDS as usize, "all were begun, sooner or later");
}

/// The logs of shards.
async fn shard_logs(store: &dyn LogStore) -> Vec<LogId> {
    let mut logs = store.fresh_list().await.unwrap();
    logs.retain(|log| log.group != CATALOG);
    logs
}

#[tokio::test]
async fn node_when_another_has_claimed_its_shards_then_puts_nothing_any_more() {
    let (world, cluster) = world(1);
    let a = world.open().await;
    a.create("s", 1).await.unwrap();
    let owner = cluster.node();
    let b = world.open_on(owner.clone()).await;
    let mut told = vec![("a0".to_owned(), put(&a, "k", "a0").await)];
    for log in shard_logs(&*owner).await {
        owner.claim(log, Epoch(1)).await.unwrap();
    }
    told.push(("b0".to_owned(), put(&b, "k", "b0").await));
    let fenced = put(&a, "k", "a1").await;
    assert_eq!(fenced, Err(Outcome::NotApplied));
    told.push(("a1".to_owned(), fenced));
    told.push(("b1".to_owned(), put(&b, "k", "b1").await));
    let found = found(&world, &cluster).await;
    assert_eq!(found.len(), 3);
    judge(&found, &told, 1);
}

/// Once it sleeps, it hears of no command until it wakes.
#[derive(Default)]
struct Sleeper {
    sleeps: AtomicBool,
    woke: Notify,
}

impl Hook for Sleeper {
    async fn before(&self) {}

    async fn after(&self) {}

    async fn before_read(&self, log: LogId) {
        if log.group == CATALOG && self.sleeps.load(Ordering::Acquire) {
            self.woke.notified().await;
        }
    }
}

#[tokio::test]
async fn node_when_asleep_through_a_reshard_then_puts_into_the_children() {
    // Also for longer than leaders remember a seal.
    for slept in [Duration::ZERO, FORGETS_AFTER + Duration::from_secs(1)] {
        let (world, cluster) = world(1);
        let a = world.open().await;
        a.create("s", 1).await.unwrap();
        let sleeper = Arc::new(Interposed {
            store: cluster.node(),
            hook: Sleeper::default(),
        });
        let b = world.open_on(sleeper.clone()).await;
        put(&b, "k", "before").await.unwrap();
        sleeper.hook.sleeps.store(true, Ordering::Release);
        a.split("s", "0", 1 << 127).await.unwrap();
        let is_split = async || a.shards("s").await.len() == 3;
        until(is_split).await;
        world.clock.advance(slept);
        assert_eq!(b.shards("s").await.len(), 1, "it has not heard");
        let wakes = async {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            sleeper.hook.sleeps.store(false, Ordering::Release);
            sleeper.hook.woke.notify_waiters();
        };
        let (told, ()) = tokio::join!(put(&b, "k", "late"), wakes);
        let (shard, _) = told.clone().unwrap();
        assert_ne!(shard, "shardId-000000000000");
        judge(
            &found(&world, &cluster).await,
            &[("late".to_owned(), told)],
            1,
        );
    }
}

#[tokio::test]
async fn throughput_when_its_node_sleeps_through_a_reshard_then_divides_the_shards_of_now() {
    let (world, cluster) = world(1);
    let a = world.open().await;
    commit(&a, Wanted::Enabled).await.unwrap();
    create_on_demand(&a, "s", None).await.unwrap();
    let sleeper = Arc::new(Interposed {
        store: cluster.node(),
        hook: Sleeper::default(),
    });
    let b = world.open_on(sleeper.clone()).await;
    sleeper.hook.sleeps.store(true, Ordering::Release);
    warm(&a, "s", 5).await.unwrap();
    until(async || a.shards("s").await.len() == 6).await;
    assert_eq!(b.shards("s").await.len(), 4, "it has not heard");
    let wakes = async {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        sleeper.hook.sleeps.store(false, Ordering::Release);
        sleeper.hook.woke.notify_waiters();
    };
    let (told, ()) = tokio::join!(warm(&b, "s", 8), wakes);
    let told = told.unwrap().unwrap();
    assert_eq!((told.target_mibps, told.current_mibps), (Some(8), Some(5)));
    until(async || a.shards("s").await.len() == 12).await;
}
