//! Reads at random: any shard, from any position, with several iterators at a time.

use super::control::Worker;
use super::endpoint::Endpoint;
use super::session::{Progress, Request, Session};
use millstream_judge::{Lineage, Start};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Iterators in hand at most.
const SESSIONS_MAX: usize = 4;
/// Pause after a read without records.
const PAUSE: Duration = Duration::from_millis(2);

/// A consumer without a plan.
pub struct Poller {
    worker: Worker,
    consumer: u32,
    sessions: Vec<Session>,
}

impl Poller {
    /// A poller with a number that no other consumer has.
    pub fn new(worker: Worker, consumer: u32) -> Self {
        Self {
            worker,
            consumer,
            sessions: Vec::new(),
        }
    }

    /// Reads until the work is over.
    pub async fn run(mut self) {
        while let Some(at) = self.worker.access.endpoint().await {
            let wants_more = self.sessions.len() < SESSIONS_MAX && self.worker.rng.u8(..) < 30;
            if self.sessions.is_empty() || wants_more {
                self.open(&at).await;
            } else {
                self.read(&at).await;
            }
        }
    }

    async fn open(&mut self, at: &Endpoint) {
        let stream = self.worker.rng.usize(..self.worker.recorder.stream_count());
        let Some((shard, start)) = self.any_start(at, stream) else {
            return self.worker.env.clock.sleep(PAUSE).await;
        };
        let request = Request {
            stream,
            consumer: self.consumer,
            shard,
            start,
            lineage: Lineage::Any,
        };
        let session = Session::open(&mut self.worker, at, request).await;
        self.sessions.extend(session);
    }

    fn any_start(
        &mut self,
        at: &Endpoint,
        stream: usize,
    ) -> Option<(millstream_judge::ShardId, Start)> {
        let Worker { recorder, rng, .. } = &mut self.worker;
        if rng.bool() {
            let shard = recorder.any_shard(stream, rng)?;
            let start = if rng.bool() {
                Start::TrimHorizon
            } else {
                Start::Latest
            };
            return Some((shard, start));
        }
        let place = recorder.any_place(stream, rng)?;
        let across = u64::from(place.generation != at.generation);
        recorder
            .reached
            .numbers_across
            .fetch_add(across, Ordering::Relaxed);
        let start = if rng.bool() {
            Start::At(place.sequence_number)
        } else {
            Start::After(place.sequence_number)
        };
        Some((place.shard, start))
    }

    async fn read(&mut self, at: &Endpoint) {
        let nth = self.worker.rng.usize(..self.sessions.len());
        let limit = (self.worker.rng.u8(..) < 240).then(|| self.worker.rng.i32(1..200));
        let session = &mut self.sessions[nth];
        let progress = session.read(&mut self.worker, at, limit).await;
        let is_over = match progress {
            Progress::Records | Progress::Nothing => self.worker.rng.u8(..) < 5,
            Progress::Tail => self.worker.rng.u8(..) < 12,
            Progress::Failed => false,
            Progress::End | Progress::Lost => true,
        };
        if is_over {
            self.sessions.swap_remove(nth);
        }
        if progress != Progress::Records {
            self.worker.env.clock.sleep(PAUSE).await;
        }
    }
}
