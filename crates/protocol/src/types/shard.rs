//! Shards, as they are described and listed.

use millstream_protocol_derive::Shape;

use crate::Timestamp;
use crate::shape::{Described, Type};
use crate::types::named;

/// `ChildShardList`.
pub const CHILD_SHARD_LIST: &Type = &Type::list("ChildShardList", ChildShard::SHAPE);
/// `ShardList`.
pub const SHARD_LIST: &Type = &Type::list("ShardList", Shard::SHAPE);

/// A shard.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct Shard {
    /// The id.
    #[shape(of = named::SHARD_ID)]
    pub shard_id: String,
    /// The parent shard.
    #[shape(of = named::SHARD_ID)]
    pub parent_shard_id: Option<String>,
    /// The second parent shard, after a merge.
    #[shape(of = named::SHARD_ID)]
    pub adjacent_parent_shard_id: Option<String>,
    /// The shard's range of hash keys.
    pub hash_key_range: HashKeyRange,
    /// Its first sequence number, and its last once it is closed.
    pub sequence_number_range: SequenceNumberRange,
}

/// A child of a closed shard.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct ChildShard {
    /// The id.
    #[shape(of = named::SHARD_ID)]
    pub shard_id: String,
    /// The parent shards.
    #[shape(of = named::SHARD_ID_LIST)]
    pub parent_shards: Vec<String>,
    /// The shard's range of hash keys.
    pub hash_key_range: HashKeyRange,
}

/// A range of hash keys, both ends inclusive.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct HashKeyRange {
    /// The first hash key.
    #[shape(of = named::HASH_KEY)]
    pub starting_hash_key: String,
    /// The last hash key, inclusive.
    #[shape(of = named::HASH_KEY)]
    pub ending_hash_key: String,
}

/// The range of a shard's sequence numbers.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct SequenceNumberRange {
    /// The first sequence number.
    #[shape(of = named::SEQUENCE_NUMBER)]
    pub starting_sequence_number: String,
    /// The last sequence number; absent while the shard is open.
    #[shape(of = named::SEQUENCE_NUMBER)]
    pub ending_sequence_number: Option<String>,
}

/// A filter for a stream's shards.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct ShardFilter {
    /// The type of filter.
    #[shape(name = "Type")]
    pub r#type: ShardFilterType,
    /// The shard, for the type that takes one.
    #[shape(of = named::SHARD_ID)]
    pub shard_id: Option<String>,
    /// The instant, for the types that take one.
    pub timestamp: Option<Timestamp>,
}

/// A type of shard filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Shape)]
pub enum ShardFilterType {
    /// All shards after one.
    #[shape(name = "AFTER_SHARD_ID")]
    AfterShardId,
    /// Shards that were open at the trim horizon.
    #[shape(name = "AT_TRIM_HORIZON")]
    AtTrimHorizon,
    /// All shards that still have records.
    #[shape(name = "FROM_TRIM_HORIZON")]
    FromTrimHorizon,
    /// Shards that are open now.
    #[shape(name = "AT_LATEST")]
    AtLatest,
    /// Shards that were open at an instant.
    #[shape(name = "AT_TIMESTAMP")]
    AtTimestamp,
    /// Shards that were open at an instant or later.
    #[shape(name = "FROM_TIMESTAMP")]
    FromTimestamp,
}
