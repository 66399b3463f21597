//! How a call names a stream.

/// A stream, by name or by ARN. Text that begins with `arn:` is an ARN: no stream can have such a
/// name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StreamRef {
    /// The name, in the caller's account and region.
    Name(String),
    /// The ARN.
    Arn(String),
}

impl StreamRef {
    /// The members of a request: name and ARN, one of them.
    pub(crate) fn members(self) -> (Option<String>, Option<String>) {
        match self {
            Self::Name(name) => (Some(name), None),
            Self::Arn(arn) => (None, Some(arn)),
        }
    }
}

impl From<String> for StreamRef {
    fn from(text: String) -> Self {
        if text.starts_with("arn:") {
            Self::Arn(text)
        } else {
            Self::Name(text)
        }
    }
}

impl From<&str> for StreamRef {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<&String> for StreamRef {
    fn from(text: &String) -> Self {
        text.clone().into()
    }
}

impl From<&StreamRef> for StreamRef {
    fn from(stream: &StreamRef) -> Self {
        stream.clone()
    }
}

impl std::fmt::Display for StreamRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(text) | Self::Arn(text) => f.write_str(text),
        }
    }
}
