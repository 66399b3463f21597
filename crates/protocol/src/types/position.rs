//! Positions in a shard.

use millstream_protocol_derive::Shape;

use crate::Timestamp;
use crate::types::named;

/// A position in a shard.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct StartingPosition {
    /// What the position is relative to.
    #[shape(name = "Type")]
    pub r#type: ShardIteratorType,
    /// The sequence number, for the types that take one.
    #[shape(of = named::SEQUENCE_NUMBER)]
    pub sequence_number: Option<String>,
    /// The instant, for the types that take one.
    pub timestamp: Option<Timestamp>,
}

/// The reference point of a position in a shard.
///
/// AWS's messages show the values in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Shape)]
pub enum ShardIteratorType {
    /// After the record with that number.
    #[shape(name = "AFTER_SEQUENCE_NUMBER")]
    AfterSequenceNumber,
    /// After the last record.
    #[shape(name = "LATEST")]
    Latest,
    /// At the first record that arrived at that time or later.
    #[shape(name = "AT_TIMESTAMP")]
    AtTimestamp,
    /// At the record with that number.
    #[shape(name = "AT_SEQUENCE_NUMBER")]
    AtSequenceNumber,
    /// At the oldest record.
    #[shape(name = "TRIM_HORIZON")]
    TrimHorizon,
}
