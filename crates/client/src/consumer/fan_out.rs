//! Reading a shard with SubscribeToShard, and the registered consumer that this takes.

use super::patience::Pace;
use super::position::Position;
use super::reader::{Answer, Reader, Stopped};
use crate::{Client, Error, StreamRef, WaitError};
use millstream_protocol::ErrorCode;
use millstream_protocol::operations::SubscribeToShardInput;
use millstream_protocol::types::SubscribeToShardEvent;
use std::time::Duration;

/// The least time between two subscriptions: one that ends at once is not renewed at once.
const SUBSCRIBE_EVERY_MIN: Duration = Duration::from_secs(1);

/// A consumer that is registered with a stream.
#[derive(Clone, Debug)]
pub(super) struct Registered {
    pub(super) arn: String,
    /// Whether it did not exist before.
    pub(super) is_new: bool,
}

/// Finds a consumer by its name or registers it, and waits until it is ACTIVE.
pub(super) async fn register(
    client: &Client,
    stream: &StreamRef,
    name: &str,
) -> Result<Registered, WaitError> {
    let stream_arn = match stream {
        StreamRef::Arn(arn) => arn.clone(),
        StreamRef::Name(_) => {
            let described = client.describe_stream_summary(stream).await?;
            described.stream_description_summary.stream_arn
        }
    };
    let registered = match find(client, &stream_arn, name).await? {
        Some(arn) => Registered { arn, is_new: false },
        None => make(client, &stream_arn, name).await?,
    };
    match client.wait_until_consumer_active(&registered.arn).await {
        Ok(()) => Ok(registered),
        Err(error) => {
            // The error that counts is the first.
            let _ = deregister(client, registered).await;
            Err(error)
        }
    }
}

/// Deregisters a consumer that was registered here.
pub(super) async fn deregister(client: &Client, consumer: Registered) -> Result<(), Error> {
    if consumer.is_new {
        let call = client.deregister_stream_consumer();
        call.consumer_arn(consumer.arn).await?;
    }
    Ok(())
}

async fn find(client: &Client, stream_arn: &str, name: &str) -> Result<Option<String>, Error> {
    let call = client.describe_stream_consumer();
    match call.stream_arn(stream_arn).consumer_name(name).await {
        Ok(output) => Ok(Some(output.consumer_description.consumer_arn)),
        Err(error) if error.code() == Some(ErrorCode::ResourceNotFoundException) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn make(client: &Client, stream_arn: &str, name: &str) -> Result<Registered, Error> {
    match client.register_stream_consumer(stream_arn, name).await {
        Ok(output) => Ok(Registered {
            arn: output.consumer.consumer_arn,
            is_new: true,
        }),
        // Someone else was faster.
        Err(error) if error.code() == Some(ErrorCode::ResourceInUseException) => {
            let found = find(client, stream_arn, name).await?;
            let found = found.map(|arn| Registered { arn, is_new: false });
            found.ok_or(error)
        }
        Err(error) => Err(error),
    }
}

impl Reader {
    /// Subscribes again and again: a subscription lasts for five minutes.
    pub(super) async fn subscribe(&mut self, consumer_arn: String) -> Result<(), Stopped> {
        let mut pace = Pace::new(self.env());
        loop {
            pace.keep(SUBSCRIBE_EVERY_MIN).await;
            let input = SubscribeToShardInput {
                consumer_arn: consumer_arn.clone(),
                stream_id: None,
                shard_id: self.shard_id.clone(),
                starting_position: self.position.to_starting_position(),
                dry_run: None,
            };
            let begun = self.env().clock.now();
            let mut events = match self.reading.client.subscribe(&input).await {
                Ok(events) => {
                    self.has_begun(begun);
                    events
                }
                Err(error) => {
                    self.patience.after(error).await?;
                    continue;
                }
            };
            loop {
                match events.next().await {
                    Ok(Some(event)) => {
                        self.patience.reset();
                        if self.take(event).await? {
                            return Ok(());
                        }
                    }
                    Ok(None) => break,
                    Err(error) => {
                        self.patience.after(error).await?;
                        break;
                    }
                }
            }
        }
    }

    /// Gives an event to the consumer; `true` if it is the shard's last.
    async fn take(&mut self, event: SubscribeToShardEvent) -> Result<bool, Stopped> {
        let SubscribeToShardEvent {
            records,
            continuation_sequence_number,
            millis_behind_latest,
            child_shards,
        } = event;
        let child_shards = child_shards.filter(|children| !children.is_empty());
        let is_end = continuation_sequence_number.is_none() || child_shards.is_some();
        if let Some(number) = continuation_sequence_number {
            self.position = Position::AfterSequenceNumber(number);
        }
        let children = match child_shards {
            Some(children) => Some(children),
            None if is_end => Some(self.children().await?),
            None => None,
        };
        let room = self.reading.room.of(&records).await;
        self.give(Answer {
            records,
            millis_behind_latest,
            children,
            _room: room,
        })
        .await?;
        Ok(is_end)
    }
}
