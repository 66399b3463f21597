//! Which stream a request means: by name, by ARN, or by both if they agree.

use super::{Lacking, Named, Target, scope_of, stream_resource, stream_subject};
use crate::Engine;
use crate::catalog::{Scope, State, Stream, StreamLabel};
use crate::facts::{ShardError, StreamError};
use millstream_auth::{Across, Principal, Resource, Subject};
use millstream_env::RequestContext;
use millstream_model::{ShardId, StreamArn, StreamName};
use std::sync::Arc;

/// A stream that is there, whatever its status.
pub type FoundStream = Arc<Stream>;

/// The same, of operations that take nothing but its ARN and whose shape does not require that.
#[derive(Debug)]
pub struct FoundByArn(pub(crate) FoundStream);

/// A stream that a request names; whether it exists is another question.
#[derive(Clone, Debug)]
pub struct StreamRef {
    pub(crate) scope: Scope,
    pub(crate) name: StreamName,
    pub(crate) reach: Reach,
    /// The stream as policies see it, if it is there; the operation looks again.
    seen: Option<FoundStream>,
}

/// Whether the sender can reach what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It is in the sender's account and region.
    Own,
    /// It is another account's, and policies decide whether the sender may use it.
    Shared,
    /// It is elsewhere, and as if it were not there.
    Foreign,
}

impl StreamRef {
    /// A stream of the sender's own account and region.
    pub(crate) fn own(scope: Scope, name: StreamName) -> Self {
        Self {
            scope,
            name,
            reach: Reach::Own,
            seen: None,
        }
    }

    /// What name and ARN together mean.
    pub(crate) fn new(
        principal: &Principal,
        name: Option<&str>,
        arn: Option<&str>,
        across: Across,
    ) -> Result<Self, Lacking<StreamError>> {
        let scope = scope_of(principal);
        let Some(arn_text) = arn else {
            let name = name.ok_or_else(|| Lacking::nothing(StreamError::NotNamed))?;
            return match StreamName::parse(name) {
                Ok(name) => Ok(Self::own(scope, name)),
                Err(_) => Err(Lacking::nothing(not_found(&scope, name))),
            };
        };
        let arn = StreamArn::parse(arn_text).map_err(|_| {
            let arn = arn_text.to_owned();
            Lacking::nothing(StreamError::InvalidArn { arn })
        })?;
        if let Some(name) = name
            && name != arn.name.as_str()
        {
            return Err(Lacking::nothing(StreamError::NameAndArnDisagree {
                name: name.to_owned(),
                arn: arn_text.to_owned(),
            }));
        }
        Ok(Self::of_arn(&scope, arn, across))
    }

    /// The stream of an ARN, for a sender of this scope.
    pub(crate) fn of_arn(senders: &Scope, arn: StreamArn, across: Across) -> Self {
        let scope = Scope {
            account: arn.account,
            region: arn.region,
        };
        Self {
            reach: match across {
                _ if scope == *senders => Reach::Own,
                Across::ByPolicy if scope.region == senders.region => Reach::Shared,
                Across::ByPolicy | Across::Never => Reach::Foreign,
            },
            scope,
            name: arn.name,
            seen: None,
        }
    }

    /// The stream, whatever its status, if the sender can reach it.
    pub(crate) fn find_in(&self, state: &State) -> Result<FoundStream, Lacking<StreamError>> {
        let found = match self.reach {
            Reach::Own | Reach::Shared => state.stream(&self.scope, self.name.as_str()).cloned(),
            Reach::Foreign => None,
        };
        let found = found.ok_or_else(|| {
            let why = not_found(&self.scope, self.name.as_str());
            Lacking::stream(self.arn(), why)
        })?;
        RequestContext::note_resource(&found);
        Ok(found)
    }

    /// The shard of an id as a caller wrote it.
    pub(crate) fn shard_id(&self, text: &str) -> Result<ShardId, ShardError> {
        ShardId::parse(text).map_err(|_| ShardError::NoId {
            id: text.to_owned(),
            stream: self.label(),
        })
    }

    /// How errors name it, whether or not it is there.
    pub(crate) fn label(&self) -> StreamLabel {
        StreamLabel {
            name: self.name.clone(),
            account: self.scope.account.clone(),
        }
    }

    pub(crate) fn arn(&self) -> StreamArn {
        StreamArn {
            region: self.scope.region.clone(),
            account: self.scope.account.clone(),
            name: self.name.clone(),
        }
    }
}

/// Of operations that look at other members before they look for the stream, or make it.
impl Target for StreamRef {
    type Error = StreamError;

    fn find(
        engine: &Engine,
        principal: &Principal,
        named: Named<'_>,
    ) -> Result<Self, Lacking<StreamError>> {
        let meant = Self::new(principal, named.stream_name, named.stream_arn, named.across)?;
        let seen = meant.find_in(&engine.state()).ok();
        Ok(Self { seen, ..meant })
    }

    fn resource(&self) -> Resource<'_> {
        Resource::Stream(millstream_auth::Stream {
            account: &self.scope.account,
            region: &self.scope.region,
            name: &self.name,
        })
    }

    fn subject(&self) -> Subject<'_> {
        let named = || self.resource().into();
        self.seen
            .as_ref()
            .map_or_else(named, |seen| stream_subject(seen))
    }
}

impl Target for FoundStream {
    type Error = StreamError;

    fn find(
        engine: &Engine,
        principal: &Principal,
        named: Named<'_>,
    ) -> Result<Self, Lacking<StreamError>> {
        if let (Some(name), None) = (named.stream_name, named.stream_arn) {
            // What every put asks: without a copy of the name.
            let (scope, state) = (scope_of(principal), engine.state());
            if let Some(found) = state.stream(&scope, name) {
                RequestContext::note_resource(found);
                return Ok(Arc::clone(found));
            }
        }
        let meant = StreamRef::new(principal, named.stream_name, named.stream_arn, named.across)?;
        meant.find_in(&engine.state())
    }

    fn resource(&self) -> Resource<'_> {
        Resource::Stream(stream_resource(self))
    }

    fn subject(&self) -> Subject<'_> {
        stream_subject(self)
    }
}

impl Target for FoundByArn {
    type Error = StreamError;

    fn find(
        engine: &Engine,
        principal: &Principal,
        named: Named<'_>,
    ) -> Result<Self, Lacking<StreamError>> {
        if named.stream_arn.is_none() {
            return Err(Lacking::nothing(StreamError::ArnMissing));
        }
        FoundStream::find(engine, principal, named).map(Self)
    }

    fn resource(&self) -> Resource<'_> {
        self.0.resource()
    }

    fn subject(&self) -> Subject<'_> {
        self.0.subject()
    }
}

impl Engine {
    /// The stream that is meant, whatever its status.
    pub(crate) fn stream(&self, meant: &StreamRef) -> Result<FoundStream, StreamError> {
        let found = meant.find_in(&self.state());
        found.map_err(Lacking::into_why)
    }
}

fn not_found(scope: &Scope, name: &str) -> StreamError {
    StreamError::NotFound {
        name: name.to_owned(),
        account: scope.account.clone(),
    }
}
