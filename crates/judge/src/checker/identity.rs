//! The identity of each record: written by a client, once, intact, alone at its position.
//!
//! Needs no times and no order, only what was put and what was seen.

use super::ledger::{Ledger, Sighting};
use crate::history::Outcome;
use crate::number::ShardId;
use crate::verdict::{Anomaly, Kind, Verdict};

pub(super) fn check(ledger: &Ledger<'_>, verdict: &mut Verdict) {
    for (&shard, log) in &ledger.shards {
        for sighting in &log.sightings {
            check_sighting(shard, sighting, verdict);
        }
        for pair in log.sightings.windows(2) {
            check_alone(shard, pair, verdict);
        }
    }
    check_unique_in_stream(ledger, verdict);
    for pair in ledger
        .places
        .windows(2)
        .filter(|pair| pair[0].record == pair[1].record)
    {
        let first = format!("also at {} of {}", pair[0].sequence_number, pair[0].shard);
        let anomaly = Anomaly::new(Kind::Duplicate, first).of(pair[1].record);
        verdict.report(anomaly.on(pair[1].shard).at(pair[1].sequence_number));
    }
}

fn check_sighting(shard: ShardId, sighting: &Sighting<'_>, verdict: &mut Verdict) {
    let number = sighting.sequence_number;
    let report = |kind, detail| Anomaly::new(kind, detail).on(shard).at(number);
    let Some(record) = sighting.record else {
        verdict.report(report(Kind::Damaged, "its bytes are nobody's payload"));
        return;
    };
    let Some(put) = sighting.put else {
        verdict.report(report(Kind::Phantom, "nobody wrote it").of(record));
        return;
    };
    if put.outcome == Outcome::DefinitelyFailed {
        let anomaly = report(Kind::AbortedRead, "its write was answered as not applied");
        verdict.report(anomaly.of(record));
    }
}

fn check_alone(shard: ShardId, pair: &[Sighting<'_>], verdict: &mut Verdict) {
    let (Some(one), Some(other)) = (pair[0].record, pair[1].record) else {
        return;
    };
    if pair[0].sequence_number == pair[1].sequence_number {
        let anomaly = Anomaly::new(Kind::InconsistentOffset, format!("record {one} as well"));
        verdict.report(anomaly.on(shard).at(pair[1].sequence_number).of(other));
    }
}

/// Sequence numbers are unique in the stream, not only in their shard.
fn check_unique_in_stream(ledger: &Ledger<'_>, verdict: &mut Verdict) {
    let of_shard = |(&shard, log): (&ShardId, &super::ledger::ShardLog<'_>)| {
        log.numbers
            .iter()
            .map(move |number| (*number, shard))
            .collect::<Vec<_>>()
    };
    let mut numbers: Vec<_> = ledger.shards.iter().flat_map(of_shard).collect();
    numbers.sort_unstable();
    for pair in numbers.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        let detail = format!("a record of {} has the same number", pair[0].1);
        let anomaly = Anomaly::new(Kind::InconsistentOffset, detail);
        verdict.report(anomaly.on(pair[1].1).at(pair[1].0));
    }
}
