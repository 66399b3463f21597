//! The consumers of a run: they take the time when a record reaches them.

use super::records::{Mark, Stamp};
use super::stream::own_name;
use super::worker::Shared;
use super::workload::{Operation, Workload};
use crate::{Failure, Stop, Surroundings};
use millstream_client::Client;
use millstream_client::consumer::{Consumer, ConsumerError, ConsumerSettings, Position, ReadWith};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long consumers may take until they wait for new records.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long records are waited for that were put and not received.
const DRAIN: Duration = Duration::from_secs(10);
/// How often it is looked whether all were received.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Consumers that wait for new records.
pub(super) struct Consumers(Vec<Consumer>);

impl Consumers {
    /// Starts the consumers of a load; none if it delivers nothing. What was registered is
    /// deregistered if it fails.
    ///
    /// # Errors
    /// If one cannot start, or does not come to the end of what is there.
    pub(super) async fn start(
        workload: &Workload,
        client: &Client,
        stream: &super::stream::Stream,
        surroundings: &Surroundings,
    ) -> Result<Self, Failure> {
        let mut consumers = Self(Vec::new());
        if !workload.operation.delivers() {
            return Ok(consumers);
        }
        for _ in 0..workload.consumers {
            let settings = ConsumerSettings {
                from: match stream.is_made {
                    true => Position::TrimHorizon,
                    false => Position::Latest,
                },
                read_with: match workload.operation {
                    Operation::Subscribe => {
                        ReadWith::ConsumerNamed(own_name(&*surroundings.env.random))
                    }
                    Operation::PutRecord
                    | Operation::PutRecords
                    | Operation::GetRecords
                    | Operation::EndToEnd => ReadWith::Polling,
                },
                poll_every: workload.poll_every,
                ..ConsumerSettings::default()
            };
            let started = Consumer::start(client, &stream.name, settings).await;
            let started = match started {
                Ok(mut consumer) => {
                    let ready = catch_up(&mut consumer, surroundings).await;
                    consumers.0.push(consumer);
                    ready
                }
                Err(error) => Err(refuse(error)),
            };
            if let Err(failure) = started {
                // The failure that counts is the first.
                let _ = consumers.end().await;
                return Err(failure);
            }
        }
        Ok(consumers)
    }

    /// Receives records on tasks of their own until `stop` is asked.
    pub(super) fn receive(self, shared: &Arc<Shared>, mark: Option<Mark>) -> Receiving {
        let stop = Stop::default();
        let (tell, told) = mpsc::channel(self.0.len().max(1));
        for consumer in self.0 {
            let receiver = Receiver {
                consumer,
                shared: Arc::clone(shared),
                mark: mark.unwrap_or_default(),
                stop: stop.clone(),
            };
            let tell = tell.clone();
            let receive = async move {
                // Nobody waits for it if the tool ends.
                let _ = tell.send(receiver.run().await).await;
            };
            let tasks = &shared.env.tasks;
            tasks.spawn("bench consumer", Box::pin(receive));
        }
        Receiving { stop, told }
    }

    /// Ends reading, and deregisters what was registered.
    async fn end(self) -> Result<(), Failure> {
        let mut ended = Ok(());
        for consumer in self.0 {
            ended = ended.and(end(consumer).await);
        }
        ended
    }
}

async fn catch_up(consumer: &mut Consumer, surroundings: &Surroundings) -> Result<(), Failure> {
    let clock = &surroundings.env.clock;
    let caught_up = async {
        while !consumer.is_caught_up() {
            consumer.next().await.map_err(refuse)?;
        }
        Ok(())
    };
    tokio::select! {
        biased;
        caught_up = surroundings.stop.unless_asked(caught_up) => caught_up.unwrap_or(Ok(())),
        () = clock.sleep(READY_WITHIN) => {
            let seconds = READY_WITHIN.as_secs();
            Err(Failure::new(format!("a consumer did not reach the newest record in {seconds} s")))
        }
    }
}

async fn end(consumer: Consumer) -> Result<(), Failure> {
    let arn = consumer.consumer_arn().unwrap_or_default().to_owned();
    let ended = consumer.deregister().await;
    ended.map_err(|error| {
        Failure::new(format!(
            "the consumer {arn} may still be registered: {error}"
        ))
        .with_advice("Deregister it: millstream consumers deregister STREAM CONSUMER")
    })
}

fn refuse(error: ConsumerError) -> Failure {
    let text = error.to_string();
    match error {
        ConsumerError::Call(error) | ConsumerError::Shard { error, .. } => error.into(),
        ConsumerError::NoShard { .. }
        | ConsumerError::NotActive(_)
        | ConsumerError::Checkpoints(_)
        | ConsumerError::ReaderEnded(_)
        | _ => Failure::new(text),
    }
}

/// Consumers that receive.
pub(super) struct Receiving {
    stop: Stop,
    told: mpsc::Receiver<Result<(), Failure>>,
}

impl Receiving {
    /// Waits until so many records were received, for some time, and ends.
    ///
    /// # Errors
    /// If a consumer failed, or may still be registered.
    pub(super) async fn end(mut self, expected: u64, shared: &Shared) -> Result<(), Failure> {
        let clock = &shared.env.clock;
        let begun = clock.monotonic();
        while shared.tally.lock().deliveries.count() < expected
            && clock.monotonic().since(begun) < DRAIN
            && shared.failure.lock().is_none()
        {
            clock.sleep(LOOK_EVERY).await;
        }
        self.stop.ask();
        let mut ended = Ok(());
        while let Some(told) = self.told.recv().await {
            ended = ended.and(told);
        }
        ended
    }
}

/// A consumer that receives.
struct Receiver {
    consumer: Consumer,
    shared: Arc<Shared>,
    mark: Mark,
    stop: Stop,
}

impl Receiver {
    async fn run(mut self) -> Result<(), Failure> {
        loop {
            let batch = match self.stop.unless_asked(self.consumer.next()).await {
                None => break,
                Some(Ok(Some(batch))) => batch,
                Some(Ok(None)) => {
                    self.shared.fail(Failure::new("the stream has ended"));
                    break;
                }
                Some(Err(error)) => {
                    self.shared.fail(refuse(error));
                    break;
                }
            };
            let now = self.shared.env.clock.monotonic();
            let turns = batch.records.iter();
            let turns = turns.filter_map(|record| Stamp::read(&record.data, self.mark));
            let mut tally = self.shared.tally.lock();
            for turn in turns.filter(|turn| turn.is_counted) {
                tally.deliveries.record(now.since(turn.from));
            }
        }
        end(self.consumer).await
    }
}
