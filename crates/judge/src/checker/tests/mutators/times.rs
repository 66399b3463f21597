//! Faults that only real time shows.

use super::super::scene::{self, acked, first_observed, pick, pick_pair, put_mut, seen, topology};
use crate::{History, Span};
use fastrand::Rng;

pub(super) fn swap_records(history: &mut History, rng: &mut Rng) -> bool {
    let apart = pick_pair(history, rng, |one, other| {
        one.put.span.finished < other.put.span.started
    });
    apart
        .map(|(one, other)| scene::swap_records(history, &one, &other))
        .is_some()
}

pub(super) fn move_before(history: &mut History, rng: &mut Rng) -> bool {
    let pair = pick_pair(history, rng, |one, _| one.put.span.started > 0);
    let Some((one, other)) = pair else {
        return false;
    };
    let finished = one.put.span.started - 1;
    put_mut(history, other.put.record).span = Span {
        started: 0,
        finished,
    };
    true
}

pub(super) fn begin_after_read(history: &mut History, rng: &mut Rng) -> bool {
    let Some(chosen) = pick(seen(history), rng) else {
        return false;
    };
    let record = chosen.record.unwrap();
    let started = first_observed(history, record).unwrap() + 1;
    put_mut(history, record).span = Span {
        started,
        finished: started + rng.u64(0..100),
    };
    true
}

pub(super) fn write_parent_late(history: &mut History, rng: &mut Rng) -> bool {
    let (all, topology) = (acked(history), topology(history));
    let mut choices = Vec::new();
    for child in &all {
        let listed = topology.iter().find(|it| it.shard == child.shard).unwrap();
        let parents = all.iter().filter(|it| listed.parents.contains(&it.shard));
        choices.extend(parents.map(|parent| (parent.put.record, child.put.span.finished)));
    }
    let Some((record, finished)) = pick(choices, rng) else {
        return false;
    };
    let span = Span {
        started: finished + 1,
        finished: finished + 1 + rng.u64(0..100),
    };
    put_mut(history, record).span = span;
    true
}
