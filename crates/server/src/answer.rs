//! What a request is answered, before and as an HTTP response.

use crate::activity::InFlight;
use crate::content_type::ENVELOPED;
use crate::events::Events;
use crate::parts::Parts;
use crate::pieces::{Delivery, SMALL_BYTES};
use crate::request_id::RequestId;
use crate::slot::Stalled;
use bytes::{Buf, Bytes};
use engine::Pieces;
use env::Clock;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Version, header};
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use wire::{Error, ErrorCode, Protocol};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const EXTENDED_ID: HeaderName = HeaderName::from_static("x-amz-id-2");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const CLOSE: HeaderValue = HeaderValue::from_static("close");
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("172800");
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date",
);

/// An answer without the headers that all answers have.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The error's name, as `x-amzn-ErrorType` shows it.
    error: Option<&'static str>,
    content_type: Option<&'static str>,
    pub(crate) body: engine::Body,
    /// Whether the connection is of no use after it, over HTTP/1.
    closes: bool,
}

impl Answer {
    /// An operation's output.
    pub(crate) fn output(protocol: Protocol, body: engine::Body) -> Self {
        let content_type = match body {
            engine::Body::Whole(_) | engine::Body::Pieces(_) => protocol.content_type(),
            engine::Body::Events(_) => wire::event_stream::CONTENT_TYPE,
        };
        Self {
            status: StatusCode::OK,
            error: None,
            content_type: Some(content_type),
            body,
            closes: false,
        }
    }

    /// An error in the request's protocol.
    pub(crate) fn error(protocol: Protocol, error: &Error) -> Self {
        let mut body = Vec::new();
        wire::encode_error(protocol, error, &mut body);
        let status = StatusCode::from_u16(error.code.status());
        Self {
            status: status.expect("error codes have statuses of HTTP"),
            error: Some(error.code.name()),
            content_type: Some(protocol.content_type()),
            body: engine::Body::Whole(body.into()),
            closes: false,
        }
    }

    /// AWS's answer to `application/json`, which it recognises and does not serve.
    pub(crate) fn enveloped(status: StatusCode, code: ErrorCode) -> Self {
        let name = code.name();
        let body = format!(
            r#"{{"Output":{{"__type":"com.amazon.coral.service#{name}"}},"Version":"1.0"}}"#
        );
        let content_type = Some(ENVELOPED);
        Self {
            status,
            error: Some(name),
            content_type,
            body: engine::Body::Whole(body.into()),
            closes: false,
        }
    }

    /// AWS's answer where it cannot tell what is asked.
    pub(crate) fn undetermined() -> Self {
        let body = "<AccessDeniedException>\n  <Message>Unable to determine service/operation name \
                    to be authorized</Message>\n</AccessDeniedException>\n";
        Self::bare(StatusCode::FORBIDDEN, Some("AccessDeniedException"), body)
    }

    /// AWS's answer to a content type that it does not know.
    pub(crate) fn unknown_format() -> Self {
        let body = "<UnknownOperationException/>\n";
        Self::bare(
            StatusCode::NOT_FOUND,
            Some("UnknownOperationException"),
            body,
        )
    }

    /// A body that is too large.
    pub(crate) fn too_large() -> Self {
        Self::bare(StatusCode::PAYLOAD_TOO_LARGE, None, "")
    }

    /// More than this server can hold; nothing was done, and SDKs try again.
    pub(crate) fn overload() -> Self {
        Self::bare(
            StatusCode::SERVICE_UNAVAILABLE,
            Some("ServiceUnavailable"),
            "",
        )
    }

    /// No request of HTTP.
    pub(crate) fn malformed() -> Self {
        Self::bare(StatusCode::BAD_REQUEST, None, "")
    }

    /// Nothing, but for the headers.
    pub(crate) fn preflight() -> Self {
        Self::bare(StatusCode::OK, None, "")
    }

    fn bare(status: StatusCode, error: Option<&'static str>, body: &'static str) -> Self {
        Self {
            status,
            error,
            content_type: None,
            body: engine::Body::Whole(Bytes::from_static(body.as_bytes())),
            closes: false,
        }
    }

    /// The same answer, after which the client is to use another connection: what was left of its
    /// request is dropped, and may be too much of it.
    pub(crate) fn closing(self) -> Self {
        Self {
            closes: true,
            ..self
        }
    }

