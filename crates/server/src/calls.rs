//! Calls: authentication, the choice of an operation, and its execution. No HTTP and no sockets.
//!
//! The service passes requests here once their protocol is known and their whole body has arrived;
//! a simulated world passes its own. A call that changes state runs to completion whether or not
//! its caller keeps waiting.

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

/// An executor of calls.
pub struct Calls {
    env: Env,
    engine: Arc<Engine>,
    authenticator: Authenticator,
    authorizer: Authorizer,
    /// How long a caller waits for a change.
    mutation_max: Duration,
    /// The budgets of calls that arrive over no connection.
    budgets: Arc<Budgets>,
}

/// An operation that has begun.
pub(crate) struct Begun {
    pub(crate) protocol: Protocol,
    operation: &'static dispatch::Operation,
    served: Served,
}

impl Calls {
    /// An executor over an engine's operations.
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

    /// Carries out an operation, by its name. If the future is dropped, one that changes state runs
    /// on.
    ///
    /// # Errors
    /// The error for the sender, and whether anything was changed.
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

    /// Identifies the sender of a request.
    pub(crate) fn authenticate(
        &self,
        head: Head<'_>,
        protocol: Protocol,
        body: &[u8],
    ) -> Result<Principal, Error> {
        let authenticated = self.authenticator.authenticate(head, body);
        authenticated.map_err(|error| unless_malformed(protocol, body, error))
    }

    /// Begins the operation at an index in the table: everything that does not wait.
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

    /// Completes an operation for a request.
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
