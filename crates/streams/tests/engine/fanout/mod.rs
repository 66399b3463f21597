//! SubscribeToShard: what is pushed, when, and how it ends.

mod ends;
mod events;
mod places;
mod rates;
mod refusals;
mod stalled;
mod storm;

use super::world::{Caller, Start, World};
use aws_smithy_eventstream::frame::read_message_from;
use bytes::Bytes;
use millstream_protocol::operations::{RegisterStreamConsumerInput, SubscribeToShardInput};
use millstream_protocol::types::{ShardIteratorType, StartingPosition, SubscribeToShardEvent};
use millstream_protocol::{Error, ErrorCode, Protocol};
use millstream_service::Frames;
use millstream_streams::operations::{RegisterStreamConsumer, SubscribeToShard};
use millstream_streams::{Limits, Settings};
use std::time::Duration;

const FIRST: &str = "shardId-000000000000";
/// Turns of the runtime in which whatever is there to be pushed is pushed.
const TURNS: usize = 64;

/// What a subscriber was pushed.
#[derive(Debug, PartialEq)]
pub enum Pushed {
    Initial,
    Event(SubscribeToShardEvent),
    Exception(String, String),
    End,
}

pub struct Subscriber {
    frames: Frames,
    protocol: Protocol,
}

impl Subscriber {
    pub async fn next(&mut self) -> Pushed {
        let Some(frame) = self.frames.next().await else {
            return Pushed::End;
        };
        let mut bytes = Bytes::from(frame.parts.concat());
        let message = read_message_from(&mut bytes).unwrap();
        assert!(bytes.is_empty());
        let header = |name: &str| {
            let found = message.headers().iter().find(|h| h.name().as_str() == name);
            let value = found.and_then(|header| header.value().as_string().ok());
            value.map(|value| value.as_str().to_owned())
        };
        let payload = message.payload();
        if let Some(name) = header(":exception-type") {
            let error = millstream_protocol::decode_error(self.protocol, 400, payload);
            return Pushed::Exception(name, error.message.unwrap_or_default());
        }
        match header(":event-type").as_deref() {
            Some("initial-response") => Pushed::Initial,
            _ => {
                Pushed::Event(millstream_protocol::decode_lenient(self.protocol, payload).unwrap())
            }
        }
    }

    async fn event(&mut self) -> SubscribeToShardEvent {
        let pushed = self.next().await;
        let Pushed::Event(event) = pushed else {
            panic!("no event: {pushed:?}");
        };
        event
    }

    /// What is pushed without any time passing.
    async fn at_once(&mut self) -> Option<Pushed> {
        tokio::select! {
            biased;
            pushed = self.next() => Some(pushed),
            () = turns() => None,
        }
    }

    /// The next event, while time passes.
    async fn within(&mut self, world: &World, time: Duration) -> Pushed {
        tokio::select! {
            biased;
            pushed = self.next() => pushed,
            () = world.pass(time) => panic!("nothing is pushed"),
        }
    }

    /// The data of the records that are there, and the last event.
    async fn drain(&mut self) -> (String, SubscribeToShardEvent) {
        let mut data = String::new();
        let mut last = SubscribeToShardEvent::default();
        while let Some(pushed) = self.at_once().await {
            let Pushed::Event(event) = pushed else {
                panic!("no event: {pushed:?}");
            };
            data.extend(event.records.iter().map(super::world::text));
            last = event;
        }
        (data, last)
    }
}

async fn turns() {
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
}

impl Caller {
    pub async fn consumer(&self, stream: &str, name: &str) -> String {
        let Caller { principal, .. } = self;
        let (account, region) = (&principal.account, &principal.region);
        let input = RegisterStreamConsumerInput {
            stream_arn: format!("arn:aws:kinesis:{region}:{account}:stream/{stream}"),
            consumer_name: name.to_owned(),
            tags: None,
            stream_id: None,
        };
        let registered = self.call::<RegisterStreamConsumer>(input).await.unwrap();
        registered.consumer.consumer_arn
    }

    async fn try_subscribe(
        &self,
        arn: &str,
        shard: &str,
        start: Start<'_>,
    ) -> Result<Subscriber, Error> {
        self.subscribe_with(Protocol::Json, arn, shard, position(start))
            .await
    }

    async fn subscribe_with(
        &self,
        protocol: Protocol,
        arn: &str,
        shard: &str,
        starting_position: StartingPosition,
    ) -> Result<Subscriber, Error> {
        let input = SubscribeToShardInput {
            consumer_arn: arn.to_owned(),
            shard_id: shard.to_owned(),
            starting_position,
            stream_id: None,
            dry_run: None,
        };
        let subscription = self.handle::<SubscribeToShard>(input).await;
        let subscription = subscription.map_err(|error| millstream_service::say(&error.into()))?;
        let body = self.body(protocol, subscription);
        let frames = *body.into_bytes().expect_err("it comes in events");
        Ok(Subscriber { frames, protocol })
    }

    /// Subscribes, and takes the initial response.
    pub async fn subscribe(&self, arn: &str, shard: &str, start: Start<'_>) -> Subscriber {
        self.subscribe_in(Protocol::Json, arn, shard, start).await
    }

    async fn subscribe_in(
        &self,
        protocol: Protocol,
        arn: &str,
        shard: &str,
        start: Start<'_>,
    ) -> Subscriber {
        let subscribed = self.subscribe_with(protocol, arn, shard, position(start));
        let mut subscriber = subscribed.await.unwrap();
        assert_eq!(subscriber.at_once().await, Some(Pushed::Initial));
        subscriber
    }
}

fn position(start: Start<'_>) -> StartingPosition {
    let (kind, number, time) = match start {
        Start::Horizon => (ShardIteratorType::TrimHorizon, None, None),
        Start::Latest => (ShardIteratorType::Latest, None, None),
        Start::At(number) => (ShardIteratorType::AtSequenceNumber, Some(number), None),
        Start::After(number) => (ShardIteratorType::AfterSequenceNumber, Some(number), None),
        Start::Time(time) => (ShardIteratorType::AtTimestamp, None, Some(time)),
    };
    StartingPosition {
        r#type: kind,
        sequence_number: number.map(str::to_owned),
        timestamp: time.map(|time| millstream_protocol::Timestamp(time.0 as i64)),
    }
}

fn aws() -> World {
    World::new(Settings::default())
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
