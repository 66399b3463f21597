//! Parents before children: in what consumers read, and in what the server wrote.

use super::ledger::Ledger;
use super::topology::Topology;
use crate::history::{Lineage, ListedShard};
use crate::number::ShardId;
use crate::verdict::{Anomaly, Kind, Verdict};
use std::collections::BTreeMap;

pub(super) fn check(ledger: &Ledger<'_>, topology: &Topology, verdict: &mut Verdict) {
    check_consumers(ledger, topology, verdict);
    check_writes(ledger, topology, verdict);
}

/// A parents-first consumer opens a shard after it has reached the end of each parent.
fn check_consumers(ledger: &Ledger<'_>, topology: &Topology, verdict: &mut Verdict) {
    let drained = drained(ledger);
    let opens = ledger.sessions.iter().map(|session| session.open);
    for open in opens.filter(|open| open.lineage == Lineage::ParentsFirst) {
        let parents = topology
            .get(open.shard)
            .map_or(&[][..], |listed| &listed.parents);
        for &parent in parents
            .iter()
            .filter(|parent| topology.get(**parent).is_some())
        {
            let end = drained.get(&(open.consumer, parent));
            if end.is_none_or(|finished| open.span.started < *finished) {
                let detail = format!("consumer {} had not drained {parent}", open.consumer);
                verdict.report(Anomaly::new(Kind::ParentNotDrained, detail).on(open.shard));
            }
        }
    }
}

/// When each consumer first reached the end of each shard.
fn drained(ledger: &Ledger<'_>) -> BTreeMap<(u32, ShardId), u64> {
    let mut drained = BTreeMap::new();
    for session in &ledger.sessions {
        for read in session.reads.iter().filter(|read| read.shard_end) {
            let key = (session.open.consumer, session.open.shard);
            let first = drained.entry(key).or_insert(u64::MAX);
            *first = read.span.finished.min(*first);
        }
    }
    drained
}

/// No write to a shard begins after a write to one of its descendants has ended.
fn check_writes(ledger: &Ledger<'_>, topology: &Topology, verdict: &mut Verdict) {
    // The latest start of a write in each shard and its ancestors; by age, so that parents come
    // first.
    let mut begun: BTreeMap<ShardId, u64> = BTreeMap::new();
    for shard in topology.by_age() {
        let in_parents = parents_latest(shard, &begun);
        let (mut latest, mut earliest) = (in_parents, u64::MAX);
        for (_, _, span) in ledger.shards[&shard.shard].written() {
            latest = latest.max(span.started);
            earliest = earliest.min(span.finished);
        }
        begun.insert(shard.shard, latest);
        if earliest < in_parents {
            let ago = in_parents - earliest;
            let detail = format!("a write here ended {ago} ns before one to an ancestor began");
            verdict.report(Anomaly::new(Kind::LineageInversion, detail).on(shard.shard));
        }
    }
}

fn parents_latest(shard: &ListedShard, begun: &BTreeMap<ShardId, u64>) -> u64 {
    shard
        .parents
        .iter()
        .filter_map(|parent| begun.get(parent))
        .copied()
        .max()
        .unwrap_or(0)
}
