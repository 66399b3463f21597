//! Whether each record is in the right shard, by its hash key and by its number.

use super::ledger::Ledger;
use super::topology::Topology;
use crate::history::{ListedShard, Outcome};
use crate::number::SequenceNumber;
use crate::verdict::{Anomaly, Kind, Verdict};

pub(super) fn check(ledger: &Ledger<'_>, topology: &Topology, verdict: &mut Verdict) {
    for (&shard, log) in &ledger.shards {
        let Some(listed) = topology.get(shard) else {
            verdict.report(Anomaly::new(Kind::UnlistedShard, "in no list").on(shard));
            continue;
        };
        for sighting in &log.sightings {
            check_number(listed, sighting.sequence_number, verdict);
            let Some(put) = sighting.put else { continue };
            if let Some(hash_key) = put.hash_key
                && !listed.range.contains(hash_key)
            {
                let detail = format!("its hash key {hash_key} is not in the shard's range");
                let anomaly = Anomaly::new(Kind::Misrouted, detail).of(put.record);
                verdict.report(anomaly.on(shard).at(sighting.sequence_number));
            }
        }
    }
    check_unread_acks(ledger, topology, verdict);
}

/// An acknowledgement with a wrong position is wrong even if that was never read.
fn check_unread_acks(ledger: &Ledger<'_>, topology: &Topology, verdict: &mut Verdict) {
    for put in &ledger.puts {
        let Outcome::Acked {
            shard,
            sequence_number,
        } = put.outcome
        else {
            continue;
        };
        if let Some(listed) = topology.get(shard)
            && ledger.places_of(put.record).is_empty()
        {
            check_number(listed, sequence_number, verdict);
        }
    }
}

fn check_number(listed: &ListedShard, number: SequenceNumber, verdict: &mut Verdict) {
    let above = listed.last.is_some_and(|last| last < number);
    if number < listed.first || above {
        let last = listed
            .last
            .map_or_else(|| "open".to_owned(), |last| last.to_string());
        let detail = format!("the shard is from {} to {last}", listed.first);
        verdict.report(
            Anomaly::new(Kind::OutsideShard, detail)
                .on(listed.shard)
                .at(number),
        );
    }
}
