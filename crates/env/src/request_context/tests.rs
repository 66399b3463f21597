//! A request is known where its work is done, and nowhere else.

use super::*;
use crate::{Tasks, TokioTasks};
use std::future::{pending, poll_fn};
use std::sync::Mutex;
use std::sync::mpsc::{SyncSender, sync_channel};
use tokio::sync::oneshot;

/// Capacity of the channel in one test.
const TOLD_MAX: usize = 4;
const ID: &str = "01234567-89ab-4def-8123-456789abcdef";

fn request() -> RequestContext {
    RequestContext::new(ID.as_bytes().try_into().unwrap())
}

fn current_id() -> Option<String> {
    RequestContext::current().map(|request| request.id().to_owned())
}

/// Reports the request in whose context it is dropped.
struct OnDrop(SyncSender<Option<String>>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.send(current_id()).unwrap();
    }
}

#[tokio::test]
async fn request_when_polled_then_is_current_with_all_that_was_noted_and_between_polls_is_not() {
    let (finish, finished) = oneshot::channel::<()>();
    let seen = Arc::new(Mutex::new(None));
    let slot = Arc::clone(&seen);
    let mut work = Box::pin(request().scope(async move {
        RequestContext::note_operation("PutRecord");
        RequestContext::note_resource(&Arc::new("orders".to_owned()));
        finished.await.unwrap();
        *slot.lock().unwrap() = RequestContext::current();
    }));
    poll_fn(|cx| {
        assert!(work.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
    assert_eq!(current_id(), None, "nobody polls it");
    RequestContext::note_operation("nobody's");
    finish.send(()).unwrap();
    work.await;
    let seen = seen.lock().unwrap().take().unwrap();
    assert_eq!((seen.id(), seen.operation()), (ID, Some("PutRecord")));
    assert_eq!(seen.resource().unwrap().to_string(), "orders");
}

#[tokio::test]
async fn request_when_it_panics_then_the_thread_works_for_nobody_afterwards() {
    let mut work = Box::pin(request().scope(async { panic!("a bug") }));
    let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        work.as_mut().poll(&mut cx)
    }));
    assert!(polled.is_err());
    assert_eq!(current_id(), None);
}

#[test]
fn request_when_within_another_then_gives_the_thread_back_to_it() {
    let other = "ffffffff-ffff-4fff-8fff-ffffffffffff";
    let outer = RequestContext::new(other.as_bytes().try_into().unwrap());
    outer.run(|| {
        assert_eq!(request().run(current_id).as_deref(), Some(ID));
        assert_eq!(current_id().as_deref(), Some(other));
    });
}

#[test]
fn request_when_dropped_before_its_end_then_what_it_held_is_dropped_for_it() {
    let (tell, told) = sync_channel(TOLD_MAX);
    let held = OnDrop(tell);
    let work = request().scope(async move {
        let _held = held;
        pending::<()>().await;
    });
    drop(work);
    assert_eq!(told.recv().unwrap().as_deref(), Some(ID));
}

#[tokio::test]
async fn work_when_started_for_a_request_then_is_done_for_it_wherever_it_runs() {
    let tasks = Arc::new(TokioTasks::current());
    let (tell, told) = sync_channel(TOLD_MAX);
    let (own, all) = (Arc::clone(&tasks), tell.clone());
    let work = async move {
        for spawn in [TokioTasks::spawn, TokioTasks::spawn_request] {
            let (tell, (done, is_done)) = (all.clone(), oneshot::channel());
            let task = async move {
                tell.send(current_id()).unwrap();
                done.send(()).unwrap();
            };
            spawn(&own, "task", Box::pin(task));
            is_done.await.unwrap();
        }
        let blocking = move || all.send(current_id()).unwrap();
        own.run_blocking(Box::new(blocking)).await;
    };
    request().scope(work).await;
    for _ in 0..3 {
        assert_eq!(told.recv().unwrap().as_deref(), Some(ID));
    }
    tasks
        .run_blocking(Box::new(move || tell.send(current_id()).unwrap()))
        .await;
    assert_eq!(told.recv().unwrap(), None, "nobody's work is nobody's");
}
