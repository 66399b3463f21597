//! Copying: reads records from the source, and puts their copies into the target.
//!
//! What always holds: a copy is put when every earlier one that shares a partition key with it is
//! stored, so that a record that is given up has none of its keys stored behind it; nothing more is
//! put after that. What was read and has no outcome yet is bounded, and reading waits for it. The
//! state is saved behind what is stored.

use super::copies::{Copy, Origin, Placing, Targets};
use super::reached::{Place, Reached, State};
use super::sides::{self, router};
use super::turns::Turns;
use crate::following::refuse;
use crate::pace::Pace;
use crate::state::save;
use crate::terminal::Progress;
use crate::{Failure, Surroundings};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use millstream_client::aggregation::deaggregate;
use millstream_client::consumer::{Batch, Consumer, ConsumerError};
use millstream_client::producer::{Producer, PutFailure, Stored};
use millstream_client::routing::{HashRange, range_of};
use millstream_client::types::Record;
use millstream_env::{BoxFuture, Monotonic};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Records that are stored before the state is saved again.
const UNSAVED_RECORDS_MAX: u64 = 1000;
/// How long the state may be behind what is stored.
const UNSAVED_FOR_MAX: Duration = Duration::from_secs(5);
/// Bytes of a record beside its data and key while it is on its way.
const RECORD_OVERHEAD_BYTES: usize = 1024;
/// Bytes of a partition key of an aggregated record while its order is kept.
const KEY_OVERHEAD_BYTES: usize = 128;

/// What a mirror does.
pub(super) struct Copying<'a> {
    pub(super) surroundings: &'a Surroundings,
    pub(super) consumer: Consumer,
    pub(super) producer: Producer,
    pub(super) to: &'a sides::Place,
    pub(super) targets: Targets,
    /// Who decides about the shards of the source's records.
    pub(super) placing: Placing,
    pub(super) pace: Pace,
    pub(super) until: Until,
    pub(super) state: State,
    pub(super) state_path: Option<PathBuf>,
    /// The most bytes of records that are on their way.
    pub(super) bytes_max: usize,
}

/// When a mirror ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// Not at all.
    Stopped,
    /// Once every record is stored that was there.
    CaughtUp,
}

/// What was done.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Records of the source that are stored.
    pub(super) records: u64,
    /// The bytes of their data.
    pub(super) bytes: u64,
    /// Aggregated records that were taken apart.
    pub(super) parted: u64,
    pub(super) from_shards: BTreeSet<Arc<str>>,
    pub(super) to_shards: BTreeSet<String>,
    /// Why it ended early, unless it was asked to.
    pub(super) ended: Option<Failure>,
}

/// A copy and where it comes from.
struct Unit {
    ticket: u64,
    copy: Copy,
    /// What is to be put in its place after it.
    rest: VecDeque<Copy>,
    place: Place,
    bytes: u64,
}

/// What came of a copy.
type Landed = (Unit, Result<Stored, PutFailure>);

/// Whether records are still taken from the source, and copies put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Copying,
    /// Nothing more is read; what was read is put.
    Draining,
    /// Nothing more is put either.
    GivenUp,
}

/// Records of a shard that are being taken.
struct Reading {
    shard_id: Arc<str>,
    range: HashRange,
    records: std::vec::IntoIter<Record>,
    is_last: bool,
}

/// Why the loop woke.
enum Woken {
    Asked,
    Landed(Landed),
    Turn,
    Read(Result<Option<Batch>, ConsumerError>),
    SaveDue,
}

/// A copying under way.
struct Run<'a> {
    of: Copying<'a>,
    turns: Turns<(Copy, Place, u64)>,
    in_flight: FuturesUnordered<BoxFuture<Landed>>,
    reached: Reached,
    reading: Option<Reading>,
    /// Bytes of the records that have no outcome yet.
    bytes_ahead: usize,
    behind: BTreeMap<String, i64>,
    progress: Progress,
    phase: Phase,
    unsaved: u64,
    saved_at: Monotonic,
    tally: Tally,
}

impl Copying<'_> {
    /// Copies until it is asked to stop, is caught up if that is its end, or fails. What was read
    /// before has its outcome then, and the state is saved.
    pub(super) async fn run(self) -> Tally {
        let clock = &self.surroundings.env.clock;
        let run = Run {
            turns: Turns::new(),
            in_flight: FuturesUnordered::new(),
            reached: Reached::new(&self.state),
            reading: None,
            bytes_ahead: 0,
            behind: BTreeMap::new(),
            progress: Progress::count(&self.surroundings.terminal, "mirroring", None),
            phase: Phase::Copying,
            unsaved: 0,
            saved_at: clock.monotonic(),
            tally: Tally::default(),
            of: self,
        };
        run.run().await
    }
}

