//! The operations: one file each, with the shapes of what goes in and what comes out.

mod add_tags_to_stream;
mod create_stream;
mod decrease_stream_retention_period;
mod delete_stream;
mod deregister_stream_consumer;
mod describe_limits;
mod describe_stream;
mod describe_stream_consumer;
mod describe_stream_summary;
mod disable_enhanced_monitoring;
mod enable_enhanced_monitoring;
mod get_records;
mod get_shard_iterator;
mod increase_stream_retention_period;
mod list_shards;
mod list_stream_consumers;
mod list_streams;
mod list_tags_for_stream;
mod merge_shards;
mod put_record;
mod put_records;
mod register_stream_consumer;
mod remove_tags_from_stream;
mod split_shard;
mod start_stream_encryption;
mod stop_stream_encryption;
mod subscribe_to_shard;
mod update_shard_count;

pub use add_tags_to_stream::*;
pub use create_stream::*;
pub use decrease_stream_retention_period::*;
pub use delete_stream::*;
pub use deregister_stream_consumer::*;
pub use describe_limits::*;
pub use describe_stream::*;
pub use describe_stream_consumer::*;
pub use describe_stream_summary::*;
pub use disable_enhanced_monitoring::*;
pub use enable_enhanced_monitoring::*;
pub use get_records::*;
pub use get_shard_iterator::*;
pub use increase_stream_retention_period::*;
pub use list_shards::*;
pub use list_stream_consumers::*;
pub use list_streams::*;
pub use list_tags_for_stream::*;
pub use merge_shards::*;
pub use put_record::*;
pub use put_records::*;
pub use register_stream_consumer::*;
pub use remove_tags_from_stream::*;
pub use split_shard::*;
pub use start_stream_encryption::*;
pub use stop_stream_encryption::*;
pub use subscribe_to_shard::*;
pub use update_shard_count::*;

use crate::operation::Description;

/// Every operation that has shapes here, by name.
pub const ALL: &[Description] = &[
    Description::of::<AddTagsToStream>(),
    Description::of::<CreateStream>(),
    Description::of::<DecreaseStreamRetentionPeriod>(),
    Description::of::<DeleteStream>(),
    Description::of::<DeregisterStreamConsumer>(),
    Description::of::<DescribeLimits>(),
    Description::of::<DescribeStream>(),
    Description::of::<DescribeStreamConsumer>(),
    Description::of::<DescribeStreamSummary>(),
    Description::of::<DisableEnhancedMonitoring>(),
    Description::of::<EnableEnhancedMonitoring>(),
    Description::of::<GetRecords>(),
    Description::of::<GetShardIterator>(),
    Description::of::<IncreaseStreamRetentionPeriod>(),
    Description::of::<ListShards>(),
    Description::of::<ListStreamConsumers>(),
    Description::of::<ListStreams>(),
    Description::of::<ListTagsForStream>(),
    Description::of::<MergeShards>(),
    Description::of::<PutRecord>(),
    Description::of::<PutRecords>(),
    Description::of::<RegisterStreamConsumer>(),
    Description::of::<RemoveTagsFromStream>(),
    Description::of::<SplitShard>(),
    Description::of::<StartStreamEncryption>(),
    Description::of::<StopStreamEncryption>(),
    Description::of::<SubscribeToShard>(),
    Description::of::<UpdateShardCount>(),
];

/// Finds the operation of that name.
pub fn find(name: &str) -> Option<&'static Description> {
    ALL.iter().find(|operation| operation.name == name)
}
