//! The promise of an acknowledgement: the record is at the stated position.
//!
//! A record is lost only if some read must have met it: one that went past its position, or one
//! that found the tail after the acknowledgement. Without such a read the record is unseen, which
//! is an anomaly of the run.

use super::Passage;
use super::ledger::{Ledger, Place};
use crate::history::{Outcome, Put};
use crate::number::{SequenceNumber, ShardId};
use crate::verdict::{Anomaly, Kind, Verdict};
use std::collections::BTreeMap;

pub(super) fn check(ledger: &Ledger<'_>, passages: &[Passage<'_>], verdict: &mut Verdict) {
    let mut covers: BTreeMap<ShardId, Cover> = BTreeMap::new();
    for passage in passages {
        covers
            .entry(passage.session.open.shard)
            .or_default()
            .add(passage);
    }
    covers.values_mut().for_each(Cover::sort);
    for put in &ledger.puts {
        if let Outcome::Acked {
            shard,
            sequence_number,
        } = put.outcome
        {
            let place = Place {
                record: put.record,
                shard,
                sequence_number,
            };
            check_ack(ledger, covers.get(&shard), put, place, verdict);
        }
    }
}

fn check_ack(
    ledger: &Ledger<'_>,
    cover: Option<&Cover>,
    put: &Put,
    place: Place,
    verdict: &mut Verdict,
) {
    let seen = ledger.places_of(put.record);
    let found = if seen.contains(&place) {
        return;
    } else if let Some(other) = seen.first() {
        let elsewhere = format!("read at {} of {}", other.sequence_number, other.shard);
        Anomaly::new(Kind::AckMismatch, elsewhere)
    } else {
        let at_place = ledger.shards[&place.shard].at(place.sequence_number);
        if at_place.iter().any(|sighting| sighting.record.is_none()) {
            return; // Reported as damaged.
        }
        match (at_place.first().and_then(|sighting| sighting.record), cover) {
            (Some(other), _) => Anomaly::new(Kind::LostWrite, format!("record {other} is there")),
            (None, Some(cover)) if cover.meets(place.sequence_number, put.span.finished) => {
                Anomaly::new(Kind::LostWrite, "reads that must have met it did not")
            }
            (None, _) => Anomaly::new(Kind::Unseen, "no read came to its place"),
        }
    };
    verdict.report(
        found
            .on(place.shard)
            .at(place.sequence_number)
            .of(place.record),
    );
}

/// What the sessions of a shard passed, combined.
#[derive(Default)]
struct Cover {
    /// First and last number of each passed stretch; sorted and disjoint.
    passed: Vec<(SequenceNumber, SequenceNumber)>,
    /// From each number on nothing was omitted up to the tail, with the time at which the last read
    /// began that found that tail; after sorting, the latest of all sessions from there or later.
    exhausted: Vec<(SequenceNumber, u64)>,
}

impl Cover {
    fn add(&mut self, passage: &Passage<'_>) {
        let Some(low) = passage.low else { return };
        self.passed.extend(passage.last.map(|last| (low, last)));
        self.exhausted
            .extend(passage.exhausted.map(|started| (low, started)));
    }

    fn sort(&mut self) {
        self.passed.sort_unstable();
        self.passed.dedup_by(|next, kept| {
            let joins = next.0 <= kept.1;
            if joins {
                kept.1 = kept.1.max(next.1);
            }
            joins
        });
        self.exhausted.sort_unstable();
        let mut latest = 0;
        for (_, started) in &mut self.exhausted {
            latest = latest.max(*started);
            *started = latest;
        }
    }

    /// Whether some read must have met a record that was at `number` before `written`.
    fn meets(&self, number: SequenceNumber, written: u64) -> bool {
        let before = self.passed.partition_point(|(low, _)| *low <= number);
        let passed = before > 0 && number <= self.passed[before - 1].1;
        let before = self.exhausted.partition_point(|(low, _)| *low <= number);
        passed || before > 0 && written < self.exhausted[before - 1].1
    }
}
