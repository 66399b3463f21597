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
    /// Parses the header up to its parameters. Media types ignore case.
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
            None if name.eq_ignore_ascii_case(ENVELOPED) => Self::Enveloped,
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

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn content_type_when_in_any_case_and_with_parameters_then_is_known() {
        let json = ContentType::Api(Protocol::Json);
        let cbor = ContentType::Api(Protocol::Cbor);
        for (text, expected) in [
            ("application/x-amz-json-1.1", json),
            ("Application/X-Amz-Json-1.1", json),
            ("APPLICATION/X-AMZ-CBOR-1.1", cbor),
            (" application/X-amz-cbor-1.1\t; charset=utf-8", cbor),
            ("application/x-amz-json-1.1;", json),
            ("Application/JSON; charset=UTF-8", ContentType::Enveloped),
            ("application/x-amz-json-1.0", ContentType::Other),
            ("application/x-amz-json-1.1, text/plain", ContentType::Other),
            ("application/x-amz-json-1.1 a", ContentType::Other),
            ("; application/x-amz-json-1.1", ContentType::Other),
            ("", ContentType::Other),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(text));
            assert_eq!(ContentType::of(&headers), expected, "{text:?}");
        }
        assert_eq!(ContentType::of(&HeaderMap::new()), ContentType::Other);
    }
}
