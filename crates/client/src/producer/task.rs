//! The task of a producer: it decides when a batch is sent, and what comes after it.

use super::lanes::{Lanes, Sent};
use super::outcome::{Attempt, Taken};
use super::{Command, ProducerSettings, batch};
use crate::{Client, StreamRef};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use millstream_env::{Env, Monotonic};
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
    /// Flushes that wait until all is done.
    flushes: Vec<oneshot::Sender<()>>,
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
            if self.lanes.is_empty() && self.in_flight.is_empty() {
                for flush in self.flushes.drain(..) {
                    // Who asked may have gone.
                    let _ = flush.send(());
                }
                if is_closed {
                    return;
                }
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
                Woken::Commanded(Some(Command::Flush(flush))) => self.flushes.push(flush),
                Woken::Commanded(None) => is_closed = true,
                Woken::Answered(answered) => self.settle(answered),
                Woken::Due => {}
            }
        }
    }

    fn take(&mut self, mut taken: Taken) {
        let now = self.env.clock.monotonic();
        taken.until = Monotonic(now.0 + self.settings.record_ttl);
        self.lanes.push(taken);
        self.linger_until
            .get_or_insert(Monotonic(now.0 + self.settings.linger));
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
            let key = taken.record.partition_key.clone();
            match taken.settle(attempt, now) {
                Some(taken) => {
                    let retry = taken.attempts.saturating_sub(1);
                    let wait = self.settings.backoff.wait(&*self.env.random, retry);
                    let at = Monotonic(now.0 + wait);
                    self.lanes.again(Sent { taken, lane }, at);
                }
                None => self.lanes.done(lane, key.as_deref()),
            }
        }
    }
}
