//! A subscription's events as frames of `application/vnd.amazon.eventstream`.

use super::measured::Measured;
use super::piece_buffers::PieceBuffers;
use super::record_pieces::RecordPieces;
use crate::words::say;
use millstream_protocol::Protocol;
use millstream_protocol::event_stream::{EncodedRecords, Frame};
use millstream_protocol::types::SubscribeToShardEvent;
use millstream_streams::{Event, RecordEncoder, Records, Subscription, UnknownForm};
use std::fmt;
use std::sync::Arc;

/// Encodes lists of records, in one protocol.
#[derive(Debug)]
pub(super) struct Lists {
    protocol: Protocol,
    buffers: Arc<PieceBuffers>,
}

impl Lists {
    /// Lists in a protocol, written to these buffers first.
    pub(super) fn new(protocol: Protocol, buffers: Arc<PieceBuffers>) -> Self {
        Self { protocol, buffers }
    }
}

impl RecordEncoder for Lists {
    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn encode(&self, records: Records) -> Result<EncodedRecords, UnknownForm> {
        let records = Measured::new(records, None)?;
        let list = RecordPieces::list(self.protocol, records, &self.buffers);
        Ok(EncodedRecords::from_encoded(self.protocol, list))
    }
}

/// The frames of a subscription, in one protocol.
pub struct Frames {
    subscription: Subscription,
    lists: Lists,
    nothing: EncodedRecords,
}

impl Frames {
    /// The frames of a subscription of which nothing was pushed yet.
    pub(super) fn new(subscription: Subscription, lists: Lists) -> Self {
        Self {
            subscription,
            nothing: EncodedRecords::none(lists.protocol),
            lists,
        }
    }

    /// The id of the stream.
    pub fn stream(&self) -> u64 {
        self.subscription.stream()
    }

    /// The next frame; `None` at the end. It is to be asked for when the frame before was written
    /// to the client ([`Subscription::next`]). Cancel safe.
    pub async fn next(&mut self) -> Option<Frame> {
        let event = self.subscription.next(&self.lists).await?;
        Some(match event {
            Event::Begun => Frame::initial_response(self.lists.protocol),
            Event::Records {
                records,
                continuation,
                behind,
            } => {
                let event = SubscribeToShardEvent {
                    continuation_sequence_number: Some(continuation.to_string()),
                    millis_behind_latest: i64::try_from(behind.as_millis()).unwrap_or(i64::MAX),
                    ..SubscribeToShardEvent::default()
                };
                Frame::event(records.as_ref().unwrap_or(&self.nothing), &event)
            }
            Event::ShardEnd(children) => {
                let event = SubscribeToShardEvent {
                    child_shards: Some(children),
                    ..SubscribeToShardEvent::default()
                };
                Frame::event(&self.nothing, &event)
            }
            Event::Failed(fact) => Frame::exception(self.lists.protocol, &say(&fact)),
        })
    }
}

impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Frames").field(&self.subscription).finish()
    }
}
