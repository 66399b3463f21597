//! Searches in histories, and edits that several mutators share.

use crate::{
    Event, History, List, ListedShard, Open, Outcome, Put, Read, RecordId, Reshard, Seen,
    SequenceNumber, ShardId,
};
use fastrand::Rng;

/// The events of one kind, to look at and to change.
macro_rules! events {
    ($($kind:ident: $all:ident, $all_mut:ident;)*) => {$(
        pub(super) fn $all(history: &History) -> Vec<&$kind> {
            let found = history.events.iter().filter_map(|event| {
                if let Event::$kind(found) = event { Some(found) } else { None }
            });
            found.collect()
        }

        pub(super) fn $all_mut(history: &mut History) -> Vec<&mut $kind> {
            let found = history.events.iter_mut().filter_map(|event| {
                if let Event::$kind(found) = event { Some(found) } else { None }
            });
            found.collect()
        }
    )*};
}

events! {
    Put: puts, puts_mut;
    Open: opens, opens_mut;
    Read: reads, reads_mut;
    List: lists, lists_mut;
    Reshard: reshards, reshards_mut;
}

pub(super) fn put_mut(history: &mut History, record: RecordId) -> &mut Put {
    puts_mut(history)
        .into_iter()
        .find(|put| put.record == record)
        .unwrap()
}

/// Every shard as the last list shows it.
pub(super) fn topology(history: &History) -> Vec<ListedShard> {
    let last = lists(history)
        .into_iter()
        .max_by_key(|list| list.span.started);
    last.unwrap().shards.clone()
}

/// One of `choices`.
pub(super) fn pick<T>(choices: Vec<T>, rng: &mut Rng) -> Option<T> {
    let at = (!choices.is_empty()).then(|| rng.usize(0..choices.len()))?;
    choices.into_iter().nth(at)
}

/// A put that was acknowledged, and its place.
#[derive(Clone)]
pub(super) struct Acked {
    pub(super) put: Put,
    pub(super) shard: ShardId,
    pub(super) number: SequenceNumber,
}

/// All acknowledged puts, by shard and number.
pub(super) fn acked(history: &History) -> Vec<Acked> {
    let mut all: Vec<_> = puts(history)
        .into_iter()
        .filter_map(|put| match put.outcome {
            Outcome::Acked {
                shard,
                sequence_number: number,
            } => Some(Acked {
                put: put.clone(),
                shard,
                number,
            }),
            Outcome::DefinitelyFailed | Outcome::Unknown => None,
        })
        .collect();
    all.sort_by_key(|it| (it.shard, it.number));
    all
}

/// Two acknowledged records of one shard, in its order, of which `wanted` is true.
pub(super) fn pick_pair(
    history: &History,
    rng: &mut Rng,
    wanted: impl Fn(&Acked, &Acked) -> bool,
) -> Option<(Acked, Acked)> {
    let all = acked(history);
    let mut pairs = Vec::new();
    for (at, one) in all.iter().enumerate() {
        let others = all[at + 1..]
            .iter()
            .take_while(|other| other.shard == one.shard);
        pairs.extend(
            others
                .filter(|other| wanted(one, other))
                .map(|other| (one, other)),
        );
    }
    pick(pairs, rng).map(|(one, other)| (one.clone(), other.clone()))
}

/// Every record that was read, each once.
pub(super) fn seen(history: &History) -> Vec<Seen> {
    let all = reads(history)
        .into_iter()
        .flat_map(|read| read.records.iter().copied());
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|it| it.sequence_number);
    all.dedup();
    all
}

/// The record at `number`.
pub(super) fn at_number(history: &History, number: SequenceNumber) -> Option<Seen> {
    seen(history)
        .into_iter()
        .find(|it| it.sequence_number == number)
}

/// Which session reads which shard.
pub(super) fn shard_of(history: &History, session: u64) -> ShardId {
    opens(history)
        .into_iter()
        .find(|open| open.session == session)
        .unwrap()
        .shard
}

/// When the first read that saw `record` finished.
pub(super) fn first_observed(history: &History, record: RecordId) -> Option<u64> {
    let has = |read: &&Read| read.records.iter().any(|it| it.record == Some(record));
    reads(history)
        .into_iter()
        .filter(has)
        .map(|read| read.span.finished)
        .min()
}

/// The reads of one session in order.
pub(super) fn session_mut(history: &mut History, session: u64) -> Vec<&mut Read> {
    let mut all = reads_mut(history);
    all.retain(|read| read.session == session);
    all.sort_by_key(|read| read.span.started);
    all
}

/// The sessions of which `wanted` is true, with copies of their reads in order.
pub(super) fn sessions(
    history: &History,
    wanted: impl Fn(&Open, &[Read]) -> bool,
) -> Vec<(Open, Vec<Read>)> {
    let mut found = Vec::new();
    for open in opens(history) {
        let mut own: Vec<_> = reads(history)
            .into_iter()
            .filter(|it| it.session == open.session)
            .cloned()
            .collect();
        own.sort_by_key(|read| read.span.started);
        if wanted(open, &own) {
            found.push((open.clone(), own));
        }
    }
    found
}

/// Removes the reads of a session that began after `started`.
pub(super) fn drop_reads_after(history: &mut History, session: u64, started: u64) {
    history.events.retain(|event| match event {
        Event::Read(read) => read.session != session || read.span.started <= started,
        Event::Put(_)
        | Event::Open(_)
        | Event::Subscribed(_)
        | Event::List(_)
        | Event::Reshard(_) => true,
    });
}

/// Lets two records change places everywhere, also in what their writers were told.
pub(super) fn swap_records(history: &mut History, one: &Acked, other: &Acked) {
    let (first, second) = (one.put.record, other.put.record);
    for seen in reads_mut(history)
        .into_iter()
        .flat_map(|read| &mut read.records)
    {
        if seen.record == Some(first) {
            seen.record = Some(second);
        } else if seen.record == Some(second) {
            seen.record = Some(first);
        }
    }
    put_mut(history, first).outcome = other.put.outcome;
    put_mut(history, second).outcome = one.put.outcome;
}
