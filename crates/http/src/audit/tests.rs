//! Lines that there is no room for, calls that are denied or that nobody waits for.

use super::draft::ON_RECORDS;
use super::*;
use bytes::Bytes;
use http::Request;
use millstream_auth::{Channel, Context, Head, Principal};
use millstream_env::{Env, ManualClock, Timestamp};
use millstream_model::{AccountId, Region};
use millstream_protocol::operations::ALL;
use millstream_protocol::{Error, ErrorCode, Protocol};
use millstream_service::{Body, Failed, Served};
use millstream_streams::Outcome;
use serde_json::Value;
use std::future::pending;
use std::ops::DerefMut;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

/// More lines than there is room for.
const LINES_MAX: usize = 100_000;

struct World {
    audit: Audit,
    lines: Lines,
    clock: Arc<ManualClock>,
    env: Env,
}

impl World {
    fn new() -> Self {
        let (audit, lines) = Audit::new();
        let clock = Arc::new(ManualClock::new(Timestamp(0)));
        let env = Env {
            clock: Arc::clone(&clock) as _,
            ..Env::real()
        };
        Self {
            audit,
            lines,
            clock,
            env,
        }
    }

    /// The draft of a stranger's request.
    fn stranger(&self, operation: &str) -> Draft {
        let request = Request::post("/").body(()).unwrap();
        let (parts, ()) = request.into_parts();
        let context = Context {
            peer: "[::ffff:192.0.2.7]:1".parse().unwrap(),
            channel: Channel::Plain,
        };
        let heard = Heard {
            audit: self.audit.clone(),
            env: self.env.clone(),
            tls: None,
        };
        let place = ALL.iter().position(|known| known.name == operation);
        let body = Bytes::from_static(b"{\"StreamName\": \"orders\"}");
        let head = Head::new(&parts, context);
        Draft::new(heard, head, place.unwrap(), Protocol::Json, &body)
    }

    /// The draft of a user's.
    fn draft(&self, operation: &str) -> Draft {
        let account = AccountId::zero();
        let principal = Principal::root(account, Region::us_east_1());
        self.stranger(operation).sent_by(&principal)
    }

    /// Takes lines until there is room for no more.
    fn fill(&mut self) -> Vec<Line> {
        let (mut lines, lost) = (Vec::new(), self.audit.lost());
        for _ in 0..LINES_MAX {
            if self.audit.lost() > lost {
                return lines;
            }
            let dropped = self.draft("CreateStream").watch(Box::pin(pending()));
            drop(dropped);
            lines.extend(self.next());
        }
        panic!("there is room for {LINES_MAX} lines");
    }

    /// A line that waits to be written.
    fn next(&mut self) -> Option<Line> {
        match poll_once(&mut pin!(self.lines.next())) {
            Poll::Ready(line) => line,
            Poll::Pending => None,
        }
    }

    fn shown(&mut self) -> Option<Value> {
        let line = self.next()?;
        Some(serde_json::from_slice(line.bytes()).unwrap())
    }
}

fn poll_once<F: Future + ?Sized>(future: &mut Pin<impl DerefMut<Target = F>>) -> Poll<F::Output> {
    let mut cx = std::task::Context::from_waker(Waker::noop());
    future.as_mut().poll(&mut cx)
}

fn ended(result: Result<(), ErrorCode>) -> Served {
    let result = match result {
        Ok(()) => Ok(Body::Whole(Bytes::new())),
        Err(code) => Err(Failed {
            error: Error::new(code, "No."),
            outcome: Outcome::NotApplied,
        }),
    };
    Box::pin(std::future::ready(result))
}

#[test]
fn operations_on_records_when_listed_then_are_operations() {
    for name in ON_RECORDS {
        assert!(ALL.iter().any(|operation| operation.name == name), "{name}");
    }
}

#[tokio::test]
async fn call_when_a_policy_or_a_key_denies_it_then_has_a_line_whatever_the_operation() {
    let mut world = World::new();
    let denied = Err(ErrorCode::AccessDeniedException);
    let no_key = Err(ErrorCode::KMSAccessDeniedException);
    let absent = Err(ErrorCode::ResourceNotFoundException);
    for (operation, result, has_line) in [
        ("CreateStream", Ok(()), true),
        ("CreateStream", absent, true),
        ("CreateStream", denied, true),
        ("PutRecords", Ok(()), false),
        ("PutRecords", absent, false),
        ("PutRecords", denied, true),
        ("GetRecords", denied, true),
        ("GetRecords", no_key, true),
    ] {
        let watched = world.draft(operation).watch(ended(result));
        let answered = watched.await.map(drop).map_err(|failed| failed.error.code);
        assert_eq!(answered, result, "the answer stays as it is");
        let line = world.shown();
        assert_eq!(line.is_some(), has_line, "{operation} {result:?}");
        let Some(line) = line else { continue };
        let code = result.err().map(ErrorCode::name);
        assert_eq!(line["errorCode"].as_str(), code);
        assert_eq!(line["sourceIPAddress"], "192.0.2.7");
        // An iterator says nothing to who does not hold the key.
        let names_stream = operation != "GetRecords";
        let arn = "arn:aws:kinesis:us-east-1:000000000000:stream/orders";
        let arn = names_stream.then_some(arn);
        assert_eq!(line["resources"][0]["ARN"].as_str(), arn);
    }
}