impl Run<'_> {
    async fn run(mut self) -> Tally {
        loop {
            self.put_what_may_be().await;
            if self.reading.is_none() && self.has_all() {
                self.drain();
            }
            if self.phase != Phase::Copying && self.in_flight.is_empty() {
                break;
            }
            match self.wake().await {
                Woken::Asked => self.drain(),
                Woken::Landed((unit, outcome)) => self.land(unit, outcome).await,
                Woken::Turn => self.take(),
                Woken::Read(read) => self.read(read),
                Woken::SaveDue => {}
            }
            if self.is_save_due() {
                self.save().await;
            }
        }
        self.save().await;
        let deregistered = self.of.consumer.deregister().await;
        self.tally.ended = self.tally.ended.or(deregistered.err().map(Failure::from));
        self.tally
    }

    /// Waits for whatever comes first.
    async fn wake(&mut self) -> Woken {
        let Surroundings { env, stop, .. } = self.of.surroundings;
        let clock = &*env.clock;
        let is_copying = self.phase == Phase::Copying;
        let may_take = is_copying && (self.bytes_ahead < self.of.bytes_max);
        let is_reading = self.reading.is_some();
        let since_save = clock.monotonic().since(self.saved_at);
        tokio::select! {
            biased;
            () = stop.asked(), if is_copying => Woken::Asked,
            Some(landed) = self.in_flight.next() => Woken::Landed(landed),
            () = self.of.pace.turn(clock), if may_take && is_reading => Woken::Turn,
            read = self.of.consumer.next(), if may_take && !is_reading => Woken::Read(read),
            () = clock.sleep(UNSAVED_FOR_MAX.saturating_sub(since_save)), if self.unsaved > 0 => {
                Woken::SaveDue
            }
        }
    }

    /// Whether all is read that was to be read.
    fn has_all(&self) -> bool {
        match self.of.until {
            Until::Stopped => false,
            Until::CaughtUp => self.of.consumer.is_caught_up(),
        }
    }

    fn drain(&mut self) {
        if self.phase == Phase::Copying {
            self.phase = Phase::Draining;
        }
    }

    /// Ends reading because of a failure.
    fn end(&mut self, failure: Failure) {
        self.tally.ended.get_or_insert(failure);
        self.drain();
    }

    /// Ends everything because of a record.
    fn give_up(&mut self, place: &Place, why: &PutFailure) {
        let number = self.reached.sequence_number(place);
        let shard_id = &place.shard_id;
        let what = format!("stopped at the record {number} of {shard_id}, not stored: {why}");
        self.end(Failure::new(what));
        self.phase = Phase::GivenUp;
    }

    /// Begins with what was read.
    fn read(&mut self, read: Result<Option<Batch>, ConsumerError>) {
        let batch = match read {
            Ok(Some(batch)) => batch,
            Ok(None) => return self.drain(),
            Err(error) => return self.end(refuse(error)),
        };
        let range = batch.hash_range().unwrap_or(HashRange::ALL);
        let behind = batch.millis_behind_latest;
        match batch.is_last {
            true => self.behind.remove(&batch.shard_id),
            false => self.behind.insert(batch.shard_id.clone(), behind),
        };
        let slowest = self.behind.values().max().copied().unwrap_or_default();
        let slowest = Duration::from_secs(u64::try_from(slowest / 1000).unwrap_or_default());
        let behind = humantime::format_duration(slowest);
        self.progress.note(format!("{behind} behind"));
        self.reading = Some(Reading {
            shard_id: batch.shard_id.as_str().into(),
            range,
            records: batch.records.into_iter(),
            is_last: batch.is_last,
        });
        self.end_reading_if_empty();
    }

    /// Takes the next record of what was read.
    fn take(&mut self) {
        let Some(reading) = &mut self.reading else {
            return;
        };
        if let Some(record) = reading.records.next() {
            let origin = Origin {
                placing: self.of.placing,
                range: reading.range,
            };
            let shard_id = Arc::clone(&reading.shard_id);
            let copies = self.of.targets.copies(&record, origin);
            self.tally.parted += u64::from(copies.len() > 1);
            let keys: usize = copies.iter().map(|copy| copy.keys.len()).sum();
            let key_bytes = record.partition_key.as_ref().map_or(0, String::len);
            let data_bytes = record.data.len();
            let bytes = data_bytes
                + key_bytes
                + RECORD_OVERHEAD_BYTES * copies.len()
                + KEY_OVERHEAD_BYTES * keys;
            self.bytes_ahead += bytes;
            let place = self
                .reached
                .add(&shard_id, record.sequence_number, copies.len(), bytes);
            for mut copy in copies {
                let keys = std::mem::take(&mut copy.keys);
                let item = (copy, place.clone(), data_bytes as u64);
                self.turns.add(keys, item);
            }
        }
        self.end_reading_if_empty();
    }

    fn end_reading_if_empty(&mut self) {
        let is_empty = |reading: &mut Reading| reading.records.len() == 0;
        if let Some(ended) = self.reading.take_if(is_empty)
            && ended.is_last
        {
            self.reached.read_to_end(&ended.shard_id);
            self.unsaved += 1;
        }
    }

    /// Puts every copy whose turn it is.
    async fn put_what_may_be(&mut self) {
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
    async fn land(&mut self, mut unit: Unit, outcome: Result<Stored, PutFailure>) {
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
        if let Some(bytes) = self.reached.stored(&unit.place) {
            self.bytes_ahead -= bytes;
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

    fn is_save_due(&self) -> bool {
        let now = self.of.surroundings.env.clock.monotonic();
        let since = now.since(self.saved_at);
        self.unsaved >= UNSAVED_RECORDS_MAX || self.unsaved > 0 && since >= UNSAVED_FOR_MAX
    }

    async fn save(&mut self) {
        let env = &self.of.surroundings.env;
        self.unsaved = 0;
        self.saved_at = env.clock.monotonic();
        let Some(path) = &self.of.state_path else {
            return;
        };
        self.of.state.shards = self.reached.shards();
        if let Err(failure) = save(env, path, &self.of.state).await {
            self.end(failure);
        }
    }
}
