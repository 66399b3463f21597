//! Calls: authentication, the choice of an operation, and its execution. No HTTP and no sockets.
//!
//! The server brings requests here once it knows their protocol and has their whole body; a
//! simulated world brings its own. A call that changes something runs to its end whatever becomes
//! of who waits for it.

use crate::body::Body;
use crate::caught::{GivenUp, poll_caught};
use crate::detached::{Detached, Outliving};
use crate::dispatch::{self, Call, Failed, Served, unless_malformed};
use crate::encode::Encoder;
use crate::wait::SpareTimer;
use bytes::Bytes;
use millstream_auth::{Authenticator, Authorizer, Context, Head, Principal};
use millstream_env::Env;
use millstream_protocol::{Effect, Error, ErrorCode, Protocol};
use millstream_streams::{Engine, Outcome};
use std::future::{poll_fn, ready};
use std::sync::Arc;
use std::time::Duration;

/// A change is waited for this long by default: below the clients' own time-outs.
pub const MUTATION_MAX: Duration = Duration::from_secs(5);

/// Who may call, and how long a call is waited for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Identifies senders.
    pub authenticator: Authenticator,
    /// Decides whether they may do what they ask.
    pub authorizer: Authorizer,
    /// A change is waited for no longer, and then runs on.
    pub mutation_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            authenticator: Authenticator::default(),
            authorizer: Authorizer::default(),
            mutation_max: MUTATION_MAX,
        }
    }
}

/// Whoever waits for a call's end, with what it shares with others and what its request holds.
pub trait Waiter {
    /// What the request's body is charged to; given back when this is dropped.
    type Charge: Send + 'static;

    /// The timer that the waits of one connection take turns with.
    fn timer(&self) -> &SpareTimer;

    /// Hands over what the body is charged to, to the rest of a call that outlives its waiter.
    fn hand_over_body(&mut self) -> Self::Charge;
}

/// A waiter without a connection, whose body is charged to nothing.
#[derive(Default)]
struct Alone(SpareTimer);

impl Waiter for Alone {
    type Charge = ();

    fn timer(&self) -> &SpareTimer {
        &self.0
    }

    fn hand_over_body(&mut self) {}
}

/// An executor of calls.
pub struct Calls {
    env: Env,
    engine: Arc<Engine>,
    encoder: Arc<Encoder>,
    settings: Settings,
    outliving: Outliving,
}

/// An operation that has begun.
pub struct Begun {
    /// The protocol of its request, and so of its answer.
    pub protocol: Protocol,
    operation: &'static dispatch::Operation,
    served: Served,
}

/// The end of a call that finds no room, and does nothing.
fn refused() -> Served {
    let error = Error::without_message(ErrorCode::ServiceUnavailable);
    Box::pin(ready(Err(Failed::refused(error))))
}

impl Begun {
    /// The same call without room, which does nothing.
    #[must_use]
    pub fn refused(self) -> Self {
        let served = refused();
        Self { served, ..self }
    }

    /// Lets `watch` wrap the call, to see how it ends. What it adds runs to its end as the call
    /// does: whoever waits for a change may have gone by then.
    #[must_use]
    pub fn watched(self, watch: impl FnOnce(Served) -> Served) -> Self {
        Self {
            served: watch(self.served),
            ..self
        }
    }
}

impl Calls {
    /// An executor over an engine's operations.
    pub fn new(env: Env, engine: Arc<Engine>, settings: Settings) -> Self {
        Self {
            env,
            engine,
            encoder: Arc::default(),
            settings,
            outliving: Outliving::default(),
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
            return Err(Failed::refused(dispatch::unknown(operation)));
        };
        let principal = self.authenticate(head, protocol, &body);
        let sender = (principal.map_err(Failed::refused)?, head.context);
        let begun = self.begin(place, protocol, sender, body);
        self.finish(begun, &mut Alone::default())
            .await
            .unwrap_or_else(|GivenUp| {
                Err(Failed {
                    error: Error::without_message(ErrorCode::InternalFailure),
                    outcome: Outcome::Unknown,
                })
            })
    }

