//! Which operation a request's head names.

use http::HeaderMap;
use millstream_protocol::TARGET_PREFIX;
use millstream_protocol::operations::UNSERVED;

/// The target in `X-Amz-Target`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// Missing or malformed.
    Missing,
    /// An unknown service or operation.
    Unknown,
    /// An operation of AWS's that is not served, by its name.
    Unserved(&'static str),
    /// An operation, by its index in the table.
    Known(usize),
}

impl Target {
    /// Parses the target from a request's head.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let target = headers.get("x-amz-target");
        let target = target.and_then(|value| value.to_str().ok());
        Self::parse(target.unwrap_or_default())
    }

    /// The largest body that makes sense for it.
    pub(crate) fn body_bytes_max(self) -> usize {
        match self {
            Self::Known(place) => millstream_service::operations()[place].body_bytes_max,
            Self::Missing | Self::Unknown | Self::Unserved(_) => millstream_protocol::SPARE_BYTES,
        }
    }

    /// Parses the header's text.
    pub(crate) fn parse(text: &str) -> Self {
        match text.split_once('.') {
            None | Some(("", _) | (_, "")) => Self::Missing,
            Some((TARGET_PREFIX, name)) => {
                millstream_service::find(name).map_or_else(|| Self::unserved(name), Self::Known)
            }
            Some(_) => Self::Unknown,
        }
    }

    fn unserved(name: &str) -> Self {
        match UNSERVED.binary_search(&name) {
            Ok(place) => Self::Unserved(UNSERVED[place]),
            Err(_) => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_when_it_names_an_operation_then_is_its_place() {
        for (place, operation) in millstream_service::operations().iter().enumerate() {
            let target = format!("{TARGET_PREFIX}.{}", operation.name);
            let found = Target::parse(&target);
            assert!(
                matches!(found, Target::Known(found) if found == place),
                "{target}"
            );
        }
    }

    #[test]
    fn target_when_not_served_then_is_named() {
        for name in UNSERVED {
            let target = format!("{TARGET_PREFIX}.{name}");
            let found = Target::parse(&target);
            assert!(
                matches!(found, Target::Unserved(found) if found == *name),
                "{target}"
            );
        }
    }

    #[test]
    fn target_when_not_an_operation_then_is_unknown_or_missing() {
        for text in [
            "",
            ".",
            "Kinesis_20131202",
            "Kinesis_20131202.",
            ".PutRecord",
        ] {
            assert!(matches!(Target::parse(text), Target::Missing), "{text}");
        }
        for text in [
            "Kinesis_20131202.Put",
            "Kinesis_20131202.putRecord",
            "DynamoDB.PutRecord",
            "DynamoDB.CreateQueue",
        ] {
            assert!(matches!(Target::parse(text), Target::Unknown), "{text}");
        }
    }
}
