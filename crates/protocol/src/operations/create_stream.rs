//! CreateStream: creates a stream.

use std::collections::BTreeMap;

use millstream_protocol_derive::Shape;

use crate::types::{RecordDistributionStrategy, StreamModeDetails, named};
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct CreateStream;

impl Operation for CreateStream {
    const NAME: &'static str = "CreateStream";
    type Input = CreateStreamInput;
    type Output = ();
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ResourceInUseException,
        ErrorCode::LimitExceededException,
        ErrorCode::InvalidArgumentException,
        ErrorCode::ValidationException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct CreateStreamInput {
    /// The name of the new stream.
    #[shape(of = named::STREAM_NAME)]
    pub stream_name: String,
    /// The number of open shards; four on demand if absent.
    #[shape(of = named::POSITIVE_INTEGER_OBJECT)]
    pub shard_count: Option<i32>,
    /// The capacity mode.
    pub stream_mode_details: Option<StreamModeDetails>,
    /// Tags to set, values by key.
    #[shape(of = named::TAG_MAP)]
    pub tags: Option<BTreeMap<String, String>>,
    /// The write throughput to be prepared for, in MiB per second.
    #[shape(name = "WarmThroughputMiBps", of = named::NATURAL_INTEGER_OBJECT)]
    pub warm_throughput_mibps: Option<i32>,
    /// The maximum record size, in KiB.
    #[shape(name = "MaxRecordSizeInKiB", of = named::MAX_RECORD_SIZE_IN_KIB)]
    pub max_record_size_in_kib: Option<i32>,
    /// How records are assigned to shards.
    pub record_distribution_strategy: Option<RecordDistributionStrategy>,
}
