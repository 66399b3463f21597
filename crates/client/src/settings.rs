//! The settings that a client keeps, and what is wrong with them.

use crate::endpoint::EndpointError;
use crate::retry::Retries;
use millstream_protocol::Protocol;
use std::time::Duration;

/// The settings that a client keeps.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) protocol: Protocol,
    pub(crate) http: HttpVersion,
    pub(crate) attempt_timeout: Duration,
    pub(crate) retries: Retries,
}

/// The version of HTTP that a client speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/1.1, a connection for each concurrent call.
    #[default]
    Http1,
    /// HTTP/2, calls and subscriptions share a connection: by ALPN over TLS, otherwise with prior
    /// knowledge.
    Http2,
}

/// Why no client was built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The endpoint is not `http://` or `https://` with a host.
    #[error("the endpoint {0:?} is not a URL such as https://kinesis.us-east-1.amazonaws.com")]
    Endpoint(String),
    /// The region or the endpoint contradict AWS's rules.
    #[error(transparent)]
    Rules(#[from] EndpointError),
    /// Nothing provides credentials.
    #[error("no credentials were given")]
    NoCredentials,
    /// The CA bundle cannot be used.
    #[error("the CA bundle cannot be used: {0}")]
    CaBundle(String),
    /// The system has no certificates to verify a server with.
    #[error("the system has no CA certificates: {0}")]
    NoRoots(String),
}
