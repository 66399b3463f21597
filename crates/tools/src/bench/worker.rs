//! What keeps a request under way: it sends one, notes what came of it, and takes the next turn.
//!
//! A request is one attempt: nothing is tried again, as a retry would hide what the endpoint does.
//! One that fails in a way that trying again would not mend ends the run.

use super::records::Maker;
use super::schedule::{Schedule, Turn};
use super::tally::{Answered, Tally};
use crate::{Failure, Stop};
use millstream_client::types::ShardIteratorType;
use millstream_client::{Client, Error, ErrorCode};
use millstream_env::{Env, Monotonic};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// How long a worker of a closed loop waits after a failure: a server that refuses everything must
/// not make the generator spin.
const PAUSE: Duration = Duration::from_millis(1);
/// How long an iterator is used: it is valid for five minutes.
const ITERATOR_AGE_MAX: Duration = Duration::from_mins(4);

/// What the workers of a run share.
pub(super) struct Shared {
    pub(super) env: Env,
    pub(super) schedule: Schedule,
    pub(super) tally: Mutex<Tally>,
    /// The wish that no more requests begin.
    pub(super) halt: Stop,
    /// Why the run ended early, unless a person stopped it.
    pub(super) failure: Mutex<Option<Failure>>,
}

impl Shared {
    /// Ends the run for a reason.
    pub(super) fn fail(&self, failure: Failure) {
        self.failure.lock().get_or_insert(failure);
        self.halt.ask();
    }
}

/// What keeps one request under way.
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) client: Client,
    pub(super) work: Work,
}

/// What a worker does.
pub(super) enum Work {
    /// PutRecord.
    Put { stream: String, maker: Maker },
    /// PutRecords.
    PutMany {
        stream: String,
        maker: Maker,
        records: u32,
    },
    /// GetRecords.
    Get(Reading),
}

/// The beginning of a shard, which its readers share.
pub(super) struct Origin {
    stream: String,
    shard_id: String,
    client: Client,
    iterator: Mutex<Held>,
}

/// An iterator, and when it was made.
#[derive(Clone, Debug)]
struct Held {
    iterator: String,
    since: Monotonic,
}

/// A reader of a shard.
pub(super) struct Reading {
    pub(super) origin: Arc<Origin>,
    pub(super) records: i32,
    next: Option<Held>,
}

impl Worker {
    /// Sends requests until there are no more turns, or the run ends.
    pub(super) async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let clock = &*shared.env.clock;
        loop {
            let turn = shared.halt.unless_asked(shared.schedule.next(clock)).await;
            let Some(Some(turn)) = turn else {
                return;
            };
            let outcome = self.work.request(&self.client, turn, &shared.env).await;
            shared.tally.lock().note(turn, clock.monotonic(), &outcome);
            if let Err(error) = outcome {
                if !error.is_retryable() {
                    shared.fail(error.into());
                    return;
                }
                if !shared.schedule.is_open() {
                    clock.sleep(PAUSE).await;
                }
            }
        }
    }
}

impl Work {
    async fn request(&mut self, client: &Client, turn: Turn, env: &Env) -> Result<Answered, Error> {
        match self {
            Self::Put { stream, maker } => {
                let record = maker.records(1, turn).remove(0);
                let bytes = bytes_of(&record.data, record.partition_key.as_ref());
                let mut put = client.put_record(&*stream, record.data);
                put.input_mut().partition_key = record.partition_key;
                put.await?;
                Ok(Answered {
                    records: 1,
                    bytes,
                    refused: Vec::new(),
                })
            }
            Self::PutMany {
                stream,
                maker,
                records,
            } => put_many(client, stream, maker, *records, turn).await,
            Self::Get(reading) => reading.get(client, env).await,
        }
    }
}

async fn put_many(
    client: &Client,
    stream: &str,
    maker: &Maker,
    records: u32,
    turn: Turn,
) -> Result<Answered, Error> {
    let records = maker.records(records, turn);
    let bytes: Vec<u64> = records
        .iter()
        .map(|record| bytes_of(&record.data, record.partition_key.as_ref()))
        .collect();
    let output = client.put_records(stream, records).await?;
    let mut answered = Answered::default();
    for (entry, bytes) in output.records.into_iter().zip(bytes) {
        match entry.error_code {
            Some(code) => {
                let text = entry.error_message.unwrap_or_default();
                answered.refused.push((code, text));
            }
            None => {
                answered.records += 1;
                answered.bytes += bytes;
            }
        }
    }
    Ok(answered)
}

fn bytes_of(data: &[u8], key: Option<&String>) -> u64 {
    let bytes = data.len() + key.map_or(0, String::len);
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

impl Origin {
    /// The oldest record of a shard.
    ///
    /// # Errors
    /// If the endpoint gives no iterator.
    pub(super) async fn of(
        client: &Client,
        stream: &str,
        shard_id: String,
    ) -> Result<Self, Failure> {
        let held = first(client, stream, &shard_id).await?;
        Ok(Self {
            stream: stream.to_owned(),
            shard_id,
            client: client.clone(),
            iterator: Mutex::new(held),
        })
    }

    /// An iterator that is valid.
    async fn iterator(&self, now: Monotonic) -> Result<Held, Error> {
        let held = self.iterator.lock().clone();
        if now.since(held.since) < ITERATOR_AGE_MAX {
            return Ok(held);
        }
        let renewed = first(&self.client, &self.stream, &self.shard_id).await?;
        *self.iterator.lock() = renewed.clone();
        Ok(renewed)
    }
}

async fn first(client: &Client, stream: &str, shard_id: &str) -> Result<Held, Error> {
    let horizon = ShardIteratorType::TrimHorizon;
    let since = client.env().clock.monotonic();
    let output = client.get_shard_iterator(stream, shard_id, horizon).await?;
    let missing = || Error::Transport("there is no iterator in the answer".to_owned());
    let iterator = output.shard_iterator.ok_or_else(missing)?;
    Ok(Held { iterator, since })
}

impl Reading {
    /// A reader at the beginning.
    pub(super) fn new(origin: Arc<Origin>, records: i32) -> Self {
        Self {
            origin,
            records,
            next: None,
        }
    }

    /// Reads the next records; from the beginning on again after the last.
    async fn get(&mut self, client: &Client, env: &Env) -> Result<Answered, Error> {
        let now = env.clock.monotonic();
        let next = self.next.take();
        let held = match next.filter(|held| now.since(held.since) < ITERATOR_AGE_MAX) {
            Some(held) => held,
            None => self.origin.iterator(now).await?,
        };
        let get = client.get_records(&held.iterator).limit(self.records);
        let output = match get.await {
            Ok(output) => output,
            Err(error) => {
                let is_expired = error.code() == Some(ErrorCode::ExpiredIteratorException);
                self.next = (!is_expired).then_some(held);
                return Err(error);
            }
        };
        let is_at_end = output.millis_behind_latest == Some(0);
        let since = env.clock.monotonic();
        let next = output.next_shard_iterator.filter(|_| !is_at_end);
        self.next = next.map(|iterator| Held { iterator, since });
        let bytes = output.records.iter();
        let bytes = bytes.map(|record| bytes_of(&record.data, record.partition_key.as_ref()));
        Ok(Answered {
            bytes: bytes.sum(),
            records: u64::try_from(output.records.len()).unwrap_or(u64::MAX),
            refused: Vec::new(),
        })
    }
}
