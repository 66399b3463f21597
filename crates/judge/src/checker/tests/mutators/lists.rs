//! Faults in lists of shards, and in reshards.

use super::super::scene::{acked, lists, lists_mut, pick, reshards, reshards_mut, topology};
use crate::{Event, HashKey, History, List, ListedShard, Reshard, ReshardOutcome, ShardId, Span};
use fastrand::Rng;

/// Changes a shard in every list that shows it.
fn change_all(history: &mut History, shard: ShardId, change: impl Fn(&mut ListedShard)) {
    let all = lists_mut(history)
        .into_iter()
        .flat_map(|list| &mut list.shards);
    all.filter(|it| it.shard == shard).for_each(change);
}

/// Changes a shard in one of several lists that show it and are as `wanted`.
fn change_one(
    history: &mut History,
    rng: &mut Rng,
    wanted: impl Fn(&ListedShard) -> bool,
    change: impl Fn(&mut ListedShard),
) -> bool {
    let all = lists(history)
        .into_iter()
        .flat_map(|list| &list.shards)
        .filter(|it| wanted(it));
    let mut shards: Vec<_> = all.map(|it| it.shard).collect();
    shards.sort_unstable();
    let several = |shard: &ShardId| shards.iter().filter(|it| *it == shard).count() > 1;
    let Some(shard) = pick(shards.iter().copied().filter(several).collect(), rng) else {
        return false;
    };
    let all = lists_mut(history)
        .into_iter()
        .flat_map(|list| &mut list.shards);
    let choices = all.filter(|it| it.shard == shard && wanted(it)).collect();
    pick(choices, rng).map(change).is_some()
}

/// Removes a shard that is as `wanted` from one list.
fn leave_out(history: &mut History, rng: &mut Rng, wanted: fn(&ListedShard) -> bool) -> bool {
    let mut choices = lists_mut(history);
    choices.retain(|list| list.shards.iter().any(wanted));
    let Some(list) = pick(choices, rng) else {
        return false;
    };
    let at = (0..list.shards.len())
        .filter(|at| wanted(&list.shards[*at]))
        .collect();
    pick(at, rng).map(|at| list.shards.remove(at)).is_some()
}

pub(super) fn begin_above(history: &mut History, rng: &mut Rng) -> bool {
    let Some(record) = pick(acked(history), rng) else {
        return false;
    };
    let first = record.number.next().unwrap();
    change_all(history, record.shard, |it| it.first = first);
    true
}

pub(super) fn end_below(history: &mut History, rng: &mut Rng) -> bool {
    let closed = topology(history).into_iter().filter(|it| it.last.is_some());
    let closed: Vec<_> = closed.map(|it| it.shard).collect();
    let inside = acked(history)
        .into_iter()
        .filter(|it| closed.contains(&it.shard));
    let Some(record) = pick(inside.collect(), rng) else {
        return false;
    };
    let first = topology(history)
        .into_iter()
        .find(|it| it.shard == record.shard)
        .unwrap()
        .first;
    change_all(history, record.shard, |it| it.last = it.last.map(|_| first));
    true
}

pub(super) fn lower_child(history: &mut History, rng: &mut Rng) -> bool {
    let topology = topology(history);
    let children = topology
        .iter()
        .filter(|it| !it.parents.is_empty())
        .collect();
    let Some(child): Option<&ListedShard> = pick(children, rng) else {
        return false;
    };
    let parent = pick(child.parents.clone(), rng).unwrap();
    let end = topology
        .iter()
        .find(|it| it.shard == parent)
        .unwrap()
        .last
        .unwrap();
    change_all(history, child.shard, |it| it.first = end);
    true
}

pub(super) fn hide(history: &mut History, rng: &mut Rng) -> bool {
    let Some(record) = pick(acked(history), rng) else {
        return false;
    };
    let all = lists_mut(history);
    all.into_iter()
        .for_each(|list| list.shards.retain(|it| it.shard != record.shard));
    true
}

pub(super) fn change_range(history: &mut History, rng: &mut Rng) -> bool {
    change_one(history, rng, |_| true, |it| it.range.last.0 ^= 1)
}

pub(super) fn change_parents(history: &mut History, rng: &mut Rng) -> bool {
    change_one(history, rng, |_| true, |it| it.parents.push(ShardId(77)))
}

