//! Which resource an ARN means, whatever its kind: a stream or a registered consumer.

use super::consumer::of_arn;
use super::{FoundConsumer, FoundStream, Lacking, Named, StreamRef, Target, scope_of};
use crate::Engine;
use crate::catalog::{ConsumerKey, ConsumerStatus, PolicyText, ResourceLabel, Status, Stream};
use crate::facts::{
    ConsumerError, FindConsumerError, FindResourceError, ResourceError, StreamError,
};
use millstream_auth::{Principal, Resource, Subject};
use millstream_env::Timestamp;
use millstream_model::ResourceArn;
use std::collections::BTreeMap;

/// A resource that is there, whatever its status.
#[derive(Debug)]
pub enum FoundResource {
    Stream(FoundStream),
    Consumer(FoundConsumer),
}

/// The statuses of a stream that an operation on it, or on one of its consumers, allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// ACTIVE.
    Active,
    /// ACTIVE or UPDATING.
    Settled,
    /// Any but DELETING.
    Staying,
}

impl Needs {
    fn allow(self, status: Status) -> bool {
        match status {
            Status::Active => true,
            Status::Updating => self != Self::Active,
            Status::Creating => self == Self::Staying,
            Status::Deleting => false,
        }
    }

    /// Rejects a stream whose status does not allow an operation.
    pub(crate) fn check(self, stream: &Stream, now: Timestamp) -> Result<(), StreamError> {
        let status = stream.status_at(now);
        if self.allow(status) {
            return Ok(());
        }
        let stream = stream.label();
        Err(match self {
            Self::Active | Self::Staying => StreamError::NotActive { stream, status },
            Self::Settled => StreamError::NotReadable { stream, status },
        })
    }
}

impl FoundResource {
    /// The stream, or the stream of the consumer.
    pub(crate) fn stream(&self) -> &FoundStream {
        match self {
            Self::Stream(stream) => stream,
            Self::Consumer(found) => &found.stream,
        }
    }

    /// The consumer, if it is one.
    pub(crate) fn consumer_key(&self) -> Option<ConsumerKey> {
        match self {
            Self::Stream(_) => None,
            Self::Consumer(found) => Some(found.consumer.key()),
        }
    }

    /// Its tags.
    pub(crate) fn tags(&self) -> &BTreeMap<String, String> {
        match self {
            Self::Stream(stream) => &stream.tags,
            Self::Consumer(found) => &found.consumer.tags,
        }
    }

    /// Its policy, if it has one.
    pub(crate) fn policy(&self) -> Option<&PolicyText> {
        match self {
            Self::Stream(stream) => stream.policy.as_ref(),
            Self::Consumer(found) => found.consumer.policy.as_ref(),
        }
    }

    /// Rejects a resource whose status does not allow an operation. A consumer must not outlive its
    /// stream.
    pub(crate) fn check_status(
        &self,
        needs: Needs,
        now: Timestamp,
    ) -> Result<(), FindResourceError> {
        let (needs, consumer) = match self {
            Self::Stream(_) => (needs, None),
            Self::Consumer(found) => (Needs::Staying, Some(&found.consumer)),
        };
        let stream = self.stream();
        needs.check(stream, now)?;
        match consumer.map(|consumer| (consumer, consumer.status_at(now))) {
            None | Some((_, ConsumerStatus::Active)) => Ok(()),
            Some((
                consumer,
                status @ (ConsumerStatus::Creating
                | ConsumerStatus::Deleting
                | ConsumerStatus::Gone),
            )) => {
                let why = ConsumerError::NotActive {
                    consumer: consumer.name.clone(),
                    arn_s: consumer.arn_s,
                    status,
                    stream: stream.label(),
                };
                Err(FindConsumerError::from(why).into())
            }
        }
    }

    /// How errors name it.
    pub(crate) fn label(&self) -> ResourceLabel {
        match self {
            Self::Stream(stream) => stream.label().into(),
            Self::Consumer(FoundConsumer {
                stream, consumer, ..
            }) => ResourceLabel::Consumer {
                name: consumer.name.clone(),
                stream: stream.label(),
            },
        }
    }
}

impl Target for FoundResource {
    type Error = FindResourceError;

    fn find(
        engine: &Engine,
        principal: &Principal,
        named: Named<'_>,
    ) -> Result<Self, Lacking<FindResourceError>> {
        let text = named
            .resource_arn
            .ok_or_else(|| Lacking::nothing(ResourceError::NotNamed))?;
        let given = || text.to_owned();
        match ResourceArn::parse(text) {
            Ok(ResourceArn::Stream(arn)) => {
                let meant = StreamRef::of_arn(&scope_of(principal), arn, named.across);
                let found = meant.find_in(&engine.state()).map_err(Lacking::widen)?;
                Ok(Self::Stream(found))
            }
            Ok(ResourceArn::Consumer(arn)) => {
                let found = of_arn(engine, principal, arn, named.across).map_err(Lacking::widen)?;
                Ok(Self::Consumer(found))
            }
            Ok(ResourceArn::Queue) => Err(Lacking::nothing(ResourceError::QueueNotFound {
                arn: given(),
            })),
            Ok(ResourceArn::Channel) => Err(Lacking::nothing(ResourceError::ChannelNotFound {
                arn: given(),
            })),
            Err(_) => Err(Lacking::nothing(ResourceError::InvalidArn { arn: given() })),
        }
    }

    fn resource(&self) -> Resource<'_> {
        match self {
            Self::Stream(stream) => stream.resource(),
            Self::Consumer(consumer) => consumer.resource(),
        }
    }

    fn subject(&self) -> Subject<'_> {
        match self {
            Self::Stream(stream) => stream.subject(),
            Self::Consumer(consumer) => consumer.subject(),
        }
    }
}

/// A resource that may have a policy. AWS documents none for channels, though the pattern of the
/// ARN admits them:
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutResourcePolicy.html>
#[derive(Debug)]
pub struct PolicyHolder(pub(crate) FoundResource);

impl Target for PolicyHolder {
    type Error = FindResourceError;

    fn find(
        engine: &Engine,
        principal: &Principal,
        named: Named<'_>,
    ) -> Result<Self, Lacking<FindResourceError>> {
        if let Some(arn) = named.resource_arn
            && ResourceArn::parse(arn) == Ok(ResourceArn::Channel)
        {
            let arn = arn.to_owned();
            return Err(Lacking::nothing(ResourceError::PolicyOfChannel { arn }));
        }
        FoundResource::find(engine, principal, named).map(Self)
    }

    fn resource(&self) -> Resource<'_> {
        self.0.resource()
    }

    fn subject(&self) -> Subject<'_> {
        self.0.subject()
    }
}
