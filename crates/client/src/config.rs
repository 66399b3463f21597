//! Where a client calls, and as whom.

use http::Uri;
use std::fmt;
use std::time::Duration;
use wire::Protocol;

/// A client's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// The server, such as `http://127.0.0.1:4567`.
    pub endpoint: Uri,
    /// The region that requests are signed for.
    pub region: String,
    /// Who calls.
    pub credentials: Credentials,
    /// How bodies are written.
    pub protocol: Protocol,
    /// How long a call may take from its beginning to the end of its answer.
    pub timeout: Duration,
}

impl Config {
    /// JSON calls of us-east-1 that may take ten seconds, longer than a Millstream server does.
    pub fn new(endpoint: Uri, credentials: Credentials) -> Self {
        Self {
            endpoint,
            region: "us-east-1".to_owned(),
            credentials,
            protocol: Protocol::Json,
            timeout: Duration::from_secs(10),
        }
    }
}

/// An access key.
#[derive(Clone)]
pub struct Credentials {
    pub(crate) inner: aws_credential_types::Credentials,
}

impl Credentials {
    /// An access key, with the token of its session if it has one.
    pub fn new(
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
        session_token: Option<String>,
    ) -> Self {
        let inner = aws_credential_types::Credentials::new(
            access_key_id,
            secret_access_key,
            session_token,
            None,
            "millstream-client",
        );
        Self { inner }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}, ***)", self.inner.access_key_id())
    }
}
