//! A producer: collects records into batches, retries what is refused, keeps the order of keys and
//! aggregates records when asked.
//!
//! What always holds: every record that was taken gets one outcome; records and bytes that wait are
//! bounded, so that who puts faster than the stream accepts waits; with [`Order::OfKeys`] a record
//! is not sent before those of its key that were taken earlier are stored, but for those that share
//! an aggregated record with it in their order, and not at all if one of them is given up while it
//! waits.
//!
//! With [`Aggregation`], records share aggregated ones, each for one shard. Readers leave out an
//! aggregated record if its shard does not own all of its user records. After a reshard the
//! producer sees by the shard's id that this is so, lists the shards, and puts these records again:
//! none is said to be stored that readers leave out. Records without a partition key, those that
//! are too large, and those that are aggregated already go by themselves, and so does every record
//! while shards cannot be listed.

mod batch;
mod lanes;
mod outcome;
mod packing;
mod record;
mod service;
mod settings;
mod shard_map;
mod task;

pub use outcome::{PutFailure, Receipt, Stored};
pub use record::ProducerRecord;
pub use settings::{Aggregation, Order, ProducerSettings};

use crate::{Client, StreamRef};
use millstream_env::Env;
use outcome::Taken;
use service::{Service, Stream};
use std::sync::Arc;
use task::{Command, Task};
use tokio::sync::{Semaphore, mpsc, oneshot};

/// Commands that wait for the producer's task.
const COMMANDS_MAX: usize = 1024;

/// A producer for one stream. Clones share its batches. What was taken is sent even if every clone
/// is dropped, as long as the runtime lives: [`Producer::flush`] waits for it.
#[derive(Clone, Debug)]
pub struct Producer {
    commands: mpsc::Sender<Command>,
    room: Arc<Semaphore>,
    bytes_max: usize,
    aggregation: Option<Aggregation>,
}

impl Producer {
    /// A producer for a stream.
    pub fn new(client: &Client, stream: impl Into<StreamRef>, settings: ProducerSettings) -> Self {
        let service = Arc::new(Stream::new(client, stream.into()));
        Self::start(client.env().clone(), service, settings)
    }

    fn start(env: Env, service: Arc<dyn Service>, settings: ProducerSettings) -> Self {
        let (commands, commanded) = mpsc::channel(COMMANDS_MAX);
        let bytes_max = settings
            .bytes_max
            .clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        let tasks = Arc::clone(&env.tasks);
        let task = Task::new(env, service, settings);
        tasks.spawn_request("producer", Box::pin(task.run(commanded)));
        Self {
            commands,
            room: Arc::new(Semaphore::new(bytes_max)),
            bytes_max,
            aggregation: settings.aggregation,
        }
    }

    /// Takes a record, as soon as there is room for it. The receipt resolves to its outcome, and
    /// may be dropped.
    ///
    /// # Errors
    /// If the producer's task has ended, which only the end of its runtime does.
    pub async fn put(&self, record: ProducerRecord) -> Result<Receipt, PutFailure> {
        let copy = self.aggregation.map_or(0, |_| record.bytes());
        let bytes = (record.cost() + copy).min(self.bytes_max);
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(permits).await;
        let room = room.map_err(|_| PutFailure::Ended)?;
        let (taken, receipt) = Taken::new(record, room);
        let sent = self.commands.send(Command::Put(taken)).await;
        sent.map_err(|_| PutFailure::Ended)?;
        Ok(receipt)
    }

    /// Sends what waits, and resolves once everything that was taken before has its outcome.
    pub async fn flush(&self) {
        let (tell, told) = oneshot::channel();
        if self.commands.send(Command::Flush(tell)).await.is_ok() {
            // The sender is dropped only if the task has ended.
            let _ = told.await;
        }
    }
}

#[cfg(test)]
mod tests;
