//! The settings that a client keeps, and what is wrong with them.

use crate::credentials::{CredentialsError, SettingsError};
use crate::endpoint::EndpointError;
use crate::retry::Retries;
use millstream_protocol::Protocol;
use std::io;
use std::path::PathBuf;
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

/// Why the environment and the shared files give no settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A file or a setting in it is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// There are no credentials, or only such as are not supported.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The CA bundle cannot be read.
    #[error("the CA bundle {} cannot be read: {}", .0.display(), .1)]
    CaBundle(PathBuf, #[source] io::Error),
    /// It was called outside of a runtime of tokio.
    #[error("{NO_RUNTIME}")]
    NoRuntime,
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
    /// It was built outside of a runtime of tokio.
    #[error("{NO_RUNTIME}")]
    NoRuntime,
}

const NO_RUNTIME: &str =
    "there is no runtime of tokio: call it in an async function, or within `Runtime::enter`";
