//! The outcome of a call that has no output.

use millstream_protocol::{ErrorCode, RemoteError};

/// Why a call has no output.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The service answered with an error.
    #[error("{remote} (request {})", request_id.as_deref().unwrap_or("without an id"))]
    Service {
        /// The error: its name, text and status.
        remote: RemoteError,
        /// The service's id for the request.
        request_id: Option<String>,
        /// Whether an earlier attempt of the call had no answer, so that it may have been applied.
        is_after_unknown: bool,
    },
    /// The request was sent, at least in part, and no complete response came back.
    #[error("no answer: {0}")]
    Transport(String),
    /// Nothing was sent.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The request cannot be made: its ARN, for example, has no endpoint. Nothing was sent.
    #[error("the request cannot be made: {0}")]
    Invalid(String),
    /// The source of credentials provided none.
    #[error("no credentials: {0}")]
    Credentials(String),
}

impl Error {
    /// The service's error code, if it is a known one.
    pub fn code(&self) -> Option<ErrorCode> {
        self.remote()?.code()
    }

    /// The service's own text.
    pub fn message(&self) -> Option<&str> {
        self.remote()?.message.as_deref()
    }

    /// The HTTP status of the response.
    pub fn status(&self) -> Option<u16> {
        Some(self.remote()?.status)
    }

    /// The service's id for the request.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Service { request_id, .. } => request_id.as_deref(),
            Self::Transport(_) | Self::NotSent(_) | Self::Invalid(_) | Self::Credentials(_) => None,
        }
    }

    /// Whether a retry may succeed.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Service { remote, .. } => remote.is_retryable(),
            Self::Transport(_) | Self::NotSent(_) => true,
            Self::Invalid(_) | Self::Credentials(_) => false,
        }
    }

    /// Whether it is certain that the call changed nothing. Otherwise it may have been applied,
    /// once.
    pub fn was_not_applied(&self) -> bool {
        match self {
            Self::Service {
                remote,
                is_after_unknown,
                ..
            } => remote.status < 500 && !is_after_unknown,
            Self::Transport(_) => false,
            Self::NotSent(_) | Self::Invalid(_) | Self::Credentials(_) => true,
        }
    }

    /// The error of a call whose earlier attempt may have been applied.
    pub(crate) fn after_unknown(self) -> Self {
        match self {
            Self::Service {
                remote, request_id, ..
            } => Self::Service {
                remote,
                request_id,
                is_after_unknown: true,
            },
            Self::Transport(text)
            | Self::NotSent(text)
            | Self::Invalid(text)
            | Self::Credentials(text) => Self::Transport(text),
        }
    }

    fn remote(&self) -> Option<&RemoteError> {
        match self {
            Self::Service { remote, .. } => Some(remote),
            Self::Transport(_) | Self::NotSent(_) | Self::Invalid(_) | Self::Credentials(_) => None,
        }
    }
}

/// An error and its causes, on one line.
pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_when_asked_then_say_whether_to_retry_and_what_is_known() {
        let service = |status, name: &str| Error::Service {
            remote: RemoteError {
                status,
                name: name.to_owned(),
                message: None,
            },
            request_id: None,
            is_after_unknown: false,
        };
        for (error, is_retryable, was_not_applied) in [
            (service(400, "ResourceNotFoundException"), false, true),
            (
                service(400, "ProvisionedThroughputExceededException"),
                true,
                true,
            ),
            (service(500, "InternalFailure"), true, false),
            (service(503, ""), true, false),
            (Error::Transport("reset".to_owned()), true, false),
            (Error::NotSent("refused".to_owned()), true, true),
            (Error::Credentials("none".to_owned()), false, true),
            (Error::Invalid("no ARN".to_owned()), false, true),
            (
                service(400, "LimitExceededException").after_unknown(),
                true,
                false,
            ),
            (
                Error::NotSent("refused".to_owned()).after_unknown(),
                true,
                false,
            ),
        ] {
            let found = (error.is_retryable(), error.was_not_applied());
            assert_eq!(found, (is_retryable, was_not_applied), "{error}");
        }
    }
}
