//! Shards, as they are described and listed.

use wire_derive::Shape;

use crate::Timestamp;
use crate::types::named;

/// A shard.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct Shard {
    /// The id.
    #[shape(of = named::SHARD_ID)]
    pub shard_id: String,
    /// The shard that it came from.
    #[shape(of = named::SHARD_ID)]
    pub parent_shard_id: Option<String>,
    /// The other shard that it came from, by a merge.
    #[shape(of = named::SHARD_ID)]
    pub adjacent_parent_shard_id: Option<String>,
    /// The hash keys that belong to it.
    pub hash_key_range: HashKeyRange,
    /// Its first sequence number, and its last once it is closed.
    pub sequence_number_range: SequenceNumberRange,
}

/// A shard that follows a closed one.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct ChildShard {
    /// The id.
    #[shape(of = named::SHARD_ID)]
    pub shard_id: String,
    /// The shards that it came from.
    #[shape(of = named::SHARD_ID_LIST)]
    pub parent_shards: Vec<String>,
    /// The hash keys that belong to it.
    pub hash_key_range: HashKeyRange,
}

/// A range of hash keys, both ends included.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct HashKeyRange {
    /// The first hash key.
    #[shape(of = named::HASH_KEY)]
    pub starting_hash_key: String,
    /// The last hash key, included.
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

/// Which of a stream's shards to list.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct ShardFilter {
    /// What the filter asks for.
    #[shape(name = "Type")]
    pub r#type: ShardFilterType,
    /// The shard, for the type that takes one.
    #[shape(of = named::SHARD_ID)]
    pub shard_id: Option<String>,
    /// The instant, for the types that take one.
    pub timestamp: Option<Timestamp>,
}

/// What a shard filter asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Shape)]
pub enum ShardFilterType {
    /// All shards behind one.
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
