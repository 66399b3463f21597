//! What a caller is told of a change whose append failed, was lost, or came too late: not applied
//! or unknown, whatever became of the stream meanwhile. And what a reader is told whose stream was
//! deleted.

use super::world::{Caller, Start, World, message, until};
use crate::catalog::tags;
use crate::interposed::{Hook, Interposed};
use millstream_protocol::ErrorCode;
use millstream_protocol::operations::{
    DeleteStreamInput, DescribeStreamSummaryInput, GetRecordsInput, PutRecordInput,
};
use millstream_store::{AppendError, Appended, Batches, LogId, LogStore};
use millstream_streams::operations::{
    AddTagsToStream, DeleteStream, DescribeStreamSummary, GetRecords, PutRecord,
};
use millstream_streams::{AnyFact, Fact as _, Handler, Outcome};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// What becomes of one append.
#[derive(Debug)]
enum Fate {
    /// It takes place.
    Fine,
    /// It does not take place, or so the store says.
    Refused(AppendError),
    /// It waits until it is let go.
    Late,
    /// It takes place, and when it is let go nobody knows.
    Untold,
}

/// Gives appends their fates, in order; those after them are not touched.
#[derive(Default)]
struct Fates {
    next: Mutex<VecDeque<Fate>>,
    struck: Notify,
    let_go: Notify,
}

impl Hook for Fates {
    async fn before(&self) {}

    async fn after(&self) {}

    async fn append(
        &self,
        store: &dyn LogStore,
        batches: Batches,
    ) -> Vec<Result<Appended, AppendError>> {
        let fate = self.next.lock().pop_front();
        match fate {
            None | Some(Fate::Fine) => store.append_many(batches).await,
            Some(Fate::Refused(error)) => vec![Err(error)],
            Some(Fate::Late) => {
                self.wait().await;
                store.append_many(batches).await
            }
            Some(Fate::Untold) => {
                let answers = store.append_many(batches).await;
                self.wait().await;
                let unknown = |_| Err(AppendError::Unknown("nobody heard".to_owned()));
                answers.into_iter().map(unknown).collect()
            }
        }
    }
}

impl Fates {
    async fn wait(&self) {
        self.struck.notify_one();
        self.let_go.notified().await;
    }
}

/// A world, and a caller of an engine whose appends have fates.
async fn fated() -> (World, Arc<Interposed<Fates>>, Caller) {
    let world = World::without_limits();
    let store = Arc::new(Interposed {
        store: world.store.clone(),
        hook: Fates::default(),
    });
    let caller = world.open_on(store.clone()).await;
    (world, store, caller)
}

/// What an operation answers instead of an output.
async fn fact<H: Handler>(caller: &Caller, input: H::Input) -> AnyFact {
    let answer = caller.handle::<H>(input).await;
    answer.err().expect("it has no output").into()
}

fn record() -> PutRecordInput {
    PutRecordInput {
        stream_name: Some("s".to_owned()),
        partition_key: Some("k".to_owned()),
        data: "lost".into(),
        ..PutRecordInput::default()
    }
}

/// What stores say, and what of it a caller may know: outcome, and whether to try again.
fn failures() -> [(AppendError, Outcome, bool); 5] {
    let why = || "for a reason".to_owned();
    [
        (AppendError::Full, Outcome::NotApplied, true),
        (AppendError::TooLarge, Outcome::NotApplied, false),
        (AppendError::Fenced, Outcome::NotApplied, true),
        (AppendError::NotApplied(why()), Outcome::NotApplied, true),
        (AppendError::Unknown(why()), Outcome::Unknown, true),
    ]
}

#[tokio::test]
async fn record_when_the_store_does_not_take_it_then_is_known_not_to_be_put_unless_nobody_knows() {
    let (_world, store, caller) = fated().await;
    caller.create("s", 1).await.unwrap();
    for (error, outcome, is_retryable) in failures() {
        let fate = Fate::Refused(error.clone());
        store.hook.next.lock().push_back(fate);
        let found = fact::<PutRecord>(&caller, record()).await;
        assert_eq!(found.code(), ErrorCode::InternalFailure, "{error}");
        assert_eq!(found.outcome(), outcome, "{error}");
        assert_eq!(found.is_retryable(), is_retryable, "{error}");
    }
    assert!(caller.read_all("s").await.is_empty());
}

#[tokio::test]
async fn change_when_the_store_does_not_take_it_then_is_known_not_to_be_made_unless_nobody_knows() {
    let (_world, store, caller) = fated().await;
    caller.create("s", 1).await.unwrap();
    for (error, outcome, is_retryable) in failures() {
        let fate = Fate::Refused(error.clone());
        store.hook.next.lock().push_back(fate);
        let found = fact::<AddTagsToStream>(&caller, tags(0)).await;
        assert_eq!(found.code(), ErrorCode::InternalFailure, "{error}");
        assert_eq!(found.outcome(), outcome, "{error}");
        assert_eq!(found.is_retryable(), is_retryable, "{error}");
        let cause = std::error::Error::source(&found).unwrap().to_string();
        assert_eq!(cause, error.to_string());
    }
}

