//! What a caller is told of a change whose append failed, was lost, or came too late: what is not applied,
//! and what is unknown, whatever became of the stream meanwhile.

use crate::catalog::tags;
use crate::interposed::{Hook, Interposed};
use crate::world::{Caller, World, message, until};
use engine::operations::{AddTagsToStream, DeleteStream, DescribeStreamSummary};
use log::{AppendError, Appended, Batches, LogStore};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::Notify;
use wire::ErrorCode;
use wire::operations::{DeleteStreamInput, DescribeStreamSummaryInput};

/// What becomes of one append.
#[derive(Debug)]
enum Fate {
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
            None => store.append_many(batches).await,
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
async fn tag_while_it_goes(fate: Fate) -> wire::Error {
    let world = World::without_limits();
    let store = Arc::new(Interposed {
        store: world.store.clone(),
        hook: Fates::default(),
    });
    let caller = world.open_on(store.clone()).await;
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
