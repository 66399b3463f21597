//! The resource of a request: the stream, the consumer or the account that its members name.
//!
//! It is resolved once per request, by the members of its shape, before authorization: policies
//! refer to resources. Handlers receive what was found. That it does not exist, or is out of the
//! sender's reach, is known just as early, and told only once the sender is authorized.

mod consumer;
mod resource;
mod stream;

pub(crate) use consumer::FoundConsumer;
pub(crate) use resource::{FoundResource, Needs, PolicyHolder};
pub(crate) use stream::{FoundByArn, FoundStream, Reach, StreamRef};

use crate::Engine;
use crate::catalog::{PolicyText, Scope, Stream};
use millstream_auth::{Across, Naming, Principal, Resource, Subject};
use millstream_model::{ConsumerArn, ConsumerName, StreamArn};
use millstream_protocol::Texts;
use std::convert::Infallible;

/// The members by which requests name resources; `None` if not given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Named<'a> {
    pub(crate) stream_name: Option<&'a str>,
    pub(crate) stream_arn: Option<&'a str>,
    pub(crate) consumer_name: Option<&'a str>,
    pub(crate) consumer_arn: Option<&'a str>,
    pub(crate) resource_arn: Option<&'a str>,
    pub(crate) shard_iterator: Option<&'a str>,
    pub(crate) next_token: Option<&'a str>,
    /// Whether it may be another account's.
    pub(crate) across: Across,
}

impl<'a> Named<'a> {
    /// Reads the members of a request, whatever its shape.
    #[inline]
    pub fn of(request: &'a impl Texts, across: Across) -> Self {
        Self {
            stream_name: request.text("StreamName"),
            stream_arn: request.text("StreamARN"),
            consumer_name: request.text("ConsumerName"),
            consumer_arn: request.text("ConsumerARN"),
            resource_arn: request.text("ResourceARN"),
            shard_iterator: request.text("ShardIterator"),
            next_token: request.text("NextToken"),
            across,
        }
    }
}

/// What a handler receives besides its input.
pub trait Target: Sized + Send + 'static {
    /// Why it does not exist.
    type Error: Send;

    /// Resolves it in the current state.
    ///
    /// # Errors
    /// Why the sender can reach nothing, and what the request names all the same.
    fn find(
        engine: &Engine,
        principal: &Principal,
        named: Named<'_>,
    ) -> Result<Self, Lacking<Self::Error>>;

    /// Its name in policies.
    fn resource(&self) -> Resource<'_>;

    /// What policies may look at: its name, and what belongs to it. Whatever has a policy of its
    /// own says so here.
    fn subject(&self) -> Subject<'_>;
}

/// Why a request has no target, and what it names.
#[derive(Debug)]
pub struct Lacking<E>(Box<(E, What)>);

/// Something that is named and does not exist.
#[derive(Debug)]
enum What {
    Stream(StreamArn),
    Consumer(ConsumerArn),
    /// Named without the second of its creation.
    ConsumerByName(ConsumerArn),
    Nothing,
}

impl<E> Lacking<E> {
    fn new(why: impl Into<E>, what: What) -> Self {
        Self(Box::new((why.into(), what)))
    }

    /// A stream that does not exist.
    pub(crate) fn stream(stream: StreamArn, why: impl Into<E>) -> Self {
        Self::new(why, What::Stream(stream))
    }

    /// A consumer that does not exist.
    pub(crate) fn consumer(consumer: ConsumerArn, why: impl Into<E>) -> Self {
        Self::new(why, What::Consumer(consumer))
    }

    /// A consumer that does not exist, named by its name and its stream. For policies it is one of
    /// the first second.
    pub(crate) fn consumer_by_name(
        stream: StreamArn,
        name: ConsumerName,
        why: impl Into<E>,
    ) -> Self {
        let created_s = 0;
        let consumer = ConsumerArn {
            stream,
            name,
            created_s,
        };
        Self::new(why, What::ConsumerByName(consumer))
    }

    /// Something that cannot exist.
    pub(crate) fn nothing(why: impl Into<E>) -> Self {
        Self::new(why, What::Nothing)
    }

    /// Converts the kind of error.
    pub(crate) fn widen<F: From<E>>(self) -> Lacking<F> {
        let (why, what) = *self.0;
        Lacking::new(why, what)
    }

    /// Why it does not exist.
    pub fn into_why(self) -> E {
        self.0.0
    }

    pub(crate) fn resource(&self) -> Resource<'_> {
        match &self.0.1 {
            What::Stream(arn) => arn.into(),
            What::Consumer(arn) | What::ConsumerByName(arn) => arn.into(),
            What::Nothing => Resource::Unnamed,
        }
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        let naming = match &self.0.1 {
            What::Stream(_) | What::Consumer(_) | What::Nothing => Naming::Whole,
            What::ConsumerByName(_) => Naming::WithoutSecond,
        };
        Subject {
            naming,
            ..self.resource().into()
        }
    }

    /// The stream that is named, if that is all.
    pub(crate) fn missing_stream(&self) -> Option<&StreamArn> {
        match &self.0.1 {
            What::Stream(arn) => Some(arn),
            What::Consumer(_) | What::ConsumerByName(_) | What::Nothing => None,
        }
    }
}

/// What policies may look at of something that was found, or not.
pub fn subject_of<T: Target>(found: &Result<T, Lacking<T::Error>>) -> Subject<'_> {
    match found {
        Ok(target) => target.subject(),
        Err(lacking) => lacking.subject(),
    }
}

/// The target of operations on the whole account, which always exists.
impl Target for Scope {
    type Error = Infallible;

    fn find(_: &Engine, principal: &Principal, _: Named<'_>) -> Result<Self, Lacking<Self::Error>> {
        Ok(scope_of(principal))
    }

    fn resource(&self) -> Resource<'_> {
        Resource::Account
    }

    fn subject(&self) -> Subject<'_> {
        self.resource().into()
    }
}

/// The account and region that scope a caller's names.
pub(crate) fn scope_of(principal: &Principal) -> Scope {
    Scope {
        account: principal.account.clone(),
        region: principal.region.clone(),
    }
}

/// What policies may look at of a stream.
pub(crate) fn stream_subject(stream: &Stream) -> Subject<'_> {
    Subject {
        resource: Resource::Stream(stream_resource(stream)),
        policy: stream.policy.as_ref().map(PolicyText::as_str),
        tags: Some(&stream.tags),
        naming: Naming::Whole,
    }
}

/// The name of a stream in policies.
pub(crate) fn stream_resource(stream: &Stream) -> millstream_auth::Stream<'_> {
    millstream_auth::Stream {
        account: &stream.scope.account,
        region: &stream.scope.region,
        name: &stream.name,
    }
}
