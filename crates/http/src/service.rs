//! From a request to its answer, with AWS's checks in AWS's order.
//!
//! The order is: framing, body size, preflight, method, empty body, content type, body is an
//! object, operation, authentication, then the operation's own (types, policy, constraints, state).

use crate::answer::Answer;
use crate::audit::{Draft, Heard};
use crate::config::{Config, InTheClear};
use crate::connection::activity::{Activity, InFlight};
use crate::connection::framing;
use crate::connection::tls::TlsSession;
use crate::cors::is_preflight;
use crate::deliver::body::{AnswerBody, Held, Whole};
use crate::deliver::events::Events;
use crate::deliver::slot::Unwritten;
use crate::metrics::Metrics;
use crate::receive::body::{Receiver, Refused, declared};
use crate::receive::content_type::ContentType;
use crate::request_id::{RequestId, RequestIds};
use crate::target::Target;
use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Version, header};
use hyper::body::{Body as _, Incoming};
use millstream_auth::{Channel, Context, Head, Principal};
use millstream_env::{Env, LineLimit, Monotonic, RequestContext};
use millstream_memory::{Budget, Share};
use millstream_model::AccountId;
use millstream_protocol::{Error, ErrorCode, Protocol};
use millstream_service::{
    Begun, Body, Calls, Failed, Waiter as _, operations, unknown, unless_malformed,
};
use millstream_streams::Engine;
use std::sync::Arc;

/// Rate limit for asking connections for room: each time all of them check.
const ASKS_PER_SECOND: u64 = 1;
/// Rate limit for lines about requests refused under overload.
const OVERLOAD_LINES_PER_SECOND: u64 = 1;
/// Rate limit for lines about internal failures.
const FAILURE_LINES_PER_SECOND: u64 = 20;

/// There is no client to answer: the connection, or the HTTP/2 stream, ends.
#[derive(Debug, thiserror::Error)]
#[error("the client sends its body too slowly, or has gone")]
pub(crate) struct Gone;

/// State shared by all requests.
pub(crate) struct Service {
    env: Env,
    engine: Arc<Engine>,
    calls: Calls,
    config: Config,
    ids: RequestIds,
    /// Budget of responses until their clients have taken them.
    answers: Arc<Budget>,
    /// Budget of events until their clients have taken them.
    unwritten: Arc<Unwritten>,
    metrics: Arc<Metrics>,
    /// Rate limit for asking connections with unread responses for room.
    asks: LineLimit,
    overload_lines: LineLimit,
    failure_lines: LineLimit,
}

/// A request that was rejected before its body was received.
struct Refusal {
    why: Refused,
    rest: Rest,
}

/// The state of a rejected body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// It is being sent.
    Comes,
    /// Its client waits for a `100 Continue`.
    WasNotAskedFor,
}

/// What a request's head says about its body.
#[derive(Clone, Copy)]
struct Asked {
    target: Target,
    content_type: ContentType,
}

impl Asked {
    fn of(parts: &Parts) -> Self {
        Self {
            target: Target::of(&parts.headers),
            content_type: ContentType::of(&parts.headers),
        }
    }

    /// The largest body that can be served.
    fn body_bytes_max(self) -> usize {
        match self.content_type {
            ContentType::Api(_) => self.target.body_bytes_max(),
            ContentType::Enveloped | ContentType::Other => millstream_protocol::SPARE_BYTES,
        }
    }
}

/// What is known about a request.
#[derive(Default)]
struct Known {
    operation: Option<usize>,
    account: Option<AccountId>,
    /// Whether AWS itself fails on such a request: its 500 is then not a failure of ours.
    is_their_failure: bool,
    /// How its connection is encrypted.
    tls: Option<TlsSession>,
    /// What there is to be recorded of a request whose sender is not let in.
    denial: Option<(Draft, Error)>,
}

impl Service {
    /// A service over an engine.
    pub(crate) fn new(
        env: Env,
        engine: Arc<Engine>,
        config: Config,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        let ids = RequestIds::new(&*env.random);
        let answers = Arc::clone(engine.room());
        answers.resize(config.limits.answer_bytes_in_flight);
        engine.subscriptions().resize(config.limits.subscriptions);
        let calls = Calls::new(env.clone(), Arc::clone(&engine), config.calls());
        Arc::new(Self {
            env,
            engine,
            calls,
            answers,
            unwritten: Arc::default(),
            config,
            ids,
            metrics,
            asks: LineLimit::new(ASKS_PER_SECOND),
            overload_lines: LineLimit::new(OVERLOAD_LINES_PER_SECOND),
            failure_lines: LineLimit::new(FAILURE_LINES_PER_SECOND),
        })
    }

