//! Copies that are put, and what comes of them.

use super::{Phase, Run};
use crate::Failure;
use crate::mirror::copies::Copy;
use crate::mirror::reached::Place;
use crate::mirror::sides::router;
use crate::origin::Origin;
use millstream_client::aggregation::deaggregate;
use millstream_client::producer::{PutFailure, Stored};
use millstream_client::routing::{HashRange, range_of};
use millstream_client::types::Record;
use std::collections::VecDeque;
use std::sync::Arc;

/// A copy and where it comes from.
pub(super) struct Unit {
    ticket: u64,
    copy: Copy,
    /// What is to be put in its place after it.
    rest: VecDeque<Copy>,
    place: Place,
    bytes: u64,
}

/// What came of a copy.
pub(super) type Landed = (Unit, Result<Stored, PutFailure>);

impl Run<'_> {
    /// Puts every copy whose turn it is.
    pub(super) async fn put_what_may_be(&mut self) {
        while self.phase != Phase::GivenUp
            && let Some((ticket, (copy, place, bytes))) = self.turns.take()
        {
            let unit = Unit {
                ticket,
                copy,
                rest: VecDeque::new(),
                place,
                bytes,
            };
            self.put(unit).await;
        }
    }

    async fn put(&mut self, unit: Unit) {
        match self.of.producer.put(unit.copy.record.clone()).await {
            Ok(receipt) => {
                let landed = async move {
                    let outcome = receipt.await;
                    (unit, outcome)
                };
                self.in_flight.push(Box::pin(landed));
            }
            Err(why) => self.give_up(&unit.place, &why),
        }
    }

    /// Notes what came of a copy.
    pub(super) async fn land(&mut self, mut unit: Unit, outcome: Result<Stored, PutFailure>) {
        let stored = match outcome {
            Ok(stored) => stored,
            Err(why) => return self.give_up(&unit.place, &why),
        };
        let is_elsewhere = unit
            .copy
            .shard
            .as_ref()
            .is_some_and(|shard| *shard != stored.shard_id);
        if is_elsewhere {
            match self.copies_anew(&unit.copy, &stored.shard_id).await {
                Ok(copies) => {
                    for copy in copies.into_iter().rev() {
                        unit.rest.push_front(copy);
                    }
                }
                Err(failure) => {
                    self.end(failure);
                    self.phase = Phase::GivenUp;
                    return;
                }
            }
        }
        if !self.tally.to_shards.contains(&stored.shard_id) {
            self.tally.to_shards.insert(stored.shard_id);
        }
        if let Some(next) = unit.rest.pop_front() {
            if self.phase != Phase::GivenUp {
                unit.copy = next;
                self.put(unit).await;
            }
            return;
        }
        self.turns.done(unit.ticket);
        let landing = self.reached.stored(&unit.place);
        self.bytes_ahead -= landing.bytes;
        if landing.is_whole {
            self.tally.records += 1;
            self.tally.bytes += unit.bytes;
            self.unsaved += 1;
            self.progress.add(1);
            let shard_id = &unit.place.shard_id;
            if !self.tally.from_shards.contains(shard_id) {
                self.tally.from_shards.insert(Arc::clone(shard_id));
            }
        }
    }

    /// What has to be put again of an aggregated record that another shard took than expected: the
    /// target was resharded. Nothing, if that shard owns all of it.
    async fn copies_anew(&mut self, copy: &Copy, taken_by: &str) -> Result<Vec<Copy>, Failure> {
        let shards = self.of.to.shards().await?;
        self.of.targets.router = router(&shards)?;
        let taken_by = shards.iter().find(|shard| shard.shard_id == taken_by);
        let owned = taken_by.and_then(|shard| range_of(&shard.hash_key_range));
        let stored = Record {
            data: copy.record.data.clone(),
            partition_key: copy.record.partition_key.clone(),
            ..Record::default()
        };
        let is_owned = owned.is_some_and(|range| {
            deaggregate(&stored).all(|user| user.hash_key().is_some_and(|key| range.contains(key)))
        });
        if is_owned {
            return Ok(Vec::new());
        }
        let origin = Origin {
            placing: self.of.placing,
            range: HashRange::ALL,
        };
        let copies = self.of.targets.copies(&stored, origin);
        self.tally.parted += u64::from(copies.len() > 1);
        Ok(copies)
    }

    /// Ends everything because of a record.
    fn give_up(&mut self, place: &Place, why: &PutFailure) {
        let number = self.reached.sequence_number(place);
        let shard_id = &place.shard_id;
        let what = format!("stopped at the record {number} of {shard_id}, not stored: {why}");
        self.end(Failure::new(what));
        self.phase = Phase::GivenUp;
    }
}
