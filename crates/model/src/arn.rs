//! ARNs of streams, of their registered consumers, and of what else may have tags.
//!
//! Parsing is exact: a parsed ARN prints as the same text. An ARN names an account and a region;
//! whether the caller may use it is decided elsewhere.

use crate::name::{AccountId, ConsumerName, NameError, Region, StreamName};
use std::fmt;

/// `arn:aws:kinesis:REGION:ACCOUNT:stream/NAME`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamArn {
    /// The stream's region.
    pub region: Region,
    /// The account that owns the stream.
    pub account: AccountId,
    /// The stream's name.
    pub name: StreamName,
}

impl StreamArn {
    /// Parses an ARN.
    ///
    /// # Errors
    /// If it is not a stream's, or its partition is not its region's.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let (region, account, resource) = split(text)?;
        let name = resource
            .strip_prefix("stream/")
            .ok_or(NameError("stream ARN"))?;
        Ok(Self {
            region,
            account,
            name: StreamName::parse(name)?,
        })
    }
}

impl fmt::Display for StreamArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            region,
            account,
            name,
        } = self;
        write!(
            f,
            "arn:{}:kinesis:{region}:{account}:stream/{name}",
            region.partition()
        )
    }
}

/// `STREAM-ARN/consumer/NAME:CREATION-SECOND`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsumerArn {
    /// The stream that the consumer reads.
    pub stream: StreamArn,
    /// The consumer's name.
    pub name: ConsumerName,
    /// The second in which the consumer was registered.
    pub created_s: u64,
}

impl ConsumerArn {
    /// Parses an ARN.
    ///
    /// # Errors
    /// If it is not a consumer's.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        const WRONG: NameError = NameError("consumer ARN");
        let (stream, consumer) = text.split_once("/consumer/").ok_or(WRONG)?;
        let (name, created) = consumer.split_once(':').ok_or(WRONG)?;
        let created_s = created.parse().map_err(|_| WRONG)?;
        let arn = Self {
            stream: StreamArn::parse(stream)?,
            name: ConsumerName::parse(name)?,
            created_s,
        };
        // `+1` and `01` parse as numbers but print differently.
        if arn.to_string() == text {
            Ok(arn)
        } else {
            Err(WRONG)
        }
    }
}

impl fmt::Display for ConsumerArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/consumer/{}:{}",
            self.stream, self.name, self.created_s
        )
    }
}

/// The ARN of anything that may have tags or a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceArn {
    /// A stream.
    Stream(StreamArn),
    /// A registered consumer of a stream.
    Consumer(ConsumerArn),
    /// A queue. Its id is not interpreted.
    Queue,
    /// A channel. Its id is not interpreted.
    Channel,
}

impl ResourceArn {
    /// Parses an ARN.
    ///
    /// # Errors
    /// If it is of another kind of resource.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let (_, _, resource) = split(text)?;
        match resource.split_once('/') {
            Some(("stream", rest)) if rest.contains('/') => {
                ConsumerArn::parse(text).map(Self::Consumer)
            }
            Some(("stream", _)) => StreamArn::parse(text).map(Self::Stream),
            Some(("queue", id)) if !id.is_empty() => Ok(Self::Queue),
            Some(("channel", id)) if !id.is_empty() => Ok(Self::Channel),
            Some(_) | None => Err(NameError("resource ARN")),
        }
    }
}

fn split(text: &str) -> Result<(Region, AccountId, &str), NameError> {
    const WRONG: NameError = NameError("ARN");
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next().ok_or(WRONG);
    let (arn, partition, service) = (next()?, next()?, next()?);
    let (region, account, resource) = (next()?, next()?, next()?);
    let region = Region::parse(region)?;
    if arn != "arn" || service != "kinesis" || partition != region.partition() {
        return Err(WRONG);
    }
    Ok((region, AccountId::parse(account)?, resource))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_when_parsed_then_print_as_the_same_text() {
        let stream = "arn:aws:kinesis:us-east-1:123456789012:stream/a.b-c_d";
        assert_eq!(StreamArn::parse(stream).unwrap().to_string(), stream);
        let consumer = format!("{stream}/consumer/app:1700000000");
        assert_eq!(ConsumerArn::parse(&consumer).unwrap().to_string(), consumer);
        let china = "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/s";
        assert_eq!(StreamArn::parse(china).unwrap().to_string(), china);
    }

    #[test]
    fn arn_of_any_resource_when_parsed_then_is_of_its_kind() {
        let account = "arn:aws:kinesis:us-east-1:123456789012";
        let parse = |rest: &str| ResourceArn::parse(&format!("{account}:{rest}"));
        let stream = StreamArn::parse(&format!("{account}:stream/s")).unwrap();
        assert_eq!(parse("stream/s"), Ok(ResourceArn::Stream(stream)));
        let consumer = ConsumerArn::parse(&format!("{account}:stream/s/consumer/c:1")).unwrap();
        assert_eq!(
            parse("stream/s/consumer/c:1"),
            Ok(ResourceArn::Consumer(consumer))
        );
        assert_eq!(parse("queue/q-1"), Ok(ResourceArn::Queue));
        assert_eq!(parse("channel/c-1"), Ok(ResourceArn::Channel));
        for (bad, what) in [
            ("stream/", "stream name"),
            ("stream/s/consumer/c", "consumer ARN"),
            ("stream/s/shard/1", "consumer ARN"),
            ("mystream/s", "resource ARN"),
            ("queue/", "resource ARN"),
            ("channel", "resource ARN"),
        ] {
            assert_eq!(parse(bad), Err(NameError(what)), "{bad}");
        }
        assert_eq!(
            ResourceArn::parse("arn:aws:sqs:us-east-1:123456789012:queue/q"),
            Err(NameError("ARN"))
        );
    }

    #[test]
    fn arns_when_of_another_kind_then_are_refused() {
        for (bad, what) in [
            ("", "ARN"),
            ("stream/s", "ARN"),
            ("arn:aws:kinesis:::stream/x", "region"),
            ("arn:aws:kinesis:us-east-1::stream/x", "account id"),
            ("arn:aws:sqs:us-east-1:123456789012:stream/s", "ARN"),
            ("arn:aws-cn:kinesis:us-east-1:123456789012:stream/s", "ARN"),
            (
                "arn:aws:kinesis:us-east-1:123456789012:stream/s/consumer/c:1",
                "stream name",
            ),
            (
                "arn:aws:kinesis:us-east-1:123456789012:queue/s",
                "stream ARN",
            ),
            (
                "arn:aws:kinesis:us-east-1:123456789012:stream/",
                "stream name",
            ),
        ] {
            assert_eq!(StreamArn::parse(bad), Err(NameError(what)), "{bad}");
        }
        let stream = "arn:aws:kinesis:us-east-1:123456789012:stream/s";
        for (bad, what) in [
            ("/consumer/c", "consumer ARN"),
            ("/consumer/c:", "consumer ARN"),
            ("/consumer/:1", "consumer name"),
            ("/consumer/c:01", "consumer ARN"),
            ("/consumer/c:+1", "consumer ARN"),
        ] {
            let parsed = ConsumerArn::parse(&format!("{stream}{bad}"));
            assert_eq!(parsed, Err(NameError(what)), "{bad}");
        }
    }
}
