//! Lists of shards, each by itself and in real time: the ring is covered, nothing deleted or undone
//! reappears, and every acknowledged reshard is shown.

use super::ledger::Ledger;
use super::topology::Topology;
use crate::history::{List, Reshard, ReshardOutcome};
use crate::number::ShardId;
use crate::verdict::{Anomaly, Kind, Verdict};
use std::collections::BTreeSet;

pub(super) fn check(ledger: &Ledger<'_>, topology: &Topology, verdict: &mut Verdict) {
    for list in &ledger.lists {
        check_cover(list, verdict);
        check_each_once(list, verdict);
    }
    check_progress(&ledger.lists, verdict);
    for reshard in &ledger.reshards {
        match reshard.outcome {
            ReshardOutcome::Acked => check_acked(reshard, &ledger.lists, verdict),
            ReshardOutcome::DefinitelyFailed => {
                check_failed(reshard, &ledger.reshards, topology, verdict);
            }
            ReshardOutcome::Unknown => {}
        }
    }
}

/// The open shards cover 0 … 2^128 − 1 exactly, at every instant.
fn check_cover(list: &List, verdict: &mut Verdict) {
    let open = list.shards.iter().filter(|shard| shard.last.is_none());
    let mut ranges: Vec<_> = open.map(|shard| (shard.range, shard.shard)).collect();
    ranges.sort_unstable();
    let mut next = Some(0);
    for (range, shard) in ranges {
        if next != Some(range.first.0) || range.last < range.first {
            let detail = format!(
                "it begins at {}, the ring before it ends at {next:?}",
                range.first
            );
            verdict.report(Anomaly::new(Kind::BrokenCover, detail).on(shard));
        }
        next = range.last.0.checked_add(1);
    }
    if let Some(key) = next {
        let detail = format!("no open shard takes {key} in the list of {:?}", list.span);
        verdict.report(Anomaly::new(Kind::BrokenCover, detail));
    }
}

fn check_each_once(list: &List, verdict: &mut Verdict) {
    let mut names = BTreeSet::new();
    for shard in list
        .shards
        .iter()
        .filter(|shard| !names.insert(shard.shard))
    {
        let detail = format!("twice in the list of {:?}", list.span);
        verdict.report(Anomaly::new(Kind::InconsistentShard, detail).on(shard.shard));
    }
}

/// A list shows at least what every list showed that had ended before it began.
fn check_progress(lists: &[&List], verdict: &mut Verdict) {
    let mut by_end = lists.to_vec();
    by_end.sort_by_key(|list| list.span.finished);
    let mut by_begin = lists.to_vec();
    by_begin.sort_by_key(|list| list.span.started);
    let mut earlier = by_end.into_iter().peekable();
    let mut known = Shown::default();
    for list in by_begin {
        while let Some(ended) = earlier.next_if(|it| it.span.finished < list.span.started) {
            known.add(ended);
        }
        let mut shown = Shown::default();
        shown.add(list);
        let detail = |what| format!("{what} in the list of {:?}, but not earlier", list.span);
        for shard in known.listed.difference(&shown.listed) {
            verdict.report(Anomaly::new(Kind::StaleList, detail("missing")).on(*shard));
        }
        for shard in known.closed.difference(&shown.closed) {
            verdict.report(Anomaly::new(Kind::StaleList, detail("not closed")).on(*shard));
        }
    }
}

/// What lists showed.
#[derive(Default)]
struct Shown {
    listed: BTreeSet<ShardId>,
    closed: BTreeSet<ShardId>,
}

impl Shown {
    fn add(&mut self, list: &List) {
        self.listed
            .extend(list.shards.iter().map(|shard| shard.shard));
        let closed = list.shards.iter().filter(|shard| shard.last.is_some());
        self.closed.extend(closed.map(|shard| shard.shard));
    }

    fn has_resharded(list: &List, parent: ShardId) -> bool {
        let closed = list
            .shards
            .iter()
            .any(|it| it.shard == parent && it.last.is_some());
        closed && list.shards.iter().any(|it| it.parents.contains(&parent))
    }
}

fn check_acked(reshard: &Reshard, lists: &[&List], verdict: &mut Verdict) {
    let later = || {
        lists
            .iter()
            .filter(|list| reshard.span.finished < list.span.started)
    };
    for parent in &reshard.parents {
        if let Some(list) = later().find(|list| !Shown::has_resharded(list, *parent)) {
            let detail = format!("not closed with children in the list of {:?}", list.span);
            verdict.report(Anomaly::new(Kind::LostReshard, detail).on(*parent));
        }
    }
}

fn check_failed(
    failed: &Reshard,
    reshards: &[&Reshard],
    topology: &Topology,
    verdict: &mut Verdict,
) {
    let may_be = |parent: ShardId| {
        let possible = |it: &&&Reshard| it.outcome != ReshardOutcome::DefinitelyFailed;
        reshards
            .iter()
            .filter(possible)
            .any(|it| it.parents.contains(&parent))
    };
    for parent in failed.parents.iter().filter(|parent| !may_be(**parent)) {
        if topology
            .get(*parent)
            .is_some_and(|listed| listed.last.is_some())
        {
            let detail = "closed, though every reshard of it was answered as not applied";
            verdict.report(Anomaly::new(Kind::AbortedReshard, detail).on(*parent));
        }
    }
}
