//! What the endpoint of a call depends on.

use millstream_protocol::Texts;

/// What the endpoint of a call depends on. [`EndpointParams::of`] begins with an operation's name,
/// [`EndpointParams::read`] takes the ARNs out of its input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndpointParams<'a> {
    /// The region, or a pseudo-region such as `fips-us-east-1`.
    pub region: Option<&'a str>,
    /// Whether only endpoints that conform to FIPS 140 will do.
    pub use_fips: bool,
    /// Whether the endpoint has to have addresses of IPv4 and of IPv6.
    pub use_dual_stack: bool,
    /// A server of one's own: no ARN changes it. A stream's id does, as in AWS's SDKs.
    pub endpoint: Option<&'a str>,
    /// The account of the credentials, if they tell.
    pub account_id: Option<&'a str>,
    /// Whether calls go to an endpoint of the account.
    pub account_id_mode: AccountIdMode,
    /// Whether the operation moves records.
    pub operation_type: OperationType,
    /// Whose operation it is.
    pub resource_type: ResourceType,
    /// `StreamId` of the input.
    pub stream_id: Option<&'a str>,
    /// `StreamARN` of the input.
    pub stream_arn: Option<&'a str>,
    /// `ConsumerARN` of the input.
    pub consumer_arn: Option<&'a str>,
    /// `ResourceARN` of the input.
    pub resource_arn: Option<&'a str>,
    /// `ChannelARN` of the input.
    pub channel_arn: Option<&'a str>,
    /// `QueueARN` of the input.
    pub queue_arn: Option<&'a str>,
}

impl<'a> EndpointParams<'a> {
    /// The parameters that follow from an operation's name.
    pub fn of(operation: &str) -> Self {
        Self {
            operation_type: OperationType::of(operation),
            resource_type: ResourceType::of(operation),
            ..Self::default()
        }
    }

    /// Adds those that an operation's input has.
    #[must_use]
    pub fn read(self, input: &'a impl Texts) -> Self {
        Self {
            stream_id: input.text("StreamId"),
            stream_arn: input.text("StreamARN"),
            consumer_arn: input.text("ConsumerARN"),
            resource_arn: input.text("ResourceARN"),
            channel_arn: input.text("ChannelARN"),
            queue_arn: input.text("QueueARN"),
            ..self
        }
    }
}

/// Whether an operation moves records: AWS serves the two kinds at different hosts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OperationType {
    /// It administers something.
    #[default]
    Control,
    /// It moves records.
    Data,
}

/// The operations that move records.
const DATA: [&str; 12] = [
    "AcknowledgeDeadLetterQueueRecords",
    "AcknowledgeQueueRecords",
    "GetRecords",
    "GetShardIterator",
    "PutRecord",
    "PutRecords",
    "ReceiveDeadLetterQueueRecords",
    "ReceiveQueueRecords",
    "RestoreDeadLetterQueueRecords",
    "SubscribeToShard",
    "UpdateDeadLetterQueueRecordsVisibility",
    "UpdateQueueRecordsVisibility",
];

impl OperationType {
    /// The type of an operation. One that is unknown administers something.
    pub fn of(operation: &str) -> Self {
        if DATA.contains(&operation) {
            Self::Data
        } else {
            Self::Control
        }
    }

    /// The word in host names.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Data => "data",
        }
    }
}

/// Whose operation it is: queues have hosts of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResourceType {
    /// One of streams, of channels or of the account.
    #[default]
    Stream,
    /// One of queues.
    Queue,
}

impl ResourceType {
    /// The type of an operation: those of queues say so in their names.
    pub fn of(operation: &str) -> Self {
        if operation.contains("Queue") {
            Self::Queue
        } else {
            Self::Stream
        }
    }
}

/// Whether calls go to an endpoint of the account whose credentials sign them: the setting
/// `account_id_endpoint_mode` of AWS's SDKs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountIdMode {
    /// They do if the credentials tell the account.
    #[default]
    Preferred,
    /// They do not.
    Disabled,
    /// They do, and fail if the credentials do not tell the account.
    Required,
}
