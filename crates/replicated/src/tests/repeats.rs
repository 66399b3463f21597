//! A command that occurs in the log more than once takes effect once.

use super::flawed::Fate;
use super::{Machine, World};
use crate::testing::{Command, Refusal};
use crate::{ANSWERS_KEPT, ProposalId, ProposeError, REPEATS_KNOWN, Unheard};
use millstream_store::{AppendError, LogStore, Offset};

fn unknown<T>(cause: Unheard) -> Result<T, ProposeError<Refusal>> {
    Err(ProposeError::Unknown { cause })
}

fn unheard() -> Unheard {
    Unheard::Store(AppendError::Unknown("nobody heard".to_owned()))
}

/// The command of one node that was never restarted.
async fn never_restarted() -> (World, std::sync::Arc<Machine>, u64) {
    let world = World::new();
    let node = world.open().await;
    let counter = node.create().await;
    (world, node, counter)
}

#[tokio::test]
async fn command_when_it_is_in_the_log_twice_then_is_applied_once() {
    let (world, node, counter) = never_restarted().await;
    node.add(counter, 5).await.unwrap();
    world.append_again(Offset(1)).await;
    node.catch_up().await.unwrap();
    assert_eq!(node.value(counter), Some(5));
    assert_eq!(node.state().next, Offset(3));
    assert_eq!(world.open().await.value(counter), Some(5));
}

#[tokio::test]
async fn proposal_when_it_is_made_again_because_nobody_heard_then_answers_the_first_outcome() {
    let (world, node, counter) = never_restarted().await;
    let id = ProposalId::draw(&world.env);
    let add = || node.propose_as(id, Command::Add(counter, 5));
    world.store.fail_next(Fate::Untold);
    assert_eq!(add().await, unknown(unheard()));
    assert_eq!(node.add(counter, 1).await, Ok(6), "it was in the log");
    for _ in 0..2 {
        assert_eq!(add().await, Ok(5), "as it was then");
    }
    assert_eq!(node.value(counter), Some(6));
}

#[tokio::test]
async fn proposal_when_it_is_made_again_before_it_is_applied_then_answers_the_first_outcome() {
    let (world, node, counter) = never_restarted().await;
    let id = ProposalId::draw(&world.env);
    let add = || node.propose_as(id, Command::Add(counter, 5));
    // Both copies are in the log before anything is applied.
    let (former, latter) = tokio::join!(add(), add());
    assert_eq!(
        former,
        unknown(Unheard::ResultLost),
        "the next attempt took its place"
    );
    assert_eq!(latter, Ok(5));
    node.catch_up().await.unwrap();
    assert_eq!(node.state().next, Offset(3));
    assert_eq!(node.value(counter), Some(5));
}

#[tokio::test]
async fn proposal_when_it_was_refused_then_is_refused_again_though_the_state_would_allow_it() {
    let (world, node, counter) = never_restarted().await;
    let id = ProposalId::draw(&world.env);
    let to_come = counter + 2;
    let add = || node.propose_as(id, Command::Add(to_come, 5));
    let refused = Err(ProposeError::Refused(Refusal::NoCounter(to_come)));
    assert_eq!(add().await, refused);
    assert_eq!(node.create().await, to_come);
    assert_eq!(add().await, refused);
    assert_eq!(node.value(to_come), Some(0));
}

#[tokio::test]
async fn proposal_when_it_is_made_again_after_a_restart_then_is_still_known() {
    let (world, node, counter) = never_restarted().await;
    let id = ProposalId::draw(&world.env);
    world.store.fail_next(Fate::Untold);
    let add = Command::Add(counter, 5);
    let told = node.propose_as(id, add.clone()).await;
    assert_eq!(told, unknown(unheard()));
    drop(node);
    let restarted = world.open().await;
    let told = restarted.propose_as(id, add.clone()).await;
    assert_eq!(told, Ok(5));
    let other = world.open().await;
    assert_eq!(other.propose_as(id, add).await, Ok(5));
    assert_eq!(other.value(counter), Some(5));
}

#[tokio::test]
async fn proposal_when_its_result_is_not_kept_any_more_then_is_unknown_and_not_applied_again() {
    let (world, node, counter) = never_restarted().await;
    let id = ProposalId::draw(&world.env);
    let add = Command::Add(counter, 5);
    assert_eq!(node.propose_as(id, add.clone()).await, Ok(5));
    for _ in 0..ANSWERS_KEPT {
        node.add(counter, 0).await.unwrap();
    }
    let told = node.propose_as(id, add).await;
    assert_eq!(told, unknown(Unheard::JudgedBefore));
    assert_eq!(node.value(counter), Some(5));
}

/// Nodes that replayed the log from its start, and from a snapshot of everything.
#[tokio::test]
async fn nodes_when_one_began_with_a_snapshot_then_take_the_same_commands_for_repetitions() {
    const SNAPSHOT_OFTEN: u64 = 1024;
    for between in [REPEATS_KNOWN - 1, REPEATS_KNOWN] {
        let world = World::new();
        let node = world.open_with_snapshots(SNAPSHOT_OFTEN).await;
        let counter = node.create().await;
        node.add(counter, 5).await.unwrap();
        for _ in 0..between {
            node.add(counter, 0).await.unwrap();
        }
        super::snapshots::settle(&world, node.state().next).await;
        let restarted = world.open().await;
        world.append_again(Offset(1)).await;
        let expected = if between < REPEATS_KNOWN { 5 } else { 10 };
        for node in [node, restarted] {
            node.catch_up().await.unwrap();
            assert_eq!(node.value(counter), Some(expected), "{between} between");
        }
    }
}

#[tokio::test]
async fn commands_when_they_are_in_the_snapshot_and_cannot_be_read_then_do_not_keep_a_node_down() {
    let world = World::new();
    let node = world.open_with_snapshots(1).await;
    let counter = node.create().await;
    node.add(counter, 5).await.unwrap();
    let next = node.state().next;
    super::snapshots::settle(&world, next).await;
    drop(node);
    *world.store.damage.lock() = Some((Machine::COMMANDS, next));
    let restarted = world.open().await;
    assert_eq!(restarted.value(counter), Some(5));
    *world.store.damage.lock() = Some((Machine::COMMANDS, next.plus(1)));
    let opened = Machine::open(world.env.clone(), world.store.clone(), 1).await;
    assert!(opened.is_err_and(|error| error.to_string().contains("damage")));
    assert_eq!(
        world.store.known_bounds(Machine::COMMANDS).unwrap().end,
        next
    );
}
