//! The streams of one account and region, and what is counted of them.
//!
//! What a command asks of its neighbours (how many shards are open, which streams move, which names
//! were deleted of late) is kept beside them and changed with them: no command looks at all
//! streams. All of it follows from the streams and the deleted names, so that a snapshot holds only
//! those.

use super::scope::Mode;
use super::stream::Stream;
use env::Timestamp;
use imbl::{OrdMap, OrdSet};
use model::StreamName;
use std::ops::Bound;
use std::sync::Arc;

/// How long the name of a deleted stream remembers the second of its deletion.
const DELETED_REMEMBERED_S: u64 = 86_400;
/// Names that one deletion forgets at most. More than one, so that those of a busy day go; few, so
/// that no deletion pays for all of them.
const FORGOTTEN_AT_ONCE: usize = 8;

/// The streams of one account and region.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Neighbours {
    streams: OrdMap<StreamName, Arc<Stream>>,
    tally: Tally,
    deleted: DeletedNames,
}

impl Neighbours {
    /// The stream of a name.
    pub fn get(&self, name: &str) -> Option<&Arc<Stream>> {
        self.streams.get(name)
    }

    /// All, by name.
    pub fn streams(&self) -> impl Iterator<Item = &Arc<Stream>> {
        self.streams.values()
    }

    /// Those whose names come after one, by name.
    pub fn streams_after(&self, name: &str) -> impl Iterator<Item = &Arc<Stream>> {
        let after = (Bound::Excluded(name), Bound::Unbounded);
        self.streams
            .range::<_, str>(after)
            .map(|(_, stream)| stream)
    }

    /// What is counted of them.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Puts a stream in the place of the one of its name.
    pub(super) fn put(&mut self, stream: Arc<Stream>) {
        if let Some(former) = self.streams.get(&stream.name) {
            self.tally.take_away(former);
        }
        self.tally.add(&stream);
        self.streams.insert(stream.name.clone(), stream);
    }

    /// Takes a stream away. Its successor's shards begin in a later second than any of its own.
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

    /// The second in which the stream of a name was deleted, if it was of late.
    pub fn deleted_s(&self, name: &StreamName) -> Option<u64> {
        self.deleted.by_name.get(name).copied()
    }

    /// Names whose stream was deleted of late, and in which second, by name.
    pub fn deleted(&self) -> impl Iterator<Item = (&StreamName, u64)> {
        let by_name = self.deleted.by_name.iter();
        by_name.map(|(name, second)| (name, *second))
    }

    /// Remembers that the stream of a name was deleted.
    pub(super) fn remember_deleted(&mut self, name: StreamName, second: u64) {
        self.deleted.insert(name, second);
    }
}

/// What is counted of streams.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    open_shards: u32,
    on_demand: u32,
    deleting: u32,
    /// Of those that are created and not being deleted: until when each is CREATING, and since
    /// when.
    creating: OrdMap<(u64, u64), u64>,
}

impl Tally {
    /// Their open shards.
    pub fn open_shards(&self) -> u32 {
        self.open_shards
    }

    /// How many are on demand.
    pub fn on_demand(&self) -> u32 {
        self.on_demand
    }

    /// How many are CREATING at a moment, or DELETING.
    pub(super) fn in_transition(&self, now: Timestamp) -> u32 {
        let later = self.creating.range((now.0.saturating_add(1), 0)..);
        // A clock that was set back stands before some were created.
        let creating = later.filter(|(_, created)| **created <= now.0);
        self.deleting + creating.count() as u32
    }

    fn add(&mut self, stream: &Stream) {
        self.open_shards += stream.shards.open().len() as u32;
        self.on_demand += u32::from(stream.mode == Mode::OnDemand);
        self.deleting += u32::from(stream.deletion.is_some());
        if let Some(key) = creating_key(stream) {
            self.creating.insert(key, stream.created.0);
        }
    }

    fn take_away(&mut self, stream: &Stream) {
        self.open_shards -= stream.shards.open().len() as u32;
        self.on_demand -= u32::from(stream.mode == Mode::OnDemand);
        self.deleting -= u32::from(stream.deletion.is_some());
        if let Some(key) = creating_key(stream) {
            self.creating.remove(&key);
        }
    }
}

/// When a stream's CREATING ends, and its id; none if it never is, or is no more.
fn creating_key(stream: &Stream) -> Option<(u64, u64)> {
    let is_creating = stream.creating_ms > 0 && stream.deletion.is_none();
    let ends = stream.created.0.saturating_add(stream.creating_ms);
    is_creating.then_some((ends, stream.id))
}

/// Names by themselves, and by the second of their deletion.
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
