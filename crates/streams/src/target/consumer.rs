//! Which registered consumer a request means: by its ARN, or by its stream's ARN and its name.

use super::{FoundStream, Lacking, Named, StreamRef, Target, scope_of, stream_resource};
use crate::Engine;
use crate::catalog::{Consumer, PolicyText};
use crate::facts::{ConsumerError, FindConsumerError, StreamError};
use millstream_auth::{Across, Naming, Principal, Resource, Subject};
use millstream_model::{ConsumerArn, ConsumerName};

/// A consumer that is there, whatever its status, and its stream.
#[derive(Debug)]
pub struct FoundConsumer {
    pub(crate) stream: FoundStream,
    pub(crate) consumer: Consumer,
    naming: Naming,
}

type Error = FindConsumerError;

impl Target for FoundConsumer {
    type Error = Error;

    fn find(
        engine: &Engine,
        principal: &Principal,
        named: Named<'_>,
    ) -> Result<Self, Lacking<Error>> {
        match named.consumer_arn {
            Some(arn) => by_arn(engine, principal, named, arn),
            None => by_name(engine, principal, named),
        }
    }

    fn resource(&self) -> Resource<'_> {
        Resource::Consumer {
            stream: stream_resource(&self.stream),
            name: &self.consumer.name,
            created_s: self.consumer.arn_s,
        }
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            resource: self.resource(),
            policy: self.consumer.policy.as_ref().map(PolicyText::as_str),
            tags: Some(&self.consumer.tags),
            naming: self.naming,
        }
    }
}

fn by_name(
    engine: &Engine,
    principal: &Principal,
    named: Named<'_>,
) -> Result<FoundConsumer, Lacking<Error>> {
    let (Some(_), Some(name)) = (named.stream_arn, named.consumer_name) else {
        return Err(Lacking::nothing(ConsumerError::NotNamed));
    };
    // Whatever is missing, it is the consumer that is named.
    let by_name = ConsumerName::parse(name);
    let no_stream = |lacking: Lacking<StreamError>| match (
        lacking.missing_stream().cloned(),
        by_name.clone(),
    ) {
        (Some(stream), Ok(name)) => Lacking::consumer_by_name(stream, name, lacking.into_why()),
        (Some(_) | None, Ok(_) | Err(_)) => lacking.widen(),
    };
    let stream = FoundStream::find(engine, principal, named).map_err(no_stream)?;
    let now = engine.clock().now();
    let mut consumers = stream.consumers_at(now);
    let consumer = consumers.find(|c| c.name.as_str() == name).cloned();
    drop(consumers);
    match consumer {
        Some(consumer) => Ok(FoundConsumer {
            stream,
            consumer,
            naming: Naming::WithoutSecond,
        }),
        None => {
            let why = ConsumerError::NotFound {
                consumer: name.to_owned(),
                stream: stream.label(),
            };
            Err(match by_name {
                Ok(name) => Lacking::consumer_by_name(stream.arn(), name, why),
                Err(_) => Lacking::stream(stream.arn(), why),
            })
        }
    }
}

fn by_arn(
    engine: &Engine,
    principal: &Principal,
    named: Named<'_>,
    text: &str,
) -> Result<FoundConsumer, Lacking<Error>> {
    let given = || text.to_owned();
    let arn = ConsumerArn::parse(text)
        .map_err(|_| Lacking::nothing(ConsumerError::InvalidArn { arn: given() }))?;
    let is_other_name = |name| name != arn.name.as_str();
    let is_other_stream = |stream: &str| stream != arn.stream.to_string();
    if named.consumer_name.is_some_and(is_other_name)
        || named.stream_arn.is_some_and(is_other_stream)
    {
        let why = ConsumerError::ReferencesDisagree { arn: given() };
        return Err(Lacking::nothing(why));
    }
    of_arn(engine, principal, arn, named.across)
}

/// The consumer of an ARN, whatever its status.
pub(super) fn of_arn(
    engine: &Engine,
    principal: &Principal,
    arn: ConsumerArn,
    across: Across,
) -> Result<FoundConsumer, Lacking<Error>> {
    let no_stream = |lacking: Lacking<StreamError>| {
        let why = lacking.into_why();
        Lacking::consumer(arn.clone(), why)
    };
    let meant = StreamRef::of_arn(&scope_of(principal), arn.stream.clone(), across);
    let stream = meant.find_in(&engine.state()).map_err(no_stream)?;
    let is_named =
        |consumer: &&Consumer| consumer.name == arn.name && consumer.arn_s == arn.created_s;
    let now = engine.clock().now();
    let consumer = stream.consumers_at(now).find(is_named).cloned();
    match consumer {
        Some(consumer) => Ok(FoundConsumer {
            stream,
            consumer,
            naming: Naming::Whole,
        }),
        None => {
            let account = stream.scope.account.clone();
            let why = ConsumerError::ArnNotFound {
                arn: arn.to_string(),
                account,
            };
            Err(Lacking::consumer(arn, why))
        }
    }
}