#[tokio::test]
async fn call_when_nobody_waits_for_its_end_or_it_panics_then_has_a_line_that_says_so() {
    let mut world = World::new();
    let mut waiting = world.draft("ListStreams").watch(Box::pin(pending()));
    assert!(poll_once(&mut waiting).is_pending());
    assert!(world.next().is_none());
    drop(waiting);
    assert_eq!(world.shown().unwrap()["errorCode"], "ClientDisconnected");

    let mut panics = world
        .draft("DeleteStream")
        .watch(Box::pin(async { panic!("a bug") }));
    // As the caller of a call does, which then drops it.
    let caught = catch_unwind(AssertUnwindSafe(|| poll_once(&mut panics)));
    assert!(caught.is_err());
    assert_eq!(world.shown().unwrap()["errorCode"], "InternalFailure");

    drop(world.draft("PutRecord").watch(Box::pin(pending())));
    assert!(world.next().is_none(), "it is about records");
}

#[tokio::test]
async fn line_when_there_is_no_room_then_its_request_waits_a_while_and_then_it_is_lost() {
    let mut world = World::new();
    let written = world.fill();
    let lost = world.audit.lost();

    // Room comes in time.
    let waits = world.draft("CreateStream").watch(ended(Ok(())));
    let clock = Arc::clone(&world.clock);
    let makes_room = async {
        clock.advance(Duration::from_millis(999));
        drop(written);
    };
    let (answered, ()) = tokio::join!(waits, makes_room);
    assert!(answered.is_ok());
    assert!(world.next().is_some());
    assert_eq!(world.audit.lost(), lost);

    // It does not.
    let held = world.fill();
    let lost = world.audit.lost();
    let waits = world.draft("CreateStream").watch(ended(Ok(())));
    let passes = async { clock.advance(Duration::from_secs(1)) };
    let (answered, ()) = tokio::join!(waits, passes);
    assert!(answered.is_ok(), "the call was carried out");
    assert_eq!(world.audit.lost(), lost + 1);

    // Its client leaves.
    let mut waits = world.draft("CreateStream").watch(ended(Ok(())));
    assert!(poll_once(&mut waits).is_pending());
    drop(waits);
    assert_eq!(world.audit.lost(), lost + 2);
    drop(held);
}

#[tokio::test]
async fn log_when_flushed_then_has_no_line_left_or_says_that_there_is() {
    let mut world = World::new();
    let longest = Duration::from_secs(2);
    assert!(world.audit.flush(&*world.clock, longest).await);
    drop(world.draft("CreateStream").watch(ended(Ok(()))).await);
    let (audit, clock) = (world.audit.clone(), Arc::clone(&world.clock));
    let passes = async { clock.advance(longest) };
    let (flushed, ()) = tokio::join!(audit.flush(&*clock, longest), passes);
    assert!(!flushed);
    let writes = async { drop(world.next()) };
    let (flushed, ()) = tokio::join!(audit.flush(&*clock, longest), writes);
    assert!(flushed);
}

#[tokio::test]
async fn strangers_when_they_are_too_many_in_a_second_then_are_counted_and_users_have_their_lines()
{
    let mut world = World::new();
    let error = Error::without_message(ErrorCode::UnrecognizedClientException);
    let mut lines = 0;
    for _ in 0..250 {
        world.stranger("PutRecord").refuse(&error).await;
        lines += usize::from(world.next().is_some());
    }
    assert_eq!((lines, world.audit.left_out()), (100, 150));
    drop(world.draft("CreateStream").watch(ended(Ok(()))).await);
    assert!(world.next().is_some());
    world.clock.advance(Duration::from_secs(1));
    world.stranger("PutRecord").refuse(&error).await;
    let line = world.shown().unwrap();
    assert_eq!(line["additionalEventData"]["denialsLeftOut"], 150);
    assert_eq!(line["userIdentity"]["type"], "Unknown");
}

#[tokio::test]
async fn lines_when_nobody_writes_them_any_more_then_are_lost() {
    let World {
        audit, lines, env, ..
    } = World::new();
    drop(lines);
    let (_, lines) = Audit::new();
    let clock = Arc::new(ManualClock::new(Timestamp(0)));
    let world = World {
        audit,
        lines,
        clock,
        env,
    };
    assert!(
        world
            .draft("CreateStream")
            .watch(ended(Ok(())))
            .await
            .is_ok()
    );
    assert_eq!((world.audit.taken(), world.audit.lost()), (0, 1));
}
