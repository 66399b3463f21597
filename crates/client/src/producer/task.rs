//! The task of a producer: it decides when a batch is sent, and what comes after it.

use super::lanes::{Lanes, Sent};
use super::outcome::{Attempt, Settled, Taken};
use super::{Command, ProducerSettings, batch};
use crate::{Client, StreamRef};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use millstream_env::{Env, Monotonic};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// The task's state.
pub(super) struct Task {
    env: Env,
    client: Client,
    stream: StreamRef,
    settings: ProducerSettings,
    lanes: Lanes,
    in_flight: FuturesUnordered<batch::Settled>,
    /// The ticket of the next record.
    next_ticket: u64,
    /// Records without an outcome.
    outstanding: BTreeSet<u64>,
    /// Flushes, each with the ticket that it does not wait for.
    flushes: Vec<(u64, oneshot::Sender<()>)>,
    /// When the oldest record that may be sent has lingered enough.
    linger_until: Option<Monotonic>,
}

/// Why the task woke.
enum Woken {
    Commanded(Option<Command>),
    Answered(Vec<(Sent, Attempt)>),
    Due,
}

impl Task {
    pub(super) fn new(
        client: Client,
        stream: StreamRef,
        settings: ProducerSettings,
        lanes: Lanes,
    ) -> Self {
        Self {
            env: client.env().clone(),
            client,
            stream,
            settings,
            lanes,
            in_flight: FuturesUnordered::new(),
            next_ticket: 0,
            outstanding: BTreeSet::new(),
            flushes: Vec::new(),
            linger_until: None,
        }
    }

    /// Runs until every producer is dropped and every record has its outcome.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut is_closed = false;
        loop {
            let now = self.env.clock.monotonic();
            self.lanes.wake(now);
            self.send_what_is_due(now, is_closed);
            self.answer_flushes();
            if is_closed && self.outstanding.is_empty() {
                return;
            }
            let until = self.next_due(now);
            let woken = tokio::select! {
                Some(answered) = self.in_flight.next(), if !self.in_flight.is_empty() => {
                    Woken::Answered(answered)
                }
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
                Woken::Due => {}
            }
        }
    }

    fn take(&mut self, mut taken: Taken) {
        let now = self.env.clock.monotonic();
        taken.until = Monotonic(now.0.saturating_add(self.settings.record_ttl));
        taken.ticket = self.next_ticket;
        self.outstanding.insert(taken.ticket);
        self.next_ticket += 1;
        self.lanes.push(taken);
        self.linger_until
            .get_or_insert(Monotonic(now.0.saturating_add(self.settings.linger)));
    }

    /// Sends batches as long as there is a reason to.
    fn send_what_is_due(&mut self, now: Monotonic, is_closed: bool) {
        while self.in_flight.len() < self.settings.batches_in_flight.max(1)
            && self.lanes.is_any_ready()
        {
            let has_lingered = self.linger_until.is_none_or(|until| until <= now);
            let is_due =
                has_lingered || is_closed || !self.flushes.is_empty() || self.lanes.is_batch_full();
            if !is_due {
                return;
            }
            let batch = self.lanes.batch();
            let (client, stream) = (self.client.clone(), self.stream.clone());
            self.in_flight.push(batch::send(client, stream, batch));
        }
        if !self.lanes.is_any_ready() {
            self.linger_until = None;
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
        let may_send = self.in_flight.len() < self.settings.batches_in_flight.max(1);
        let linger = self.linger_until.filter(|_| may_send);
        let next = [linger, self.lanes.next_attempt()];
        next.into_iter().flatten().min().map(|at| at.since(now))
    }

    /// Tells the outcomes of a batch, and keeps what is worth another attempt.
    fn settle(&mut self, answered: Vec<(Sent, Attempt)>) {
        let now = self.env.clock.monotonic();
        for (Sent { taken, lane }, attempt) in answered {
            let (ticket, key) = (taken.ticket, taken.record.partition_key.clone());
            match taken.settle(attempt, now) {
                Settled::Again(taken) => {
                    let retry = taken.attempts.saturating_sub(1);
                    let wait = self.settings.backoff.wait(&*self.env.random, retry);
                    let at = Monotonic(now.0.saturating_add(wait));
                    self.lanes.again(Sent { taken, lane }, at);
                    continue;
                }
                Settled::Stored => {}
                Settled::GivenUp => {
                    for skipped in self.lanes.rest(lane) {
                        self.outstanding.remove(&skipped.ticket);
                        skipped.skip();
                    }
                }
            }
            self.outstanding.remove(&ticket);
            self.lanes.done(lane, key.as_deref());
        }
    }
}
