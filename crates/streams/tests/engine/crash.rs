//! A crash between any two steps of create, delete, split and merge: after the restart the thing is
//! either done or was never begun, and nothing acknowledged is gone.

use super::world::{Caller, World, until};
use crate::interposed::{Hook, Interposed};
use millstream_protocol::operations::{
    DeleteStreamInput, DescribeStreamSummaryInput, MergeShardsInput,
};
use millstream_protocol::types::StreamStatus;
use millstream_store::LogStore;
use millstream_streams::inspect::{CatalogAudit, Lost};
use millstream_streams::operations::{DeleteStream, DescribeStreamSummary, MergeShards};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Whether the call that the crash comes at has still had its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crash {
    Before,
    After,
}

/// The process dies at the n-th change: from then on no change is answered.
struct Death {
    crash: Crash,
    left: AtomicUsize,
    died: Notify,
}

impl Death {
    /// Not before it is told to.
    fn new(crash: Crash) -> Self {
        Self {
            crash,
            left: AtomicUsize::new(usize::MAX),
            died: Notify::new(),
        }
    }

    /// From now on it takes so many changes.
    fn comes_after(&self, changes: usize) {
        self.left.store(changes, Ordering::Release);
    }

    async fn die(&self) {
        self.died.notify_one();
        std::future::pending().await
    }
}

/// What `left` stands at when death has come.
const DEAD: usize = usize::MAX - 1;

impl Hook for Death {
    async fn before(&self) {
        let take = |left| match left {
            usize::MAX | DEAD => None,
            0 => Some(DEAD),
            left => Some(left - 1),
        };
        let before = self
            .left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take);
        let is_last = before == Ok(0);
        if before == Err(DEAD) || (is_last && self.crash == Crash::Before) {
            self.die().await;
        }
    }

    async fn after(&self) {
        if self.left.load(Ordering::Acquire) == DEAD {
            self.die().await;
        }
    }
}

/// What is done when the crash comes, and what must hold afterwards.
struct Case {
    name: &'static str,
    prepare: AsyncCall,
    act: AsyncCall,
    /// Steps that change the store; fewer crashes than that would mean the test looks away. (A
    /// crash after the last one's effect may come when the caller has seen it already.)
    steps_min: usize,
}

type AsyncCall = fn(Caller) -> std::pin::Pin<Box<dyn Future<Output = ()>>>;

const RECORDS: usize = 20;

async fn two_shards_with_records(caller: Caller) {
    caller.create("s", 2).await.unwrap();
    for i in 0..RECORDS {
        caller
            .put("s", &format!("k{i}"), &format!("r{i}"))
            .await
            .unwrap();
    }
}

const CASES: &[Case] = &[
    Case {
        name: "create",
        prepare: |_| Box::pin(async {}),
        act: |caller| Box::pin(async move { caller.create("s", 2).await.unwrap() }),
        steps_min: 2,
    },
    Case {
        name: "delete",
        prepare: |caller| Box::pin(two_shards_with_records(caller)),
        act: |caller| {
            Box::pin(async move {
                let input = DeleteStreamInput {
                    stream_name: Some("s".to_owned()),
                    ..DeleteStreamInput::default()
                };
                caller.call::<DeleteStream>(input).await.unwrap();
                let store_is_clean = async || caller.shards_of_store() == 0;
                until(store_is_clean).await;
            })
        },
        steps_min: 3,
    },
    Case {
        name: "split",
        prepare: |caller| Box::pin(two_shards_with_records(caller)),
        act: |caller| Box::pin(async move { caller.split("s", "0", 1 << 126).await.unwrap() }),
        steps_min: 3,
    },
    Case {
        name: "merge",
        prepare: |caller| Box::pin(two_shards_with_records(caller)),
        act: |caller| {
            Box::pin(async move {
                let input = MergeShardsInput {
                    stream_name: Some("s".to_owned()),
                    shard_to_merge: "0".to_owned(),
                    adjacent_shard_to_merge: "1".to_owned(),
                    ..MergeShardsInput::default()
                };
                caller.call::<MergeShards>(input).await.unwrap();
            })
        },
        steps_min: 3,
    },
];

impl Caller {
    /// How many logs of streams there are, as far as this caller's engine lets one see.
    fn shards_of_store(&self) -> usize {
        self.logs
            .known_list()
            .iter()
            .filter(|log| log.group != u64::MAX)
            .count()
    }
}

#[tokio::test]
async fn crash_when_between_any_two_steps_then_the_restart_finds_it_done_or_never_begun() {
    for case in CASES {
        for crash in [Crash::Before, Crash::After] {
            let mut steps = 0;
            while crashes_at(case, crash, steps).await {
                steps += 1;
            }
            assert!(
                steps >= case.steps_min,
                "{} {crash:?}: {steps} steps",
                case.name
            );
        }
    }
}

