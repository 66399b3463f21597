//! Calls: who asks, which operation is meant, and its way to its end. No HTTP and no sockets.
//!
//! The service brings requests here once it knows their protocol and has their whole body; a
//! simulated world brings its own. A call that changes something runs to its end whatever becomes
//! of who waits for it.

use crate::caught::{GivenUp, poll_caught};
use crate::config::Config;
use crate::connection::activity::{Activity, InFlight};
use crate::detached::Detached;
use crate::dispatch::{self, Call, Failed, Served, unless_malformed};
use crate::receive::budgets::Budgets;
use auth::{Authenticator, Authorizer, Context, Head, Principal};
use bytes::Bytes;
use engine::{Body, Engine, Outcome};
use env::Env;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;
use wire::{Effect, Error, ErrorCode, Protocol};

/// What carries calls out.
pub struct Calls {
    env: Env,
    engine: Arc<Engine>,
    authenticator: Authenticator,
    authorizer: Authorizer,
    /// Changes are waited for no longer.
    mutation_max: Duration,
    /// What a call counts against that comes over no connection.
    budgets: Arc<Budgets>,
}

/// An operation that has begun.
pub(crate) struct Begun {
    pub(crate) protocol: Protocol,
    operation: &'static dispatch::Operation,
    served: Served,
}

impl Calls {
    /// Calls of an engine's operations.
    pub fn new(env: Env, engine: Arc<Engine>, config: &Config) -> Self {
        Self {
            env,
            engine,
            authenticator: config.authenticator.clone(),
            authorizer: config.authorizer.clone(),
            mutation_max: config.limits.mutation,
            budgets: Budgets::new(&config.limits),
        }
    }

    /// Carries an operation out, by its name. If this is dropped, one that changes something runs
    /// on.
    ///
    /// # Errors
    /// What the sender is told, and whether anything was changed.
    pub async fn call(
        &self,
        head: Head<'_>,
        operation: &str,
        protocol: Protocol,
        body: Bytes,
    ) -> Result<Body, Failed> {
        let Some(place) = dispatch::find(operation) else {
            let error = Error::without_message(ErrorCode::UnknownOperationException);
            return Err(Failed::refused(error));
        };
        let principal = self.authenticate(head, protocol, &body);
        let sender = (principal.map_err(Failed::refused)?, head.context);
        let begun = self.begin(place, protocol, sender, body);
        let mut in_flight = Activity::new(Arc::clone(&self.budgets), head.context).begin();
        self.finish(begun, &mut in_flight)
            .await
            .unwrap_or_else(|GivenUp| {
                Err(Failed {
                    error: Error::without_message(ErrorCode::InternalFailure),
                    outcome: Outcome::Unknown,
                })
            })
    }

    /// Who sent a request.
    pub(crate) fn authenticate(
        &self,
        head: Head<'_>,
        protocol: Protocol,
        body: &[u8],
    ) -> Result<Principal, Error> {
        let authenticated = self.authenticator.authenticate(head, body);
        authenticated.map_err(|error| unless_malformed(protocol, body, error))
    }

    /// Begins the operation at a place in the table: everything that waits for nothing.
    pub(crate) fn begin(
        &self,
        place: usize,
        protocol: Protocol,
        (principal, context): (Principal, Context),
        body: Bytes,
    ) -> Begun {
        let operation = &dispatch::operations()[place];
        let served = (operation.serve)(Call {
            engine: Arc::clone(&self.engine),
            authorizer: self.authorizer.clone(),
            protocol,
            principal,
            context,
            body,
        });
        Begun {
            protocol,
            operation,
            served,
        }
    }

    /// Carries an operation out, for a request.
    pub(crate) async fn finish(
        &self,
        begun: Begun,
        in_flight: &mut InFlight,
    ) -> Result<Result<Body, Failed>, GivenUp> {
        let Begun {
            operation, served, ..
        } = begun;
        match operation.effect {
            Effect::Reads => {
                let (mut served, deaths) = (served, self.env.tasks.deaths());
                poll_fn(|cx| poll_caught(operation.name, &mut served, &deaths, cx)).await
            }
            Effect::Writes => {
                let wait_max = self.mutation_max;
                Detached::new(operation.name, served, &self.env, in_flight, wait_max).await
            }
        }
    }
}