#[tokio::test]
async fn record_when_its_reshard_takes_too_long_then_is_not_put_and_never_will_be() {
    let (world, store, caller) = fated().await;
    caller.create("s", 1).await.unwrap();
    // The reshard begins and closes the shard; its end has to wait.
    let fates = [Fate::Fine, Fate::Fine, Fate::Late];
    store.hook.next.lock().extend(fates);
    let splitting = caller.split("s", "0", 1 << 127);
    let putting = async {
        store.hook.struck.notified().await;
        let put = fact::<PutRecord>(&caller, record());
        let (found, ()) = tokio::join!(put, world.pass(Duration::from_secs(3)));
        store.hook.let_go.notify_one();
        found
    };
    let (split, found) = tokio::join!(splitting, putting);
    split.unwrap();
    assert_eq!(found.code(), ErrorCode::InternalFailure);
    assert_eq!(found.outcome(), Outcome::NotApplied);
    let is_split = async || caller.shards("s").await.len() == 3;
    until(is_split).await;
    caller.put("s", "k", "kept").await.unwrap();
    assert_eq!(caller.read_all("s").await, ["kept"]);
}

async fn delete(caller: &Caller) {
    let input = DeleteStreamInput {
        stream_name: Some("s".to_owned()),
        ..DeleteStreamInput::default()
    };
    caller.call::<DeleteStream>(input).await.unwrap();
    let is_gone = async || {
        let input = DescribeStreamSummaryInput {
            stream_name: Some("s".to_owned()),
            ..DescribeStreamSummaryInput::default()
        };
        caller.call::<DescribeStreamSummary>(input).await.is_err()
    };
    until(is_gone).await;
}

/// Tags a stream that is deleted before the append with this fate is let go.
async fn tag_while_it_goes(fate: Fate) -> millstream_protocol::Error {
    let (_world, store, caller) = fated().await;
    caller.create("s", 1).await.unwrap();
    store.hook.next.lock().push_back(fate);
    let tagging = caller.call::<AddTagsToStream>(tags(0));
    let deleting = async {
        store.hook.struck.notified().await;
        delete(&caller).await;
        store.hook.let_go.notify_one();
    };
    let (tagged, ()) = tokio::join!(tagging, deleting);
    tagged.unwrap_err()
}

#[tokio::test]
async fn change_when_nobody_knows_of_it_then_stays_unknown_though_its_stream_is_gone_by_then() {
    let error = tag_while_it_goes(Fate::Untold).await;
    assert_eq!(error.code, ErrorCode::InternalFailure);
    assert_eq!(message(&error), "Internal Service Failure.");
}

#[tokio::test]
async fn change_when_its_stream_went_before_it_then_says_so_with_the_name() {
    let error = tag_while_it_goes(Fate::Late).await;
    assert_eq!(error.code, ErrorCode::ResourceNotFoundException);
    let expected = "Stream s under account 111111111111 not found.";
    assert_eq!(message(&error), expected);
}

/// The first read of this log waits until it is let go.
#[derive(Default)]
struct LateRead {
    of: Mutex<Option<LogId>>,
    struck: Notify,
    let_go: Notify,
}

impl Hook for LateRead {
    async fn before(&self) {}

    async fn after(&self) {}

    async fn before_read(&self, log: LogId) {
        let is_late = self.of.lock().take_if(|of| *of == log).is_some();
        if is_late {
            self.struck.notify_one();
            self.let_go.notified().await;
        }
    }
}

#[tokio::test]
async fn reader_when_its_stream_goes_before_its_read_then_hears_of_that_and_of_no_failure() {
    let world = World::without_limits();
    let store = Arc::new(Interposed {
        store: world.store.clone(),
        hook: LateRead::default(),
    });
    let caller = world.open_on(store.clone()).await;
    let logs_before = store.known_list();
    caller.create("s", 1).await.unwrap();
    caller.put("s", "k", "gone").await.unwrap();
    let is_new = |log: &LogId| !logs_before.contains(log);
    let log = store.known_list().into_iter().find(is_new).unwrap();
    let input = GetRecordsInput {
        shard_iterator: caller.iterator("s", "0", Start::Horizon).await.unwrap(),
        ..GetRecordsInput::default()
    };
    *store.hook.of.lock() = Some(log);
    let deleting = async {
        store.hook.struck.notified().await;
        delete(&caller).await;
        until(async || !store.known_list().contains(&log)).await;
        store.hook.let_go.notify_one();
    };
    let (found, ()) = tokio::join!(fact::<GetRecords>(&caller, input), deleting);
    assert_eq!(found.outcome(), Outcome::NotApplied);
    let error = millstream_service::say(&found);
    assert_eq!(error.code, ErrorCode::ResourceNotFoundException);
    let expected =
        "Shard shardId-000000000000 in stream s under account 111111111111 does not exist";
    assert_eq!(message(&error), expected);
}
