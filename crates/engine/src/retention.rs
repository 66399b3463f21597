//! Retention: records are hidden by time at once, and given up for good a little later.
//!
//! Reads hide what is too old at the moment they are made. A sweep every minute makes that durable,
//! so that a clock turned back or a longer retention brings nothing back, and forgets closed shards
//! whose records have all expired. The store frees the space.

use crate::Engine;
use crate::admission::Waits;
use crate::catalog::{Command, ExpireShards, ProposeError, Shard, Stream, TokenSecret};
use crate::duties::Duties;
use crate::facts::{ChangeError, ReadFailure};
use env::{Causes, Monotonic, Timestamp};
use log::{Offset, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// How often the sweep runs.
pub(crate) const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// A new key for tokens is made this often.
const TOKEN_KEY_EVERY: Duration = Duration::from_hours(24);
/// When wall and monotonic clock disagree by more than this, nothing is given up …
const DISAGREEMENT_MAX: Duration = Duration::from_mins(10);
/// … for this long; then the wall clock is believed.
const DISBELIEF: Duration = Duration::from_hours(1);

/// Why expiry was not brought up to date in the store. Doing it again is safe.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A shard cannot be read.
    #[error(transparent)]
    Read(#[from] ReadFailure),
    /// The store did not give up what is hidden, or did not hear of a longer retention.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The catalog did not forget expired shards.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

/// Starts the sweep.
pub(crate) fn start(engine: &Arc<Engine>) {
    let weak = Arc::downgrade(engine);
    let env = engine.env.clone();
    let clock = env.clock.clone();
    let task = async move {
        let mut trust = Trust::new(clock.now(), clock.monotonic());
        loop {
            clock.sleep(SWEEP_EVERY).await;
            let Some(engine) = weak.upgrade() else { return };
            if trust.is_kept(clock.now(), clock.monotonic()) && engine.is_writable() {
                engine.sweep().await;
            }
        }
    };
    env.tasks.spawn("retention", Box::pin(task));
}

/// Whether the wall clock can be believed.
struct Trust {
    wall: Timestamp,
    monotonic: Monotonic,
    doubted_at: Option<Monotonic>,
}

impl Trust {
    fn new(wall: Timestamp, monotonic: Monotonic) -> Self {
        Self {
            wall,
            monotonic,
            doubted_at: None,
        }
    }

    fn is_kept(&mut self, wall: Timestamp, monotonic: Monotonic) -> bool {
        let expected = self.wall.plus(monotonic.since(self.monotonic));
        let gap = wall.since(expected).max(expected.since(wall));
        if gap <= DISAGREEMENT_MAX {
            self.doubted_at = None;
            return true;
        }
        let doubted_at = *self.doubted_at.get_or_insert_with(|| {
            tracing::warn!(
                gap_s = gap.as_secs(),
                "the wall clock jumped; expiry pauses for an hour"
            );
            monotonic
        });
        if monotonic.since(doubted_at) >= DISBELIEF {
            *self = Self::new(wall, monotonic);
        }
        self.doubted_at.is_none()
    }
}

impl Engine {
    /// Carries out what is due every minute: above all what time has hidden becomes hidden for
    /// good.
    pub async fn sweep(self: &Arc<Self>) {
        Duties::new(self, Vec::new()).every_minute().await;
    }

    /// Makes durable what time has hidden, and forgets shards that have expired.
    pub(crate) async fn sweep_streams(&self) {
        let streams: Vec<Arc<Stream>> = self.catalog.state().streams().cloned().collect();
        for stream in streams {
            if let Err(error) = self.sweep_stream(&stream).await
                && !self.is_going(&stream)
            {
                tracing::warn!(stream = %stream.arn(), error = %Causes(&error), "expiry");
            }
        }
    }

    /// Makes durable what time has hidden in a stream.
    pub(crate) async fn sweep_stream(&self, stream: &Arc<Stream>) -> Result<(), SweepError> {
        for shard in stream.shards.all().iter().filter(|shard| shard.has_log()) {
            let horizon = self.horizon(stream, shard, Waits::Long).await?;
            let log = stream.log(shard);
            // What is known is enough: trimming again is harmless, and going back is ignored.
            let known = self.store.known_bounds(log).map_err(ReadFailure::from)?;
            if horizon > known.first {
                self.store.trim(log, horizon).await?;
            }
        }
        Ok(self.expire_shards(stream).await?)
    }

    /// Forgets closed shards whose last moment is out of retention, parents before children.
    async fn expire_shards(&self, stream: &Stream) -> Result<(), ChangeError> {
        let cutoff = self.cutoff(stream);
        let has_expired = |shard: &&Shard| shard.closed.is_some_and(|closed| closed.at < cutoff);
        let expired: Vec<&Shard> = stream.shards.all().iter().filter(has_expired).collect();
        if expired.is_empty() || stream.reshard.is_some() || stream.deletion.is_some() {
            return Ok(());
        }
        let shards = expired.iter().map(|shard| shard.index).collect();
        let command = ExpireShards {
            stream: stream.id,
            shards,
        };
        self.change(stream, Command::ExpireShards(command)).await?;
        let runtime = self.runtimes.stream(stream.id);
        expired
            .iter()
            .for_each(|shard| runtime.remove_shard(shard.index));
        let logs = expired
            .iter()
            .filter(|s| s.has_log())
            .map(|s| stream.log(s))
            .collect();
        self.logs.give_up(stream, logs).await;
        Ok(())
    }

    /// Records that arrived before this moment are out of retention.
    pub(crate) fn cutoff(&self, stream: &Stream) -> Timestamp {
        self.env.clock.now().minus(stream.retention())
    }

    /// The first offset of a shard that is within retention; it never goes back.
    pub(crate) async fn horizon(
        &self,
        stream: &Stream,
        shard: &Shard,
        waits: Waits,
    ) -> Result<Offset, ReadFailure> {
        let runtime = self.runtimes.stream(stream.id).shard(shard.index);
        let by_time = self
            .offset_at(stream.log(shard), self.cutoff(stream), waits)
            .await?;
        // A closed shard's log may hold records that came too late to belong to it.
        runtime.hide_before(shard.end().map_or(by_time, |end| by_time.min(end)));
        Ok(runtime.horizon())
    }

    /// Makes a new key for tokens if the newest is a day old, or there is none.
    pub(crate) async fn rotate_token_key(&self) -> Result<(), ProposeError> {
        let now = self.env.clock.now();
        let newest = self
            .catalog
            .state()
            .token_keys
            .last()
            .map(|key| Timestamp(key.created_ms));
        if newest.is_some_and(|created| now.since(created) < TOKEN_KEY_EVERY) {
            return Ok(());
        }
        let secret = TokenSecret::filled(|bytes| self.env.random.fill(bytes));
        self.catalog
            .propose(Command::AddTokenKey(secret))
            .await
            .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_when_the_wall_clock_jumps_then_is_lost_for_an_hour() {
        let at = |minutes: u64| Monotonic(Duration::from_mins(minutes));
        let wall = |minutes: u64| Timestamp(minutes * 60_000);
        let mut trust = Trust::new(wall(1000), at(0));
        assert!(trust.is_kept(wall(1009), at(0)));
        assert!(!trust.is_kept(wall(1020), at(1)), "ahead");
        assert!(!trust.is_kept(wall(1000 + 11 + 60), at(60)), "still");
        assert!(trust.is_kept(wall(1061), at(61)), "the jump was undone");
        assert!(!trust.is_kept(wall(500), at(62)), "back");
        assert!(
            trust.is_kept(wall(560), at(122)),
            "an hour later it is believed"
        );
        assert!(trust.is_kept(wall(561), at(123)));
    }
}
