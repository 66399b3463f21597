//! The catalog's state: everything but records.
//!
//! Persistent maps: a clone is cheap and shares what did not change, so readers keep a whole state
//! while `apply` computes the next.

use super::account::Commitment;
use super::neighbours::{Neighbours, Tally};
use super::scope::Scope;
use super::stream::Stream;
use super::token_key::TokenKey;
use imbl::OrdMap;
use millstream_env::Timestamp;
use millstream_model::StreamName;
use std::sync::Arc;

/// The state after all commands of the catalog's log up to some offset.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
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
        self.scopes.get(scope)?.get(name)
    }

    /// The stream of an id.
    pub fn stream_by_id(&self, id: u64) -> Option<&Arc<Stream>> {
        let (scope, name) = self.ids.get(&id)?;
        self.stream(scope, name.as_str())
    }

    /// The streams of an account and region whose names come after one, by name.
    pub fn streams_after(&self, scope: &Scope, name: &str) -> impl Iterator<Item = &Arc<Stream>> {
        let neighbours = self.scopes.get(scope).into_iter();
        neighbours.flat_map(move |neighbours| neighbours.streams_after(name))
    }

    /// All streams, by account, region and name.
    pub fn streams(&self) -> impl Iterator<Item = &Arc<Stream>> {
        self.scopes.values().flat_map(Neighbours::streams)
    }

    /// Counts of the streams of an account and region.
    pub fn tally(&self, scope: &Scope) -> Tally {
        let neighbours = self.scopes.get(scope);
        neighbours.map_or_else(Tally::default, |neighbours| neighbours.tally().clone())
    }

    /// The commitment of an account in a region, if it ever made one.
    pub fn commitment(&self, scope: &Scope) -> Option<&Commitment> {
        self.scopes.get(scope)?.commitment()
    }

    /// Whether a commitment of an account in a region is in force at a given time.
    pub fn is_committed(&self, scope: &Scope, now: Timestamp) -> bool {
        let commitment = self.commitment(scope);
        commitment.is_some_and(|commitment| commitment.is_in_force_at(now))
    }

    /// Inserts a stream, replacing the one with its id and name.
    pub(super) fn put(&mut self, stream: Stream) -> Arc<Stream> {
        let stream = Arc::new(stream);
        self.ids
            .insert(stream.id, (stream.scope.clone(), stream.name.clone()));
        let neighbours = self.scopes.entry(stream.scope.clone()).or_default();
        neighbours.put(stream.clone());
        stream
    }

    /// Leaves out shard indexes of a stream: there were shards that the state does not know.
    pub fn number_shards_from(&mut self, id: u64, next_shard: u32) {
        let stream = self.stream_by_id(id).cloned();
        if let Some(stream) = stream.filter(|stream| stream.next_shard < next_shard) {
            self.put(Stream {
                next_shard,
                ..Stream::clone(&stream)
            });
        }
    }

    /// Removes a stream for good and frees its name.
    pub(super) fn remove(&mut self, stream: &Stream, now: Timestamp) {
        self.ids.remove(&stream.id);
        if let Some(neighbours) = self.scopes.get_mut(&stream.scope) {
            neighbours.remove(stream, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Command, TokenKeyForm, TokenSecret};

    #[test]
    fn token_key_when_printed_wherever_it_stands_then_shows_no_byte_of_it() {
        let secret = || TokenSecret::from([0x41; 32]);
        let key = TokenKey {
            created_ms: 7,
            form: TokenKeyForm::Plain(secret()),
        };
        let state = State {
            token_keys: vec![key.clone()],
            ..State::default()
        };
        let command = Command::AddTokenKey(secret());
        for printed in [
            format!("{key:?}"),
            format!("{state:?}"),
            format!("{command:?}"),
        ] {
            assert!(printed.contains("***"), "{printed}");
            assert!(!printed.contains("65"), "{printed}");
        }
    }
}
