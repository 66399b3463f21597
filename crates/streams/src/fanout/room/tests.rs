//! Who gets memory, who waits, and who blocks whom.

use super::*;

const MIB: u32 = 1024;

pub(in crate::fanout) fn owner(account: u64, stream: u64) -> Owner {
    Owner {
        account: AccountId::parse(&format!("{account:012}")).unwrap(),
        stream,
    }
}

fn at(seconds: u64) -> Monotonic {
    Monotonic(Duration::from_secs(seconds))
}

/// Takes all that one may have, a MiB at a time.
fn hog(room: &Arc<Room>, owner: &Owner, standing: Standing) -> Vec<Lease> {
    std::iter::from_fn(|| room.try_lease(owner, standing, MIB)).collect()
}

fn total(leases: &[Vec<Lease>]) -> usize {
    leases.iter().map(Vec::len).sum()
}

#[test]
fn stream_when_it_takes_all_that_it_may_then_leaves_as_much_for_the_next() {
    let room = Room::new();
    let first = hog(&room, &owner(1, 1), Standing::New);
    assert_eq!(first.len(), 32);
    let same = hog(&room, &owner(1, 1), Standing::Draining);
    assert_eq!(first.len() + same.len(), 48, "those that drain find more");
    let other = hog(&room, &owner(1, 2), Standing::Draining);
    assert_eq!(other.len(), 24);
    let third = hog(&room, &owner(2, 3), Standing::Draining);
    assert!(third.len() >= 20, "{} for another account", third.len());
}

#[test]
fn new_subscribers_when_of_however_many_streams_then_leave_a_quarter_for_those_that_drain() {
    let room = Room::new();
    let held: Vec<_> = (0..1000)
        .map(|stream| hog(&room, &owner(stream / 10, stream), Standing::New))
        .collect();
    assert!(total(&held) <= 96, "{}", total(&held));
    assert_eq!(room.free_kib(), ROOM_KIB - total(&held) as u32 * MIB);
    assert!(
        room.try_lease(&owner(5000, 5000), Standing::New, MIB)
            .is_none()
    );
    assert!(
        room.try_lease(&owner(5000, 5000), Standing::Draining, 14 * MIB)
            .is_some()
    );
    drop(held);
    assert_eq!(room.free_kib(), ROOM_KIB);
    let state = room.state.lock();
    assert!(state.accounts.is_empty() && state.streams.is_empty());
}

#[tokio::test]
async fn waiters_when_room_is_given_back_then_those_that_drain_come_first_and_none_is_overtaken() {
    let room = Room::new();
    let hogged = owner(1, 1);
    let mut held = hog(&room, &hogged, Standing::Draining);
    let new = room.wait(&hogged, Standing::New, MIB);
    let large = room.wait(&hogged, Standing::Draining, 2 * MIB);
    let small = room.wait(&hogged, Standing::Draining, MIB);
    drop(held.pop());
    assert!(small.take().is_none() && large.take().is_none());
    assert!(room.try_lease(&hogged, Standing::Draining, MIB).is_none());
    assert!(room.try_lease(&hogged, Standing::New, 1).is_none());
    let other = room.wait(&owner(1, 2), Standing::Draining, MIB);
    other.granted().await;
    drop(held.drain(..2));
    large.granted().await;
    assert!(small.take().is_none());
    // Leaving the queue makes way for others.
    drop(small);
    drop((large, other));
    assert!(new.take().is_none());
    drop(held);
    new.granted().await;
    drop(new);
    assert_eq!(room.free_kib(), ROOM_KIB);
    let state = room.state.lock();
    assert!(state.waiting.is_empty() && state.places.is_empty());
}

#[test]
fn stalled_clients_when_another_stream_is_short_then_are_in_its_way_if_theirs_holds_more() {
    let room = Room::new();
    let held = hog(&room, &owner(1, 1), Standing::New);
    let little = room.try_lease(&owner(1, 2), Standing::New, MIB).unwrap();
    assert!(!room.is_wanted_of(1, at(0)), "nobody is short");
    room.note_refused(&owner(1, 1), at(10));
    assert!(room.is_wanted_of(1, at(11)));
    assert!(!room.is_wanted_of(2, at(11)), "it holds less");
    assert!(!room.is_wanted_of(1, at(12)), "that is over");
    let ticket = room.wait(&owner(2, 3), Standing::New, ROOM_KIB);
    assert!(room.is_wanted_of(1, at(20)) && room.is_wanted_of(2, at(20)));
    assert!(!room.is_wanted_of(4, at(20)), "it holds nothing");
    drop((ticket, held, little));
    assert!(!room.is_wanted_of(1, at(20)));
}
