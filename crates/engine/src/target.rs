//! Which stream a request means: by name, by ARN, or by both if they agree.

use crate::Engine;
use crate::catalog::{Scope, State, Status, Stream, StreamLabel};
use crate::facts::{ShardError, StreamError};
use auth::Principal;
use model::{ConsumerArn, ShardId, StreamArn, StreamName};
use std::sync::Arc;

/// A stream that a request names; whether it exists is another question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub scope: Scope,
    pub name: StreamName,
}

/// The account and region that a caller's names belong to.
pub(crate) fn scope_of(principal: &Principal) -> Scope {
    Scope {
        account: principal.account.clone(),
        region: principal.region.clone(),
    }
}

impl Target {
    /// What name and ARN together mean.
    ///
    /// An ARN of another account or region names nothing that this caller can reach: without a
    /// policy that says otherwise it is as if it were not there.
    pub(crate) fn new(
        principal: &Principal,
        name: Option<&str>,
        arn: Option<&str>,
    ) -> Result<Self, StreamError> {
        let scope = scope_of(principal);
        let Some(arn_text) = arn else {
            let name = name.ok_or(StreamError::NotNamed)?;
            let name = StreamName::parse(name).map_err(|_| not_found(&scope, name))?;
            return Ok(Self { scope, name });
        };
        let arn = StreamArn::parse(arn_text).map_err(|_| StreamError::InvalidArn {
            arn: arn_text.to_owned(),
        })?;
        if let Some(name) = name
            && name != arn.name.as_str()
        {
            return Err(StreamError::NameAndArnDisagree {
                name: name.to_owned(),
                arn: arn_text.to_owned(),
            });
        }
        Self::of_arn(scope, &arn)
    }

    fn of_arn(scope: Scope, arn: &StreamArn) -> Result<Self, StreamError> {
        if arn.account != scope.account || arn.region != scope.region {
            return Err(StreamError::NotFound {
                name: arn.name.to_string(),
                account: arn.account.clone(),
            });
        }
        Ok(Self {
            scope,
            name: arn.name.clone(),
        })
    }

    /// The stream of a consumer's ARN.
    pub(crate) fn of_consumer(
        principal: &Principal,
        arn: &ConsumerArn,
    ) -> Result<Self, StreamError> {
        Self::of_arn(scope_of(principal), &arn.stream)
    }

    /// The stream, whatever its status.
    pub(crate) fn find(&self, state: &State) -> Result<Arc<Stream>, StreamError> {
        state
            .stream(&self.scope, self.name.as_str())
            .cloned()
            .ok_or_else(|| not_found(&self.scope, self.name.as_str()))
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
}

impl Engine {
    /// The stream of a target, whatever its status.
    pub(crate) fn find(&self, target: &Target) -> Result<Arc<Stream>, StreamError> {
        target.find(&self.catalog.state())
    }

    /// The stream that a name or an ARN means, whatever its status.
    pub(crate) fn stream(
        &self,
        principal: &Principal,
        name: Option<&str>,
        arn: Option<&str>,
    ) -> Result<Arc<Stream>, StreamError> {
        if let (Some(name), None) = (name, arn) {
            // What every put asks: without a copy of the name, and what is no name is not found either.
            let (scope, state) = (scope_of(principal), self.catalog.state());
            let found = state.stream(&scope, name).cloned();
            return found.ok_or_else(|| not_found(&scope, name));
        }
        self.find(&Target::new(principal, name, arn)?)
    }

    /// The same, if it takes records: to a put, a stream that is CREATING or DELETING is not there.
    pub(crate) fn stream_for_puts(
        &self,
        principal: &Principal,
        name: Option<&str>,
        arn: Option<&str>,
    ) -> Result<Arc<Stream>, StreamError> {
        let stream = self.stream(principal, name, arn)?;
        match stream.status_at(self.env.clock.now()) {
            Status::Active | Status::Updating => Ok(stream),
            Status::Creating | Status::Deleting => Err(StreamError::gone(&stream.label())),
        }
    }
}

fn not_found(scope: &Scope, name: &str) -> StreamError {
    StreamError::NotFound {
        name: name.to_owned(),
        account: scope.account.clone(),
    }
}
