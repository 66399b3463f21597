//! A producer: collects records into batches, retries what is refused, and keeps the order of keys
//! when asked.
//!
//! What always holds: every record that was taken gets one outcome; records and bytes that wait are
//! bounded, so that who puts faster than the stream accepts waits; with [`Order::OfKeys`] a record
//! is not sent before those of its key that were taken earlier are stored, and not at all if one of
//! them is given up while it waits.

mod batch;
mod lanes;
mod outcome;
mod task;

pub use outcome::{PutFailure, Receipt, Stored};

use crate::{Blob, Client, Retries, StreamRef};
use lanes::Lanes;
use outcome::Taken;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot};

/// Maximum records of a batch: AWS's for PutRecords.
const BATCH_RECORDS_MAX: usize = 500;
/// Maximum bytes of a batch, keys included: half of AWS's maximum for PutRecords, so that a shard
/// takes a batch within a few seconds.
const BATCH_BYTES_MAX: usize = 5 * 1024 * 1024;
/// Bytes that a record takes beside its data and keys, estimated generously: its places in queues
/// and maps, and the copy of its key there.
const RECORD_OVERHEAD_BYTES: usize = 512;
/// Commands that wait for the producer's task.
const COMMANDS_MAX: usize = 1024;

/// A record to be stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProducerRecord {
    /// The data.
    pub data: Blob,
    /// The key whose hash decides on the shard; `None` where the stream distributes records itself.
    pub partition_key: Option<String>,
    /// The hash, instead of the key's.
    pub explicit_hash_key: Option<String>,
}

impl ProducerRecord {
    /// A record with a key.
    pub fn new(partition_key: impl Into<String>, data: impl Into<Blob>) -> Self {
        Self {
            data: data.into(),
            partition_key: Some(partition_key.into()),
            explicit_hash_key: None,
        }
    }

    /// Bytes that AWS counts: data and partition key.
    fn bytes(&self) -> usize {
        self.data.len() + self.partition_key.as_ref().map_or(0, String::len)
    }
}

/// The order in which a producer's records are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Any: a record that is refused and retried may follow later ones.
    #[default]
    Any,
    /// Records of the same partition key are stored in the order in which they were put. If one is
    /// given up, those of its key that wait behind it are, too. A batch has one record of each key
    /// at most, so few keys mean small batches.
    OfKeys,
}

/// The settings of a producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerSettings {
    /// The order of records.
    pub order: Order,
    /// How long a record waits for others to share its batch.
    pub linger: Duration,
    /// Batches that are sent at the same time.
    pub batches_in_flight: usize,
    /// Bytes of records that may wait or be on their way.
    pub bytes_max: usize,
    /// How long a record is tried before it is given up.
    pub record_ttl: Duration,
    /// The waits between attempts; the number of attempts does not apply.
    pub backoff: Retries,
}

impl Default for ProducerSettings {
    /// Batches after 100 ms, four at a time, 64 MiB waiting at most, thirty seconds for a record.
    fn default() -> Self {
        Self {
            order: Order::Any,
            linger: Duration::from_millis(100),
            batches_in_flight: 4,
            bytes_max: 64 * 1024 * 1024,
            record_ttl: Duration::from_secs(30),
            backoff: Retries::none().backoff(Duration::from_millis(200), Duration::from_secs(5)),
        }
    }
}

/// A producer for one stream. Clones share its batches. What was taken is sent even if every clone
/// is dropped, as long as the runtime lives: [`Producer::flush`] waits for it.
#[derive(Clone, Debug)]
pub struct Producer {
    commands: mpsc::Sender<Command>,
    room: Arc<Semaphore>,
    bytes_max: usize,
}

/// A command to the producer's task.
enum Command {
    Put(Taken),
    /// Sends without waiting for others; answered once everything taken before has its outcome.
    Flush(oneshot::Sender<()>),
}

impl Producer {
    /// A producer for a stream.
    pub fn new(client: &Client, stream: impl Into<StreamRef>, settings: ProducerSettings) -> Self {
        let (commands, commanded) = mpsc::channel(COMMANDS_MAX);
        let bytes_max = settings
            .bytes_max
            .clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        let env = client.env().clone();
        let client = client.with_retries(Retries::none());
        let lanes = Lanes::new(settings.order);
        let task = task::Task::new(client, stream.into(), settings, lanes);
        env.tasks
            .spawn_request("producer", Box::pin(task.run(commanded)));
        Self {
            commands,
            room: Arc::new(Semaphore::new(bytes_max)),
            bytes_max,
        }
    }

    /// Takes a record, as soon as there is room for it. The receipt resolves to its outcome, and
    /// may be dropped.
    ///
    /// # Errors
    /// If the producer's task has ended, which only the end of its runtime does.
    pub async fn put(&self, record: ProducerRecord) -> Result<Receipt, PutFailure> {
        let bytes = (record.bytes() + RECORD_OVERHEAD_BYTES).min(self.bytes_max);
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
