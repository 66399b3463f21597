//! Faults in what readers are given.

use super::super::generator::FINAL_CONSUMER;
use super::super::scene::{
    acked, at_number, drop_reads_after, opens, opens_mut, pick, reads_mut, session_mut, sessions,
    topology,
};
use crate::{History, Lineage, Open, Read, Seen, SequenceNumber, Start};
use fastrand::Rng;

fn is_anchored(open: &Open) -> bool {
    match open.start {
        Start::TrimHorizon | Start::At(_) | Start::After(_) => true,
        Start::Latest | Start::Timestamp => false,
    }
}

fn numbers(reads: &[Read]) -> Vec<SequenceNumber> {
    reads
        .iter()
        .flat_map(|read| &read.records)
        .map(|it| it.sequence_number)
        .collect()
}

pub(super) fn swap_adjacent(history: &mut History, rng: &mut Rng) -> bool {
    let mut long = reads_mut(history);
    long.retain(|read| read.records.len() >= 2);
    let Some(read) = pick(long, rng) else {
        return false;
    };
    let at = rng.usize(0..read.records.len() - 1);
    read.records.swap(at, at + 1);
    true
}

pub(super) fn repeat(history: &mut History, rng: &mut Rng) -> bool {
    let repeatable = sessions(history, |_, reads| {
        reads.len() >= 2 && !numbers(&reads[..reads.len() - 1]).is_empty()
    });
    let Some((open, reads)) = pick(repeatable, rng) else {
        return false;
    };
    let after_records = (1..reads.len()).filter(|at| !numbers(&reads[..*at]).is_empty());
    let at = pick(after_records.collect(), rng).unwrap();
    let last: Seen = *reads[..at]
        .iter()
        .flat_map(|read| &read.records)
        .next_back()
        .unwrap();
    session_mut(history, open.session)[at]
        .records
        .insert(0, last);
    true
}

pub(super) fn include_start(history: &mut History, rng: &mut Rng) -> bool {
    let resumed = sessions(history, |open, reads| {
        let Start::After(number) = open.start else {
            return false;
        };
        !reads.is_empty() && at_number(history, number).is_some()
    });
    let Some((open, _)) = pick(resumed, rng) else {
        return false;
    };
    let Start::After(number) = open.start else {
        return false;
    };
    let record = at_number(history, number).unwrap();
    session_mut(history, open.session)[0]
        .records
        .insert(0, record);
    true
}

/// Leaves out the record that is `at`-th in a session, for which there are others before and
/// behind.
fn leave_out(history: &mut History, session: u64, number: SequenceNumber) {
    for read in session_mut(history, session) {
        read.records.retain(|it| it.sequence_number != number);
    }
}

pub(super) fn skip(history: &mut History, rng: &mut Rng) -> bool {
    let long = sessions(history, |open, reads| {
        open.consumer != FINAL_CONSUMER && numbers(reads).len() >= 3
    });
    let Some((open, reads)) = pick(long, rng) else {
        return false;
    };
    let numbers = numbers(&reads);
    leave_out(
        history,
        open.session,
        numbers[rng.usize(1..numbers.len() - 1)],
    );
    true
}

pub(super) fn skip_first(history: &mut History, rng: &mut Rng) -> bool {
    let anchored = sessions(history, |open, reads| {
        open.consumer != FINAL_CONSUMER && is_anchored(open) && numbers(reads).len() >= 2
    });
    let Some((open, reads)) = pick(anchored, rng) else {
        return false;
    };
    leave_out(history, open.session, numbers(&reads)[0]);
    true
}

pub(super) fn stop_early(history: &mut History, rng: &mut Rng) -> bool {
    let acked = acked(history);
    let mut choices = Vec::new();
    let anchored = |open: &Open, _: &[Read]| is_anchored(open) && open.consumer != FINAL_CONSUMER;
    for (open, reads) in sessions(history, anchored) {
        for at in (0..reads.len()).filter(|at| reads[*at].reached_tail) {
            let started = reads[at].span.started;
            let known = |number: &SequenceNumber| {
                acked
                    .iter()
                    .any(|it| it.number == *number && it.put.span.finished < started)
            };
            let missed = numbers(&reads[..=at]).into_iter().filter(known);
            choices.extend(missed.map(|number| (open.session, started, number)));
        }
    }
    let Some((session, started, number)) = pick(choices, rng) else {
        return false;
    };
    drop_reads_after(history, session, started);
    for read in session_mut(history, session) {
        read.records.retain(|it| it.sequence_number < number);
    }
    true
}

pub(super) fn silence_latest(history: &mut History, rng: &mut Rng) -> bool {
    let acked = acked(history);
    let late = sessions(history, |open, reads| {
        let tails = reads
            .iter()
            .filter(|read| read.reached_tail)
            .map(|read| read.span.started);
        let last = tails.max().unwrap_or(0);
        let between = acked.iter().any(|it| {
            let span = it.put.span;
            it.shard == open.shard && open.span.finished < span.started && span.finished < last
        });
        open.start == Start::Latest && between
    });
    let Some((open, _)) = pick(late, rng) else {
        return false;
    };
    session_mut(history, open.session)
        .into_iter()
        .for_each(|read| read.records.clear());
    true
}

pub(super) fn end_early(history: &mut History, rng: &mut Rng) -> bool {
    let mut choices = Vec::new();
    for (open, reads) in sessions(history, |open, _| open.consumer != FINAL_CONSUMER) {
        let early = (0..reads.len()).filter(|at| {
            !numbers(&reads[..=*at]).is_empty() && !numbers(&reads[at + 1..]).is_empty()
        });
        choices.extend(early.map(|at| (open.session, reads[at].span.started, at)));
    }
    let Some((session, started, at)) = pick(choices, rng) else {
        return false;
    };
    drop_reads_after(history, session, started);
    session_mut(history, session)[at].shard_end = true;
    true
}

/// A session of a consumer that reads parents first, on a shard that has some.
fn pick_child(history: &History, rng: &mut Rng) -> Option<Open> {
    let children = topology(history)
        .into_iter()
        .filter(|it| !it.parents.is_empty());
    let children: Vec<_> = children.map(|it| it.shard).collect();
    let follows =
        |open: &&Open| open.lineage == Lineage::ParentsFirst && children.contains(&open.shard);
    pick(
        opens(history)
            .into_iter()
            .filter(follows)
            .cloned()
            .collect(),
        rng,
    )
}

pub(super) fn forget_parent_end(history: &mut History, rng: &mut Rng) -> bool {
    let Some(child) = pick_child(history, rng) else {
        return false;
    };
    let listed = topology(history)
        .into_iter()
        .find(|it| it.shard == child.shard)
        .unwrap();
    let parent = pick(listed.parents, rng).unwrap();
    let of_parent = opens(history).into_iter();
    let of_parent = of_parent.filter(|it| it.consumer == child.consumer && it.shard == parent);
    let sessions: Vec<_> = of_parent.map(|open| open.session).collect();
    for read in reads_mut(history)
        .into_iter()
        .filter(|it| sessions.contains(&it.session))
    {
        read.shard_end = false;
    }
    true
}

pub(super) fn open_child_early(history: &mut History, rng: &mut Rng) -> bool {
    let Some(child) = pick_child(history, rng) else {
        return false;
    };
    let open = opens_mut(history)
        .into_iter()
        .find(|it| it.session == child.session);
    open.map(|open| open.span.started = 0).is_some()
}
