//! From a request to its answer, with AWS's checks in AWS's order.
//!
//! The order is: body size, preflight, method, empty body, content type, body is an object, operation,
//! authentication, then the operation's own (types, policy, constraints, state).

use crate::activity::{Activity, InFlight};
use crate::answer::{Answer, AnswerBody, Held, is_preflight};
use crate::body::{Receiver, Refused};
use crate::budget::Budget;
use crate::config::Config;
use crate::content_type::ContentType;
use crate::detached::Detached;
use crate::dispatch::{self, Call, Target, unless_malformed};
use crate::metrics::Metrics;
use crate::request_id::{RequestId, RequestIds};
use auth::Head;
use bytes::Bytes;
use engine::Engine;
use env::{Env, LineLimit, Monotonic};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use model::AccountId;
use std::sync::Arc;
use wire::{Error, ErrorCode, Protocol};

/// Requests refused under overload that the log has a line for.
const OVERLOAD_LINES_PER_SECOND: u64 = 1;
/// Requests that failed inside that the log has a line for.
const FAILURE_LINES_PER_SECOND: u64 = 20;

/// There is nobody to answer: the connection, or the HTTP/2 stream, ends.
#[derive(Debug, thiserror::Error)]
#[error("the client sends its body too slowly, or has gone")]
pub(crate) struct Gone;

/// What all requests share.
pub(crate) struct Service {
    env: Env,
    engine: Arc<Engine>,
    config: Config,
    ids: RequestIds,
    budget: Arc<Budget>,
    /// What answers hold until their clients have taken them.
    answers: Arc<Budget>,
    metrics: Arc<Metrics>,
    overload_lines: LineLimit,
    failure_lines: LineLimit,
}

/// A request that has come in whole.
struct Asked<'a> {
    parts: &'a Parts,
    body: Bytes,
    activity: &'a Activity,
}

/// What has been found out about a request.
#[derive(Default)]
struct Known {
    operation: Option<usize>,
    account: Option<AccountId>,
}

impl Service {
    /// A service over an engine.
    pub(crate) fn new(
        env: Env,
        engine: Arc<Engine>,
        config: Config,
        budget: Arc<Budget>,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        let ids = RequestIds::new(&*env.random);
        Arc::new(Self {
            env,
            engine,
            answers: Budget::new(config.limits.answer_bytes_in_flight),
            config,
            ids,
            budget,
            metrics,
            overload_lines: LineLimit::new(OVERLOAD_LINES_PER_SECOND),
            failure_lines: LineLimit::new(FAILURE_LINES_PER_SECOND),
        })
    }

