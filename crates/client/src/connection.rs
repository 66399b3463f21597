//! Connections: TCP, TLS, and the pool that keeps them.

use crate::settings::{BuildError, HttpVersion};
use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper::rt::Executor;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioTimer;
use millstream_env::{Env, Tasks};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use std::time::Duration;

/// How long an idle connection stays in the pool: shorter than servers keep it open.
const POOL_IDLE: Duration = Duration::from_secs(30);
/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How often a connection of HTTP/2 in use is tried, and how long it may not answer: calls that
/// share one would otherwise go on with a dead one.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// A pool of connections.
pub(crate) type Pool = legacy::Client<Connector, Full<Bytes>>;

/// Makes connections; over TLS if the endpoint is `https`.
pub(crate) type Connector = HttpsConnector<HttpConnector>;

/// A connector with the given certificates, or else the system's, which are not looked for where
/// the endpoint has no TLS.
pub(crate) fn connector(
    endpoint: &Uri,
    http: HttpVersion,
    ca_bundle: Option<&[u8]>,
) -> Result<Connector, BuildError> {
    let roots = match ca_bundle {
        Some(pem) => roots_of(pem)?,
        None if endpoint.scheme_str() == Some("https") => system_roots()?,
        None => RootCertStore::empty(),
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| BuildError::CaBundle(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let builder = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http();
    Ok(match http {
        HttpVersion::Http1 => builder.enable_http1().wrap_connector(tcp),
        HttpVersion::Http2 => builder.enable_http2().wrap_connector(tcp),
    })
}

fn roots_of(pem: &[u8]) -> Result<RootCertStore, BuildError> {
    let refuse = |text: String| BuildError::CaBundle(text);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| refuse(error.to_string()))?;
        let added = roots.add(certificate);
        added.map_err(|error| refuse(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(refuse("there is no certificate in it".to_owned()));
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, BuildError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // A store may hold certificates that are too old to be parsed.
    let (added, _ignored) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let errors: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
        return Err(BuildError::NoRoots(errors.join(", ")));
    }
    Ok(roots)
}

/// An empty pool.
pub(crate) fn pool(env: &Env, connector: Connector, http: HttpVersion) -> Pool {
    legacy::Client::builder(OnTasks(Arc::clone(&env.tasks)))
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(POOL_IDLE)
        .http1_title_case_headers(true)
        .http2_only(http == HttpVersion::Http2)
        .http2_adaptive_window(true)
        .timer(TokioTimer::new())
        .http2_keep_alive_interval(KEEP_ALIVE)
        .http2_keep_alive_timeout(KEEP_ALIVE)
        .build(connector)
}

/// Runs connections as tasks of the environment.
#[derive(Clone)]
struct OnTasks(Arc<dyn Tasks>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for OnTasks {
    fn execute(&self, connection: F) {
        self.0.spawn_request("connection", Box::pin(connection));
    }
}
