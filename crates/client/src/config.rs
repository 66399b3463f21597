//! Where a client connects to, and with which credentials.

use http::Uri;
use millstream_protocol::Protocol;
use std::fmt;
use std::time::Duration;

/// A client's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// The server, such as `http://127.0.0.1:4567`.
    pub endpoint: Uri,
    /// The region that requests are signed for.
    pub region: String,
    /// The credentials that sign requests.
    pub credentials: Credentials,
    /// How bodies are encoded.
    pub protocol: Protocol,
    /// Timeout of a call, from its start to the end of the response.
    pub timeout: Duration,
}

impl Config {
    /// JSON calls to us-east-1 with a timeout of ten seconds, longer than Millstream takes for any.
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
    /// An access key, with a session token if it has one.
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