    /// Answers one request.
    pub(crate) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        in_flight: InFlight,
    ) -> Result<Response<AnswerBody>, Gone> {
        let begun = self.env.clock.monotonic();
        let id = self.ids.next();
        let (parts, body) = request.into_parts();
        let limits = &self.config.limits;
        let receiver = Receiver {
            clock: &*self.env.clock,
            limits,
            budget: &self.budget,
            timer: &in_flight.activity().timer,
        };
        let mut known = Known::default();
        let mut share = None;
        let mut answer = match receiver.receive(body).await {
            Ok(received) => {
                share = Some(received.share);
                let asked = Asked {
                    parts: &parts,
                    body: received.bytes,
                    activity: in_flight.activity(),
                };
                self.judge(asked, &mut known).await
            }
            Err(Refused::TooLarge) => Answer::too_large(),
            Err(Refused::Overload) => Answer::overload(),
            Err(Refused::Gone) => return Err(Gone),
        };
        let mut waiting = self.answers.share();
        if !waiting.grow_to(answer.body.len()) {
            answer = Answer::overload();
        }
        self.note(&id, &known, &answer, begun);
        Ok(answer.respond(
            parts,
            &id,
            Held {
                _in_flight: in_flight,
                _request: share,
                _answer: waiting,
            },
        ))
    }

    async fn judge(&self, asked: Asked<'_>, known: &mut Known) -> Answer {
        let Asked { parts, body, .. } = &asked;
        if is_preflight(&parts.method, &parts.headers) {
            return Answer::preflight();
        }
        if parts.method != Method::POST {
            return Answer::undetermined();
        }
        let target = parts
            .headers
            .get("x-amz-target")
            .and_then(|value| value.to_str().ok());
        let target = Target::parse(target.unwrap_or_default());
        let content_type = ContentType::of(&parts.headers);
        if body.is_empty() {
            return nothing(content_type, target);
        }
        let protocol = match content_type {
            ContentType::Api(protocol) => protocol,
            ContentType::Enveloped => return enveloped(body),
            ContentType::Other => return other(target),
        };
        match self.call(asked, protocol, target, known).await {
            Ok(output) => Answer::output(protocol, output),
            Err(error) => Answer::error(protocol, &error),
        }
    }

    async fn call(
        &self,
        asked: Asked<'_>,
        protocol: Protocol,
        target: Target,
        known: &mut Known,
    ) -> Result<Vec<u8>, Error> {
        let Asked {
            parts,
            body,
            activity,
        } = asked;
        let Target::Known(place) = target else {
            let error = Error::without_message(ErrorCode::UnknownOperationException);
            return Err(unless_malformed(protocol, &body, error));
        };
        known.operation = Some(place);
        let authenticated = self
            .config
            .authenticator
            .authenticate(Head::from(parts), &body);
        let principal = authenticated.map_err(|error| unless_malformed(protocol, &body, error))?;
        known.account = Some(principal.account.clone());
        let operation = &dispatch::operations()[place];
        let served = (operation.serve)(Call {
            engine: Arc::clone(&self.engine),
            protocol,
            principal,
            body,
        });
        if !operation.mutates {
            return served.await;
        }
        let wait_max = self.config.limits.mutation;
        Detached::new(operation.name, served, &self.env, activity, wait_max).await
    }

    /// Logs a failure of ours. What was wrong stands in the log before this, from where it was found.
    /// Under overload, and while every request fails, most lines are only counted; metrics count all.
    fn log_failure(
        &self,
        id: &RequestId,
        status: StatusCode,
        (operation, account): (Option<&str>, Option<&str>),
    ) {
        let now = self.env.clock.monotonic();
        let request_id = id.text();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            if let Some(kept_back) = self.overload_lines.pass(now) {
                tracing::warn!(
                    request_id,
                    operation,
                    account,
                    kept_back,
                    "overload: request refused"
                );
            }
        } else if let Some(kept_back) = self.failure_lines.pass(now) {
            tracing::error!(request_id, operation, account, kept_back, "request failed");
        }
    }

    /// Counts a request, and logs its one line.
    fn note(&self, id: &RequestId, known: &Known, answer: &Answer, begun: Monotonic) {
        let took = self.env.clock.monotonic().since(begun);
        self.metrics
            .note_request(known.operation, answer.failure(), took);
        let operation = known
            .operation
            .map(|place| dispatch::operations()[place].name);
        let account = known.account.as_ref().map(AccountId::as_str);
        if answer.status.is_server_error() {
            self.log_failure(id, answer.status, (operation, account));
        }
        tracing::debug!(
            request_id = id.text(),
            operation,
            account,
            status = answer.status.as_u16(),
            error = answer.failure(),
            answer_bytes = answer.body.len(),
            took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            "request"
        );
    }
}

fn nothing(content_type: ContentType, target: Target) -> Answer {
    let code = match target {
        Target::Known(_) => ErrorCode::SerializationException,
        Target::Missing | Target::Unknown => ErrorCode::UnknownOperationException,
    };
    Answer::error(content_type.of_nothing(), &Error::without_message(code))
}

fn enveloped(body: &[u8]) -> Answer {
    match wire::is_object(Protocol::Json, body) {
        false => Answer::enveloped(StatusCode::BAD_REQUEST, ErrorCode::SerializationException),
        true => Answer::enveloped(StatusCode::NOT_FOUND, ErrorCode::UnknownOperationException),
    }
}

fn other(target: Target) -> Answer {
    match target {
        Target::Missing => Answer::undetermined(),
        Target::Unknown | Target::Known(_) => Answer::unknown_format(),
    }
}
