//! How a request says its body is written.

use http::{HeaderMap, header};
use wire::Protocol;

/// A request's content type, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentType {
    /// One of the two that the API speaks; answers mirror it.
    Api(Protocol),
    /// `application/json`: answered in an envelope of its own, and never served.
    Enveloped,
    /// Any other, or none.
    Other,
}

/// What is sent with enveloped answers.
pub(crate) const ENVELOPED: &str = "application/json";

impl ContentType {
    /// Reads the header up to its parameters.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let name = text
            .and_then(|text| text.split(';').next())
            .unwrap_or_default()
            .trim();
        match Protocol::from_content_type(name) {
            Some(protocol) => Self::Api(protocol),
            None if name == ENVELOPED => Self::Enveloped,
            None => Self::Other,
        }
    }

    /// What an empty body is answered in: AWS takes CBOR for granted.
    pub(crate) fn of_nothing(self) -> Protocol {
        match self {
            Self::Api(protocol) => protocol,
            Self::Enveloped | Self::Other => Protocol::Cbor,
        }
    }
}
