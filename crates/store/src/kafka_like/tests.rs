//! The Kafka-like store: the contract's clauses, and its specifics.

use super::{Barriers, Behaviour, Cluster, FORGETS_AFTER, KafkaLike};
use crate::batch::{Batch, RecordIter};
use crate::batches::Batches;
use crate::conformance::{self, End, Provider};
use crate::store::{
    Answer, AppendError, Appended, Epoch, LogId, LogSettings, LogStore, Offset, ReadLimit, Reads,
};
use millstream_env::{Clock, ManualClock, Random, SeededRandom, SystemClock, Timestamp};
use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

const LOG: LogId = LogId { group: 3, index: 0 };
/// Seeds per random test.
const SEEDS: u64 = 300;

impl Provider for Arc<Cluster> {
    fn open(&self) -> Answer<'_, Arc<dyn LogStore>> {
        Box::pin(ready(self.node() as Arc<dyn LogStore>))
    }

    fn beside(&self) -> Answer<'_, Option<Arc<dyn LogStore>>> {
        Box::pin(ready(Some(self.node() as Arc<dyn LogStore>)))
    }

    fn reopen(&self, _: Arc<dyn LogStore>, _: End) -> Answer<'_, Option<Arc<dyn LogStore>>> {
        Box::pin(ready(Some(self.node() as Arc<dyn LogStore>)))
    }
}

#[tokio::test]
async fn nodes_when_requests_get_lost_and_reads_lag_then_keep_every_clause() {
    for reads in [Reads::Newest, Reads::Prefix] {
        for faults_per_mille in [0, 30] {
            let behaviour = Behaviour {
                reads,
                faults_per_mille,
                barriers: Barriers::Kept,
            };
            conformance::all(|| {
                let random = Arc::new(SeededRandom::new(1));
                Cluster::new(Arc::new(SystemClock::new()), random, behaviour)
            })
            .await;
        }
    }
}

struct World {
    clock: Arc<ManualClock>,
    cluster: Arc<Cluster>,
}

impl World {
    /// A cluster with one log.
    async fn new(seed: u64, behaviour: Behaviour) -> (Self, Arc<KafkaLike>) {
        let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000)));
        let random = Arc::new(SeededRandom::new(seed));
        let cluster = Cluster::new(clock.clone() as Arc<dyn Clock>, random, behaviour);
        let node = cluster.node();
        let created = node.create(vec![(LOG, LogSettings::default())]).await;
        created.unwrap();
        (Self { clock, cluster }, node)
    }

    /// All records, in order.
    async fn records(&self) -> Vec<String> {
        self.cluster.deliver_late();
        let all = ReadLimit {
            records: u32::MAX,
            bytes: u64::MAX,
        };
        let slice = self.cluster.node().read(LOG, Offset(0), all).await.unwrap();
        let runs = slice.runs.iter();
        let records = runs.flat_map(|run| RecordIter::new(&run.bytes).map(|(_, bytes)| bytes));
        records
            .map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
            .collect()
    }
}

async fn append(node: &KafkaLike, text: &str) -> Result<Appended, AppendError> {
    let batches = Batches::one(LOG, Batch::data(text.as_bytes()));
    node.append_many(batches).await.remove(0)
}

const FAULTY: Behaviour = Behaviour {
    reads: Reads::Newest,
    faults_per_mille: 700,
    barriers: Barriers::Kept,
};

/// Compares the reported results with the content of the log.
fn judge(records: &[String], told: &BTreeMap<String, Result<Appended, AppendError>>, seed: u64) {
    for (text, result) in told {
        let places: Vec<usize> = (0..records.len())
            .filter(|at| &records[*at] == text)
            .collect();
        match result {
            Ok(appended) => assert_eq!(places, [appended.first.0 as usize], "{seed}: {text}"),
            Err(AppendError::Unknown(_)) => assert!(places.len() <= 1, "{seed}: {text} twice"),
            Err(error) => assert!(places.is_empty(), "{seed}: {text}: {error}"),
        }
    }
}