    /// What metrics call an answer that is not an output; AWS has no name for a body that is too
    /// large, nor for what is no request.
    pub(crate) fn failure(&self) -> Option<&'static str> {
        match self.status {
            StatusCode::PAYLOAD_TOO_LARGE => Some("RequestTooLarge"),
            StatusCode::BAD_REQUEST if self.error.is_none() => Some("MalformedRequest"),
            _ => self.error,
        }
    }

    /// The body, taken out.
    pub(crate) fn take_body(&mut self) -> engine::Body {
        std::mem::replace(&mut self.body, nothing())
    }

    /// The whole response. It takes the request's map of headers for its own: hyper lends it to the
    /// connection's next request then, and no request allocates one.
    pub(crate) fn respond(
        self,
        request: http::request::Parts,
        id: &RequestId,
        body: AnswerBody,
    ) -> Response<AnswerBody> {
        let is_preflight = is_preflight(&request.method, &request.headers);
        let closes = self.closes && request.version <= Version::HTTP_11;
        let mut headers = request.headers;
        if headers.contains_key(header::ORIGIN) {
            let asked = std::mem::take(&mut headers);
            allow_origin(&mut headers, &asked, is_preflight);
        } else {
            headers.clear();
        }
        headers.insert(REQUEST_ID, id.id());
        if !is_preflight {
            headers.insert(EXTENDED_ID, id.extended());
        }
        if let Some(content_type) = self.content_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if let Some(error) = self.error {
            headers.insert(ERROR_TYPE, HeaderValue::from_static(error));
        }
        if closes {
            headers.insert(header::CONNECTION, CLOSE);
        }
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = headers;
        response
    }
}

/// No body.
fn nothing() -> engine::Body {
    engine::Body::Whole(Bytes::new())
}

/// Whether a browser asks if it may ask.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(header::ORIGIN)
}

/// Lets a page of any origin use the API: there is nothing ambient in a request that it could
/// misuse, as a signature needs the secret.
fn allow_origin(answer: &mut HeaderMap, request: &HeaderMap, is_preflight: bool) {
    answer.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    if !is_preflight {
        answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        return;
    }
    for (asked, granted) in [
        (
            header::ACCESS_CONTROL_REQUEST_HEADERS,
            header::ACCESS_CONTROL_ALLOW_HEADERS,
        ),
        (
            header::ACCESS_CONTROL_REQUEST_METHOD,
            header::ACCESS_CONTROL_ALLOW_METHODS,
        ),
    ] {
        if let Some(value) = request.get(asked) {
            answer.insert(granted, value.clone());
        }
    }
    answer.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS);
}

/// What a request holds until its answer is written.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) in_flight: InFlight,
    /// Of one that is not small, its bytes hold it themselves.
    pub(crate) answer: Option<engine::Share>,
}

/// Bytes of an answer that are handed over at once: the rest waits, and is counted, until the
/// client has taken these.
const PIECE_BYTES: usize = 256 * 1024;

/// Parts that the transport writes with one call.
const PARTS_MAX: usize = 48;
/// Pieces of so many bytes are watched. Less ends an answer.
const COUNTED_BYTES_MIN: usize = 1024;

/// An answer's body.
#[derive(Debug)]
pub(crate) enum AnswerBody {
    /// All of it is there.
    Whole(Whole),
    /// It comes in events.
    Events(Events),
}

/// A body of which all is known, and what it holds.
#[derive(Debug)]
pub(crate) struct Whole {
    /// What is there of it.
    bytes: Bytes,
    /// What comes after.
    more: Option<Pieces>,
    left: usize,
    delivery: Option<Arc<Delivery>>,
    held: Held,
}

impl Whole {
    /// A body of which nothing was taken yet: what is there, what comes after, and all their bytes.
    pub(crate) fn new(
        (bytes, more): (Bytes, Option<Pieces>),
        left: usize,
        mut held: Held,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let is_small = left <= SMALL_BYTES;
        let activity = held.in_flight.activity();
        let delivery = (!is_small).then(|| Delivery::new(activity, clock, held.answer.take()));
        Self {
            bytes,
            more,
            left,
            delivery,
            held,
        }
    }

