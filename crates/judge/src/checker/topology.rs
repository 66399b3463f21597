//! What all lists together say about each shard, and whether they agree.
//!
//! A shard's parents, range and starting number never change; its ending number is set once. What a
//! single list or the order of lists shows is judged in `lists`.

use super::ledger::Ledger;
use crate::history::ListedShard;
use crate::number::ShardId;
use crate::verdict::{Anomaly, Kind, Verdict};
use std::collections::BTreeMap;

/// The shards that any list showed.
pub(super) struct Topology {
    shards: BTreeMap<ShardId, ListedShard>,
}

impl Topology {
    /// Merges all lists, and reports where they disagree.
    pub(super) fn new(ledger: &Ledger<'_>, verdict: &mut Verdict) -> Self {
        let mut topology = Self {
            shards: BTreeMap::new(),
        };
        for listed in ledger.lists.iter().flat_map(|list| &list.shards) {
            topology.merge(listed, verdict);
        }
        topology.check_children(verdict);
        topology
    }

    /// What is known about `shard`.
    pub(super) fn get(&self, shard: ShardId) -> Option<&ListedShard> {
        self.shards.get(&shard)
    }

    /// Every shard, oldest first.
    pub(super) fn by_age(&self) -> Vec<&ListedShard> {
        let mut shards: Vec<_> = self.shards.values().collect();
        shards.sort_by_key(|it| (it.first, it.shard));
        shards
    }

    fn merge(&mut self, listed: &ListedShard, verdict: &mut Verdict) {
        let known = self
            .shards
            .entry(listed.shard)
            .or_insert_with(|| listed.clone());
        let last = known.last.or(listed.last);
        let same = ListedShard {
            last,
            ..listed.clone()
        };
        known.last = last;
        if same != *known || listed.last.is_some() && listed.last != last {
            let detail = format!("listed as {known:?} and as {listed:?}");
            verdict.report(Anomaly::new(Kind::InconsistentShard, detail).on(listed.shard));
        }
    }

    fn check_children(&self, verdict: &mut Verdict) {
        for child in self.shards.values() {
            for parent in child.parents.iter().filter_map(|parent| self.get(*parent)) {
                let above = parent.last.is_some_and(|last| last < child.first);
                if !above {
                    let last = parent
                        .last
                        .map_or_else(|| "not".to_owned(), |it| it.to_string());
                    let detail = format!("its parent {} ends {last}", parent.shard);
                    let anomaly = Anomaly::new(Kind::ChildBelowParent, detail);
                    verdict.report(anomaly.on(child.shard).at(child.first));
                }
            }
        }
    }
}