#[tokio::test]
async fn batches_when_answers_and_requests_get_lost_then_are_in_the_log_as_told() {
    let (mut unknown, mut turned_up) = (0, 0);
    for seed in 0..SEEDS {
        let (world, a) = World::new(seed, FAULTY).await;
        let b = world.cluster.node();
        let mut told = BTreeMap::new();
        for at in 0..20 {
            for (name, node) in [("a", &a), ("b", &b)] {
                let text = format!("{name}{at}");
                let result = append(node, &text).await;
                unknown += u32::from(matches!(result, Err(AppendError::Unknown(_))));
                told.insert(text, result);
            }
        }
        let records = world.records().await;
        judge(&records, &told, seed);
        let of = |text: &String| matches!(told[text], Err(AppendError::Unknown(_)));
        turned_up += records.iter().filter(|text| of(text)).count();
    }
    assert!(
        unknown > 100 && turned_up > 30,
        "{unknown} unknown, {turned_up} turned up"
    );
}

#[tokio::test]
async fn batch_when_unknown_before_another_owner_comes_then_stands_before_his_or_nowhere() {
    for seed in 0..SEEDS {
        let (world, old) = World::new(seed, FAULTY).await;
        let new = world.cluster.node();
        assert_eq!(old.claim(LOG, Epoch(1)).await, Ok(()));
        let mut told = BTreeMap::new();
        for at in 0..5 {
            let text = format!("old{at}");
            told.insert(text.clone(), append(&old, &text).await);
        }
        assert_eq!(new.claim(LOG, Epoch(2)).await, Ok(()));
        let mut took_over = None;
        for at in 0..20 {
            let text = format!("new{at}");
            let result = append(&new, &text).await;
            took_over = took_over.or(result.as_ref().ok().map(|appended| appended.first));
            told.insert(text, result);
            let text = format!("late{at}");
            let late = append(&old, &text).await;
            if took_over.is_some() {
                let is_refused = matches!(
                    late,
                    Err(AppendError::Fenced | AppendError::NotApplied(_) | AppendError::Unknown(_))
                );
                assert!(is_refused, "{seed}: the old owner went on: {late:?}");
            }
            told.insert(text, late);
        }
        let records = world.records().await;
        judge(&records, &told, seed);
        let took_over = took_over.expect("one of twenty comes through").0 as usize;
        let is_new = |text: &String| text.starts_with("new");
        assert!(
            records[took_over..].iter().all(is_new),
            "{seed}: {records:?}"
        );
    }
}

#[tokio::test]
async fn seal_when_two_nodes_try_through_faults_then_is_one_record_that_ends_the_log() {
    for seed in 0..SEEDS {
        let (world, a) = World::new(seed, FAULTY).await;
        let b = world.cluster.node();
        let mut told = BTreeMap::new();
        let mut ends = Vec::new();
        for at in 0..30 {
            for (name, node) in [("a", &a), ("b", &b)] {
                let text = format!("{name}{at}");
                told.insert(text.clone(), append(node, &text).await);
                if at > 10 {
                    ends.extend(node.seal(LOG, b"end").await.ok());
                }
            }
        }
        let records = world.records().await;
        judge(&records, &told, seed);
        let end = Offset(records.len() as u64 - 1);
        assert_eq!(records[end.0 as usize], "end", "{seed}");
        assert!(
            !ends.is_empty() && ends.iter().all(|at| *at == end),
            "{seed}"
        );
        // What is in flight goes first, and may take long.
        let mut late = append(&a, "late").await;
        while matches!(
            late,
            Err(AppendError::NotApplied(_) | AppendError::Unknown(_))
        ) {
            late = append(&a, "late").await;
        }
        assert_eq!(late, Err(AppendError::Sealed(end)));
    }
}

/// What a node is told that slept, while others went on, for longer than leaders remember.
async fn wake_after_a_day(
    barriers: Barriers,
    sealed: bool,
) -> (Result<Appended, AppendError>, Vec<String>) {
    let behaviour = Behaviour {
        barriers,
        ..Behaviour::default()
    };
    let (world, sleeper) = World::new(1, behaviour).await;
    let other = world.cluster.node();
    append(&sleeper, "before").await.unwrap();
    if sealed {
        other.seal(LOG, b"end").await.unwrap();
    } else {
        other.claim(LOG, Epoch(1)).await.unwrap();
        append(&other, "owner").await.unwrap();
    }
    world.clock.advance(FORGETS_AFTER + Duration::from_secs(1));
    let told = append(&sleeper, "late").await;
    (told, world.records().await)
}