    /// What is handed over next; nothing at the end.
    fn take(&mut self) -> Parts {
        let mut parts = Parts::default();
        while parts.remaining() < PIECE_BYTES && parts.count() < PARTS_MAX {
            let part = self.take_part();
            if part.is_empty() {
                break;
            }
            parts.push(part);
        }
        self.left = self.left.saturating_sub(parts.remaining());
        if let Some(delivery) = &self.delivery
            && parts.remaining() >= COUNTED_BYTES_MIN
        {
            parts.hand_over(delivery.hand_over());
        }
        if self.delivery.is_none() && self.left == 0 {
            parts.hold(self.held.in_flight.hand_over_stream());
        }
        parts
    }

    /// The next part of a piece; empty at the end.
    fn take_part(&mut self) -> Bytes {
        if self.bytes.is_empty() {
            self.bytes = self
                .more
                .as_mut()
                .and_then(Pieces::next)
                .unwrap_or_default();
        }
        if self.bytes.len() <= PIECE_BYTES {
            std::mem::take(&mut self.bytes)
        } else {
            self.bytes.split_to(PIECE_BYTES)
        }
    }
}

impl Body for AnswerBody {
    type Data = Parts;
    type Error = Stalled;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Parts>, Stalled>>> {
        match &mut *self {
            Self::Whole(whole) => {
                let parts = whole.take();
                Poll::Ready(parts.has_remaining().then(|| Ok(Frame::data(parts))))
            }
            Self::Events(events) => events
                .poll_piece(cx)
                .map(|next| next.map(|piece| piece.map(|bytes| Frame::data(bytes.into())))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.left == 0,
            Self::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => SizeHint::with_exact(whole.left as u64),
            Self::Events(_) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::Activity;
    use engine::Room;
    use env::{ManualClock, Timestamp};
    use std::task::Waker;
    use std::time::Duration;

    fn next(body: &mut AnswerBody) -> Option<Parts> {
        let mut cx = Context::from_waker(Waker::noop());
        match Pin::new(body).poll_frame(&mut cx) {
            Poll::Ready(frame) => frame.map(|frame| frame.unwrap().into_data().unwrap()),
            Poll::Pending => panic!("all of it is there"),
        }
    }

    #[test]
    fn body_when_taken_then_comes_in_pieces_and_is_counted_until_the_last_has_gone() {
        const LENGTH: usize = 2 * PIECE_BYTES + 88;
        let budget = Room::new(LENGTH);
        let mut share = budget.share();
        assert!(share.resize(LENGTH));
        let activity = Activity::for_test();
        let clock = Arc::new(ManualClock::new(Timestamp(0)));
        let held = Held {
            in_flight: activity.begin(),
            answer: Some(share),
        };
        let shared = Arc::clone(&clock) as Arc<dyn Clock>;
        let mut body = AnswerBody::Whole(Whole::new(
            (vec![7; LENGTH].into(), None),
            LENGTH,
            held,
            &shared,
        ));
        assert_eq!(body.size_hint().exact(), Some(LENGTH as u64));
        let first = next(&mut body).unwrap();
        assert!(!body.is_end_stream());
        let is_old = || {
            activity
                .pieces
                .are_unread(clock.monotonic(), Duration::from_secs(100))
        };
        clock.advance(Duration::from_secs(1));
        let rest = [next(&mut body).unwrap(), next(&mut body).unwrap()];
        let lengths = [&first, &rest[0], &rest[1]].map(Buf::remaining);
        assert_eq!(lengths, [PIECE_BYTES, PIECE_BYTES, 88]);
        assert!(body.is_end_stream() && next(&mut body).is_none());
        assert_eq!((budget.taken(), activity.is_busy()), (LENGTH, true));
        drop(body);
        assert_eq!((budget.taken(), activity.is_busy()), (LENGTH, false));
        clock.advance(Duration::from_secs(99));
        assert!(is_old());
        drop(first);
        assert_eq!((budget.taken(), is_old()), (LENGTH, false));
        clock.advance(Duration::from_secs(401));
        assert!(is_old());
        drop(rest);
        assert!(!is_old());
        assert_eq!((budget.taken(), activity.is_busy()), (0, false));
    }
}
