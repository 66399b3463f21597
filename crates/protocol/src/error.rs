//! Errors of operations, and their encoding.
//!
//! The text is for the caller, in AWS's words; causes belong in the log, not here.

use millstream_protocol_derive::Shape;

use crate::{DecodeError, ErrorCode, Protocol, protocol};

/// An error, as the caller sees it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {}", message.as_deref().unwrap_or("no message"))]
pub struct Error {
    /// The error code.
    pub code: ErrorCode,
    /// The text; malformed bodies get none.
    pub message: Option<String>,
}

impl Error {
    /// An error with a text.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: Some(message.into()),
        }
    }

    /// An error that AWS returns without a text.
    pub fn without_message(code: ErrorCode) -> Self {
        Self {
            code,
            message: None,
        }
    }
}

/// An error returned by a server, which may be another implementation, or newer than this client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct RemoteError {
    /// The HTTP status.
    pub status: u16,
    /// The name without its namespace; empty if the body has none.
    pub name: String,
    /// The text, if there is one.
    pub message: Option<String>,
}

impl RemoteError {
    /// What is known of it, on a line.
    fn text(&self) -> String {
        let Self {
            status,
            name,
            message,
        } = self;
        match (&**name, message) {
            ("", None) => format!("an answer with status {status} that is no error of Kinesis"),
            ("", Some(message)) => format!("{message} (status {status})"),
            (name, None) => format!("{name}: no message (status {status})"),
            (name, Some(message)) => format!("{name}: {message} (status {status})"),
        }
    }

    /// Returns the error's code, if it is known here.
    pub fn code(&self) -> Option<ErrorCode> {
        ErrorCode::from_name(&self.name)
    }

    /// Whether a retry may succeed.
    pub fn is_retryable(&self) -> bool {
        self.code()
            .map_or(self.status >= 500, ErrorCode::is_retryable)
    }
}

/// The members of an error's body. Type errors and malformed bodies use another name for the text
/// than all other errors.
#[derive(Default, Shape)]
struct ErrorBody {
    #[shape(name = "__type", of = ERROR_TEXT)]
    name: Option<String>,
    #[shape(name = "message", of = ERROR_TEXT)]
    message: Option<String>,
    #[shape(name = "Message", of = ERROR_TEXT)]
    serialization_message: Option<String>,
}

const ERROR_TEXT: &crate::shape::Type = &crate::shape::Type::string("String");

/// Appends the body of an error response.
pub fn encode_error(protocol: Protocol, error: &Error, out: &mut Vec<u8>) {
    let mut body = ErrorBody {
        name: Some(error.code.name().to_owned()),
        ..Default::default()
    };
    if error.code == ErrorCode::SerializationException {
        body.serialization_message.clone_from(&error.message);
    } else {
        body.message.clone_from(&error.message);
    }
    protocol::encode(protocol, &body, out);
}

/// Appends the payload of an error whose name is in a header: its text alone.
pub(crate) fn encode_message(protocol: Protocol, error: &Error, out: &mut Vec<u8>) {
    let body = ErrorBody {
        message: error.message.clone(),
        ..Default::default()
    };
    protocol::encode(protocol, &body, out);
}

/// Decodes the body of an error response. If it is something else, such as a proxy's page, the name
/// is empty.
pub fn decode_error(protocol: Protocol, status: u16, body: &[u8]) -> RemoteError {
    let decoded: Result<ErrorBody, DecodeError> = protocol::decode_lenient(protocol, body);
    let body = decoded.unwrap_or_default();
    let name = body.name.unwrap_or_default();
    let name = name.rsplit('#').next().unwrap_or_default();
    let name = name.split(':').next().unwrap_or_default().to_owned();
    RemoteError {
        status,
        name,
        message: body.message.or(body.serialization_message),
    }
}

#[cfg(test)]
mod tests;
