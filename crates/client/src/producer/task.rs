//! The task of a producer: it decides when a batch is sent, and what comes after it.

use super::batch;
use super::lanes::Lanes;
use super::outcome::{Attempt, Settled, Taken};
use super::packing::{Packer, Unit};
use super::service::{ListError, Service};
use super::settings::ProducerSettings;
use super::shard_map::{Aim, Shards, Verdict};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use millstream_env::{Env, Monotonic};
use millstream_protocol::ErrorCode;
use millstream_protocol::types::Shard;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// A command to the task.
pub(super) enum Command {
    Put(Taken),
    /// Sends without waiting for others; answered once everything taken before has its outcome.
    Flush(oneshot::Sender<()>),
}

/// The task's state.
pub(super) struct Task {
    env: Env,
    service: Arc<dyn Service>,
    settings: ProducerSettings,
    lanes: Lanes,
    /// What is known of the shards, if records are aggregated.
    shards: Option<Shards>,
    in_flight: FuturesUnordered<batch::Settled>,
    /// Aggregated records that went to another shard than was foreseen, until a listing says
    /// whether it owns them.
    astray: Vec<Astray>,
    /// The ticket of the next record.
    next_ticket: u64,
    /// Records without an outcome.
    outstanding: BTreeSet<u64>,
    /// Flushes, each with the ticket that it does not wait for.
    flushes: Vec<(u64, oneshot::Sender<()>)>,
}

/// An aggregated record that went to another shard than was foreseen.
struct Astray {
    unit: Unit,
    aim: Aim,
    shard_id: String,
    sequence_number: String,
    /// The last listing that had begun when it was stored.
    begun: u64,
}

/// Why the task woke.
enum Woken {
    Commanded(Option<Command>),
    Answered(Vec<(Unit, Attempt)>),
    Listed(Result<Vec<Shard>, ListError>),
    Due,
}

impl Task {
    pub(super) fn new(env: Env, service: Arc<dyn Service>, settings: ProducerSettings) -> Self {
        Self {
            env,
            service,
            settings,
            lanes: Lanes::new(settings.order, settings.aggregation),
            shards: settings.aggregation.map(|_| Shards::new()),
            in_flight: FuturesUnordered::new(),
            astray: Vec::new(),
            next_ticket: 0,
            outstanding: BTreeSet::new(),
            flushes: Vec::new(),
        }
    }

