//! What a producer that aggregates knows of the stream's shards.
//!
//! Shards are listed at the beginning, and again after a record went to another shard than was
//! foreseen. Until they are listed nothing is sent: what would be packed for a shard that was split
//! or merged would be sent in vain. Where they cannot be listed, records go by themselves, and the
//! listing is tried again.

use super::service::{ListError, Service};
use crate::routing::{HashKey, HashRange, Router, RouterError, range_of};
use millstream_env::{BoxFuture, Monotonic};
use millstream_protocol::types::Shard;
use std::collections::BTreeMap;
use std::time::Duration;

/// The shortest time between two listings: as the Kinesis Producer Library's.
const LISTING_INTERVAL: Duration = Duration::from_secs(1);

/// The shards of one listing.
pub(super) struct ShardMap {
    router: Router,
    /// What each shard owns or owned, open or closed.
    ranges: BTreeMap<String, HashRange>,
    /// The number of its listing.
    pub(super) listing: u64,
}

/// Why a listing is of no use.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error(transparent)]
    NotListed(#[from] ListError),
    #[error(transparent)]
    Wrong(#[from] RouterError),
    #[error("the open shards do not own all hash keys")]
    Gap,
}

impl ShardMap {
    fn new(shards: &[Shard], listing: u64) -> Result<Self, Unusable> {
        let router = Router::new(shards)?;
        let mut next = Some(HashKey(0));
        for (_, range) in router.shards() {
            if next != Some(range.start) {
                return Err(Unusable::Gap);
            }
            next = range.end.0.checked_add(1).map(HashKey);
        }
        if next.is_some() {
            return Err(Unusable::Gap);
        }
        let range =
            |shard: &Shard| Some((shard.shard_id.clone(), range_of(&shard.hash_key_range)?));
        Ok(Self {
            router,
            ranges: shards.iter().filter_map(range).collect(),
            listing,
        })
    }

    /// The shard to which a hash key goes.
    pub(super) fn shard_of(&self, key: HashKey) -> Option<&str> {
        self.router.shard_of_hash_key(key)
    }

    /// Whether a shard owns all of these hash keys; `None` if it was not listed.
    fn owns(&self, shard_id: &str, keys: HashRange) -> Option<bool> {
        let range = self.ranges.get(shard_id)?;
        Some(range.contains(keys.start) && range.contains(keys.end))
    }
}

/// The shard that an aggregated record is meant for.
#[derive(Clone, Debug)]
pub(super) struct Aim {
    pub(super) shard_id: String,
    /// The lowest and the highest hash key of its user records.
    pub(super) keys: HashRange,
    /// The number of the listing that says so.
    pub(super) listing: u64,
}

/// Whether readers of a shard find the user records of an aggregated record there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The shard owns them all.
    Owned,
    /// It may not own some, and then its readers leave out all.
    Foreign,
    /// The next listing says so.
    Later,
}

/// What is known of the shards.
pub(super) struct Shards {
    state: State,
    listing: Option<BoxFuture<Result<Vec<Shard>, ListError>>>,
    /// The number of listings that were begun, which is the last one's.
    begun: u64,
    /// When the next one may begin.
    not_before: Monotonic,
}

enum State {
    /// A listing is due or under way, and everything waits for it.
    Awaited,
    /// They are known.
    Known(ShardMap),
    /// The last listing was of no use. Nothing waits for the next.
    Unknown,
}

impl Shards {
    pub(super) fn new() -> Self {
        Self {
            state: State::Awaited,
            listing: None,
            begun: 0,
            not_before: Monotonic::default(),
        }
    }

    /// The shards, if they are known.
    pub(super) fn map(&self) -> Option<&ShardMap> {
        match &self.state {
            State::Known(map) => Some(map),
            State::Awaited | State::Unknown => None,
        }
    }

    /// Whether records wait for a listing.
    pub(super) fn is_awaited(&self) -> bool {
        matches!(self.state, State::Awaited)
    }

    /// The number of the last listing that was begun.
    pub(super) fn begun(&self) -> u64 {
        self.begun
    }

    /// Begins a listing.
    pub(super) fn list(&mut self, service: &dyn Service, now: Monotonic) {
        self.begun += 1;
        self.not_before = Monotonic(now.0.saturating_add(LISTING_INTERVAL));
        self.listing = Some(service.list_shards());
    }

    /// When the next listing is due; `None` if none is, or one is under way.
    pub(super) fn next_listing(&self) -> Option<Monotonic> {
        let is_wanted = self.map().is_none() && self.listing.is_none();
        is_wanted.then_some(self.not_before)
    }

    /// Resolves when a listing has ended; never if none is under way. Dropping it loses nothing.
    pub(super) async fn listed(&mut self) -> Result<Vec<Shard>, ListError> {
        let Some(listing) = &mut self.listing else {
            return std::future::pending().await;
        };
        let listed = listing.await;
        self.listing = None;
        listed
    }

    /// Takes what a listing came to.
    pub(super) fn take(&mut self, listed: Result<Vec<Shard>, ListError>, now: Monotonic) {
        let map = listed.map_err(Unusable::from);
        let map = map.and_then(|shards| ShardMap::new(&shards, self.begun));
        self.state = match map {
            Ok(map) => State::Known(map),
            Err(error) => {
                if !matches!(self.state, State::Unknown) {
                    tracing::warn!(%error, "shards are not known: records are not aggregated");
                }
                self.not_before = Monotonic(now.0.saturating_add(LISTING_INTERVAL));
                State::Unknown
            }
        };
    }

    /// Makes everything wait for a new listing.
    pub(super) fn forget(&mut self) {
        if self.map().is_some() {
            self.state = State::Awaited;
        }
    }

    /// Says what became of an aggregated record that went to another shard than was foreseen, after
    /// the listing `begun` had begun.
    pub(super) fn judge(&mut self, aim: &Aim, shard_id: &str, begun: u64) -> Verdict {
        let map = match &self.state {
            State::Awaited => return Verdict::Later,
            State::Unknown => return Verdict::Foreign,
            State::Known(map) => map,
        };
        let is_newer = map.listing > aim.listing;
        match map.owns(shard_id, aim.keys).filter(|_| is_newer) {
            Some(true) => Verdict::Owned,
            Some(false) => Verdict::Foreign,
            // It began after the record was stored, and does not have its shard.
            None if map.listing > begun => Verdict::Foreign,
            None => {
                self.forget();
                Verdict::Later
            }
        }
    }
}