    /// Answers one request. All lines logged on its behalf name it.
    pub(crate) fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        in_flight: InFlight,
    ) -> impl Future<Output = Result<Response<AnswerBody>, Gone>> {
        let id = self.ids.next();
        id.context().scope(self.answer_as(id, request, in_flight))
    }

    async fn answer_as(
        self: Arc<Self>,
        id: RequestId,
        request: Request<Incoming>,
        mut in_flight: InFlight,
    ) -> Result<Response<AnswerBody>, Gone> {
        let begun = self.env.clock.monotonic();
        let (mut parts, mut body) = request.into_parts();
        let asked = Asked::of(&parts);
        let mut known = Known {
            tls: in_flight.activity().tls,
            ..Known::default()
        };
        let mut answer = match self.take_in(&parts, asked, &mut body, &mut in_flight).await {
            Ok(bytes) => {
                let _executing = in_flight.activity().execute();
                let context = in_flight.activity().context;
                let about = (&mut in_flight, &mut known);
                match self.judge(&parts, context, asked, bytes, about) {
                    Ok(operation) => {
                        let_go(&mut parts);
                        self.finish(operation, &mut in_flight, &mut known).await
                    }
                    Err(answer) => {
                        if let Some((draft, error)) = known.denial.take() {
                            let_go(&mut parts);
                            draft.refuse(&error).await;
                        }
                        answer
                    }
                }
            }
            Err(Refusal {
                why: Refused::Gone, ..
            }) => return Err(Gone),
            Err(refusal) => self.turn_away(refusal, parts.version, body, &in_flight),
        };
        let taken = answer.body.take_share();
        let mut waiting = taken.unwrap_or_else(|| self.share_for(&known));
        if !waiting.resize(answer.body.holds()) {
            self.metrics.answers_refused.inc();
            let wanted = self.answers.taken().saturating_add(answer.body.holds());
            if wanted > self.answers.max() {
                self.ask_for_room(in_flight.activity());
            }
            answer = Answer::overload();
            waiting = self.answers.share();
        }
        self.note(in_flight.activity().context, &known, &answer, begun);
        let held = Held {
            in_flight,
            answer: Some(waiting),
        };
        let mut body = answer.take_body();
        if parts.method == Method::HEAD && parts.version > Version::HTTP_11 {
            // Over HTTP/1 hyper leaves it out.
            body = Body::Whole(Bytes::new());
        }
        let body = self.body(body, held);
        Ok(answer.respond(parts, &id, body))
    }

    /// An empty share of the room for answers, of whoever asks.
    fn share_for(&self, known: &Known) -> Share {
        match &known.account {
            Some(account) => self.engine.share_of_room(account),
            None => self.answers.share(),
        }
    }

    /// Makes connections whose clients leave responses unread give way to others.
    fn ask_for_room(&self, activity: &Activity) {
        if self.asks.pass(self.env.clock.monotonic()).is_some() {
            activity.holdings.budgets().answers_short.send_replace(());
        }
    }

    /// Receives a request's body, unless its head alone is reason to reject it.
    async fn take_in(
        &self,
        parts: &Parts,
        asked: Asked,
        body: &mut Incoming,
        in_flight: &mut InFlight,
    ) -> Result<Bytes, Refusal> {
        let body_bytes_max = asked.body_bytes_max().min(self.config.limits.body_bytes);
        let by_its_head = if in_flight.is_refused() {
            Some(Refused::Overload)
        } else if !framing::is_sound(parts.version, &parts.headers) {
            Some(Refused::Malformed)
        } else if declared(body).is_some_and(|length| length > body_bytes_max) {
            Some(Refused::TooLarge)
        } else {
            None
        };
        if let Some(why) = by_its_head {
            let rest = match parts.headers.contains_key(header::EXPECT) {
                true => Rest::WasNotAskedFor,
                false => Rest::Comes,
            };
            return Err(Refusal { why, rest });
        }
        let receiver = self.receiver(in_flight.activity(), body_bytes_max);
        let received = receiver.receive(body).await;
        let received = received.map_err(|why| Refusal {
            why,
            rest: Rest::Comes,
        })?;
        in_flight.hold_body(received.taken);
        Ok(received.bytes)
    }

    fn receiver<'a>(&'a self, activity: &'a Activity, body_bytes_max: usize) -> Receiver<'a> {
        Receiver {
            clock: &*self.env.clock,
            limits: &self.config.limits,
            body_bytes_max,
            activity,
        }
    }

    /// Answers a rejected request. Over HTTP/1 the rest of its body is read alongside the response,
    /// which would be lost if the connection was closed with unread bytes. What comes although it
    /// was not asked for, or cannot be told apart, is read by the transport at its end. Over HTTP/2
    /// its stream is reset after the response.
    fn turn_away(
        self: &Arc<Self>,
        Refusal { why, rest }: Refusal,
        version: Version,
        body: Incoming,
        in_flight: &InFlight,
    ) -> Answer {
        let answer = match why {
            Refused::TooLarge => Answer::too_large(),
            Refused::Overload => Answer::overload(),
            Refused::Malformed | Refused::Gone => Answer::malformed(),
        };
        let is_whole = body.is_end_stream() && why == Refused::Overload;
        if version > Version::HTTP_11 || is_whole {
            return answer;
        }
        in_flight.activity().leave_rest();
        if rest == Rest::Comes && !body.is_end_stream() {
            let (service, busy) = (Arc::clone(self), in_flight.activity().occupy());
            let lingering = async move {
                service.receiver(busy.activity(), 0).discard(body).await;
            };
            self.env.tasks.spawn("linger", Box::pin(lingering));
        }
        answer.closing()
    }

    fn body(&self, body: Body, mut held: Held) -> AnswerBody {
        let left = body.length();
        let (bytes, more) = match body {
            Body::Whole(bytes) => (bytes, None),
            Body::Pieces(pieces) => (Bytes::new(), Some(pieces)),
            Body::Events(frames) => {
                // The request is done, and its response may last for minutes.
                drop(held.in_flight.hand_over_body());
                return AnswerBody::Events(Events::start(
                    &self.env,
                    &self.engine,
                    self.config.limits.write_idle,
                    &self.unwritten,
                    frames,
                    held,
                ));
            }
        };
        AnswerBody::Whole(Whole::new((bytes, more), left, held, &self.env.clock))
    }

    /// Everything that does not wait: the checks, and the start of the operation.
    fn judge(
        &self,
        parts: &Parts,
        context: Context,
        asked: Asked,
        body: Bytes,
        about: (&mut InFlight, &mut Known),
    ) -> Result<Begun, Answer> {
        let Asked {
            target,
            content_type,
        } = asked;
        if is_preflight(&parts.method, &parts.headers) {
            return Err(Answer::preflight());
        }
        if parts.method != Method::POST {
            return Err(Answer::undetermined());
        }
        if body.is_empty() {
            return Err(nothing(content_type, target));
        }
        let protocol = match content_type {
            ContentType::Api(protocol) if framing::is_encoded(&parts.headers) => {
                return Err(encoded(protocol));
            }
            ContentType::Api(protocol) => protocol,
            ContentType::Enveloped => return Err(enveloped(&body)),
            ContentType::Other => return Err(other(target)),
        };
        let head = Head::new(parts, context);
        self.begin(head, protocol, target, body, about)
            .map_err(|error| Answer::error(protocol, &error))
    }

    fn begin(
        &self,
        head: Head<'_>,
        protocol: Protocol,
        target: Target,
        body: Bytes,
        (in_flight, known): (&mut InFlight, &mut Known),
    ) -> Result<Begun, Error> {
        let place = match target {
            Target::Known(place) => place,
            Target::Missing | Target::Unknown => {
                let error = Error::without_message(ErrorCode::UnknownOperationException);
                return Err(unless_malformed(protocol, &body, error));
            }
            Target::Unserved(name) => {
                return Err(unless_malformed(protocol, &body, unknown(name)));
            }
        };
        known.operation = Some(place);
        RequestContext::note_operation(operations()[place].name);
        let draft = self.draft(head, place, protocol, &body, known);
        let principal = match self.identify(head, protocol, &body) {
            Ok(principal) => principal,
            Err(error) => {
                known.denial = draft.map(|draft| (draft, error.clone()));
                return Err(error);
            }
        };
        let has_room = in_flight.claim_body(&principal.account);
        known.account = Some(principal.account.clone());
        let draft = draft.map(|draft| draft.sent_by(&principal));
        let begun = (self.calls).begin(place, protocol, (principal, head.context), body);
        let begun = match has_room {
            true => begun,
            false => begun.refused(),
        };
        Ok(match draft {
            Some(draft) => begun.watched(|served| draft.watch(served)),
            None => begun,
        })
    }

    /// Finds out who sent a request, if it may be sent as it was.
    fn identify(
        &self,
        head: Head<'_>,
        protocol: Protocol,
        body: &Bytes,
    ) -> Result<Principal, Error> {
        match (self.config.in_the_clear, head.context.channel) {
            (InTheClear::Refused, Channel::Plain) => Err(Error::new(
                ErrorCode::AccessDeniedException,
                "Requests to this endpoint must be sent over TLS.",
            )),
            (InTheClear::Refused, Channel::Tls) | (InTheClear::Served, _) => {
                self.calls.authenticate(head, protocol, body)
            }
        }
    }

    /// The beginning of a request's line in the audit log, if there is one.
    fn draft(
        &self,
        head: Head<'_>,
        place: usize,
        protocol: Protocol,
        body: &Bytes,
        known: &Known,
    ) -> Option<Draft> {
        let heard = Heard {
            audit: self.config.audit.clone()?,
            env: self.env.clone(),
            tls: known.tls,
        };
        Some(Draft::new(heard, head, place, protocol, body))
    }

    async fn finish(&self, begun: Begun, in_flight: &mut InFlight, known: &mut Known) -> Answer {
        let protocol = begun.protocol;
        let output = self.calls.finish(begun, in_flight).await;
        known.is_their_failure = output.as_ref().is_ok_and(is_failure_of_aws);
        let Ok(output) = output else {
            let error = Error::without_message(ErrorCode::InternalFailure);
            return Answer::error(protocol, &error);
        };
        match output.map_err(|failed| failed.error) {
            Ok(body) => Answer::output(protocol, body),
            Err(error) if error.code == ErrorCode::ServiceUnavailable => {
                self.ask_for_room(in_flight.activity());
                Answer::overload()
            }
            Err(error) => Answer::error(protocol, &error),
        }
    }

    /// Logs an internal failure. The cause was logged earlier, where it was found, with the same
    /// request id. Under overload, and while every request fails, most lines are suppressed;
    /// metrics count all.
    fn log_failure(&self, status: StatusCode, account: Option<&str>) {
        let now = self.env.clock.monotonic();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            if let Some(kept_back) = self.overload_lines.pass(now) {
                tracing::warn!(account, kept_back, "overload: request refused");
            }
        } else if let Some(kept_back) = self.failure_lines.pass(now) {
            tracing::error!(account, kept_back, "request failed");
        }
    }

    /// Counts a request, and logs its one line.
    fn note(&self, context: Context, known: &Known, answer: &Answer, begun: Monotonic) {
        let took = self.env.clock.monotonic().since(begun);
        self.metrics
            .note_request(known.operation, answer.failure(), took);
        let account = known.account.as_ref().map(AccountId::as_str);
        if answer.status.is_server_error() && !known.is_their_failure {
            self.log_failure(answer.status, account);
        }
        tracing::debug!(
            account,
            peer = %context.peer,
            channel = %context.channel,
            status = answer.status.as_u16(),
            error = answer.failure(),
            answer_bytes = answer.body.length(),
            took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            "request"
        );
    }
}

