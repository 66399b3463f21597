//! What an operation answers instead of its output, and how it travels.
//!
//! The text is the caller's, in AWS's words; causes belong in the log, not here.

use wire_derive::Shape;

use crate::{DecodeError, ErrorCode, Protocol, protocol};

/// An error, as the caller is told of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {}", message.as_deref().unwrap_or("no message"))]
pub struct Error {
    /// The name.
    pub code: ErrorCode,
    /// The text; a malformed body has none.
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

    /// An error that AWS answers without a text.
    pub fn without_message(code: ErrorCode) -> Self {
        Self {
            code,
            message: None,
        }
    }
}

/// An error that a server answered: perhaps not ours, perhaps newer than we are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {} (status {status})", message.as_deref().unwrap_or("no message"))]
pub struct RemoteError {
    /// The HTTP status.
    pub status: u16,
    /// The name without its namespace; empty if the body has none.
    pub name: String,
    /// The text, if there was one.
    pub message: Option<String>,
}

impl RemoteError {
    /// Returns the error's code, if it is one that we know.
    pub fn code(&self) -> Option<ErrorCode> {
        ErrorCode::from_name(&self.name)
    }

    /// Tells whether the same request may succeed a moment later.
    pub fn is_retryable(&self) -> bool {
        self.code()
            .map_or(self.status >= 500, ErrorCode::is_retryable)
    }
}

/// The members of an error's body. Type errors and malformed bodies have their text under another
/// name than all the rest.
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

/// Appends the body of an answer that is an error.
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

/// Appends what a frame says of an error whose name stands in a header: its text alone.
pub(crate) fn encode_message(protocol: Protocol, error: &Error, out: &mut Vec<u8>) {
    let body = ErrorBody {
        message: error.message.clone(),
        ..Default::default()
    };
    protocol::encode(protocol, &body, out);
}

/// Reads the body of an answer whose status says that it is an error. A body that is none, such as
/// a proxy's page, leaves the name empty.
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
