//! A shard's reader: a task that reads one shard to its end, and gives the consumer what it reads.

use super::lineage::parents;
use super::patience::Patience;
use super::position::Position;
use super::room::{Room, Taken};
use crate::routing::{HashRange, range_of};
use crate::{Client, Error, StreamRef, Timestamp};
use millstream_env::Env;
use millstream_protocol::ErrorCode;
use millstream_protocol::types::{ChildShard, Record, Shard};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::mpsc;

/// What was read of a shard at once.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) records: Vec<Record>,
    pub(super) millis_behind_latest: i64,
    /// What comes after the shard, if this was the last of it.
    pub(super) children: Option<Vec<ChildShard>>,
    /// The room that the records take until they are given away.
    pub(super) _room: Taken,
}

/// What a reader gives: answers, and an error last if it could not go on.
pub(super) type Given = Result<Answer, Error>;

/// What the readers of a consumer share.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// Makes each call once.
    pub(super) client: Client,
    pub(super) stream: StreamRef,
    /// The consumer to subscribe with; `None` to poll.
    pub(super) consumer_arn: Option<String>,
    pub(super) records_max: Option<i32>,
    pub(super) poll_every: Duration,
    pub(super) gives_up_after: Duration,
    pub(super) room: Room,
}

/// A reader of one shard.
pub(super) struct Reader {
    pub(super) reading: Reading,
    pub(super) shard_id: String,
    /// Its hash keys.
    pub(super) range: Option<HashRange>,
    /// Where it goes on.
    pub(super) position: Position,
    pub(super) patience: Patience,
    pub(super) to: mpsc::Sender<Given>,
}

/// Why a reader stops before the end.
pub(super) enum Stopped {
    /// Nobody takes what it reads.
    Unwanted,
    Failed(Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Reader {
    pub(super) fn env(&self) -> &Env {
        self.reading.client.env()
    }

    /// Reads to the end, or until nobody takes what it reads.
    pub(super) async fn run(mut self) {
        let to = self.to.clone();
        let read = async {
            let read = match self.reading.consumer_arn.clone() {
                Some(arn) => self.subscribe(arn).await,
                None => self.poll().await,
            };
            match read {
                Err(Stopped::Failed(error)) if is_not_found(&error) => self.look_for(error).await,
                read => read,
            }
        };
        let read = tokio::select! {
            biased;
            () = to.closed() => Err(Stopped::Unwanted),
            read = read => read,
        };
        if let Err(Stopped::Failed(error)) = read {
            // The consumer may be gone.
            let _ = to.send(Err(error)).await;
        }
    }

    /// Notes that reading has begun. If it began at the end of the shard and nothing is read yet,
    /// it goes on at that time after a fault, so that nothing is passed over.
    pub(super) fn has_begun(&mut self, at: millstream_env::Timestamp) {
        if self.position == Position::Latest {
            let at = i64::try_from(at.millis()).unwrap_or(i64::MAX);
            self.position = Position::AtTimestamp(Timestamp(at));
        }
    }

    /// Gives an answer to the consumer, once it wants one.
    pub(super) async fn give(&self, answer: Answer) -> Result<(), Stopped> {
        let given = self.to.send(Ok(answer)).await;
        given.map_err(|_| Stopped::Unwanted)
    }

    /// Children of the shard, for a service that did not name them.
    pub(super) async fn children(&mut self) -> Result<Vec<ChildShard>, Stopped> {
        let shards = self.shards().await?;
        Ok(children_of(&self.shard_id, &shards))
    }

    async fn shards(&mut self) -> Result<Vec<Shard>, Stopped> {
        loop {
            let listing = self.reading.client.list_shards(&self.reading.stream);
            match listing.pages().all().await {
                Ok(shards) => return Ok(shards),
                Err(error) => self.patience.after(error).await?,
            }
        }
    }

    /// Looks for a shard that was not found. If the stream is there without it, all of its records
    /// have expired, and its children are next.
    async fn look_for(&mut self, error: Error) -> Result<(), Stopped> {
        let Ok(shards) = self.shards().await else {
            return Err(Stopped::Failed(error));
        };
        if shards.iter().any(|shard| shard.shard_id == self.shard_id) {
            return Err(Stopped::Failed(error));
        }
        let answer = Answer {
            records: Vec::new(),
            millis_behind_latest: 0,
            children: Some(heirs_of(&self.shard_id, self.range, &shards)),
            _room: self.reading.room.of(&[]).await,
        };
        self.give(answer).await
    }
}

fn is_not_found(error: &Error) -> bool {
    error.code() == Some(ErrorCode::ResourceNotFoundException)
}

fn children_of(shard_id: &str, shards: &[Shard]) -> Vec<ChildShard> {
    let is_child = |shard: &&Shard| parents(shard).iter().any(|parent| parent == shard_id);
    shards.iter().filter(is_child).map(child).collect()
}

/// What is left of a shard that has expired: its children, and if those have expired too, the
/// oldest shards that have any of its hash keys.
fn heirs_of(shard_id: &str, range: Option<HashRange>, shards: &[Shard]) -> Vec<ChildShard> {
    let listed: BTreeSet<&str> = shards.iter().map(|shard| &*shard.shard_id).collect();
    let is_heir = |shard: &&Shard| {
        let parents = parents(shard);
        let is_oldest = !parents.is_empty() && parents.iter().all(|id| !listed.contains(&**id));
        parents.iter().any(|parent| parent == shard_id)
            || is_oldest && range.is_some_and(|range| overlaps(range, shard))
    };
    shards.iter().filter(is_heir).map(child).collect()
}

fn overlaps(range: HashRange, shard: &Shard) -> bool {
    let other = range_of(&shard.hash_key_range);
    other.is_some_and(|other| range.start <= other.end && other.start <= range.end)
}

fn child(shard: &Shard) -> ChildShard {
    ChildShard {
        shard_id: shard.shard_id.clone(),
        parent_shards: parents(shard),
        hash_key_range: shard.hash_key_range.clone(),
    }
}
