//! What one account may hold of what all share.

use super::*;
use millstream_env::{ManualClock, Timestamp};
use std::task::{Context, Poll, Waker};

fn account(digit: &str) -> AccountId {
    AccountId::parse(&digit.repeat(12)).unwrap()
}

fn clock() -> ManualClock {
    ManualClock::new(Timestamp(0))
}

/// A turn if it is to be had at once.
fn at_once(admission: &Admission, clock: &ManualClock, account: &AccountId) -> Option<Turn> {
    let mut turn = Box::pin(admission.admit(clock, account, 1, Waits::Bounded));
    match turn.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(turn) => Some(turn.unwrap()),
        Poll::Pending => None,
    }
}

fn turns_of(admission: &Admission, clock: &ManualClock, account: &AccountId) -> Vec<Turn> {
    std::iter::from_fn(|| at_once(admission, clock, account)).collect()
}

#[test]
fn turns_when_there_is_one_account_then_are_all_for_it() {
    let (admission, clock) = (Admission::new(), clock());
    let turns = turns_of(&admission, &clock, &account("1"));
    assert_eq!(turns.len(), COLD_READS_MAX);
    drop(turns);
    assert_eq!((admission.cold_reads(), admission.room().taken()), (0, 0));
}

#[test]
fn turns_when_one_account_wants_all_then_another_has_some_at_once() {
    let (admission, clock) = (Admission::new(), clock());
    let [first, second] = ["1", "2"].map(account);
    drop((
        at_once(&admission, &clock, &first),
        at_once(&admission, &clock, &second),
    ));
    let of_first = turns_of(&admission, &clock, &first);
    assert_eq!(of_first.len(), COLD_READS_OF_ACCOUNT);
    let of_second = turns_of(&admission, &clock, &second);
    assert_eq!(of_second.len(), COLD_READS_MAX - COLD_READS_OF_ACCOUNT);
    // Whoever waits has its turn when another of its account is over.
    let mut waits = Box::pin(admission.admit(&clock, &first, 1, Waits::Bounded));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(waits.as_mut().poll(&mut cx).is_pending());
    drop(of_first);
    assert!(matches!(waits.as_mut().poll(&mut cx), Poll::Ready(Ok(_))));
    drop((waits, of_second));
    assert_eq!((admission.cold_reads(), admission.room().taken()), (0, 0));
    assert!(turns_of(&admission, &clock, &second).len() > 1);
    assert_eq!(admission.turns_of.lock().len(), 1, "others are forgotten");
}

#[test]
fn room_when_one_account_wants_all_then_another_has_some() {
    const PIECE: usize = ROOM_BYTES / 64;
    let admission = Admission::new();
    let [first, second] = ["1", "2"].map(account);
    drop((admission.share_of(&first), admission.share_of(&second)));
    let fill = |account| {
        let piece = || admission.share_at_once(account, PIECE).ok();
        std::iter::from_fn(piece).collect::<Vec<_>>()
    };
    let of_first = fill(&first);
    // Such pieces are large: together they may have three quarters.
    assert_eq!(of_first.len(), 48);
    let small = admission.share_at_once(&first, 1);
    assert!(small.is_err(), "its part");
    assert!(admission.share_at_once(&second, 1).is_ok());
    drop(of_first);
    assert_eq!(admission.room().taken(), 0);
}

#[test]
fn subscriptions_when_one_account_has_its_part_then_another_has_a_place() {
    let admission = Admission::new();
    admission.subscriptions().resize(8);
    let [first, second] = ["1", "2"].map(account);
    let all = |account| std::iter::from_fn(|| admission.subscribe(account)).collect::<Vec<_>>();
    assert_eq!(all(&first).len(), 8, "there is no other");
    drop(admission.subscribe(&second));
    let of_first = all(&first);
    assert_eq!(of_first.len(), 6);
    assert!(!all(&second).is_empty());
    let refused = admission.subscriptions().refused();
    assert_eq!(refused, 3);
    drop(of_first);
    assert_eq!(admission.subscriptions().taken(), 0);
}