#[tokio::test]
async fn node_when_it_slept_until_its_fence_was_forgotten_then_looks_before_it_appends() {
    let (told, records) = wake_after_a_day(Barriers::Kept, true).await;
    assert_eq!(told, Err(AppendError::Sealed(Offset(1))));
    assert_eq!(records, ["before", "end"]);
    let (told, records) = wake_after_a_day(Barriers::Kept, false).await;
    assert_eq!(told, Err(AppendError::Fenced));
    assert_eq!(records, ["before", "owner"]);
    // Without that look, what was forgotten fences nobody.
    for sealed in [true, false] {
        let (told, records) = wake_after_a_day(Barriers::LeftOut, sealed).await;
        assert_eq!((told.map(|at| at.first), records.len()), (Ok(Offset(2)), 3));
    }
}

#[tokio::test]
async fn seal_when_its_leader_has_forgotten_the_first_then_appends_no_second() {
    let (world, node) = World::new(1, Behaviour::default()).await;
    assert_eq!(node.seal(LOG, b"end").await, Ok(Offset(0)));
    world.clock.advance(FORGETS_AFTER + Duration::from_secs(1));
    for node in [node, world.cluster.node()] {
        assert_eq!(node.seal(LOG, b"end").await, Ok(Offset(0)));
    }
    assert_eq!(world.records().await, ["end"]);
}

#[tokio::test]
async fn reads_when_they_lag_then_miss_what_is_new_once_and_never_what_was_seen() {
    let behaviour = Behaviour {
        reads: Reads::Prefix,
        ..Behaviour::default()
    };
    let (world, node) = World::new(1, behaviour).await;
    let reader = world.cluster.node();
    append(&node, "a").await.unwrap();
    let ends = async || {
        let all = ReadLimit {
            records: u32::MAX,
            bytes: u64::MAX,
        };
        let slice = reader.read(LOG, Offset(0), all).await.unwrap();
        (slice.records().count(), slice.end)
    };
    assert_eq!(ends().await, (0, Offset(0)));
    assert_eq!(ends().await, (1, Offset(1)));
    append(&node, "b").await.unwrap();
    assert_eq!(ends().await, (1, Offset(1)));
    assert_eq!(ends().await, (2, Offset(2)));
}

/// Scripted chances, after which everything goes well.
struct Script(Mutex<VecDeque<u32>>);

impl Random for Script {
    fn fill(&self, bytes: &mut [u8]) {
        let next = self.0.lock().pop_front().unwrap_or(999);
        bytes.copy_from_slice(&next.to_le_bytes());
    }
}

#[tokio::test]
async fn batch_when_a_fence_comes_between_it_and_its_repetition_then_is_told_where_it_stands() {
    const FAULT: u32 = 0;
    const FINE: u32 = 999;
    // Indexes into the kinds of faults, and delays of responses in turns.
    let (unanswered, late, at_once, arrives) = (1, 2, 0, 0);
    let chances = [
        // The log is created. Each of the seal's requests is late.
        vec![at_once],
        vec![FAULT, late, FAULT, late, FAULT, late, at_once],
        // The batch is appended and its response lost; before it is resent, the seal arrives.
        vec![FAULT, unanswered, FINE, arrives, at_once],
    ];
    let script = Script(Mutex::new(chances.concat().into()));
    let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000)));
    let cluster = Cluster::new(clock.clone() as Arc<dyn Clock>, Arc::new(script), FAULTY);
    let (node, other) = (cluster.node(), cluster.node());
    let created = node.create(vec![(LOG, LogSettings::default())]).await;
    created.unwrap();
    let unheard = other.seal(LOG, b"end").await;
    assert!(
        matches!(unheard, Err(AppendError::Unknown(_))),
        "{unheard:?}"
    );
    let told = append(&node, "before").await;
    assert_eq!(told.map(|appended| appended.first), Ok(Offset(0)));
    let world = World { clock, cluster };
    assert_eq!(world.records().await, ["before", "end"]);
}
