//! Faults in what records are and where they stand.

use super::super::scene::{
    acked, pick, pick_pair, put_mut, puts, reads, reads_mut, seen, shard_of, swap_records, topology,
};
use crate::{Event, HashKey, History, Outcome, RecordId, Seen};
use fastrand::Rng;

const NOBODY: RecordId = RecordId {
    client: u32::MAX,
    op: 1,
    attempt: 1,
};

fn pick_seen(history: &History, rng: &mut Rng) -> Option<Seen> {
    pick(seen(history), rng)
}

/// Changes one sighting of a record, in one read.
fn change_once(history: &mut History, rng: &mut Rng, to: Option<RecordId>) -> bool {
    let all = reads_mut(history)
        .into_iter()
        .flat_map(|read| &mut read.records)
        .collect();
    let chosen: Option<&mut Seen> = pick(all, rng);
    chosen.map(|seen| seen.record = to).is_some()
}

pub(super) fn lose(history: &mut History, rng: &mut Rng) -> bool {
    let Some(lost) = pick(acked(history), rng) else {
        return false;
    };
    let lost = Some(lost.put.record);
    reads_mut(history)
        .into_iter()
        .for_each(|read| read.records.retain(|it| it.record != lost));
    true
}

pub(super) fn overwrite(history: &mut History, rng: &mut Rng) -> bool {
    let Some(lost) = pick(acked(history), rng) else {
        return false;
    };
    let unknown = |put: &&crate::Put| put.outcome == Outcome::Unknown;
    let writers = puts(history)
        .into_iter()
        .filter(unknown)
        .map(|put| put.record)
        .collect();
    let Some(writer) = pick(writers, rng) else {
        return false;
    };
    for seen in reads_mut(history)
        .into_iter()
        .flat_map(|read| &mut read.records)
    {
        if seen.record == Some(lost.put.record) {
            seen.record = Some(writer);
        }
    }
    true
}

pub(super) fn leave_unread(history: &mut History, rng: &mut Rng) -> bool {
    let Some(unread) = pick(acked(history), rng) else {
        return false;
    };
    let of_shard = super::super::scene::opens(history)
        .into_iter()
        .filter(|it| it.shard == unread.shard);
    let sessions: Vec<_> = of_shard.map(|open| open.session).collect();
    history.events.retain(|event| match event {
        Event::Open(open) => !sessions.contains(&open.session),
        Event::Read(read) => !sessions.contains(&read.session),
        Event::Subscribed(subscribed) => !sessions.contains(&subscribed.session),
        Event::Put(_) | Event::List(_) | Event::Reshard(_) => true,
    });
    true
}

pub(super) fn forget_put(history: &mut History, rng: &mut Rng) -> bool {
    let Some(chosen) = pick_seen(history, rng) else {
        return false;
    };
    let of_chosen =
        |event: &Event| matches!(event, Event::Put(put) if Some(put.record) == chosen.record);
    history.events.retain(|event| !of_chosen(event));
    true
}

pub(super) fn invent(history: &mut History, rng: &mut Rng) -> bool {
    change_once(history, rng, Some(NOBODY))
}

pub(super) fn damage(history: &mut History, rng: &mut Rng) -> bool {
    change_once(history, rng, None)
}

pub(super) fn write_twice(history: &mut History, rng: &mut Rng) -> bool {
    let Some(chosen) = pick_seen(history, rng) else {
        return false;
    };
    let twin = Seen {
        sequence_number: chosen.sequence_number.next().unwrap(),
        ..chosen
    };
    for read in reads_mut(history) {
        if let Some(at) = read.records.iter().position(|it| *it == chosen) {
            read.records.insert(at + 1, twin);
        }
    }
    true
}

