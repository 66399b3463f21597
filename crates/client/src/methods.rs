//! A method of [`Client`] for each operation: what it requires as arguments, the rest as setters of
//! the [`Call`].

use crate::{Call, Client, StreamRef};
use millstream_protocol::operations::*;
use millstream_protocol::types::*;
use millstream_protocol::{Blob, Timestamp};
use std::collections::BTreeMap;

/// Values of tags by key.
pub type Tags = BTreeMap<String, String>;

/// Declares methods and setters. `stream` stands for the members that name a stream.
macro_rules! calls {
    ($(
        $(#[$doc:meta])*
        $operation:ident in $method:ident($($argument:ident: $type:ty),*) -> $input:expr => {
            $($(#[$setter_doc:meta])* $setter:ident: $value:ty,)*
        }
    )*) => {
        /// Operations. Each link leads to AWS's page.
        impl Client {$(
            $(#[$doc])*
            #[doc = concat!(
                "\n\n[`", stringify!($operation),
                "`](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_",
                stringify!($operation), ".html)"
            )]
            pub fn $method(&self $(, $argument: $type)*) -> Call<$operation> {
                Call::new(self, $input)
            }
        )*}
        $(
            impl Call<$operation> {$(
                $(#[$setter_doc])*
                pub fn $setter(mut self, $setter: impl Into<$value>) -> Self {
                    self.input.$setter = Some($setter.into());
                    self
                }
            )*}
        )*
    };
}

/// An input whose stream is named by these members.
macro_rules! of_stream {
    ($stream:ident, $input:ident { $($member:ident: $value:expr),* $(,)? }) => {{
        let (stream_name, stream_arn) = $stream.into().members();
        $input { stream_name, stream_arn, $($member: $value,)* ..Default::default() }
    }};
}

calls! {
    /// Adds tags to a stream, or replaces their values.
    AddTagsToStream in add_tags_to_stream(stream: impl Into<StreamRef>, tags: Tags)
        -> of_stream!(stream, AddTagsToStreamInput { tags: tags }) => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Creates a stream: on demand, or with the given number of shards.
    CreateStream in create_stream(stream_name: impl Into<String>) -> CreateStreamInput {
        stream_name: stream_name.into(),
        ..Default::default()
    } => {
        /// The number of shards of a provisioned stream.
        shard_count: i32,
        /// The capacity mode.
        stream_mode_details: StreamModeDetails,
        /// Tags to set.
        tags: Tags,
        /// The write throughput to be prepared for, in MiB per second.
        warm_throughput_mibps: i32,
        /// The maximum size of a record, in KiB.
        max_record_size_in_kib: i32,
        /// How records are assigned to shards.
        record_distribution_strategy: RecordDistributionStrategy,
    }

    /// Shortens the retention of a stream.
    DecreaseStreamRetentionPeriod in decrease_stream_retention_period(
        stream: impl Into<StreamRef>, retention_period_hours: i32
    ) -> of_stream!(stream, DecreaseStreamRetentionPeriodInput {
        retention_period_hours: retention_period_hours,
    }) => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Deletes the policy of a stream or consumer.
    DeleteResourcePolicy in delete_resource_policy(resource_arn: impl Into<String>)
        -> DeleteResourcePolicyInput { resource_arn: resource_arn.into(), ..Default::default() } => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Deletes a stream and its records.
    DeleteStream in delete_stream(stream: impl Into<StreamRef>)
        -> of_stream!(stream, DeleteStreamInput {}) => {
        /// Whether its consumers are deregistered with it; otherwise a stream that has any stays.
        enforce_consumer_deletion: bool,
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Deregisters a consumer: by its ARN, or by its name and its stream's ARN.
    DeregisterStreamConsumer in deregister_stream_consumer()
        -> DeregisterStreamConsumerInput::default() => {
        /// The stream's ARN.
        stream_arn: String,
        /// The consumer's name.
        consumer_name: String,
        /// The consumer's ARN.
        consumer_arn: String,
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Describes the settings of the account.
    DescribeAccountSettings in describe_account_settings() -> DescribeAccountSettingsInput {} => {}

    /// Describes the quotas of the account and what is used of them.
    DescribeLimits in describe_limits() -> DescribeLimitsInput {} => {}

    /// Describes a stream and a page of its shards.
    DescribeStream in describe_stream(stream: impl Into<StreamRef>)
        -> of_stream!(stream, DescribeStreamInput {}) => {
        /// The maximum number of shards to return.
        limit: i32,
        /// The shard to continue after.
        exclusive_start_shard_id: String,
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Describes a consumer: by its ARN, or by its name and its stream's ARN.
    DescribeStreamConsumer in describe_stream_consumer()
        -> DescribeStreamConsumerInput::default() => {
        /// The stream's ARN.
        stream_arn: String,
        /// The consumer's name.
        consumer_name: String,
        /// The consumer's ARN.
        consumer_arn: String,
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Describes a stream without its shards.
    DescribeStreamSummary in describe_stream_summary(stream: impl Into<StreamRef>)
        -> of_stream!(stream, DescribeStreamSummaryInput {}) => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Disables metrics of a stream's shards.
    DisableEnhancedMonitoring in disable_enhanced_monitoring(
        stream: impl Into<StreamRef>, shard_level_metrics: Vec<MetricsName>
    ) -> of_stream!(stream, DisableEnhancedMonitoringInput {
        shard_level_metrics: shard_level_metrics,
    }) => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Enables metrics of a stream's shards.
    EnableEnhancedMonitoring in enable_enhanced_monitoring(
        stream: impl Into<StreamRef>, shard_level_metrics: Vec<MetricsName>
    ) -> of_stream!(stream, EnableEnhancedMonitoringInput {
        shard_level_metrics: shard_level_metrics,
    }) => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Reads records at a position, and returns the next position.
    GetRecords in get_records(shard_iterator: impl Into<String>)
        -> GetRecordsInput { shard_iterator: shard_iterator.into(), ..Default::default() } => {
        /// The maximum number of records to return.
        limit: i32,
        /// The stream's ARN.
        stream_arn: String,
        /// The stream, by the id that AWS gives it.
        stream_id: String,
        /// Whether only to validate the request.
        dry_run: bool,
    }

    /// Returns the policy of a stream or consumer.
    GetResourcePolicy in get_resource_policy(resource_arn: impl Into<String>)
        -> GetResourcePolicyInput { resource_arn: resource_arn.into(), ..Default::default() } => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Finds a position in a shard.
    GetShardIterator in get_shard_iterator(
        stream: impl Into<StreamRef>, shard_id: impl Into<String>,
        shard_iterator_type: ShardIteratorType
    ) -> {
        let (stream_name, stream_arn) = stream.into().members();
        GetShardIteratorInput {
            stream_name,
            shard_id: shard_id.into(),
            shard_iterator_type,
            starting_sequence_number: None,
            timestamp: None,
            stream_arn,
            stream_id: None,
            dry_run: None,
        }
    } => {
        /// The sequence number, for the types that take one.
        starting_sequence_number: String,
        /// The instant, for the type that takes one.
        timestamp: Timestamp,
        /// The stream, by the id that AWS gives it.
        stream_id: String,
        /// Whether only to validate the request.
        dry_run: bool,
    }

    /// Lengthens the retention of a stream.
    IncreaseStreamRetentionPeriod in increase_stream_retention_period(
        stream: impl Into<StreamRef>, retention_period_hours: i32
    ) -> of_stream!(stream, IncreaseStreamRetentionPeriodInput {
        retention_period_hours: retention_period_hours,
    }) => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Lists the shards of a stream. A page that continues another names it by the token alone: see
    /// [`Call::pages`].
    ListShards in list_shards(stream: impl Into<StreamRef>)
        -> of_stream!(stream, ListShardsInput {}) => {
        /// The position to continue at. AWS accepts no stream beside it.
        next_token: String,
        /// The shard to continue after.
        exclusive_start_shard_id: String,
        /// The maximum number of shards to return.
        max_results: i32,
        /// When the stream was created: distinguishes it from an earlier one of the same name.
        stream_creation_timestamp: Timestamp,
        /// Which shards to list.
        shard_filter: ShardFilter,
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Lists the consumers that are registered with a stream.
    ListStreamConsumers in list_stream_consumers(stream_arn: impl Into<String>)
        -> ListStreamConsumersInput { stream_arn: stream_arn.into(), ..Default::default() } => {
        /// The position to continue at.
        next_token: String,
        /// The maximum number of consumers to return.
        max_results: i32,
        /// When the stream was created: distinguishes it from an earlier one of the same name.
        stream_creation_timestamp: Timestamp,
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Lists the streams of the account in the region.
    ListStreams in list_streams() -> ListStreamsInput::default() => {
        /// The maximum number of streams to return.
        limit: i32,
        /// The stream to continue after.
        exclusive_start_stream_name: String,
        /// The position to continue at.
        next_token: String,
    }

    /// Lists the tags of a stream or consumer.
    ListTagsForResource in list_tags_for_resource(resource_arn: impl Into<String>)
        -> ListTagsForResourceInput { resource_arn: resource_arn.into(), ..Default::default() } => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Lists the tags of a stream.
    ListTagsForStream in list_tags_for_stream(stream: impl Into<StreamRef>)
        -> of_stream!(stream, ListTagsForStreamInput {}) => {
        /// The tag to continue after.
        exclusive_start_tag_key: String,
        /// The maximum number of tags to return.
        limit: i32,
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Merges two shards whose ranges of hash keys are adjacent.
    MergeShards in merge_shards(
        stream: impl Into<StreamRef>, shard_to_merge: impl Into<String>,
        adjacent_shard_to_merge: impl Into<String>
    ) -> of_stream!(stream, MergeShardsInput {
        shard_to_merge: shard_to_merge.into(),
        adjacent_shard_to_merge: adjacent_shard_to_merge.into(),
    }) => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Stores a record. Streams that distribute records themselves take it without a partition key.
    PutRecord in put_record(stream: impl Into<StreamRef>, data: impl Into<Blob>)
        -> of_stream!(stream, PutRecordInput { data: data.into() }) => {
        /// The key whose hash decides on the shard.
        partition_key: String,
        /// The hash, instead of the key's.
        explicit_hash_key: String,
        /// The number of a record of the same key that this one has to follow.
        sequence_number_for_ordering: String,
        /// The stream, by the id that AWS gives it.
        stream_id: String,
        /// Whether only to validate the request.
        dry_run: bool,
    }

    /// Stores up to 500 records, each independently: the output says which were refused.
    PutRecords in put_records(
        stream: impl Into<StreamRef>, records: Vec<PutRecordsRequestEntry>
    ) -> of_stream!(stream, PutRecordsInput { records: records }) => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
        /// Whether only to validate the request.
        dry_run: bool,
    }

    /// Sets the policy of a stream or consumer.
    PutResourcePolicy in put_resource_policy(
        resource_arn: impl Into<String>, policy: impl Into<String>
    ) -> PutResourcePolicyInput {
        resource_arn: resource_arn.into(),
        policy: policy.into(),
        ..Default::default()
    } => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Registers a consumer with a stream.
    RegisterStreamConsumer in register_stream_consumer(
        stream_arn: impl Into<String>, consumer_name: impl Into<String>
    ) -> RegisterStreamConsumerInput {
        stream_arn: stream_arn.into(),
        consumer_name: consumer_name.into(),
        ..Default::default()
    } => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
        /// Tags to set.
        tags: Tags,
    }

    /// Removes tags from a stream.
    RemoveTagsFromStream in remove_tags_from_stream(
        stream: impl Into<StreamRef>, tag_keys: Vec<String>
    ) -> of_stream!(stream, RemoveTagsFromStreamInput { tag_keys: tag_keys }) => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Splits a shard in two, at a hash key.
    SplitShard in split_shard(
        stream: impl Into<StreamRef>, shard_to_split: impl Into<String>,
        new_starting_hash_key: impl Into<String>
    ) -> of_stream!(stream, SplitShardInput {
        shard_to_split: shard_to_split.into(),
        new_starting_hash_key: new_starting_hash_key.into(),
    }) => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Starts encrypting a stream's records, with a key of AWS KMS.
    StartStreamEncryption in start_stream_encryption(
        stream: impl Into<StreamRef>, encryption_type: EncryptionType, key_id: impl Into<String>
    ) -> {
        let (stream_name, stream_arn) = stream.into().members();
        let key_id = key_id.into();
        StartStreamEncryptionInput {
            stream_name, encryption_type, key_id, stream_arn, stream_id: None,
        }
    } => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Stops encrypting a stream's records.
    StopStreamEncryption in stop_stream_encryption(
        stream: impl Into<StreamRef>, encryption_type: EncryptionType, key_id: impl Into<String>
    ) -> {
        let (stream_name, stream_arn) = stream.into().members();
        let key_id = key_id.into();
        StopStreamEncryptionInput {
            stream_name, encryption_type, key_id, stream_arn, stream_id: None,
        }
    } => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Subscribes a consumer to a shard, for five minutes at most: see [`Call::subscribe`].
    SubscribeToShard in subscribe_to_shard(
        consumer_arn: impl Into<String>, shard_id: impl Into<String>,
        starting_position: StartingPosition
    ) -> SubscribeToShardInput {
        consumer_arn: consumer_arn.into(),
        stream_id: None,
        shard_id: shard_id.into(),
        starting_position,
        dry_run: None,
    } => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
        /// Whether only to validate the request.
        dry_run: bool,
    }

    /// Adds tags to a stream or consumer, or replaces their values.
    TagResource in tag_resource(resource_arn: impl Into<String>, tags: Tags) -> TagResourceInput {
        tags,
        resource_arn: resource_arn.into(),
        ..Default::default()
    } => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Removes tags from a stream or consumer.
    UntagResource in untag_resource(resource_arn: impl Into<String>, tag_keys: Vec<String>)
        -> UntagResourceInput {
            tag_keys,
            resource_arn: resource_arn.into(),
            ..Default::default()
        } => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Changes the settings of the account.
    UpdateAccountSettings in update_account_settings(
        minimum_throughput_billing_commitment: MinimumThroughputBillingCommitmentInput
    ) -> UpdateAccountSettingsInput { minimum_throughput_billing_commitment } => {}

    /// Changes the maximum size of a stream's records.
    UpdateMaxRecordSize in update_max_record_size(
        stream_arn: impl Into<String>, max_record_size_in_kib: i32
    ) -> UpdateMaxRecordSizeInput {
        stream_arn: Some(stream_arn.into()),
        max_record_size_in_kib,
        ..Default::default()
    } => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Changes the number of a stream's open shards.
    UpdateShardCount in update_shard_count(
        stream: impl Into<StreamRef>, target_shard_count: i32, scaling_type: ScalingType
    ) -> {
        let (stream_name, stream_arn) = stream.into().members();
        UpdateShardCountInput {
            stream_name, target_shard_count, scaling_type, stream_arn, stream_id: None,
        }
    } => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Changes the capacity mode of a stream.
    UpdateStreamMode in update_stream_mode(
        stream_arn: impl Into<String>, stream_mode_details: StreamModeDetails
    ) -> UpdateStreamModeInput {
        stream_arn: stream_arn.into(),
        stream_id: None,
        stream_mode_details,
        warm_throughput_mibps: None,
    } => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
        /// The write throughput to be prepared for, in MiB per second.
        warm_throughput_mibps: i32,
    }

    /// Changes how a stream's records are assigned to shards.
    UpdateStreamRecordDistributionStrategy in update_stream_record_distribution_strategy(
        stream_arn: impl Into<String>, record_distribution_strategy: RecordDistributionStrategy
    ) -> UpdateStreamRecordDistributionStrategyInput {
        stream_arn: stream_arn.into(),
        stream_id: None,
        record_distribution_strategy,
    } => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }

    /// Changes the write throughput that a stream is prepared for.
    UpdateStreamWarmThroughput in update_stream_warm_throughput(
        stream: impl Into<StreamRef>, warm_throughput_mibps: i32
    ) -> of_stream!(stream, UpdateStreamWarmThroughputInput {
        warm_throughput_mibps: warm_throughput_mibps,
    }) => {
        /// The stream, by the id that AWS gives it.
        stream_id: String,
    }
}
