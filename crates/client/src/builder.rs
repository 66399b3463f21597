//! What a client needs to know before its first call.

use crate::connection;
use crate::credentials::Sources;
use crate::identity::Identity;
use crate::retry::Retries;
use crate::routes::{Routes, Servers};
use crate::settings::{BuildError, HttpVersion, LoadError, Settings};
use crate::{Client, Credentials};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use millstream_env::Env;
use millstream_protocol::Protocol;
use std::io;
use std::time::Duration;

/// Longer than Kinesis and Millstream take for any call.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// Builds a [`Client`]. Every setting has a default except the credentials.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use millstream_client::{Client, Credentials, Protocol};
///
/// let client = Client::builder()
///     .endpoint("http://127.0.0.1:4567")
///     .region("eu-central-1")
///     .credentials(Credentials::new("AKID", "secret", None))
///     .protocol(Protocol::Cbor)
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    servers: Servers,
    credentials: Option<SharedCredentialsProvider>,
    ca_bundle: Option<Vec<u8>>,
    settings: Settings,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            servers: Servers::default(),
            credentials: None,
            ca_bundle: None,
            settings: Settings {
                protocol: Protocol::Json,
                http: HttpVersion::default(),
                attempt_timeout: ATTEMPT_TIMEOUT,
                retries: Retries::standard(),
            },
        }
    }
}

impl Builder {
    /// A builder with credentials and settings from the environment and AWS's shared files, as
    /// [`Settings`](crate::credentials::Settings) describes them.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn from_environment() -> Result<Self, LoadError> {
        let env = real_env().ok_or(LoadError::NoRuntime)?;
        Self::load(&Sources::of_process(), None, &env)
    }

    /// A builder with credentials and settings from these sources. A profile that is given goes
    /// before `AWS_PROFILE`, and its credentials before those of the environment.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn load(sources: &Sources, profile: Option<&str>, env: &Env) -> Result<Self, LoadError> {
        let settings = crate::credentials::Settings::load(sources, profile)?;
        let provider = settings.provider(env)?;
        let mut builder = Self::default().credentials_provider(provider);
        if let Some(path) = settings.ca_bundle {
            let read = sources
                .file(&path)
                .and_then(|text| text.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)));
            let pem = read.map_err(|error| LoadError::CaBundle(path, error))?;
            builder.ca_bundle = Some(pem.into_bytes());
        }
        builder.servers = Servers {
            endpoint: settings.endpoint_url,
            region: settings.region,
            use_fips: settings.use_fips,
            use_dual_stack: settings.use_dual_stack,
            account_id_mode: settings.account_id_mode,
        };
        Ok(builder)
    }

    /// Whether there is an endpoint or a region, without which calls go to AWS in `us-east-1`.
    pub fn has_server(&self) -> bool {
        self.servers.endpoint.is_some() || self.servers.region.is_some()
    }

    /// The server's URL. Default: what AWS's endpoint rules say for the region and the ARN in a
    /// call: [`Endpoint`](crate::endpoint::Endpoint).
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.servers.endpoint = Some(url.into());
        self
    }

    /// The region, which signatures name. Default: `us-east-1`.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.servers.region = Some(region.into());
        self
    }

    /// Whether only endpoints of AWS that conform to FIPS 140 will do. Default: no.
    #[must_use]
    pub fn use_fips(mut self, use_fips: bool) -> Self {
        self.servers.use_fips = use_fips;
        self
    }

    /// Whether AWS's endpoint has to have addresses of IPv4 and of IPv6. Default: no.
    #[must_use]
    pub fn use_dual_stack(mut self, use_dual_stack: bool) -> Self {
        self.servers.use_dual_stack = use_dual_stack;
        self
    }

    /// The access key that signs requests.
    #[must_use]
    pub fn credentials(self, credentials: Credentials) -> Self {
        self.credentials_provider(credentials.inner)
    }

    /// A source of access keys that sign requests, such as one of `aws-config`'s. What it provides
    /// is kept until shortly before it expires.
    #[must_use]
    pub fn credentials_provider(mut self, provider: impl ProvideCredentials + 'static) -> Self {
        self.credentials = Some(SharedCredentialsProvider::new(provider));
        self
    }

    /// The encoding of bodies. Default: JSON. CBOR spares the base64 of records.
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.settings.protocol = protocol;
        self
    }

    /// The version of HTTP. Default: HTTP/1.1.
    #[must_use]
    pub fn http_version(mut self, version: HttpVersion) -> Self {
        self.settings.http = version;
        self
    }

    /// Certificates in PEM, which sign servers' certificates, instead of the system's.
    #[must_use]
    pub fn ca_bundle(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_bundle = Some(pem.into());
        self
    }

    /// Timeout of an attempt, from its start to the end of the response. Default: ten seconds.
    #[must_use]
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.settings.attempt_timeout = timeout;
        self
    }

    /// Retries of failed calls. Default: [`Retries::standard`].
    #[must_use]
    pub fn retries(mut self, retries: Retries) -> Self {
        self.settings.retries = retries;
        self
    }

    /// Builds the client. It must run on a tokio runtime, on which its connections live.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn build(self) -> Result<Client, BuildError> {
        self.build_in(real_env().ok_or(BuildError::NoRuntime)?)
    }

    /// Builds the client with a clock, chance and tasks of the caller's, for simulations.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn build_in(self, env: Env) -> Result<Client, BuildError> {
        let routes = Routes::new(self.servers)?;
        let provider = self.credentials.ok_or(BuildError::NoCredentials)?;
        let http = self.settings.http;
        let connector = connection::connector(&routes.usual, http, self.ca_bundle.as_deref())?;
        let pool = connection::pool(&env, connector, http);
        let identity = Identity::new(provider);
        Ok(Client::assemble(env, pool, routes, identity, self.settings))
    }
}

/// The world, as far as there is a runtime for its tasks.
fn real_env() -> Option<Env> {
    let runtime = tokio::runtime::Handle::try_current();
    runtime.is_ok().then(Env::real)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn client_when_something_is_missing_then_is_not_built() {
        let built = Client::builder().endpoint("http://localhost:1").build();
        assert!(matches!(built, Err(BuildError::NoCredentials)));
        let keyed = || Client::builder().credentials(Credentials::new("AKID", "secret", None));
        let built = keyed().endpoint("localhost").build();
        assert!(matches!(built, Err(BuildError::Endpoint(_))));
        let built = keyed().endpoint("https://localhost").ca_bundle("no PEM");
        assert!(matches!(built.build(), Err(BuildError::CaBundle(_))));
        let built = keyed().endpoint("http://localhost:1").build();
        assert!(built.is_ok());
    }

    #[test]
    fn client_when_built_outside_of_a_runtime_then_is_an_error_that_says_what_to_do() {
        let builder = Client::builder().credentials(Credentials::new("AKID", "secret", None));
        let built = builder.endpoint("http://localhost:1").build();
        assert!(matches!(built, Err(BuildError::NoRuntime)));
        let loaded = Builder::from_environment();
        assert!(matches!(loaded, Err(LoadError::NoRuntime)));
    }
}
