//! What a request refers to, as a policy names it.

use millstream_model::{AccountId, ConsumerArn, ConsumerName, Region, StreamArn, StreamName};
use std::fmt;

/// A resource, borrowed from the code that resolved it. Whether it exists is a separate question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// No specific resource: the operation concerns the whole account.
    Account,
    /// A stream, in any account.
    Stream(Stream<'a>),
    /// A registered consumer of a stream.
    Consumer {
        /// The stream.
        stream: Stream<'a>,
        /// The consumer's name.
        name: &'a ConsumerName,
        /// The second in which the consumer was registered.
        created_s: u64,
    },
    /// The request names something that cannot be a resource.
    Unnamed,
}

/// The parts of a stream's ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream<'a> {
    /// The account that owns it.
    pub account: &'a AccountId,
    /// Its region.
    pub region: &'a Region,
    /// The consumer's name.
    pub name: &'a StreamName,
}

impl Resource<'_> {
    /// The partition of its ARN.
    pub fn partition(&self) -> &'static str {
        match self {
            Self::Stream(stream) | Self::Consumer { stream, .. } => stream.region.partition(),
            Self::Account | Self::Unnamed => "aws",
        }
    }
}

impl<'a> From<&'a StreamArn> for Stream<'a> {
    fn from(arn: &'a StreamArn) -> Self {
        Self {
            account: &arn.account,
            region: &arn.region,
            name: &arn.name,
        }
    }
}

impl<'a> From<&'a StreamArn> for Resource<'a> {
    fn from(arn: &'a StreamArn) -> Self {
        Self::Stream(arn.into())
    }
}

impl<'a> From<&'a ConsumerArn> for Resource<'a> {
    fn from(arn: &'a ConsumerArn) -> Self {
        Self::Consumer {
            stream: (&arn.stream).into(),
            name: &arn.name,
            created_s: arn.created_s,
        }
    }
}

impl fmt::Display for Stream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            account,
            region,
            name,
        } = self;
        let partition = region.partition();
        write!(
            f,
            "arn:{partition}:kinesis:{region}:{account}:stream/{name}"
        )
    }
}

/// Formats as in a policy's `Resource`.
impl fmt::Display for Resource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account | Self::Unnamed => f.write_str("*"),
            Self::Stream(stream) => stream.fmt(f),
            Self::Consumer {
                stream,
                name,
                created_s,
            } => write!(f, "{stream}/consumer/{name}:{created_s}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_when_shown_then_are_the_arns_that_they_came_from() {
        let text = "arn:aws-cn:kinesis:cn-north-1:111111111111:stream/orders";
        let stream = StreamArn::parse(text).unwrap();
        assert_eq!(Resource::from(&stream).to_string(), text);
        let text = format!("{text}/consumer/app:1700000000");
        let consumer = ConsumerArn::parse(&text).unwrap();
        assert_eq!(Resource::from(&consumer).to_string(), text);
        assert_eq!(Resource::Account.to_string(), "*");
    }
}
