//! DescribeLimits: tells how many shards and on-demand streams an account has and may have.

use wire_derive::Shape;

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

/// What the caller sends.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct DescribeLimitsInput {}

/// What the service answers.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct DescribeLimitsOutput {
    /// How many shards the account may have open.
    #[shape(of = named::SHARD_COUNT_OBJECT)]
    pub shard_limit: i32,
    /// How many shards are open.
    #[shape(of = named::SHARD_COUNT_OBJECT)]
    pub open_shard_count: i32,
    /// How many on-demand streams the account has.
    #[shape(of = named::ON_DEMAND_STREAM_COUNT_OBJECT)]
    pub on_demand_stream_count: i32,
    /// How many it may have.
    #[shape(of = named::ON_DEMAND_STREAM_COUNT_LIMIT_OBJECT)]
    pub on_demand_stream_count_limit: i32,
    /// How many channels there are.
    #[shape(of = named::CHANNEL_COUNT_OBJECT)]
    pub channel_count: Option<i32>,
    /// How many channels there may be.
    #[shape(of = named::CHANNEL_COUNT_OBJECT)]
    pub channel_count_limit: Option<i32>,
}
