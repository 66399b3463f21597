//! The operations, one file each: what a request of that name does.
//!
//! To add one: its shapes in `wire`, a file here, what it may answer instead of an output in
//! [`crate::facts`], a row in the server's dispatch table.

mod shared;

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

pub use add_tags_to_stream::AddTagsToStream;
pub use create_stream::CreateStream;
pub use decrease_stream_retention_period::DecreaseStreamRetentionPeriod;
pub use delete_stream::DeleteStream;
pub use deregister_stream_consumer::DeregisterStreamConsumer;
pub use describe_limits::DescribeLimits;
pub use describe_stream::DescribeStream;
pub use describe_stream_consumer::DescribeStreamConsumer;
pub use describe_stream_summary::DescribeStreamSummary;
pub use disable_enhanced_monitoring::DisableEnhancedMonitoring;
pub use enable_enhanced_monitoring::EnableEnhancedMonitoring;
pub use get_records::GetRecords;
pub use get_shard_iterator::GetShardIterator;
pub use increase_stream_retention_period::IncreaseStreamRetentionPeriod;
pub use list_shards::ListShards;
pub use list_stream_consumers::ListStreamConsumers;
pub use list_streams::ListStreams;
pub use list_tags_for_stream::ListTagsForStream;
pub use merge_shards::MergeShards;
pub use put_record::PutRecord;
pub use put_records::PutRecords;
pub use register_stream_consumer::RegisterStreamConsumer;
pub use remove_tags_from_stream::RemoveTagsFromStream;
pub use split_shard::SplitShard;
pub use start_stream_encryption::StartStreamEncryption;
pub use stop_stream_encryption::StopStreamEncryption;
pub use subscribe_to_shard::subscribe_to_shard;
pub use update_shard_count::UpdateShardCount;

use crate::{Engine, Handler, OutputOf};

/// What a handler is given.
type Request<H> = auth::Authorized<<H as Handler>::Input>;
