//! The table of operations: one line each, and nothing else lists them.
//!
//! [`for_each_operation`](crate::for_each_operation) passes the rows to a macro of the caller's,
//! which generates what it needs: modules and descriptions here, the handlers' modules in the
//! engine, the server's dispatch table. A row says what the shapes cannot: whether the operation
//! changes state, which kind of resource a policy names for it, and AWS's rate limit.

/// Passes every operation, sorted by name, to the macro `$with`.
///
/// ```text
/// NAME in MODULE { EFFECT RESOURCE [, CALLS/PERIOD/SCOPE] }
/// ```
///
/// EFFECT is a case of [`Effect`](crate::Effect), RESOURCE of
/// [`ResourceKind`](crate::ResourceKind), PERIOD and SCOPE are those of [`Rate`](crate::Rate).
/// Rates are from AWS's documentation of the operation; a row has one only if AWS documents one. A
/// macro that needs only names takes the braces as one token tree.
#[macro_export]
macro_rules! for_each_operation {
    ($with:ident) => { $with! {
        AddTagsToStream in add_tags_to_stream { Writes Stream, 5/Second/Account }
        CreateStream in create_stream { Writes Stream, 5/Second/Account }
        DecreaseStreamRetentionPeriod in decrease_stream_retention_period { Writes Stream }
        DeleteStream in delete_stream { Writes Stream, 5/Second/Account }
        DeregisterStreamConsumer in deregister_stream_consumer { Writes Consumer, 5/Second/Stream }
        DescribeLimits in describe_limits { Reads Account, 1/Second/Account }
        DescribeStream in describe_stream { Reads Stream, 10/Second/Account }
        DescribeStreamConsumer in describe_stream_consumer { Reads Consumer, 20/Second/Stream }
        DescribeStreamSummary in describe_stream_summary { Reads Stream, 20/Second/Account }
        DisableEnhancedMonitoring in disable_enhanced_monitoring { Writes Stream }
        EnableEnhancedMonitoring in enable_enhanced_monitoring { Writes Stream }
        GetRecords in get_records { Reads Stream, 5/Second/Shard }
        GetShardIterator in get_shard_iterator { Reads Stream, 5/Second/Shard }
        IncreaseStreamRetentionPeriod in increase_stream_retention_period { Writes Stream }
        ListShards in list_shards { Reads Stream, 1000/Second/Stream }
        ListStreamConsumers in list_stream_consumers { Reads Stream, 5/Second/Stream }
        ListStreams in list_streams { Reads Account, 5/Second/Account }
        ListTagsForStream in list_tags_for_stream { Reads Stream, 5/Second/Account }
        MergeShards in merge_shards { Writes Stream, 5/Second/Account }
        PutRecord in put_record { Writes Stream }
        PutRecords in put_records { Writes Stream }
        RegisterStreamConsumer in register_stream_consumer { Writes Stream, 5/Second/Account }
        RemoveTagsFromStream in remove_tags_from_stream { Writes Stream, 5/Second/Account }
        SplitShard in split_shard { Writes Stream, 5/Second/Account }
        StartStreamEncryption in start_stream_encryption { Reads Stream, 25/Day/Stream }
        StopStreamEncryption in stop_stream_encryption { Reads Stream, 25/Day/Stream }
        SubscribeToShard in subscribe_to_shard { Reads Consumer, 1/Second/ConsumerAndShard }
        UpdateShardCount in update_shard_count { Writes Stream, 10/Day/Stream }
    } };
}
