//! A consumer: reads all shards of a stream, through splits and merges, by polling or with enhanced
//! fan-out, and remembers how far it has come.
//!
//! What always holds: the records of a shard come in their order, and a shard's children only after
//! its last record, so that the records of a partition key come in the order in which they were
//! stored. A record is given at least once: a consumer that starts again at its checkpoints gives
//! those after them again. What is read ahead is bounded, and a consumer that takes nothing makes
//! the service wait. Dropping it ends all reading.
//!
//! ```no_run
//! # use millstream_client::Client;
//! # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
//! use millstream_client::consumer::{Consumer, ConsumerSettings, FileCheckpoints};
//! use std::sync::Arc;
//!
//! let settings = ConsumerSettings {
//!     checkpoints: Some(Arc::new(FileCheckpoints::new(client.env(), "orders.checkpoints"))),
//!     ..ConsumerSettings::default()
//! };
//! let mut consumer = Consumer::start(&client, "orders", settings).await?;
//! while let Some(batch) = consumer.next().await? {
//!     for record in batch.user_records() {
//!         println!("{:?}: {} bytes", record.partition_key, record.data.len());
//!     }
//!     consumer.checkpoint_batch(&batch).await?;
//! }
//! # Ok(())
//! # }
//! ```

mod batch;
mod checkpoint;
mod fan_out;
mod file_checkpoints;
mod lineage;
mod patience;
mod polling;
mod position;
mod reader;
mod room;
mod settings;

pub use batch::Batch;
pub use checkpoint::{Checkpoint, CheckpointStore, Checkpoints, MemoryCheckpoints, StoreError};
pub use file_checkpoints::FileCheckpoints;
pub use position::Position;
pub use settings::{ConsumerSettings, ReadWith};

use crate::{Client, Error, Retries, StreamRef, WaitError};
use fan_out::{Registered, deregister, register};
use futures_util::stream::{SelectAll, Stream, StreamExt};
use lineage::{Begin, Lineage, Plan};
use patience::Patience;
use reader::{Answer, Given, Reader, Reading};
use room::Room;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::sync::mpsc;

/// Answers of a shard that wait to be taken, beside the one that its reader has in its hands.
const ANSWERS_AHEAD: usize = 1;

/// Why a consumer could not start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsumerError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] Error),
    /// The calls for a shard failed.
    #[error("{shard_id}: {error}")]
    Shard {
        /// The shard.
        shard_id: String,
        /// The last error.
        error: Error,
    },
    /// The stream has no such shard.
    #[error("the stream {stream} has no shard {shard_id}")]
    NoShard {
        /// The stream.
        stream: String,
        /// The shard that was asked for.
        shard_id: String,
    },
    /// The registered consumer did not become ACTIVE.
    #[error("{0}")]
    NotActive(String),
    /// Checkpoints could not be loaded or saved.
    #[error("checkpoints: {0}")]
    Checkpoints(#[source] StoreError),
    /// A reader of a shard ended before the shard: the runtime is shutting down, or it panicked.
    #[error("the reader of the shard {0} has ended")]
    ReaderEnded(String),
}

impl From<WaitError> for ConsumerError {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::Call(error) => Self::Call(error),
            WaitError::TimedOut { .. } => Self::NotActive(error.to_string()),
        }
    }
}

/// A consumer of one stream: a [`Stream`] of [`Batch`]es, which ends after an error, or once there
/// is no open shard to follow.
pub struct Consumer {
    client: Client,
    reading: Reading,
    checkpoints: Option<Arc<dyn CheckpointStore>>,
    registered: Option<Registered>,
    lineage: Lineage,
    shards: SelectAll<ShardAnswers>,
    has_failed: bool,
}

/// What the reader of a shard gives.
struct ShardAnswers {
    begun: Begin,
    from: mpsc::Receiver<Given>,
    is_first: bool,
    is_over: bool,
}

impl Consumer {
    /// Starts to read.
    ///
    /// # Errors
    /// If checkpoints cannot be loaded, shards not be listed, or the consumer not be registered.
    pub async fn start(
        client: &Client,
        stream: impl Into<StreamRef>,
        settings: ConsumerSettings,
    ) -> Result<Self, ConsumerError> {
        let stream = stream.into();
        let checkpoints = match &settings.checkpoints {
            Some(store) => store.load().await.map_err(ConsumerError::Checkpoints)?,
            None => Checkpoints::new(),
        };
        let listed = client.list_shards(&stream).pages().all().await?;
        let asked_for = settings.shards.iter().chain(settings.positions.keys());
        for shard_id in asked_for {
            if !listed.iter().any(|shard| shard.shard_id == *shard_id) {
                return Err(ConsumerError::NoShard {
                    stream: stream.to_string(),
                    shard_id: shard_id.clone(),
                });
            }
        }
        let plan = Plan {
            from: &settings.from,
            positions: &settings.positions,
            checkpoints: &checkpoints,
            only: &settings.shards,
        };
        let lineage = plan.lineage(listed);
        let registered = match &settings.read_with {
            ReadWith::Polling => None,
            ReadWith::Consumer(arn) => Some(Registered {
                arn: arn.clone(),
                is_new: false,
            }),
            ReadWith::ConsumerNamed(name) => Some(register(client, &stream, name).await?),
        };
        let reading = Reading {
            client: client.with_retries(Retries::none()),
            stream,
            consumer_arn: registered.as_ref().map(|consumer| consumer.arn.clone()),
            records_max: settings.records_max,
            poll_every: settings.poll_every,
            gives_up_after: settings.gives_up_after,
            room: Room::new(settings.bytes_ahead_max),
        };
        let mut consumer = Self {
            client: client.clone(),
            reading,
            checkpoints: settings.checkpoints,
            registered,
            lineage,
            shards: SelectAll::new(),
            has_failed: false,
        };
        consumer.begin();
        Ok(consumer)
    }

