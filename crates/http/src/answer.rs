//! Answers to requests, and their conversion to HTTP responses.

use crate::cors::{allow_origin, is_preflight};
use crate::deliver::body::AnswerBody;
use crate::receive::content_type::ENVELOPED;
use crate::request_id::RequestId;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, Version, header};
use millstream_protocol::{Error, ErrorCode, Protocol};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const EXTENDED_ID: HeaderName = HeaderName::from_static("x-amz-id-2");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// An answer without the headers common to all responses.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The error's name, for `x-amzn-ErrorType`.
    error: Option<&'static str>,
    content_type: Option<&'static str>,
    pub(crate) body: millstream_service::Body,
    /// Whether the connection must be closed after it, over HTTP/1.
    closes: bool,
}

impl Answer {
    /// An operation's output.
    pub(crate) fn output(protocol: Protocol, body: millstream_service::Body) -> Self {
        let content_type = match body {
            millstream_service::Body::Whole(_) | millstream_service::Body::Pieces(_) => {
                protocol.content_type()
            }
            millstream_service::Body::Events(_) => millstream_protocol::event_stream::CONTENT_TYPE,
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
        millstream_protocol::encode_error(protocol, error, &mut body);
        let status = StatusCode::from_u16(error.code.status());
        Self {
            status: status.expect("error codes have statuses of HTTP"),
            error: Some(error.code.name()),
            content_type: Some(protocol.content_type()),
            body: millstream_service::Body::Whole(body.into()),
            closes: false,
        }
    }

    /// AWS's answer to `application/json`, which it recognises but does not serve.
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
            body: millstream_service::Body::Whole(body.into()),
            closes: false,
        }
    }

    /// AWS's answer if it cannot determine the operation.
    pub(crate) fn undetermined() -> Self {
        let body = "<AccessDeniedException>\n  <Message>Unable to determine service/operation name \
                    to be authorized</Message>\n</AccessDeniedException>\n";
        Self::bare(StatusCode::FORBIDDEN, Some("AccessDeniedException"), body)
    }

    /// AWS's answer to an unknown content type.
    pub(crate) fn unknown_format() -> Self {
        let body = "<UnknownOperationException/>\n";
        Self::bare(
            StatusCode::NOT_FOUND,
            Some("UnknownOperationException"),
            body,
        )
    }

    /// The answer to a body that is too large.
    pub(crate) fn too_large() -> Self {
        Self::bare(StatusCode::PAYLOAD_TOO_LARGE, None, "")
    }

    /// The answer if the server is out of budget. Nothing was done, and SDKs retry.
    pub(crate) fn overload() -> Self {
        Self::bare(
            StatusCode::SERVICE_UNAVAILABLE,
            Some("ServiceUnavailable"),
            "",
        )
    }

    /// The answer to a malformed HTTP request.
    pub(crate) fn malformed() -> Self {
        Self::bare(StatusCode::BAD_REQUEST, None, "")
    }

    /// The answer to a CORS preflight: headers only.
    pub(crate) fn preflight() -> Self {
        Self::bare(StatusCode::OK, None, "")
    }

    fn bare(status: StatusCode, error: Option<&'static str>, body: &'static str) -> Self {
        Self {
            status,
            error,
            content_type: None,
            body: millstream_service::Body::Whole(Bytes::from_static(body.as_bytes())),
            closes: false,
        }
    }

    /// The same answer, but closing the connection: the rest of the request is dropped, and may be
    /// too long to skip.
    pub(crate) fn closing(self) -> Self {
        Self {
            closes: true,
            ..self
        }
    }

    /// The name of a failure in metrics. AWS has no name for a body that is too large, nor for a
    /// malformed request.
    pub(crate) fn failure(&self) -> Option<&'static str> {
        match self.status {
            StatusCode::PAYLOAD_TOO_LARGE => Some("RequestTooLarge"),
            StatusCode::BAD_REQUEST if self.error.is_none() => Some("MalformedRequest"),
            _ => self.error,
        }
    }

    /// Takes the body.
    pub(crate) fn take_body(&mut self) -> millstream_service::Body {
        std::mem::replace(&mut self.body, nothing())
    }

    /// The complete response. It reuses the request's header map: hyper then lends the map to the
    /// connection's next request, so no request allocates one.
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

/// An empty body.
fn nothing() -> millstream_service::Body {
    millstream_service::Body::Whole(Bytes::new())
}
