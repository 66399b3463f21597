//! The catalog's state: everything but records.
//!
//! Persistent maps: a clone is cheap and shares what did not change, so readers keep a whole state
//! while `apply` makes the next.

use super::scope::Scope;
use super::stream::{Status, Stream};
use env::Timestamp;
use imbl::OrdMap;
use log::Offset;
use minicbor::{Decode, Encode};
use model::StreamName;
use std::sync::Arc;

/// Keys for tokens that are kept: the newest seals, all open.
pub const TOKEN_KEYS_KEPT: usize = 3;
/// How long the name of a deleted stream remembers the second of its deletion.
const DELETED_REMEMBERED_S: u64 = 86_400;

/// A key that seals shard iterators and NextTokens.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct TokenKey {
    /// When it was made.
    #[n(0)]
    pub created_ms: u64,
    /// The key.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub secret: [u8; 32],
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "TokenKey {{ created_ms: {}, secret: *** }}",
            self.created_ms
        )
    }
}

/// The streams of one account and region.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Neighbours {
    /// By name.
    pub streams: OrdMap<StreamName, Arc<Stream>>,
    /// Names whose stream was deleted of late, and in which second.
    pub deleted_s: OrdMap<StreamName, u64>,
}

/// Everything that the catalog's log says up to an offset.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The offset of the next command.
    pub next: Offset,
    /// By account and region.
    pub scopes: OrdMap<Scope, Neighbours>,
    /// Where each stream is, by id.
    pub ids: OrdMap<u64, (Scope, StreamName)>,
    /// The newest last.
    pub token_keys: Vec<TokenKey>,
}

impl State {
    /// The stream of a name, whatever its status.
    pub fn stream(&self, scope: &Scope, name: &str) -> Option<&Arc<Stream>> {
        self.scopes.get(scope)?.streams.get(name)
    }

    /// The stream of an id.
    pub fn stream_by_id(&self, id: u64) -> Option<&Arc<Stream>> {
        let (scope, name) = self.ids.get(&id)?;
        self.stream(scope, name.as_str())
    }

    /// The streams of an account and region, by name.
    pub fn streams_of(&self, scope: &Scope) -> impl Iterator<Item = &Arc<Stream>> {
        self.scopes
            .get(scope)
            .into_iter()
            .flat_map(|scope| scope.streams.values())
    }

    /// All streams, by account, region and name.
    pub fn streams(&self) -> impl Iterator<Item = &Arc<Stream>> {
        self.scopes
            .values()
            .flat_map(|scope| scope.streams.values())
    }

    /// Open shards of an account and region.
    pub fn open_shards(&self, scope: &Scope) -> u32 {
        self.streams_of(scope)
            .map(|stream| stream.shards.open().len() as u32)
            .sum()
    }

    /// Streams of an account and region that are CREATING at a moment, or DELETING.
    pub(super) fn in_transition(&self, scope: &Scope, now: Timestamp) -> u32 {
        let moves = |stream: &&Arc<Stream>| {
            matches!(stream.status_at(now), Status::Creating | Status::Deleting)
        };
        self.streams_of(scope).filter(moves).count() as u32
    }

    /// Puts a stream in the place of the one of its id and name.
    pub(super) fn put(&mut self, stream: Stream) -> Arc<Stream> {
        let stream = Arc::new(stream);
        self.ids
            .insert(stream.id, (stream.scope.clone(), stream.name.clone()));
        let neighbours = self.scopes.entry(stream.scope.clone()).or_default();
        neighbours
            .streams
            .insert(stream.name.clone(), stream.clone());
        stream
    }

    /// Takes a stream away for good and frees its name. Its successor's shards begin in a later
    /// second than any of its own.
    pub(super) fn remove(&mut self, stream: &Stream, now: Timestamp) {
        self.ids.remove(&stream.id);
        let Some(neighbours) = self.scopes.get_mut(&stream.scope) else {
            return;
        };
        neighbours.streams.remove(&stream.name);
        let newest = stream
            .shards
            .all()
            .iter()
            .map(|shard| shard.created_s)
            .max();
        let second = newest.unwrap_or(0).max(now.seconds());
        let forgotten_s = now.seconds().saturating_sub(DELETED_REMEMBERED_S);
        let is_remembered = |(_, deleted_s): &(_, u64)| *deleted_s >= forgotten_s;
        neighbours.deleted_s = std::mem::take(&mut neighbours.deleted_s)
            .into_iter()
            .filter(is_remembered)
            .collect();
        neighbours.deleted_s.insert(stream.name.clone(), second);
    }
}