pub(super) fn write_elsewhere(history: &mut History, rng: &mut Rng) -> bool {
    let (Some(one), Some(other)) = (pick_seen(history, rng), pick_seen(history, rng)) else {
        return false;
    };
    let shard = |seen: Seen| {
        let read = reads(history)
            .into_iter()
            .find(|read| read.records.contains(&seen))
            .unwrap();
        shard_of(history, read.session)
    };
    if shard(one) == shard(other) {
        return false;
    }
    let twin = Seen {
        sequence_number: other.sequence_number.next().unwrap(),
        ..one
    };
    for read in reads_mut(history) {
        if let Some(at) = read.records.iter().position(|it| *it == other) {
            read.records.insert(at + 1, twin);
        }
    }
    true
}

pub(super) fn refuse(history: &mut History, rng: &mut Rng) -> bool {
    let Some(chosen) = pick_seen(history, rng) else {
        return false;
    };
    put_mut(history, chosen.record.unwrap()).outcome = Outcome::DefinitelyFailed;
    true
}

pub(super) fn exchange(history: &mut History, rng: &mut Rng) -> bool {
    let (Some(one), Some(other)) = (pick_seen(history, rng), pick_seen(history, rng)) else {
        return false;
    };
    let all = reads_mut(history)
        .into_iter()
        .flat_map(|read| &mut read.records);
    let mut of_one: Vec<_> = all.filter(|it| **it == one).collect();
    if one == other || of_one.len() < 2 {
        return false;
    }
    rng.choice(of_one.iter_mut()).unwrap().record = other.record;
    true
}

pub(super) fn share_number(history: &mut History, rng: &mut Rng) -> bool {
    let Some(one) = pick_seen(history, rng) else {
        return false;
    };
    let holder = reads(history)
        .into_iter()
        .find(|read| read.records.contains(&one))
        .unwrap();
    let home = shard_of(history, holder.session);
    let elsewhere = super::super::scene::opens(history)
        .into_iter()
        .filter(|open| open.shard != home);
    let elsewhere: Vec<_> = elsewhere.map(|open| open.session).collect();
    let others = reads_mut(history).into_iter();
    let others = others
        .filter(|read| elsewhere.contains(&read.session))
        .collect();
    pick(others, rng)
        .map(|read| read.records.push(one))
        .is_some()
}

pub(super) fn acknowledge_number(history: &mut History, rng: &mut Rng) -> bool {
    let Some(chosen) = pick(acked(history), rng) else {
        return false;
    };
    let sequence_number = chosen.number.next().unwrap();
    let outcome = Outcome::Acked {
        shard: chosen.shard,
        sequence_number,
    };
    put_mut(history, chosen.put.record).outcome = outcome;
    true
}

pub(super) fn acknowledge_shard(history: &mut History, rng: &mut Rng) -> bool {
    let Some(chosen) = pick(acked(history), rng) else {
        return false;
    };
    let others = topology(history).into_iter().map(|it| it.shard);
    let others = others.filter(|shard| *shard != chosen.shard).collect();
    let Some(shard) = pick(others, rng) else {
        return false;
    };
    let outcome = Outcome::Acked {
        shard,
        sequence_number: chosen.number,
    };
    put_mut(history, chosen.put.record).outcome = outcome;
    true
}

pub(super) fn misroute(history: &mut History, rng: &mut Rng) -> bool {
    let Some(chosen) = pick(acked(history), rng) else {
        return false;
    };
    let listed = topology(history)
        .into_iter()
        .find(|it| it.shard == chosen.shard)
        .unwrap();
    let below = listed.range.first.0.checked_sub(1);
    let above = listed.range.last.0.checked_add(1);
    let outside = pick(below.into_iter().chain(above).collect(), rng);
    let Some(key) = outside else { return false };
    put_mut(history, chosen.put.record).hash_key = Some(HashKey(key));
    true
}

pub(super) fn reorder_request(history: &mut History, rng: &mut Rng) -> bool {
    let pair = pick_pair(history, rng, |one, other| {
        let (one, other) = (&one.put, &other.put);
        let is_ordered = one.hash_key.is_some();
        is_ordered && (one.record.client, one.request) == (other.record.client, other.request)
    });
    pair.map(|(one, other)| swap_records(history, &one, &other))
        .is_some()
}
