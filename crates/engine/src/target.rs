//! Which stream a request means: by name, by ARN, or by both if they agree.

use crate::Engine;
use crate::catalog::{Scope, State, Status, Stream};
use crate::texts;
use auth::Principal;
use model::{ConsumerArn, ShardId, StreamArn, StreamName};
use std::sync::Arc;
use wire::Error;

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
    ) -> Result<Self, Error> {
        let scope = scope_of(principal);
        let Some(arn_text) = arn else {
            let name = name.ok_or_else(texts::no_stream_named)?;
            let name = StreamName::parse(name)
                .map_err(|_| texts::stream_not_found(name, &scope.account))?;
            return Ok(Self { scope, name });
        };
        let arn =
            StreamArn::parse(arn_text).map_err(|_| texts::invalid_arn("StreamARN", arn_text))?;
        if let Some(name) = name
            && name != arn.name.as_str()
        {
            return Err(texts::name_and_arn_disagree(name, arn_text));
        }
        Self::of_arn(scope, &arn)
    }

    fn of_arn(scope: Scope, arn: &StreamArn) -> Result<Self, Error> {
        if arn.account != scope.account || arn.region != scope.region {
            return Err(texts::stream_not_found(&arn.name, &arn.account));
        }
        Ok(Self {
            scope,
            name: arn.name.clone(),
        })
    }

    /// The stream of a consumer's ARN.
    pub(crate) fn of_consumer(principal: &Principal, arn: &ConsumerArn) -> Result<Self, Error> {
        Self::of_arn(scope_of(principal), &arn.stream)
    }

    /// The stream, whatever its status.
    pub(crate) fn find(&self, state: &State) -> Result<Arc<Stream>, Error> {
        state
            .stream(&self.scope, self.name.as_str())
            .cloned()
            .ok_or_else(|| texts::stream_not_found(&self.name, &self.scope.account))
    }

    /// The shard of an id as a caller wrote it.
    pub(crate) fn shard_id(&self, text: &str) -> Result<ShardId, Error> {
        ShardId::parse(text)
            .map_err(|_| texts::could_not_find_shard(text, self.name.as_str(), &self.scope.account))
    }
}

impl Engine {
    /// The stream of a target, whatever its status.
    pub(crate) fn find(&self, target: &Target) -> Result<Arc<Stream>, Error> {
        target.find(&self.catalog.state())
    }

    /// The stream that a name or an ARN means, whatever its status.
    pub(crate) fn stream(
        &self,
        principal: &Principal,
        name: Option<&str>,
        arn: Option<&str>,
    ) -> Result<Arc<Stream>, Error> {
        if let (Some(name), None) = (name, arn) {
            // What every put asks: without a copy of the name, and what is no name is not found either.
            let (scope, state) = (scope_of(principal), self.catalog.state());
            let found = state.stream(&scope, name).cloned();
            return found.ok_or_else(|| texts::stream_not_found(name, &scope.account));
        }
        self.find(&Target::new(principal, name, arn)?)
    }

    /// The same, if it takes records: to a put, a stream that is CREATING or DELETING is not there.
    pub(crate) fn stream_for_puts(
        &self,
        principal: &Principal,
        name: Option<&str>,
        arn: Option<&str>,
    ) -> Result<Arc<Stream>, Error> {
        let stream = self.stream(principal, name, arn)?;
        match stream.status_at(self.env.clock.now()) {
            Status::Active | Status::Updating => Ok(stream),
            Status::Creating | Status::Deleting => {
                Err(texts::stream_not_found(&stream.name, &stream.scope.account))
            }
        }
    }
}
