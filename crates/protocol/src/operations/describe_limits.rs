//! DescribeLimits: returns an account's quotas and usage of shards and on-demand streams.

use millstream_protocol_derive::Shape;

use crate::types::named;
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct DescribeLimits;

impl Operation for DescribeLimits {
    const NAME: &'static str = "DescribeLimits";
    type Input = DescribeLimitsInput;
    type Output = DescribeLimitsOutput;
    const ERRORS: &'static [ErrorCode] = &[ErrorCode::LimitExceededException];
}

/// The operation's input.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct DescribeLimitsInput {}

/// The operation's output.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct DescribeLimitsOutput {
    /// The account's quota of open shards.
    #[shape(of = named::SHARD_COUNT_OBJECT)]
    pub shard_limit: i32,
    /// Number of open shards.
    #[shape(of = named::SHARD_COUNT_OBJECT)]
    pub open_shard_count: i32,
    /// Number of on-demand streams.
    #[shape(of = named::ON_DEMAND_STREAM_COUNT_OBJECT)]
    pub on_demand_stream_count: i32,
    /// The quota of on-demand streams.
    #[shape(of = named::ON_DEMAND_STREAM_COUNT_LIMIT_OBJECT)]
    pub on_demand_stream_count_limit: i32,
    /// Number of channels.
    #[shape(of = named::CHANNEL_COUNT_OBJECT)]
    pub channel_count: Option<i32>,
    /// The quota of channels.
    #[shape(of = named::CHANNEL_COUNT_OBJECT)]
    pub channel_count_limit: Option<i32>,
}
