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
use crate::catalog::{Scope, Stream};
use millstream_auth::{Principal, Resource};
use millstream_model::{ConsumerArn, StreamArn};
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
}

impl<'a> Named<'a> {
    /// Reads the members of a request, whatever its shape.
    #[inline]
    pub fn of(request: &'a impl Texts) -> Self {
        Self {
            stream_name: request.text("StreamName"),
            stream_arn: request.text("StreamARN"),
            consumer_name: request.text("ConsumerName"),
            consumer_arn: request.text("ConsumerARN"),
            resource_arn: request.text("ResourceARN"),
            shard_iterator: request.text("ShardIterator"),
            next_token: request.text("NextToken"),
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
}

/// Why a request has no target, and what it names.
#[derive(Debug)]
pub struct Lacking<E>(Box<(E, What)>);

/// Something that is named and does not exist.
#[derive(Debug)]
enum What {
    Stream(StreamArn),
    Consumer(ConsumerArn),
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
            What::Consumer(arn) => arn.into(),
            What::Nothing => Resource::Unnamed,
        }
    }
}

/// The name in policies of something that was found, or not.
pub fn resource_of<T: Target>(found: &Result<T, Lacking<T::Error>>) -> Resource<'_> {
    match found {
        Ok(target) => target.resource(),
        Err(lacking) => lacking.resource(),
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
}

/// The account and region that scope a caller's names.
pub(crate) fn scope_of(principal: &Principal) -> Scope {
    Scope {
        account: principal.account.clone(),
        region: principal.region.clone(),
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