pub(super) fn change_end(history: &mut History, rng: &mut Rng) -> bool {
    let closed = |it: &ListedShard| it.last.is_some();
    change_one(history, rng, closed, |it| {
        it.last = it.last.and_then(|last| last.next())
    })
}

pub(super) fn list_twice(history: &mut History, rng: &mut Rng) -> bool {
    let Some(list) = pick(lists_mut(history), rng) else {
        return false;
    };
    let shard = list.shards[rng.usize(0..list.shards.len())].clone();
    list.shards.push(shard);
    true
}

pub(super) fn leave_out_open(history: &mut History, rng: &mut Rng) -> bool {
    leave_out(history, rng, |it| it.last.is_none())
}

pub(super) fn overlap(history: &mut History, rng: &mut Rng) -> bool {
    let wide = topology(history).into_iter();
    let wide = wide.filter(|it| it.last.is_none() && it.range.first.0 > 0);
    let Some(shard) = pick(wide.collect(), rng) else {
        return false;
    };
    change_all(history, shard.shard, |it| {
        it.range.first = HashKey(it.range.first.0 - 1)
    });
    true
}

/// Lists that began after another had ended which showed `wanted` closed shards, and such a shard.
fn pick_later(history: &History, rng: &mut Rng) -> Option<(Span, ShardId)> {
    let mut choices = Vec::new();
    for list in lists(history) {
        let is_earlier = |other: &&List| other.span.finished < list.span.started;
        let shown = lists(history)
            .into_iter()
            .filter(is_earlier)
            .flat_map(|it| &it.shards);
        let closed = shown.filter(|it| it.last.is_some());
        choices.extend(closed.map(|it| (list.span, it.shard)));
    }
    pick(choices, rng)
}

pub(super) fn reopen(history: &mut History, rng: &mut Rng) -> bool {
    let Some((span, shard)) = pick_later(history, rng) else {
        return false;
    };
    let list = lists_mut(history)
        .into_iter()
        .find(|list| list.span == span)
        .unwrap();
    let listed = list.shards.iter_mut().find(|it| it.shard == shard);
    listed.map(|it| it.last = None).is_some()
}

pub(super) fn leave_out_closed(history: &mut History, rng: &mut Rng) -> bool {
    let Some((span, shard)) = pick_later(history, rng) else {
        return false;
    };
    let list = lists_mut(history)
        .into_iter()
        .find(|list| list.span == span)
        .unwrap();
    list.shards.retain(|it| it.shard != shard);
    true
}

pub(super) fn acknowledge_nothing(history: &mut History, rng: &mut Rng) -> bool {
    let open = topology(history).into_iter().filter(|it| it.last.is_none());
    let Some(shard) = pick(open.collect(), rng) else {
        return false;
    };
    let (parents, outcome) = (vec![shard.shard], ReshardOutcome::Acked);
    let span = Span {
        started: 0,
        finished: 1,
    };
    history.events.push(Event::Reshard(Reshard {
        span,
        parents,
        outcome,
    }));
    true
}

pub(super) fn undo_reshard(history: &mut History, rng: &mut Rng) -> bool {
    let done = reshards(history).into_iter();
    let done = done
        .filter(|it| it.outcome == ReshardOutcome::Acked)
        .cloned();
    let Some(reshard) = pick(done.collect(), rng) else {
        return false;
    };
    let mut later = lists_mut(history);
    later.retain(|list| reshard.span.finished < list.span.started);
    let Some(list) = pick(later, rng) else {
        return false;
    };
    let parent = list
        .shards
        .iter_mut()
        .find(|it| it.shard == reshard.parents[0]);
    parent.map(|it| it.last = None).is_some()
}

pub(super) fn refuse_reshard(history: &mut History, rng: &mut Rng) -> bool {
    let closed = topology(history).into_iter().filter(|it| it.last.is_some());
    let Some(parent) = pick(closed.collect(), rng) else {
        return false;
    };
    let all = reshards_mut(history).into_iter();
    for reshard in all.filter(|it| it.parents.contains(&parent.shard)) {
        reshard.outcome = ReshardOutcome::DefinitelyFailed;
    }
    true
}
