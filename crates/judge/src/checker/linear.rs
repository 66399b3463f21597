//! Real time: each shard is a register holding a growing log, and every operation on it took effect
//! at an instant between its start and its end.
//!
//! The server states the order, so there is nothing to search. A write at position i has the key
//! `2i + 1`, a read that found exactly n records has the key `2n`. The shard is linearizable if and
//! only if no operation ended before one with a smaller key began; one pass from the largest key
//! down with a running minimum of ends finds every violation. A write of unknown outcome ends when
//! it is first read; one that was never read is ignored.

use super::Passage;
use super::ledger::{Ledger, ShardLog};
use super::passage::Tail;
use crate::history::Span;
use crate::number::{SequenceNumber, ShardId};
use crate::payload::RecordId;
use crate::verdict::{Anomaly, Kind, Verdict};
use std::collections::BTreeMap;
use std::fmt;

pub(super) fn check(ledger: &Ledger<'_>, passages: &[Passage<'_>], verdict: &mut Verdict) {
    let mut by_shard: BTreeMap<ShardId, Vec<&Passage<'_>>> = BTreeMap::new();
    for passage in passages {
        by_shard
            .entry(passage.session.open.shard)
            .or_default()
            .push(passage);
    }
    for (&shard, log) in &ledger.shards {
        let passages = by_shard.remove(&shard).unwrap_or_default();
        check_order(shard, operations(log, &passages), verdict);
        check_silent(shard, log, &passages, verdict);
        check_requests(shard, log, verdict);
    }
}

/// An operation that took effect on a shard.
#[derive(Clone, Copy)]
enum Act {
    Write(RecordId, SequenceNumber),
    Tail(usize),
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(record, number) => write!(f, "the write of {record} at {number}"),
            Self::Tail(count) => write!(f, "a read that found the tail after {count} records"),
        }
    }
}

/// An operation with its place in the stated order.
#[derive(Clone, Copy)]
struct Operation {
    key: usize,
    span: Span,
    act: Act,
}

fn operations(log: &ShardLog<'_>, passages: &[&Passage<'_>]) -> Vec<Operation> {
    let writes = log.written().filter_map(|(index, sighting, span)| {
        let act = Act::Write(sighting.record?, sighting.sequence_number);
        Some(Operation {
            key: 2 * index + 1,
            span,
            act,
        })
    });
    let tails = passages.iter().flat_map(|passage| &passage.tails);
    let tails = tails.map(|&Tail { count, span }| Operation {
        key: 2 * count,
        span,
        act: Act::Tail(count),
    });
    let mut operations: Vec<_> = writes.chain(tails).collect();
    operations.sort_by_key(|operation| operation.key);
    operations
}

fn check_order(shard: ShardId, operations: Vec<Operation>, verdict: &mut Verdict) {
    let mut earliest: Option<Operation> = None;
    for same_key in operations.chunk_by(|one, other| one.key == other.key).rev() {
        for operation in same_key {
            if operation.span.finished < operation.span.started {
                report(
                    shard,
                    operation,
                    "was read before it began".to_owned(),
                    verdict,
                );
            } else if let Some(later) = earliest
                && later.span.finished < operation.span.started
            {
                let ago = operation.span.started - later.span.finished;
                let detail = format!("began {ago} ns after the end of {}", later.act);
                report(shard, operation, detail, verdict);
            }
        }
        let first = same_key
            .iter()
            .min_by_key(|operation| operation.span.finished)
            .copied();
        earliest = earliest
            .into_iter()
            .chain(first)
            .min_by_key(|it| it.span.finished);
    }
}

fn report(shard: ShardId, operation: &Operation, detail: String, verdict: &mut Verdict) {
    let detail = format!("{} {detail}", operation.act);
    verdict.report(match operation.act {
        Act::Write(record, number) => Anomaly::new(Kind::RealtimeInversion, detail)
            .on(shard)
            .at(number)
            .of(record),
        Act::Tail(_) => Anomaly::new(Kind::StaleRead, detail).on(shard),
    });
}

/// A session from LATEST that saw nothing has no place in the order, but no write may have begun
/// after its start and ended before a read of it that found the tail.
fn check_silent(
    shard: ShardId,
    log: &ShardLog<'_>,
    passages: &[&Passage<'_>],
    verdict: &mut Verdict,
) {
    let silent: Vec<_> = passages
        .iter()
        .filter(|passage| !passage.silent.is_empty())
        .collect();
    if silent.is_empty() {
        return;
    }
    let mut writes: Vec<_> = log.written().map(|(_, _, span)| span).collect();
    writes.sort_unstable_by_key(|span| span.started);
    let mut earliest = u64::MAX;
    for write in writes.iter_mut().rev() {
        earliest = earliest.min(write.finished);
        write.finished = earliest;
    }
    for passage in silent {
        let open = passage.session.open;
        let since = writes.partition_point(|write| write.started <= open.span.finished);
        let Some(write) = writes.get(since) else {
            continue;
        };
        for _ in passage
            .silent
            .iter()
            .filter(|read| write.finished < read.started)
        {
            let detail = format!(
                "session {} from LATEST did not see a later write",
                open.session
            );
            verdict.report(Anomaly::new(Kind::StaleRead, detail).on(shard));
        }
    }
}

/// The records of a PutRecords are in the order of its entries, if their hash keys say where they
/// belong.
fn check_requests(shard: ShardId, log: &ShardLog<'_>, verdict: &mut Verdict) {
    let mut entries: Vec<_> = log
        .sightings
        .iter()
        .filter_map(|it| Some((it.put?, it.sequence_number)))
        .filter(|(put, _)| put.hash_key.is_some())
        .map(|(put, number)| (put.record.client, put.request, number, put.record))
        .collect();
    entries.sort_unstable();
    for pair in entries.windows(2) {
        let [
            (client, request, _, one),
            (next_client, next_request, number, other),
        ] = pair
        else {
            continue;
        };
        if (client, request) == (next_client, next_request) && other.op < one.op {
            let detail = format!("behind {one}, a later entry of the same request");
            let anomaly = Anomaly::new(Kind::RequestReordered, detail);
            verdict.report(anomaly.on(shard).at(*number).of(*other));
        }
    }
}
