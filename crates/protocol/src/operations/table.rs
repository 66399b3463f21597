//! The table of operations: one line each, and nothing else lists them.
//!
//! [`for_each_operation`](crate::for_each_operation) passes the rows to a macro of the caller's,
//! which generates what it needs: modules and descriptions here, the handlers' modules in the
//! engine, the server's dispatch table. A row says what the shapes cannot: whether the operation
//! changes state, which kind of resource a policy names for it, and how often AWS lets it be
//! called.

/// Passes every operation, sorted by name, to the macro `$with`.
///
/// ```text
/// NAME in MODULE { EFFECT RESOURCE, [assumed] CALLS/PERIOD/SCOPE [, ...] }
/// ```
///
/// EFFECT is a case of [`Effect`](crate::Effect), RESOURCE of
/// [`ResourceKind`](crate::ResourceKind), PERIOD and SCOPE are those of [`Rate`](crate::Rate).
/// Every row has a rate; `assumed` marks one that AWS's documentation does not state in full. Where
/// its table of quotas and an operation's own page disagree, the table counts:
/// <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>. A macro that
/// needs only names takes the braces as one token tree.
#[macro_export]
macro_rules! for_each_operation {
    ($with:ident) => { $with! {
        AddTagsToStream in add_tags_to_stream { Writes Stream, 5/Second/Account }
        CreateStream in create_stream { Writes Stream, 5/Second/Account }
        DecreaseStreamRetentionPeriod in decrease_stream_retention_period {
            Writes Stream, 5/Second/Stream
        }
        DeleteResourcePolicy in delete_resource_policy { Writes StreamOrConsumer, 5/Second/Account }
        DeleteStream in delete_stream { Writes Stream, 5/Second/Account }
        DeregisterStreamConsumer in deregister_stream_consumer { Writes Consumer, 5/Second/Stream }
        DescribeAccountSettings in describe_account_settings { Reads Account, 5/Second/Account }
        DescribeLimits in describe_limits { Reads Account, 1/Second/Account }
        DescribeStream in describe_stream { Reads Stream, 10/Second/Account }
        DescribeStreamConsumer in describe_stream_consumer { Reads Consumer, 20/Second/Stream }
        DescribeStreamSummary in describe_stream_summary { Reads Stream, 20/Second/Account }
        DisableEnhancedMonitoring in disable_enhanced_monitoring { Writes Stream, 5/Second/Stream }
        EnableEnhancedMonitoring in enable_enhanced_monitoring { Writes Stream, 5/Second/Stream }
        GetRecords in get_records { Reads Stream, 5/Second/Shard }
        GetResourcePolicy in get_resource_policy { Reads StreamOrConsumer, 5/Second/Account }
        GetShardIterator in get_shard_iterator { Reads Stream, 5/Second/Shard }
        IncreaseStreamRetentionPeriod in increase_stream_retention_period {
            Writes Stream, 5/Second/Stream
        }
        ListShards in list_shards { Reads Stream, 1000/Second/Stream }
        ListStreamConsumers in list_stream_consumers { Reads Stream, 5/Second/Stream }
        ListStreams in list_streams { Reads Account, 5/Second/Account }
        ListTagsForResource in list_tags_for_resource {
            Reads StreamOrConsumer, assumed 5/Second/Account
        }
        ListTagsForStream in list_tags_for_stream { Reads Stream, 5/Second/Stream }
        MergeShards in merge_shards { Writes Stream, 5/Second/Stream }
        PutRecord in put_record { Writes Stream, 1000/Second/ShardRecords }
        PutRecords in put_records { Writes Stream, 1000/Second/ShardRecords }
        PutResourcePolicy in put_resource_policy { Writes StreamOrConsumer, 5/Second/Account }
        RegisterStreamConsumer in register_stream_consumer { Writes Stream, 5/Second/Stream }
        RemoveTagsFromStream in remove_tags_from_stream { Writes Stream, 5/Second/Stream }
        SplitShard in split_shard { Writes Stream, 5/Second/Stream }
        StartStreamEncryption in start_stream_encryption {
            Writes Stream, assumed 5/Second/Stream, 25/Day/Stream
        }
        StopStreamEncryption in stop_stream_encryption {
            Writes Stream, assumed 5/Second/Stream, 25/Day/Stream
        }
        SubscribeToShard in subscribe_to_shard { Reads Consumer, 1/Second/ConsumerAndShard }
        TagResource in tag_resource { Writes StreamOrConsumer, assumed 5/Second/Account }
        UntagResource in untag_resource { Writes StreamOrConsumer, assumed 5/Second/Account }
        UpdateAccountSettings in update_account_settings { Writes Account, 5/Second/Account }
        UpdateMaxRecordSize in update_max_record_size { Writes Stream, assumed 5/Second/Account }
        UpdateShardCount in update_shard_count {
            Writes Stream, assumed 10/Second/Account, 10/Day/Stream
        }
        UpdateStreamMode in update_stream_mode {
            Writes Stream, assumed 5/Second/Account, 2/Day/Stream
        }
        UpdateStreamRecordDistributionStrategy in update_stream_record_distribution_strategy {
            Writes Stream, assumed 5/Second/Account
        }
        UpdateStreamWarmThroughput in update_stream_warm_throughput {
            Writes Stream, 5/Second/Account
        }
    } };
}
