//! Why a call has no endpoint, in the words of AWS's rules where they have some.

/// Why a call has no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// There is neither a region nor an endpoint.
    #[error("Invalid Configuration: Missing Region")]
    RegionMissing,
    /// The region cannot be part of a host name.
    #[error("Provided region_name '{0}' doesn't match a supported format.")]
    Region(String),
    /// An endpoint was given, and FIPS asked for.
    #[error("Invalid Configuration: FIPS and custom endpoint are not supported")]
    FipsOfEndpoint,
    /// An endpoint was given, and dual stack asked for.
    #[error("Invalid Configuration: Dualstack and custom endpoint are not supported")]
    DualStackOfEndpoint,
    /// The endpoint is not the URL of a server, with `http` or `https` and a host.
    #[error("Invalid endpoint: {0}")]
    Url(String),
    /// An ARN does not have the parts of one.
    #[error("Invalid ARN: Failed to parse ARN.")]
    ArnUnread,
    /// An ARN's account cannot be part of a host name.
    #[error("Invalid ARN: Invalid account id.")]
    ArnAccount,
    /// An ARN's region cannot be part of a host name.
    #[error("Invalid ARN: Invalid region.")]
    ArnRegion,
    /// An ARN belongs to another service.
    #[error("Invalid ARN: The ARN was not for the Kinesis service, found: {0}.")]
    ArnService(String),
    /// An ARN does not say what kind of resource it names.
    #[error("Invalid ARN: No ARN type specified")]
    ArnWithoutType,
    /// An ARN names a resource of another kind than its member takes.
    #[error("Invalid ARN: {}", .member.refusal(.found))]
    ArnType {
        /// The member.
        member: ArnMember,
        /// The kind of resource that the ARN names.
        found: String,
    },
    /// An ARN belongs to another partition than the region.
    #[error("Partition: {found} from ARN doesn't match with partition name: {expected}.")]
    ArnPartition {
        /// The ARN's.
        found: String,
        /// The region's.
        expected: &'static str,
    },
    /// An ARN names no channel or queue.
    #[error("Invalid ARN: Missing {} id.", .0.text())]
    IdMissing(Identified),
    /// An ARN's channel or queue cannot be part of a host name.
    #[error("Invalid ARN: Invalid {} id.", .0.text())]
    Id(Identified),
    /// An operation that moves records names a channel.
    #[error("ChannelARN does not support the `data` operation type.")]
    DataOfChannel,
    /// An operation that is not one of queues names a queue.
    #[error("Invalid Configuration: ResourceType must be \"queue\" when QueueARN is set.")]
    QueueArnOfOtherOperation,
    /// The stream's id cannot be part of a host name.
    #[error("Invalid stream id.")]
    StreamId,
    /// The account cannot be part of a host name.
    #[error("Invalid account id.")]
    AccountId,
    /// The endpoint of an account is required, and the credentials do not tell theirs.
    #[error("AccountIdEndpointMode is required but no AccountID was provided or able to be loaded")]
    AccountIdMissing,
    /// The endpoint of an account is required, in a partition that has none.
    #[error(
        "Invalid Configuration: AccountIdEndpointMode is required but account endpoints are not \
         supported in this partition"
    )]
    AccountIdOfPartition,
}

/// A member whose ARN decides about the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArnMember {
    /// `StreamARN`.
    Stream,
    /// `ConsumerARN`.
    Consumer,
    /// `ResourceARN`.
    Resource,
    /// `ChannelARN`.
    Channel,
    /// `QueueARN`.
    Queue,
}

impl ArnMember {
    /// The resource that an ARN of this kind names, if the member takes it.
    pub(super) fn identified(self, kind: &str) -> Option<Identified> {
        let taken: &[Identified] = match self {
            Self::Stream | Self::Consumer => &[Identified::Stream],
            Self::Resource => &[Identified::Stream, Identified::Channel, Identified::Queue],
            Self::Channel => &[Identified::Channel],
            Self::Queue => &[Identified::Queue],
        };
        taken.iter().find(|taken| taken.text() == kind).copied()
    }

    fn refusal(self, found: &str) -> String {
        match self {
            Self::Stream | Self::Consumer => {
                format!("Kinesis ARNs don't support `{found}` arn types.")
            }
            Self::Resource => {
                format!("Unsupported resource type `{found}`. Expected: stream, channel, or queue.")
            }
            Self::Channel => {
                format!("ChannelARN only supports `channel` arn types, found: `{found}`.")
            }
            Self::Queue => format!("QueueARN only supports `queue` ARN types, found: `{found}`."),
        }
    }
}

/// What kind of resource an ARN names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identified {
    /// A stream, or a consumer of one.
    Stream,
    /// A channel.
    Channel,
    /// A queue.
    Queue,
}

impl Identified {
    /// The word in ARNs.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Channel => "channel",
            Self::Queue => "queue",
        }
    }
}