/// Runs a case with a crash at its n-th change; `false` if it was over before.
async fn crashes_at(case: &Case, crash: Crash, step: usize) -> bool {
    let world = World::without_limits();
    let before = world.open().await;
    (case.prepare)(before.clone()).await;
    let acknowledged = match case.name {
        "create" => Vec::new(),
        _ => before.read_all("s").await,
    };
    drop(before);
    let dying = Arc::new(Interposed {
        store: world.store.clone(),
        hook: Death::new(crash),
    });
    let caller = world.open_on(dying.clone()).await;
    dying.hook.comes_after(step);
    let crashed = tokio::select! {
        () = (case.act)(caller) => false,
        () = dying.hook.died.notified() => true,
    };
    let context = format!("{} {crash:?} step {step}", case.name);
    expect_sound(&*world.store, &context).await;
    let after = world.open().await;
    check(&after, case, acknowledged, crashed, &context).await;
    crashed
}

async fn check(
    after: &Caller,
    case: &Case,
    mut acknowledged: Vec<String>,
    crashed: bool,
    context: &str,
) {
    until(async || {
        !matches!(
            status(after).await,
            Some(StreamStatus::Updating | StreamStatus::Deleting)
        )
    })
    .await;
    match (case.name, status(after).await) {
        ("create", None) => assert!(crashed, "{context}: it was answered"),
        ("delete", None) => {
            let is_clean = async || after.shards_of_store() == 0;
            until(is_clean).await;
        }
        ("delete", Some(_)) => assert!(crashed, "{context}: it was answered"),
        (_, None) => panic!("{context}: the stream is gone"),
        (_, Some(_)) => {}
    }
    if status(after).await.is_none() {
        after.create("s", 1).await.unwrap();
        acknowledged.clear();
    } else if !crashed {
        let shards = after.shards("s").await.len();
        let expected = [("create", 2), ("split", 4), ("merge", 3)];
        assert!(
            expected.contains(&(case.name, shards)),
            "{context}: {shards} shards"
        );
    }
    // Every key has its shard, every shard its log.
    for i in 0..RECORDS {
        let data = format!("n{i}");
        after.put("s", &format!("k{i}"), &data).await.unwrap();
        acknowledged.push(data);
    }
    let mut read = after.read_all("s").await;
    read.sort_unstable();
    acknowledged.sort_unstable();
    assert_eq!(read, acknowledged, "{context}");
}

async fn status(caller: &Caller) -> Option<StreamStatus> {
    let input = DescribeStreamSummaryInput {
        stream_name: Some("s".to_owned()),
        ..DescribeStreamSummaryInput::default()
    };
    let answer = caller.call::<DescribeStreamSummary>(input).await.ok()?;
    Some(answer.stream_description_summary.stream_status)
}

/// The second change of the store takes for ever: of a CreateStream, the making of the logs.
struct SecondHangs {
    changes: AtomicUsize,
}

impl Hook for SecondHangs {
    async fn before(&self) {
        if self.changes.fetch_add(1, Ordering::AcqRel) == 1 {
            std::future::pending().await
        }
    }

    async fn after(&self) {}
}

#[tokio::test]
async fn stream_when_it_has_no_logs_yet_then_is_read_and_deleted_all_the_same() {
    let world = World::without_limits();
    let changes = AtomicUsize::new(usize::MAX / 2);
    let store = Arc::new(Interposed {
        store: world.store.clone(),
        hook: SecondHangs { changes },
    });
    let caller = world.open_on(store.clone()).await;
    store.hook.changes.store(0, Ordering::Release);
    let creating = caller.clone();
    tokio::select! {
        _ = creating.create("s", 2) => panic!("its logs cannot be made"),
        () = until(async || store.hook.changes.load(Ordering::Acquire) == 2) => {}
    }
    assert!(status(&caller).await.is_some());
    assert_eq!(caller.shards_of_store(), 0);
    caller
        .iterator("s", "0", super::world::Start::Latest)
        .await
        .unwrap();
    assert!(caller.read_all("s").await.is_empty());
    let input = DeleteStreamInput {
        stream_name: Some("s".to_owned()),
        ..DeleteStreamInput::default()
    };
    caller.call::<DeleteStream>(input).await.unwrap();
    until(async || status(&caller).await.is_none()).await;
}

/// What a crash leaves is nothing that a check would call damaged.
async fn expect_sound(store: &dyn LogStore, context: &str) {
    let audit = CatalogAudit::of(store, &Lost::new()).await;
    assert!(audit.faults().is_empty(), "{context}: {:?}", audit.faults());
    let mut unsound = Vec::new();
    audit.compare(store, &mut |found| unsound.push(found));
    assert_eq!(unsound, [], "{context}");
}
