//! AWS's limits, each with the page that states it.
//!
//! Sizes are bytes unless the name ends in another unit. What applies per operation's member is
//! declared on the shapes in `wire`; here are the limits of state and of rate.

/// <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
pub const RECORD_KIB_DEFAULT: u32 = 1024;
/// PutRecords in all, partition keys included.
pub const PUT_RECORDS_BYTES_MAX: usize = 10 * 1024 * 1024;
/// GetRecords: records of one answer.
pub const GET_RECORDS_MAX: u32 = 10_000;
/// GetRecords: bytes of one answer.
pub const GET_RECORDS_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// A full GetRecords answer keeps the shard from reading for this long.
pub const READ_PAUSE_SECONDS: u64 = 5;

/// Writes into a shard, per second.
pub const SHARD_WRITE_BYTES_PER_SECOND: u64 = 1024 * 1024;
/// Records into a shard, per second.
pub const SHARD_WRITE_RECORDS_PER_SECOND: u64 = 1_000;
/// Reads from a shard, per second.
pub const SHARD_READ_BYTES_PER_SECOND: u64 = 2 * 1024 * 1024;
/// GetRecords calls on a shard, per second.
pub const SHARD_READ_CALLS_PER_SECOND: u64 = 5;

/// SubscribeToShard: how long a subscription lasts.
pub const SUBSCRIPTION_SECONDS: u64 = 300;
/// SubscribeToShard: after a successful call, others of the consumer on the shard are refused for
/// this long; then they take over.
pub const SUBSCRIBE_EXCLUSIVE_SECONDS: u64 = 5;
/// SubscribeToShard: calls of a consumer on a shard, per second.
pub const SUBSCRIBE_CALLS_PER_SECOND: u64 = 1;
/// Pushed to a consumer from a shard, per second.
pub const SUBSCRIPTION_BYTES_PER_SECOND: u64 = 2 * 1024 * 1024;

/// Retention of a new stream, and the least there is.
pub const RETENTION_HOURS_MIN: u32 = 24;
/// A year.
pub const RETENTION_HOURS_MAX: u32 = 8_760;

/// Tags of a stream.
pub const TAGS_MAX: usize = 50;
/// Registered consumers of a stream.
pub const CONSUMERS_MAX: u32 = 20;
/// Registered consumers of a stream that may be in status CREATING at once.
pub const CONSUMERS_CREATING_MAX: u32 = 5;
/// On-demand streams of an account and region.
pub const ON_DEMAND_STREAMS_MAX: u32 = 50;
/// The shards that an on-demand stream starts with.
pub const ON_DEMAND_SHARDS: u32 = 4;
/// Streams of an account and region that may be in status CREATING, UPDATING or DELETING at once.
pub const STREAMS_IN_TRANSITION_MAX: u32 = 5;

/// Shards that a stream can be created with. This server's own: AWS has only the account's limit.
pub const STREAM_SHARDS_MAX: u32 = 100_000;
/// UpdateShardCount: calls in a rolling day.
pub const UPDATE_SHARD_COUNT_PER_DAY: u32 = 10;
/// UpdateShardCount: that day, in hours.
pub const UPDATE_SHARD_COUNT_HOURS: u64 = 24;
/// UpdateShardCount: the most shards of a stream.
pub const UPDATE_SHARD_COUNT_MAX: u32 = 10_000;

/// How long a shard iterator and a NextToken live.
pub const TOKEN_LIFETIME_MS: u64 = 300_000;

/// Shards of an account, by region: <https://docs.aws.amazon.com/general/latest/gr/ak.html>
pub fn shards_default(region: &str) -> u32 {
    match region {
        "us-east-1" | "us-west-2" | "eu-west-1" => 20_000,
        "ap-south-1" | "ap-northeast-1" | "ap-northeast-2" | "ap-southeast-1"
        | "ap-southeast-2" | "eu-central-1" | "eu-west-2" | "us-east-2" | "us-west-1" => 6_000,
        _ => 1_000,
    }
}
