//! Faults in how subscriptions end.

use super::super::super::fanout::GIVE_NANOS;
use super::super::scene::{pick, session_mut, sessions};
use crate::{Event, History, Subscribed};
use fastrand::Rng;

/// More than a subscription lasts, in nanoseconds.
const SIX_MINUTES: u64 = 360 * 1_000_000_000;

fn subscribe(history: &mut History, session: u64) {
    let seat = "reader".to_owned();
    let subscribed = Subscribed { session, seat };
    history.events.push(Event::Subscribed(subscribed));
}

pub(super) fn outlast(history: &mut History, rng: &mut Rng) -> bool {
    let Some((open, _)) = pick(sessions(history, |_, reads| !reads.is_empty()), rng) else {
        return false;
    };
    subscribe(history, open.session);
    let mut reads = session_mut(history, open.session);
    let last = reads.last_mut().unwrap();
    last.span.finished = last.span.finished.max(open.span.finished + SIX_MINUTES);
    true
}

pub(super) fn share_seat(history: &mut History, rng: &mut Rng) -> bool {
    let all = sessions(history, |_, reads| !reads.is_empty());
    let mut pairs = Vec::new();
    for (first, _) in &all {
        let is_next = |second: &crate::Open| {
            second.shard == first.shard && second.span.started >= first.span.finished
        };
        let next = all.iter().filter(|(second, _)| is_next(second));
        pairs.extend(next.map(|(second, _)| (first.clone(), second.clone())));
    }
    let Some((first, second)) = pick(pairs, rng) else {
        return false;
    };
    subscribe(history, first.session);
    subscribe(history, second.session);
    let mut reads = session_mut(history, first.session);
    let last = reads.last_mut().unwrap();
    let taken = second.span.finished + GIVE_NANOS;
    last.span.finished = last.span.finished.max(taken + 1);
    true
}
