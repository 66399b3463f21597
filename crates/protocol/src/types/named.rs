//! The service model's named shapes that have plain Rust types: strings, numbers, bytes, maps and
//! lists of them, each with its constraints, under the service model's name.
//!
//! Structures and enumerations describe themselves; see
//! [`Described`](crate::shape::Described).

use crate::pattern;
use crate::shape::Type;

/// `ConsumerARN`.
pub const CONSUMER_ARN: &Type = &Type::string("ConsumerARN")
    .between(1, 2048)
    .matching(&pattern::CONSUMER_ARN);
/// `ConsumerName`.
pub const CONSUMER_NAME: &Type = &Type::string("ConsumerName")
    .between(1, 128)
    .matching(&pattern::NAME);
/// `ErrorCode`.
pub const ERROR_CODE: &Type = &Type::string("ErrorCode");
/// `ErrorMessage`.
pub const ERROR_MESSAGE: &Type = &Type::string("ErrorMessage");
/// `HashKey`.
pub const HASH_KEY: &Type = &Type::string("HashKey").matching(&pattern::HASH_KEY);
/// `KeyId`.
pub const KEY_ID: &Type = &Type::string("KeyId").between(1, 2048);
/// `NextToken`.
pub const NEXT_TOKEN: &Type = &Type::string("NextToken").between(1, 1_048_576);
/// `PartitionKey`.
pub const PARTITION_KEY: &Type = &Type::string("PartitionKey").between(1, 256);
/// `Policy`: a JSON document of any length in the model, of twenty kibibytes in AWS's guide.
pub const POLICY: &Type = &Type::string("Policy").expecting(20 * 1024);
/// `ResourceARN`.
pub const RESOURCE_ARN: &Type = &Type::string("ResourceARN")
    .between(1, 2048)
    .matching(&pattern::RESOURCE_ARN);
/// `SequenceNumber`.
pub const SEQUENCE_NUMBER: &Type =
    &Type::string("SequenceNumber").matching(&pattern::SEQUENCE_NUMBER);
/// `ShardId`.
pub const SHARD_ID: &Type = &Type::string("ShardId")
    .between(1, 128)
    .matching(&pattern::NAME);
/// `ShardIterator`.
pub const SHARD_ITERATOR: &Type = &Type::string("ShardIterator").between(1, 512);
/// `StreamARN`.
pub const STREAM_ARN: &Type = &Type::string("StreamARN")
    .between(1, 2048)
    .matching(&pattern::STREAM_ARN);
/// `StreamId`.
pub const STREAM_ID: &Type = &Type::string("StreamId")
    .between(1, 24)
    .matching(&pattern::STREAM_ID);
/// `StreamName`.
pub const STREAM_NAME: &Type = &Type::string("StreamName")
    .between(1, 128)
    .matching(&pattern::NAME);
/// `TagKey`.
pub const TAG_KEY: &Type = &Type::string("TagKey").between(1, 128);
/// `TagValue`.
pub const TAG_VALUE: &Type = &Type::string("TagValue").between(0, 256);
/// `Data`.
pub const DATA: &Type = &Type::blob("Data").between(0, 10_485_760);
/// `ChannelCountObject`.
pub const CHANNEL_COUNT_OBJECT: &Type = &Type::integer("ChannelCountObject").between(0, 1_000_000);
/// `ConsumerCountObject`.
pub const CONSUMER_COUNT_OBJECT: &Type =
    &Type::integer("ConsumerCountObject").between(0, 1_000_000);
/// `DescribeStreamInputLimit`.
pub const DESCRIBE_STREAM_INPUT_LIMIT: &Type =
    &Type::integer("DescribeStreamInputLimit").between(1, 10_000);
/// `GetRecordsInputLimit`.
pub const GET_RECORDS_INPUT_LIMIT: &Type =
    &Type::integer("GetRecordsInputLimit").between(1, 10_000);
/// `ListShardsInputLimit`.
pub const LIST_SHARDS_INPUT_LIMIT: &Type =
    &Type::integer("ListShardsInputLimit").between(1, 10_000);
/// `ListStreamConsumersInputLimit`.
pub const LIST_STREAM_CONSUMERS_INPUT_LIMIT: &Type =
    &Type::integer("ListStreamConsumersInputLimit").between(1, 10_000);
/// `ListStreamsInputLimit`.
pub const LIST_STREAMS_INPUT_LIMIT: &Type =
    &Type::integer("ListStreamsInputLimit").between(1, 10_000);
/// `ListTagsForStreamInputLimit`.
pub const LIST_TAGS_FOR_STREAM_INPUT_LIMIT: &Type =
    &Type::integer("ListTagsForStreamInputLimit").between(1, 50);
/// `MaxRecordSizeInKiB`.
pub const MAX_RECORD_SIZE_IN_KIB: &Type =
    &Type::integer("MaxRecordSizeInKiB").between(1024, 10_240);
/// `NaturalIntegerObject`.
pub const NATURAL_INTEGER_OBJECT: &Type = &Type::integer("NaturalIntegerObject").at_least(0);
/// `OnDemandStreamCountLimitObject`.
pub const ON_DEMAND_STREAM_COUNT_LIMIT_OBJECT: &Type =
    &Type::integer("OnDemandStreamCountLimitObject").between(0, 1_000_000);
/// `OnDemandStreamCountObject`.
pub const ON_DEMAND_STREAM_COUNT_OBJECT: &Type =
    &Type::integer("OnDemandStreamCountObject").between(0, 1_000_000);
/// `PositiveIntegerObject`.
pub const POSITIVE_INTEGER_OBJECT: &Type = &Type::integer("PositiveIntegerObject").at_least(1);
/// `QueueCountObject`.
pub const QUEUE_COUNT_OBJECT: &Type = &Type::integer("QueueCountObject").between(0, 1_000_000);
/// `RetentionPeriodHours`.
pub const RETENTION_PERIOD_HOURS: &Type = &Type::integer("RetentionPeriodHours");
/// `ShardCountObject`.
pub const SHARD_COUNT_OBJECT: &Type = &Type::integer("ShardCountObject").between(0, 1_000_000);
/// `MillisBehindLatest`.
pub const MILLIS_BEHIND_LATEST: &Type = &Type::long("MillisBehindLatest").at_least(0);
/// `ShardIdList`.
pub const SHARD_ID_LIST: &Type = &Type::list("ShardIdList", SHARD_ID);
/// `StreamNameList`.
pub const STREAM_NAME_LIST: &Type = &Type::list("StreamNameList", STREAM_NAME);
/// `TagKeyList`.
pub const TAG_KEY_LIST: &Type = &Type::list("TagKeyList", TAG_KEY).between(1, 50);
/// `TagMap`.
pub const TAG_MAP: &Type = &Type::map("TagMap", TAG_KEY, TAG_VALUE).between(1, 200);
