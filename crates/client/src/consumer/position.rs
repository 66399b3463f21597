//! Where reading a shard begins.

use crate::Timestamp;
use millstream_protocol::types::{ShardIteratorType, StartingPosition};

/// A position in a shard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Position {
    /// The oldest record that is kept.
    #[default]
    TrimHorizon,
    /// After the newest record. Of a whole stream: the open shards at their ends, and all of their
    /// children.
    Latest,
    /// The first record that arrived at this instant or later.
    AtTimestamp(Timestamp),
    /// The record with this sequence number.
    AtSequenceNumber(String),
    /// After the record with this sequence number.
    AfterSequenceNumber(String),
}

impl Position {
    /// The position in the words of the service.
    pub(super) fn to_starting_position(&self) -> StartingPosition {
        let of = |r#type| StartingPosition {
            r#type,
            sequence_number: None,
            timestamp: None,
        };
        match self {
            Self::TrimHorizon => of(ShardIteratorType::TrimHorizon),
            Self::Latest => of(ShardIteratorType::Latest),
            Self::AtTimestamp(timestamp) => StartingPosition {
                timestamp: Some(*timestamp),
                ..of(ShardIteratorType::AtTimestamp)
            },
            Self::AtSequenceNumber(number) => StartingPosition {
                sequence_number: Some(number.clone()),
                ..of(ShardIteratorType::AtSequenceNumber)
            },
            Self::AfterSequenceNumber(number) => StartingPosition {
                sequence_number: Some(number.clone()),
                ..of(ShardIteratorType::AfterSequenceNumber)
            },
        }
    }
}