    /// Finds out who sent a request.
    ///
    /// # Errors
    /// AWS's error for a request that is not signed as it has to be, or is malformed.
    pub fn authenticate(
        &self,
        head: Head<'_>,
        protocol: Protocol,
        body: &[u8],
    ) -> Result<Principal, Error> {
        let authenticated = self.settings.authenticator.authenticate(head, body);
        authenticated.map_err(|error| unless_malformed(protocol, body, error))
    }

    /// Begins the operation at an index in the table: everything that does not wait.
    pub fn begin(
        &self,
        place: usize,
        protocol: Protocol,
        (principal, context): (Principal, Context),
        body: Bytes,
    ) -> Begun {
        let operation = &dispatch::operations()[place];
        let served = match operation.effect.is_write() && self.outliving.are_too_many() {
            true => refused(),
            false => (operation.serve)(Call {
                engine: Arc::clone(&self.engine),
                encoder: Arc::clone(&self.encoder),
                authorizer: self.settings.authorizer.clone(),
                protocol,
                principal,
                context,
                body,
            }),
        };
        Begun {
            protocol,
            operation,
            served,
        }
    }

    /// Carries an operation out, for whoever waits for it.
    ///
    /// # Errors
    /// [`GivenUp`] if there will be no answer: the operation panicked, or takes too long.
    pub async fn finish<W: Waiter>(
        &self,
        begun: Begun,
        waiter: &mut W,
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
                let (env, wait_max) = (&self.env, self.settings.mutation_max);
                let change = Detached::new(
                    operation.name,
                    served,
                    (env, &self.outliving),
                    waiter,
                    wait_max,
                );
                change.await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detached::OUTLIVING_MAX;
    use http::{HeaderMap, Method, Uri};
    use millstream_auth::Channel;
    use millstream_store::MemoryStore;

    #[tokio::test]
    async fn changes_when_too_many_run_on_then_do_not_begin_and_reads_do() {
        let env = Env::real();
        let store = Arc::new(MemoryStore::new(Arc::clone(&env.clock)));
        let settings = millstream_streams::Settings::default();
        let engine = Engine::open(env.clone(), store, settings).await.unwrap();
        let calls = Calls::new(env, engine, Settings::default());
        let call = async |operation, body: &'static str| {
            let head = Head {
                method: &Method::POST,
                uri: &Uri::from_static("/"),
                headers: &HeaderMap::new(),
                context: Context {
                    peer: ([127, 0, 0, 1], 1).into(),
                    channel: Channel::Plain,
                },
            };
            let body = Bytes::from_static(body.as_bytes());
            let answer = calls.call(head, operation, Protocol::Json, body).await;
            answer.map(|body| body.into_bytes().unwrap())
        };
        let create = r#"{"StreamName": "a", "ShardCount": 1}"#;
        let mut rests: Vec<_> = (0..OUTLIVING_MAX)
            .map(|_| calls.outliving.begin())
            .collect();
        let refused = call("CreateStream", create).await.unwrap_err();
        assert_eq!(refused.error.code, ErrorCode::ServiceUnavailable);
        assert_eq!(refused.outcome, Outcome::NotApplied);
        let listed = call("ListStreams", "{}").await.unwrap();
        assert!(listed.starts_with(b"{\"StreamNames\":[]"));
        // Whoever watches the call sees how it ended.
        let ended = Arc::new(std::sync::Mutex::new(None));
        let account = millstream_model::AccountId::parse("111111111111").unwrap();
        let region = millstream_model::Region::us_east_1();
        let principal = Principal::root(account, region);
        let context = Context {
            peer: ([127, 0, 0, 1], 1).into(),
            channel: Channel::Plain,
        };
        let place = dispatch::find("CreateStream").unwrap();
        let body = Bytes::from_static(create.as_bytes());
        let begun = calls.begin(place, Protocol::Json, (principal, context), body);
        let seen = Arc::clone(&ended);
        let begun = begun.watched(|served| {
            Box::pin(async move {
                let result = served.await;
                *seen.lock().unwrap() = result.as_ref().err().map(|failed| failed.error.code);
                result
            })
        });
        let answer = calls.finish(begun, &mut Alone::default()).await;
        assert!(answer.unwrap().is_err());
        let ended = ended.lock().unwrap().take();
        assert_eq!(ended, Some(ErrorCode::ServiceUnavailable));
        rests.pop();
        assert!(call("CreateStream", create).await.is_ok());
    }
}
