//! The streams of one account and region, with counts, and the account's settings there.
//!
//! What a command needs to know about its neighbours (open shards, streams in transition, recently
//! deleted names) is maintained incrementally: no command looks at all streams. All of it is
//! derived from the streams and the deleted names, so a snapshot holds only those and the settings.

use super::account::Commitment;
use super::scope::Mode;
use super::stream::Stream;
use imbl::{OrdMap, OrdSet};
use millstream_env::Timestamp;
use millstream_model::StreamName;
use std::ops::Bound;
use std::sync::Arc;

/// How long the name of a deleted stream remembers the second of its deletion.
const DELETED_REMEMBERED_S: u64 = 86_400;
/// Maximum number of names that one deletion forgets. More than one, so that a busy day's names are
/// forgotten; few, so that no deletion pays for all of them.
const FORGOTTEN_AT_ONCE: usize = 8;

/// The streams of one account and region.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Neighbours {
    streams: OrdMap<StreamName, Arc<Stream>>,
    tally: Tally,
    deleted: DeletedNames,
    commitment: Option<Commitment>,
}

impl Neighbours {
    /// The stream with this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Stream>> {
        self.streams.get(name)
    }

    /// All streams, by name.
    pub fn streams(&self) -> impl Iterator<Item = &Arc<Stream>> {
        self.streams.values()
    }

    /// The streams whose names sort after one, by name.
    pub fn streams_after(&self, name: &str) -> impl Iterator<Item = &Arc<Stream>> {
        let after = (Bound::Excluded(name), Bound::Unbounded);
        self.streams
            .range::<_, str>(after)
            .map(|(_, stream)| stream)
    }

    /// The counts.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The account's commitment, if it ever made one.
    pub fn commitment(&self) -> Option<&Commitment> {
        self.commitment.as_ref()
    }

    /// Replaces the account's commitment.
    pub(super) fn set_commitment(&mut self, commitment: Option<Commitment>) {
        self.commitment = commitment;
    }

    /// Inserts a stream, replacing the one with its name.
    pub(super) fn put(&mut self, stream: Arc<Stream>) {
        if let Some(former) = self.streams.get(&stream.name) {
            self.tally.take_away(former);
        }
        self.tally.add(&stream);
        self.streams.insert(stream.name.clone(), stream);
    }

    /// Removes a stream. The shards of a successor with the same name begin in a later second than
    /// any of its own.
    pub(super) fn remove(&mut self, stream: &Stream, now: Timestamp) {
        if let Some(former) = self.streams.remove(&stream.name) {
            self.tally.take_away(&former);
        }
        let shards = stream.shards.all().iter();
        let newest = shards.map(|shard| shard.created_s).max();
        let second = newest.unwrap_or(0).max(now.seconds());
        let forgotten_s = now.seconds().saturating_sub(DELETED_REMEMBERED_S);
        self.deleted.forget_before(forgotten_s);
        self.remember_deleted(stream.name.clone(), second);
    }

    /// The second in which the stream with this name was deleted, if recently.
    pub fn deleted_s(&self, name: &StreamName) -> Option<u64> {
        self.deleted.by_name.get(name).copied()
    }

    /// Names of recently deleted streams, with the second of deletion, by name.
    pub fn deleted(&self) -> impl Iterator<Item = (&StreamName, u64)> {
        let by_name = self.deleted.by_name.iter();
        by_name.map(|(name, second)| (name, *second))
    }

    /// Remembers the deletion of a stream.
    pub(super) fn remember_deleted(&mut self, name: StreamName, second: u64) {
        self.deleted.insert(name, second);
    }
}

/// Counts of streams.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    open_shards: u32,
    provisioned_shards: u32,
    on_demand: u32,
    warm: u32,
    deleting: u32,
    /// Streams that are created and not being deleted: until when each is CREATING, and since when.
    creating: OrdMap<(u64, u64), u64>,
}

impl Tally {
    /// Their open shards.
    pub fn open_shards(&self) -> u32 {
        self.open_shards
    }

    /// Those of provisioned streams.
    pub fn provisioned_shards(&self) -> u32 {
        self.provisioned_shards
    }

    /// Number of on-demand streams.
    pub fn on_demand(&self) -> u32 {
        self.on_demand
    }

    /// Number of streams that are prepared for some throughput, and not being deleted.
    pub(super) fn warm(&self) -> u32 {
        self.warm
    }

    /// Number of streams that are CREATING at a given time, or DELETING.
    pub(super) fn in_transition(&self, now: Timestamp) -> u32 {
        let later = self.creating.range((now.0.saturating_add(1), 0)..);
        // A clock that was set back may be before some were created.
        let creating = later.filter(|(_, created)| **created <= now.0);
        self.deleting + creating.count() as u32
    }

    fn add(&mut self, stream: &Stream) {
        self.open_shards += stream.shards.open().len() as u32;
        self.provisioned_shards += provisioned_shards(stream);
        self.on_demand += u32::from(stream.mode == Mode::OnDemand);
        self.warm += u32::from(is_warm(stream));
        self.deleting += u32::from(stream.deletion.is_some());
        if let Some(key) = creating_key(stream) {
            self.creating.insert(key, stream.created.0);
        }
    }

    fn take_away(&mut self, stream: &Stream) {
        self.open_shards -= stream.shards.open().len() as u32;
        self.provisioned_shards -= provisioned_shards(stream);
        self.on_demand -= u32::from(stream.mode == Mode::OnDemand);
        self.warm -= u32::from(is_warm(stream));
        self.deleting -= u32::from(stream.deletion.is_some());
        if let Some(key) = creating_key(stream) {
            self.creating.remove(&key);
        }
    }
}

/// The open shards that count towards the account's quota.
fn provisioned_shards(stream: &Stream) -> u32 {
    match stream.mode {
        Mode::Provisioned => stream.shards.open().len() as u32,
        Mode::OnDemand => 0,
    }
}

fn is_warm(stream: &Stream) -> bool {
    stream.warm_mibps.is_some() && stream.deletion.is_none()
}

/// When a stream's CREATING ends, and its id; `None` if it never is, or no longer is.
fn creating_key(stream: &Stream) -> Option<(u64, u64)> {
    let is_creating = stream.creating_ms > 0 && stream.deletion.is_none();
    let ends = stream.created.0.saturating_add(stream.creating_ms);
    is_creating.then_some((ends, stream.id))
}

/// Names, indexed by name and by second of deletion.
#[derive(Clone, Debug, Default, PartialEq)]
struct DeletedNames {
    by_name: OrdMap<StreamName, u64>,
    by_second: OrdSet<(u64, StreamName)>,
}

impl DeletedNames {
    fn insert(&mut self, name: StreamName, second: u64) {
        self.by_second.insert((second, name.clone()));
        if let Some(former) = self.by_name.insert(name.clone(), second)
            && former != second
        {
            self.by_second.remove(&(former, name));
        }
    }

    fn forget_before(&mut self, second: u64) {
        for _ in 0..FORGOTTEN_AT_ONCE {
            let oldest = self.by_second.get_min();
            if oldest.is_none_or(|(deleted_s, _)| *deleted_s >= second) {
                return;
            }
            if let Some((_, name)) = self.by_second.remove_min() {
                self.by_name.remove(&name);
            }
        }
    }
}

#[cfg(test)]
mod tests;