/// Whether an operation fails like AWS's own: with a bare name. Our own failures have a text.
fn is_failure_of_aws(output: &Result<Body, Failed>) -> bool {
    let bare = |error: &Error| error.message.is_none() && error.code == ErrorCode::InternalFailure;
    let failed = output.as_ref().err();
    failed.is_some_and(|failed| bare(&failed.error))
}

/// Drops the parts of a head that the answer does not need. Its values are slices of the
/// connection's read buffer, which cannot be reused while they exist.
fn let_go(parts: &mut Parts) {
    if !parts.headers.contains_key(header::ORIGIN) {
        parts.headers.clear();
    }
}

/// The answer to an encoded body. AWS does not decompress either: such a body is not an object.
/// *Unrecorded* for a body that is one all the same.
fn encoded(protocol: Protocol) -> Answer {
    let error = Error::without_message(ErrorCode::SerializationException);
    Answer::error(protocol, &error)
}

fn nothing(content_type: ContentType, target: Target) -> Answer {
    let code = match target {
        Target::Known(_) => ErrorCode::SerializationException,
        Target::Missing | Target::Unknown | Target::Unserved(_) => {
            ErrorCode::UnknownOperationException
        }
    };
    Answer::error(content_type.of_nothing(), &Error::without_message(code))
}

fn enveloped(body: &[u8]) -> Answer {
    match millstream_protocol::is_object(Protocol::Json, body) {
        false => Answer::enveloped(StatusCode::BAD_REQUEST, ErrorCode::SerializationException),
        true => Answer::enveloped(StatusCode::NOT_FOUND, ErrorCode::UnknownOperationException),
    }
}

fn other(target: Target) -> Answer {
    match target {
        Target::Missing => Answer::undetermined(),
        Target::Unknown | Target::Unserved(_) | Target::Known(_) => Answer::unknown_format(),
    }
}
