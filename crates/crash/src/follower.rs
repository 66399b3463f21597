//! Reads a whole stream, parents before children, like a consumer library.
//!
//! The same reader has two uses: concurrently with producers through every kill, and at the end to
//! read everything.

use super::control::Worker;
use super::endpoint::Endpoint;
use super::session::{Progress, Request, Session};
use millstream_judge::ShardId;
use millstream_judge::{Lineage, ListedShard, Start};
use std::collections::BTreeMap;
use std::time::Duration;

/// Pause after a round without records.
const PAUSE: Duration = Duration::from_millis(5);
/// Pause after a round in which a read failed, while everything is read. It doubles with each, up
/// to more than a shard rests after a full answer.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(250);
/// A healthy server's reads that fail in so many rounds in a row, in which nothing else is read,
/// will not succeed, however slow the machine.
const FAILED_ROUNDS_MAX: u32 = 6;

/// A consumer of one stream.
pub struct Follower {
    worker: Worker,
    stream: usize,
    consumer: u32,
    shards: BTreeMap<ShardId, Shard>,
}

struct Shard {
    parents: Vec<ShardId>,
    stage: Stage,
}

enum Stage {
    Waiting,
    Reading(Session),
    Drained,
}

impl Follower {
    /// A follower with a number that no other consumer has.
    pub fn new(worker: Worker, stream: usize, consumer: u32) -> Self {
        Self {
            worker,
            stream,
            consumer,
            shards: BTreeMap::new(),
        }
    }

    /// Follows the stream until the work is over.
    pub async fn run(mut self) {
        while let Some(at) = self.worker.access.endpoint().await {
            if let Some(shards) = self.worker.list(&at, self.stream).await {
                self.add(&shards);
            }
            if self.round(&at).await.is_idle() {
                self.worker.env.clock.sleep(PAUSE).await;
            }
        }
    }

    /// Reads everything, on a server without faults; `false` if that fails.
    pub async fn drain(mut self, at: &Endpoint) -> bool {
        let Some(shards) = self.worker.list(at, self.stream).await else {
            return false;
        };
        self.add(&shards);
        let mut failed_rounds = 0;
        while failed_rounds < FAILED_ROUNDS_MAX {
            let round = self.round(at).await;
            if round.moved > 0 {
                // Shards are throttled at different times.
                failed_rounds = 0;
            }
            if round.failed > 0 {
                let pause = PAUSE_AFTER_FAILURE * (1 << failed_rounds);
                self.worker.env.clock.sleep(pause).await;
                failed_rounds += 1;
            } else if round.is_idle() && self.is_through() {
                return true;
            } else {
                failed_rounds = 0;
            }
        }
        false
    }

    fn add(&mut self, listed: &[ListedShard]) {
        for shard in listed {
            self.shards.entry(shard.shard).or_insert_with(|| Shard {
                parents: shard.parents.clone(),
                stage: Stage::Waiting,
            });
        }
    }

    /// Whether no shard is waiting: all are being read, or were read to their ends.
    fn is_through(&self) -> bool {
        let waits = |shard: &Shard| matches!(shard.stage, Stage::Waiting);
        !self.shards.values().any(waits)
    }

    /// One read of every shard whose turn it is.
    async fn round(&mut self, at: &Endpoint) -> Round {
        let mut round = Round::default();
        let ids: Vec<ShardId> = self.shards.keys().copied().collect();
        for id in ids {
            if self.is_blocked(id) {
                continue;
            }
            let shard = self.shards.get_mut(&id).expect("ids are the map's keys");
            if matches!(shard.stage, Stage::Waiting) {
                let request = Request {
                    stream: self.stream,
                    consumer: self.consumer,
                    shard: id,
                    start: Start::TrimHorizon,
                    lineage: Lineage::ParentsFirst,
                };
                match Session::open(&mut self.worker, at, request).await {
                    Some(session) => shard.stage = Stage::Reading(session),
                    None => round.failed += 1,
                }
            }
            if let Stage::Reading(session) = &mut shard.stage {
                let progress = session.read(&mut self.worker, at, None).await;
                round.count(progress);
                match progress {
                    Progress::End => shard.stage = Stage::Drained,
                    Progress::Lost => shard.stage = Stage::Waiting,
                    Progress::Records | Progress::Tail | Progress::Nothing | Progress::Failed => {}
                }
            }
        }
        round
    }

    fn is_blocked(&self, id: ShardId) -> bool {
        let is_open = |parent: &ShardId| {
            let parent = self.shards.get(parent);
            parent.is_some_and(|parent| !matches!(parent.stage, Stage::Drained))
        };
        self.shards[&id].parents.iter().any(is_open)
    }
}

/// The result of a round.
#[derive(Default)]
struct Round {
    moved: usize,
    failed: usize,
}

impl Round {
    fn count(&mut self, progress: Progress) {
        match progress {
            Progress::Records | Progress::Nothing | Progress::End => self.moved += 1,
            Progress::Failed | Progress::Lost => self.failed += 1,
            Progress::Tail => {}
        }
    }

    /// Whether everything readable is at its tail.
    fn is_idle(&self) -> bool {
        self.moved == 0
    }
}
