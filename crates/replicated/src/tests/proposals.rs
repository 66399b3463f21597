//! What a proposer is told, and what decides it.

use super::flawed::Fate;
use super::{Machine, World};
use crate::testing::{COUNTERS_MAX, Command, Refusal};
use crate::{CatchUpError, NotAppended, ProposalId, ProposeError, Unheard};
use millstream_store::{AppendError, LogStore, Offset};

#[tokio::test]
async fn command_when_the_state_refuses_it_already_then_is_not_in_the_log() {
    let world = World::new();
    let node = world.open().await;
    let refused = node.add(7, 1).await.unwrap_err();
    assert_eq!(refused, ProposeError::Refused(Refusal::NoCounter(7)));
    assert_eq!(node.state().next, Offset(0));
    let end = world.store.known_bounds(Machine::COMMANDS).unwrap().end;
    assert_eq!(end, Offset(0));
}

#[tokio::test]
async fn command_when_another_comes_before_it_then_is_judged_by_the_logs_order_on_every_node() {
    let world = World::new();
    let (one, other) = (world.open().await, world.open().await);
    for _ in 1..COUNTERS_MAX {
        one.create().await;
    }
    other.catch_up().await.unwrap();
    // Both are allowed when they are proposed.
    let (first, second) =
        tokio::join!(one.propose(Command::Create), other.propose(Command::Create));
    assert_eq!(first, Ok(COUNTERS_MAX as u64 - 1));
    assert_eq!(second, Err(ProposeError::Refused(Refusal::Full)));
    one.catch_up().await.unwrap();
    assert_eq!(*one.state(), *other.state());
    let next = Offset(COUNTERS_MAX as u64 + 1);
    assert_eq!(
        one.state().next,
        next,
        "what was refused there is in the log"
    );
}

#[tokio::test]
async fn command_when_its_append_fails_then_is_not_applied_or_unknown_as_the_store_says() {
    let world = World::new();
    let node = world.open().await;
    let counter = node.create().await;
    let why = || "for a reason".to_owned();
    for error in [AppendError::Full, AppendError::NotApplied(why())] {
        world.store.fail_next(Fate::Refused(error.clone()));
        let cause = NotAppended::Store(error);
        let told = node.add(counter, 1).await;
        assert_eq!(told, Err(ProposeError::NotApplied { cause }));
    }
    let error = AppendError::Unknown(why());
    world.store.fail_next(Fate::Refused(error.clone()));
    let cause = Unheard::Store(error);
    let told = node.add(counter, 1).await;
    assert_eq!(told, Err(ProposeError::Unknown { cause }));
    assert_eq!(node.value(counter), Some(0));
}

#[tokio::test]
async fn log_when_it_is_not_followed_any_more_then_nothing_is_appended_and_nobody_waits() {
    let world = World::new();
    let node = world.open().await;
    let counter = node.create().await;
    world.append_new(Command::Add(counter, 5)).await;
    world.append(b"no command").await;
    super::until(|| !node.is_following()).await;
    let cause = NotAppended::NotFollowed;
    let told = node.add(counter, 1).await;
    assert_eq!(told, Err(ProposeError::NotApplied { cause }));
    let never = node.catch_up().await;
    assert_eq!(never, Err(CatchUpError::NotFollowed));
    assert_eq!(node.state().next, Offset(2), "up to what is no command");
}

#[tokio::test]
async fn proposer_when_he_waits_as_the_following_ends_then_hears_that_it_is_unknown() {
    let world = World::new();
    let node = world.open().await;
    let counter = node.create().await;
    world.append(b"no command").await;
    // The follower has not looked yet.
    let told = node.add(counter, 1).await;
    let cause = Unheard::ResultLost;
    assert_eq!(told, Err(ProposeError::Unknown { cause }));
}

#[tokio::test]
async fn barrier_when_the_following_ends_before_it_then_says_so() {
    let world = World::new();
    let node = world.open().await;
    let waiting = node.wait_until_applied(Offset(1));
    let ending = world.store.delete(vec![Machine::COMMANDS]);
    let both = async { tokio::join!(waiting, ending).0 };
    tokio::select! {
        never = both => assert_eq!(never, Err(CatchUpError::NotFollowed)),
        () = super::until(|| false) => {}
    }
}

#[tokio::test]
async fn result_when_it_is_told_then_is_in_the_state() {
    let world = World::new();
    let node = world.open().await;
    let counter = node.create().await;
    for value in 1..100 {
        let id = ProposalId::draw(&world.env);
        let told = node.propose_as(id, Command::Add(counter, 1)).await;
        assert_eq!(told, Ok(value));
        assert_eq!(node.value(counter), Some(value));
    }
}