    /// Runs until every producer is dropped and every record has its outcome.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut is_closed = false;
        loop {
            let now = self.env.clock.monotonic();
            self.lanes.wake(now);
            self.list_shards_if_due(now);
            self.send_what_is_due(now, is_closed);
            self.answer_flushes();
            if is_closed && self.outstanding.is_empty() {
                return;
            }
            let until = self.next_due(now);
            let woken = tokio::select! {
                biased;
                Some(answered) = self.in_flight.next(), if !self.in_flight.is_empty() => {
                    Woken::Answered(answered)
                }
                listed = listed(&mut self.shards) => Woken::Listed(listed),
                command = commands.recv(), if !is_closed => Woken::Commanded(command),
                () = self.env.clock.sleep(until.unwrap_or_default()), if until.is_some() => {
                    Woken::Due
                }
            };
            match woken {
                Woken::Commanded(Some(Command::Put(taken))) => self.take(taken),
                Woken::Commanded(Some(Command::Flush(flush))) => {
                    self.flushes.push((self.next_ticket, flush));
                }
                Woken::Commanded(None) => is_closed = true,
                Woken::Answered(answered) => self.settle(answered),
                Woken::Listed(listed) => self.take_shards(listed),
                Woken::Due => {}
            }
        }
    }

    fn take(&mut self, mut taken: Taken) {
        let now = self.env.clock.monotonic();
        taken.lingers_until = Monotonic(now.0.saturating_add(self.settings.linger));
        taken.until = Monotonic(now.0.saturating_add(self.settings.record_ttl));
        taken.ticket = self.next_ticket;
        self.outstanding.insert(taken.ticket);
        self.next_ticket += 1;
        self.lanes.push(taken);
    }

    /// Lists the shards at the beginning, and later if there are records that need them.
    fn list_shards_if_due(&mut self, now: Monotonic) {
        if self.next_listing().is_some_and(|at| at <= now)
            && let Some(shards) = &mut self.shards
        {
            shards.list(&*self.service, now);
        }
    }

    fn next_listing(&self) -> Option<Monotonic> {
        let shards = self.shards.as_ref()?;
        let is_needed = shards.begun() == 0 || !self.outstanding.is_empty();
        shards.next_listing().filter(|_| is_needed)
    }

    /// Whether a batch may be sent, if there are records for one.
    fn may_send(&self) -> bool {
        let is_shard_awaited = self.shards.as_ref().is_some_and(Shards::is_awaited);
        !is_shard_awaited && self.in_flight.len() < self.settings.batches_in_flight.max(1)
    }

    /// Sends batches as long as there is a reason to.
    fn send_what_is_due(&mut self, now: Monotonic, is_closed: bool) {
        while self.may_send() && self.lanes.is_any_ready() {
            let has_lingered = self.lanes.due().is_none_or(|due| due <= now);
            let is_due =
                has_lingered || is_closed || !self.flushes.is_empty() || self.lanes.is_batch_full();
            if !is_due {
                return;
            }
            let map = self.shards.as_ref().and_then(Shards::map);
            let packer = match (map, self.settings.aggregation) {
                (Some(map), Some(aggregation)) => Packer::aggregating(map, aggregation.bytes_max()),
                (None, _) | (_, None) => Packer::plain(),
            };
            let batch = self.lanes.batch(packer);
            self.in_flight
                .push(batch::send(Arc::clone(&self.service), batch));
        }
    }

    /// Answers the flushes whose records all have their outcomes.
    fn answer_flushes(&mut self) {
        let settled = self.outstanding.first().copied();
        let settled = settled.unwrap_or(self.next_ticket);
        let is_done = |flush: &mut (u64, _)| flush.0 <= settled;
        for (_, flush) in self.flushes.extract_if(.., is_done) {
            // Who asked may have gone.
            let _ = flush.send(());
        }
    }

    /// How long there is nothing to do but to wait for commands and answers.
    fn next_due(&self, now: Monotonic) -> Option<Duration> {
        let linger = self.lanes.due().filter(|_| self.may_send());
        let next = [linger, self.lanes.next_attempt(), self.next_listing()];
        next.into_iter().flatten().min().map(|at| at.since(now))
    }

    /// Takes what a listing of shards came to, and judges what waited for it.
    fn take_shards(&mut self, listed: Result<Vec<Shard>, ListError>) {
        let now = self.env.clock.monotonic();
        if let Some(shards) = &mut self.shards {
            shards.take(listed, now);
        }
        for astray in std::mem::take(&mut self.astray) {
            self.judge(astray, now);
        }
    }

    /// Tells the outcomes of a batch, and keeps what is worth another attempt.
    fn settle(&mut self, answered: Vec<(Unit, Attempt)>) {
        let now = self.env.clock.monotonic();
        for (mut unit, attempt) in answered {
            match (unit.aim.take(), attempt) {
                (
                    Some(aim),
                    Attempt::Stored {
                        shard_id,
                        sequence_number,
                    },
                ) if shard_id != aim.shard_id => {
                    let begun = self.shards.as_ref().map_or(0, Shards::begun);
                    let astray = Astray {
                        unit,
                        aim,
                        shard_id,
                        sequence_number,
                        begun,
                    };
                    self.judge(astray, now);
                }
                (_, attempt) => self.conclude(unit, &attempt, now),
            }
        }
    }

    /// Concludes what an aggregated record came to that went astray, if that is known.
    fn judge(&mut self, astray: Astray, now: Monotonic) {
        let verdict = match &mut self.shards {
            Some(shards) => shards.judge(&astray.aim, &astray.shard_id, astray.begun),
            None => Verdict::Foreign,
        };
        let Astray {
            shard_id,
            sequence_number,
            ..
        } = &astray;
        let shard_id = shard_id.clone();
        let attempt = match verdict {
            Verdict::Later => return self.astray.push(astray),
            Verdict::Foreign => Attempt::Misplaced { shard_id },
            Verdict::Owned => Attempt::Stored {
                shard_id,
                sequence_number: sequence_number.clone(),
            },
        };
        self.conclude(astray.unit, &attempt, now);
    }

    /// Tells the records of a unit their outcome, or has them wait for another attempt: those of a
    /// lane, which stand together, all alike.
    fn conclude(&mut self, unit: Unit, attempt: &Attempt, now: Monotonic) {
        if let (Some(shards), Attempt::Failed(error)) = (&mut self.shards, attempt)
            && error.code() == Some(ErrorCode::ResourceNotFoundException)
        {
            // Another stream may get its name.
            shards.forget();
        }
        let is_shared = unit.records.len() > 1;
        let retry_at = self.retry_at(&unit, attempt, now);
        let numbered = unit.records.into_iter().zip(0..);
        let mut rest = numbered.peekable();
        while let Some((sent, number)) = rest.next() {
            let lane = sent.lane;
            let behind = std::iter::from_fn(|| rest.next_if(|(next, _)| next.lane == lane));
            let (ticket, key) = (sent.taken.ticket, sent.taken.record.partition_key.clone());
            let settled = sent
                .taken
                .settle(attempt.clone(), is_shared.then_some(number), now);
            if let Settled::Again(first) = settled {
                let mut again = vec![first];
                for (mut next, _) in behind {
                    next.taken.count(attempt);
                    again.push(next.taken);
                }
                self.lanes.again(lane, again, retry_at);
                continue;
            }
            self.outstanding.remove(&ticket);
            for (next, number) in behind {
                self.outstanding.remove(&next.taken.ticket);
                next.taken.end(attempt.clone(), Some(number));
            }
            if let Settled::GivenUp = settled {
                for skipped in self.lanes.rest(lane) {
                    self.outstanding.remove(&skipped.ticket);
                    skipped.skip();
                }
            }
            self.lanes.done(lane, key.as_deref());
        }
    }

    /// When a unit is sent again, if it is: all of its records at the same time, so that they may
    /// share an aggregated record again.
    fn retry_at(&self, unit: &Unit, attempt: &Attempt, now: Monotonic) -> Monotonic {
        match attempt {
            Attempt::Stored { .. } | Attempt::Misplaced { .. } | Attempt::RefusedTogether(_) => now,
            Attempt::Refused { .. } | Attempt::Failed(_) => {
                let retry = unit.records.first().map_or(0, |sent| sent.taken.attempts);
                let wait = self.settings.backoff.wait(&*self.env.random, retry);
                Monotonic(now.0.saturating_add(wait))
            }
        }
    }
}

/// Resolves when a listing of shards has ended.
async fn listed(shards: &mut Option<Shards>) -> Result<Vec<Shard>, ListError> {
    match shards {
        Some(shards) => shards.listed().await,
        None => std::future::pending().await,
    }
}
