//! Copying: reads records from the source, and puts their copies into the target.
//!
//! What always holds: a copy is put when every earlier one that shares a partition key with it is
//! stored, so that a record that is given up has none of its keys stored behind it; nothing more is
//! put after that. What was read and has no outcome yet is bounded, and reading waits for it. The
//! state is saved behind what is stored.

mod landing;
mod reading;

use super::copies::{Copy, Targets};
use super::reached::{Place, Reached, State};
use super::sides;
use super::turns::Turns;
use crate::origin::Placing;
use crate::pace::Pace;
use crate::state::save;
use crate::terminal::Progress;
use crate::{Failure, Surroundings};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use landing::Landed;
use millstream_client::consumer::{Batch, Consumer, ConsumerError};
use millstream_client::producer::Producer;
use millstream_env::{BoxFuture, Monotonic};
use reading::Reading;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Records that are stored before the state is saved again.
const UNSAVED_RECORDS_MAX: u64 = 1000;
/// How long the state may be behind what is stored.
const UNSAVED_FOR_MAX: Duration = Duration::from_secs(5);
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

/// Whether records are still taken from the source, and copies put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Copying,
    /// Nothing more is read; what was read is put.
    Draining,
    /// Nothing more is put either.
    GivenUp,
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
    /// Bytes of the records that are on their way, or behind one in its shard.
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
