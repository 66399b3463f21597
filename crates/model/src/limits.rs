//! AWS's limits, each with the page that states it.
//!
//! Sizes are bytes unless the name ends in another unit. These are the limits on state and on rate;
//! the constraints on single members are declared on the shapes in `protocol`.

/// <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
pub const RECORD_KIB_DEFAULT: u32 = 1024;
/// PutRecords: total size of a request, partition keys included.
pub const PUT_RECORDS_BYTES_MAX: usize = 10 * 1024 * 1024;
/// GetRecords: records per response.
pub const GET_RECORDS_MAX: u32 = 10_000;
/// GetRecords: bytes per response.
pub const GET_RECORDS_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// GetRecords: how long a shard refuses further reads after a full response.
pub const READ_PAUSE_SECONDS: u64 = 5;

/// Bytes written to a shard, per second.
pub const SHARD_WRITE_BYTES_PER_SECOND: u64 = 1024 * 1024;
/// Bytes written to a shard at once, if its stream takes records above [`RECORD_KIB_DEFAULT`]: they
/// refill at [`SHARD_WRITE_BYTES_PER_SECOND`].
///
/// <https://docs.aws.amazon.com/streams/latest/dev/large-records.html>
pub const SHARD_BURST_BYTES: u64 = 10 * 1024 * 1024;
/// Records written to a shard, per second.
pub const SHARD_WRITE_RECORDS_PER_SECOND: u64 = 1_000;
/// Bytes read from a shard, per second.
pub const SHARD_READ_BYTES_PER_SECOND: u64 = 2 * 1024 * 1024;
/// GetRecords calls on a shard, per second.
pub const SHARD_READ_CALLS_PER_SECOND: u64 = 5;

/// SubscribeToShard: how long a subscription lasts.
pub const SUBSCRIPTION_SECONDS: u64 = 300;
/// SubscribeToShard: how long after a successful call another one for the same consumer and shard
/// is refused. Later calls take the subscription over.
pub const SUBSCRIBE_EXCLUSIVE_SECONDS: u64 = 5;
/// SubscribeToShard: calls of a consumer on a shard, per second.
pub const SUBSCRIBE_CALLS_PER_SECOND: u64 = 1;
/// SubscribeToShard: bytes pushed to a consumer from a shard, per second.
pub const SUBSCRIPTION_BYTES_PER_SECOND: u64 = 2 * 1024 * 1024;

/// Retention of a new stream, and the minimum.
pub const RETENTION_HOURS_MIN: u32 = 24;
/// The maximum retention: one year.
pub const RETENTION_HOURS_MAX: u32 = 8_760;

/// Tags of a stream, and of a consumer.
pub const TAGS_MAX: usize = 50;
/// Bytes of a resource policy:
/// <https://docs.aws.amazon.com/streams/latest/dev/controlling-access.html>
pub const POLICY_BYTES_MAX: usize = 20 * 1024;
/// Registered consumers of a stream.
pub const CONSUMERS_MAX: u32 = 20;
/// Registered consumers of a stream of an account with a commitment to a minimum of throughput:
/// <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
pub const CONSUMERS_COMMITTED_MAX: u32 = 50;
/// How long a commitment to a minimum of throughput binds:
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateAccountSettings.html>
pub const COMMITMENT_HOURS_MIN: u64 = 24;
/// Registered consumers of a stream that may be in status CREATING at once.
pub const CONSUMERS_CREATING_MAX: u32 = 5;
/// On-demand streams of an account and region.
pub const ON_DEMAND_STREAMS_MAX: u32 = 50;
/// Shards that an on-demand stream starts with.
pub const ON_DEMAND_SHARDS: u32 = 4;
/// How long a write rate counts for which an on-demand stream has twice the room:
/// <https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html>
pub const ON_DEMAND_PEAK_DAYS: u64 = 30;
/// How many times its peak an on-demand stream has room for.
pub const ON_DEMAND_PEAK_TIMES: u64 = 2;
/// Above this write rate, in bytes per second, a shard of an on-demand stream is split: half of its
/// limit.
pub const ON_DEMAND_SPLIT_BYTES_PER_SECOND: u64 = SHARD_WRITE_BYTES_PER_SECOND / 2;
/// The same in records per second.
pub const ON_DEMAND_SPLIT_RECORDS_PER_SECOND: u64 = SHARD_WRITE_RECORDS_PER_SECOND / 2;
/// UpdateStreamMode: changes of a stream's mode in a rolling window:
/// <https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html>
pub const MODE_SWITCHES_PER_DAY: u32 = 2;
/// UpdateStreamMode: length of that window, in hours.
pub const MODE_SWITCH_HOURS: u64 = 24;
/// Streams of an account and region that may be in status CREATING, UPDATING or DELETING at once.
pub const STREAMS_IN_TRANSITION_MAX: u32 = 5;

/// Shards that a stream can be created with. This limit is this server's own: AWS limits only the
/// account.
pub const STREAM_SHARDS_MAX: u32 = 100_000;
/// UpdateShardCount: calls per stream in a rolling window.
pub const UPDATE_SHARD_COUNT_PER_DAY: u32 = 10;
/// UpdateShardCount: length of that window, in hours.
pub const UPDATE_SHARD_COUNT_HOURS: u64 = 24;
/// UpdateShardCount: at most so many times the open shards, and at least that part of them.
pub const UPDATE_SHARD_COUNT_FACTOR: u32 = 2;
/// UpdateShardCount: maximum number of shards.
pub const UPDATE_SHARD_COUNT_MAX: u32 = 10_000;

/// Lifetime of a shard iterator and of a NextToken.
pub const TOKEN_LIFETIME_MS: u64 = 300_000;

/// The write throughput that an on-demand stream of a region may reach, in MiB per second:
/// <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
pub fn on_demand_mibps_max(region: &str) -> u32 {
    match region {
        "us-east-1" | "us-west-2" | "eu-west-1" => 10_240,
        _ => 200,
    }
}

/// The maximum number of open shards of an on-demand stream in a region: one for each MiB per
/// second that it may reach.
pub fn on_demand_shards_max(region: &str) -> u32 {
    on_demand_mibps_max(region)
}

/// The default shard quota of an account in a region:
/// <https://docs.aws.amazon.com/general/latest/gr/ak.html>
pub fn shards_default(region: &str) -> u32 {
    match region {
        "us-east-1" | "us-west-2" | "eu-west-1" => 20_000,
        "ap-south-1" | "ap-northeast-1" | "ap-northeast-2" | "ap-southeast-1"
        | "ap-southeast-2" | "eu-central-1" | "eu-west-2" | "us-east-2" | "us-west-1" => 6_000,
        _ => 1_000,
    }
}

/// [`RECORD_KIB_DEFAULT`] in bytes. No stream has a lower maximum.
pub const fn record_bytes_default() -> u64 {
    RECORD_KIB_DEFAULT as u64 * 1024
}
