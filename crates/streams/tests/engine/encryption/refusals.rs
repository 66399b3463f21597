//! Keys that may not be used: by whom, since when, and until when.

use super::Locked;
use crate::fanout::{Pushed, Subscriber};
use crate::world::{Caller, Start};
use millstream_kms::{KeyError, KeyState};
use millstream_protocol::{Error, ErrorCode};
use millstream_streams::{KEY_FRESH, REFUSAL_KEPT, UNCONFIRMED_MAX};
use std::time::Duration;

const SHARD: &str = "shardId-000000000000";
const MOMENT: Duration = Duration::from_millis(1);

/// What a put and a get answer.
async fn both(caller: &Caller) -> [Result<(), Error>; 2] {
    let put = caller.put("s", "key", "more").await.map(drop);
    let iterator = caller.iterator("s", SHARD, Start::Horizon).await.unwrap();
    [put, caller.get(&iterator).await.map(drop)]
}

#[track_caller]
fn check_refused(answers: [Result<(), Error>; 2], code: ErrorCode) {
    for answer in answers {
        assert_eq!(answer.unwrap_err().code, code);
    }
}

#[track_caller]
fn check_served(answers: [Result<(), Error>; 2]) {
    for answer in answers {
        answer.unwrap();
    }
}

const STATES: [(KeyState, ErrorCode); 4] = [
    (KeyState::Disabled, ErrorCode::KMSDisabledException),
    (
        KeyState::PendingDeletion,
        ErrorCode::KMSInvalidStateException,
    ),
    (KeyState::Denied, ErrorCode::KMSAccessDeniedException),
    (KeyState::Deleted, ErrorCode::KMSNotFoundException),
];

#[tokio::test]
async fn key_when_it_may_not_be_used_then_puts_and_gets_end_in_time_and_begin_again_in_time() {
    for (state, code) in STATES {
        let locked = Locked::new();
        let caller = locked.encrypted().await;
        // Twice, so that whatever can be cached is cached.
        for _ in 0..3 {
            check_served(both(&caller).await);
        }
        locked.set(state);
        locked.pass(KEY_FRESH - 2 * MOMENT).await;
        check_served(both(&caller).await);
        locked.pass(2 * MOMENT).await;
        check_refused(both(&caller).await, code);
        let calls = locked.keys.calls();
        for _ in 0..20 {
            check_refused(both(&caller).await, code);
        }
        assert_eq!(locked.keys.calls(), calls, "a refusal costs no call");
        locked.set(KeyState::Enabled);
        locked.pass(REFUSAL_KEPT).await;
        check_served(both(&caller).await);
    }
}

#[tokio::test]
async fn key_when_it_may_not_be_used_at_first_then_nothing_is_put_until_it_may() {
    for (state, code) in STATES {
        let locked = Locked::new();
        let caller = locked.encrypted().await;
        let before = locked.keys.calls().generate;
        locked.set(state);
        for _ in 0..5 {
            let put = caller.put("s", "key", "refused").await.unwrap_err();
            assert_eq!(put.code, code);
        }
        assert_eq!(locked.keys.calls().generate - before, 1);
        assert_eq!(caller.read_all("s").await, [""; 0]);
        locked.set(KeyState::Enabled);
        locked.pass(REFUSAL_KEPT).await;
        caller.put("s", "key", "put").await.unwrap();
        assert_eq!(caller.read_all("s").await, ["put"]);
    }
}

#[tokio::test]
async fn subscription_when_its_key_may_not_be_used_any_more_then_ends_with_what_aws_calls_it() {
    for (state, code) in STATES {
        let locked = Locked::new();
        let caller = locked.encrypted().await;
        let arns = [
            caller.consumer("s", "one").await,
            caller.consumer("s", "two").await,
        ];
        caller.put("s", "key", "one").await.unwrap();
        let mut subscriber = caller.subscribe(&arns[0], SHARD, Start::Horizon).await;
        assert!(matches!(subscriber.next().await, Pushed::Event(_)));
        locked.set(state);
        locked.pass(KEY_FRESH).await;
        // What comes now was put by somebody else: this one cannot.
        let refused = caller.put("s", "key", "two").await.unwrap_err();
        assert_eq!(refused.code, code);
        // The block that the first one got is cached.
        let cached = caller.subscribe(&arns[1], SHARD, Start::Horizon).await;
        check_ends(cached, code).await;
    }
}

async fn check_ends(mut subscriber: Subscriber, code: ErrorCode) {
    let pushed = subscriber.next().await;
    let Pushed::Exception(name, _) = pushed else {
        panic!("{pushed:?}");
    };
    assert_eq!(name, code.name());
    assert_eq!(subscriber.next().await, Pushed::End);
}

#[tokio::test]
async fn key_service_when_it_does_not_answer_then_who_was_allowed_goes_on_for_a_while() {
    let no_answer = [
        (KeyError::Throttled, ErrorCode::KMSThrottlingException),
        (
            KeyError::Unavailable {
                why: "gone".to_owned(),
            },
            ErrorCode::InternalFailure,
        ),
    ];
    for (failure, code) in no_answer {
        let locked = Locked::new();
        let caller = locked.encrypted().await;
        check_served(both(&caller).await);
        locked.keys.fail(Some(failure));
        locked.pass(KEY_FRESH).await;
        check_served(both(&caller).await);
        locked
            .pass(UNCONFIRMED_MAX - KEY_FRESH - Duration::from_secs(1))
            .await;
        check_served(both(&caller).await);
        locked.pass(Duration::from_secs(1)).await;
        check_refused(both(&caller).await, code);
        locked.keys.fail(None);
        locked.pass(REFUSAL_KEPT).await;
        check_served(both(&caller).await);
    }
}

#[tokio::test]
async fn records_when_the_key_of_later_ones_may_not_be_used_then_those_before_are_read() {
    let locked = Locked::new();
    let caller = locked.encrypted().await;
    caller.put("s", "key", "one").await.unwrap();
    caller.encrypt("s", &locked.b).await;
    caller.put("s", "key", "two").await.unwrap();
    locked.keys.set(&locked.b, KeyState::Disabled);
    locked.pass(KEY_FRESH).await;
    let iterator = caller.iterator("s", SHARD, Start::Horizon).await.unwrap();
    let got = caller.get(&iterator).await.unwrap();
    let data: Vec<String> = got.records.iter().map(crate::world::text).collect();
    assert_eq!(data, ["one"]);
    assert!(got.millis_behind_latest > Some(0));
    let next = caller
        .get(&got.next_shard_iterator.unwrap())
        .await
        .unwrap_err();
    assert_eq!(next.code, ErrorCode::KMSDisabledException);
}

#[tokio::test]
async fn key_service_when_many_ask_at_once_then_is_called_once() {
    let locked = Locked::new();
    let caller = locked.encrypted().await;
    let before = locked.keys.calls();
    let asked = || {
        let calls = locked.keys.calls();
        (
            calls.generate - before.generate,
            calls.decrypt - before.decrypt,
        )
    };
    let puts = (0..50).map(|_| caller.put("s", "key", "data"));
    for put in futures_util::future::join_all(puts).await {
        put.unwrap();
    }
    assert_eq!(asked(), (1, 0));
    locked.pass(KEY_FRESH).await;
    let puts = (0..50).map(|_| caller.put("s", "key", "data"));
    for put in futures_util::future::join_all(puts).await {
        put.unwrap();
    }
    assert_eq!(asked(), (1, 1));
}