    /// The next batch; `None` once every shard is read to its end for good, which an existing
    /// stream's are not. Dropping the future loses nothing.
    ///
    /// # Errors
    /// See [`ConsumerError`]; then the consumer has ended.
    pub async fn next(&mut self) -> Result<Option<Batch>, ConsumerError> {
        StreamExt::next(self).await.transpose()
    }

    /// Whether every record has been given that the shards had when they were last asked: those
    /// that are open are at their ends, the others are done.
    pub fn is_caught_up(&self) -> bool {
        self.lineage.is_caught_up()
    }

    /// Saves that a shard's records up to this one, included, are processed. Without a store,
    /// nothing happens.
    ///
    /// # Errors
    /// If the store cannot save it.
    pub async fn checkpoint(
        &self,
        shard_id: &str,
        sequence_number: &str,
    ) -> Result<(), ConsumerError> {
        let after = Checkpoint::After(sequence_number.to_owned());
        self.save(shard_id, after).await
    }

    /// Saves that a batch is processed, and all before it of its shard; its shard too, if it is the
    /// last.
    ///
    /// # Errors
    /// As [`Self::checkpoint`].
    pub async fn checkpoint_batch(&self, batch: &Batch) -> Result<(), ConsumerError> {
        if batch.is_last {
            return self.save(&batch.shard_id, Checkpoint::End).await;
        }
        match batch.records.last() {
            Some(last) => {
                self.checkpoint(&batch.shard_id, &last.sequence_number)
                    .await
            }
            None => Ok(()),
        }
    }

    async fn save(&self, shard_id: &str, checkpoint: Checkpoint) -> Result<(), ConsumerError> {
        let Some(store) = &self.checkpoints else {
            return Ok(());
        };
        let saved = store.save(shard_id, checkpoint).await;
        saved.map_err(ConsumerError::Checkpoints)
    }

    /// The ARN of the registered consumer, if it reads with one.
    pub fn consumer_arn(&self) -> Option<&str> {
        self.reading.consumer_arn.as_deref()
    }

    /// Ends all reading, and deregisters the registered consumer if this one has registered it.
    ///
    /// # Errors
    /// If it could not be deregistered.
    pub async fn deregister(self) -> Result<(), Error> {
        let Self {
            client,
            registered,
            shards,
            ..
        } = self;
        // Readers whose answers nobody takes end.
        drop(shards);
        match registered {
            Some(consumer) => deregister(&client, consumer).await,
            None => Ok(()),
        }
    }

    /// Begins to read the shards whose turn it is.
    fn begin(&mut self) {
        for begun in self.lineage.begin() {
            let (to, from) = mpsc::channel(ANSWERS_AHEAD);
            let env = self.client.env();
            let reader = Reader {
                reading: self.reading.clone(),
                shard_id: begun.shard_id.clone(),
                range: begun.range,
                position: begun.position.clone(),
                patience: Patience::new(env, self.reading.gives_up_after),
                to,
            };
            env.tasks
                .spawn_request("shard reader", Box::pin(reader.run()));
            self.shards.push(ShardAnswers {
                begun,
                from,
                is_first: true,
                is_over: false,
            });
        }
    }

    /// Notes what an answer means; the batch, unless it says nothing new.
    fn take(&mut self, begun: &Begin, answer: Answer, is_first: bool) -> Option<Batch> {
        let is_last = answer.children.is_some();
        let is_latest = answer.millis_behind_latest == 0;
        let is_news = self.lineage.progress(&begun.shard_id, is_latest) || is_first || is_last;
        if let Some(children) = answer.children {
            self.lineage.end(&begun.shard_id, children);
            self.begin();
        }
        if answer.records.is_empty() && !is_news {
            return None;
        }
        Some(Batch {
            shard_id: begun.shard_id.clone(),
            records: answer.records,
            millis_behind_latest: answer.millis_behind_latest,
            is_last,
            range: begun.range,
        })
    }
}

impl Stream for Consumer {
    type Item = Result<Batch, ConsumerError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if this.has_failed || this.lineage.is_over_for_good() {
                return Poll::Ready(None);
            }
            let Some(next) = ready!(this.shards.poll_next_unpin(cx)) else {
                // Every shard that is left waits for one that is not read.
                return Poll::Ready(None);
            };
            let Next {
                begun,
                given,
                is_first,
            } = next;
            let failure = match given {
                Some(Ok(answer)) => match this.take(&begun, answer, is_first) {
                    Some(batch) => return Poll::Ready(Some(Ok(batch))),
                    None => continue,
                },
                Some(Err(error)) => ConsumerError::Shard {
                    shard_id: begun.shard_id,
                    error,
                },
                None => ConsumerError::ReaderEnded(begun.shard_id),
            };
            this.has_failed = true;
            this.shards.clear();
            return Poll::Ready(Some(Err(failure)));
        }
    }
}

/// What a shard's reader gave; `None` if it ended without a word.
struct Next {
    begun: Begin,
    given: Option<Given>,
    is_first: bool,
}

impl Stream for ShardAnswers {
    type Item = Next;

    /// Ends after the shard's last answer, a failure, or the end of its reader.
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Next>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let given = ready!(self.from.poll_recv(cx));
        self.is_over = match &given {
            Some(Ok(answer)) => answer.children.is_some(),
            Some(Err(_)) | None => true,
        };
        let is_first = std::mem::replace(&mut self.is_first, false);
        Poll::Ready(Some(Next {
            begun: self.begun.clone(),
            given,
            is_first,
        }))
    }
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Consumer({}, {:?})", self.reading.stream, self.lineage)
    }
}
