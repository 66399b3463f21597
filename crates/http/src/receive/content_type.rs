//! The content type of a request.

use http::{HeaderMap, header};
use millstream_protocol::Protocol;

/// The classes of content types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentType {
    /// One of the two that the API supports; responses mirror it.
    Api(Protocol),
    /// `application/json`: answered in its own envelope, never served.
    Enveloped,
    /// Any other, or none.
    Other,
}

/// The content type of enveloped answers.
pub(crate) const ENVELOPED: &str = "application/json";

impl ContentType {
    /// Parses the header up to its parameters.
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

    /// The protocol of the answer to an empty body: AWS assumes CBOR.
    pub(crate) fn of_nothing(self) -> Protocol {
        match self {
            Self::Api(protocol) => protocol,
            Self::Enveloped | Self::Other => Protocol::Cbor,
        }
    }
}
