//! What a subscriber is pushed, as data, and who encodes the records in it.

use crate::facts::{AnyFact, UnknownForm};
use crate::read::Records;
use millstream_model::SequenceNumber;
use millstream_protocol::Protocol;
use millstream_protocol::event_stream::EncodedRecords;
use millstream_protocol::types::ChildShard;
use std::time::Duration;

/// Encodes the records that subscribers are pushed. It comes with whoever asks a subscription for
/// its next event; what it makes is kept for other subscribers who ask in the same protocol.
pub trait RecordEncoder: Send + Sync {
    /// The protocol that it encodes to.
    fn protocol(&self) -> Protocol;

    /// Encodes records as one list.
    ///
    /// # Errors
    /// If a record has a form that this build does not know.
    fn encode(&self, records: Records) -> Result<EncodedRecords, UnknownForm>;
}

/// What a subscriber is pushed.
#[derive(Debug)]
pub enum Event {
    /// The subscription has begun.
    Begun,
    /// Records; or none, when nothing came for a while.
    Records {
        /// The records.
        records: Option<EncodedRecords>,
        /// Where to resume: behind this number.
        continuation: SequenceNumber,
        /// The age of the next unread record; zero at the end.
        behind: Duration,
    },
    /// The shard is closed and was read to its end. Its children; nothing follows.
    ShardEnd(Vec<ChildShard>),
    /// What ends it before its time; nothing follows.
    Failed(Box<AnyFact>),
}
