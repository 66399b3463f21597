//! TLS: the certificate of new connections, and its replacement.
//!
//! Versions 1.2 and 1.3, with ALPN for HTTP/2 and HTTP/1.1. For clients that do not negotiate, or
//! speak another version than they negotiated, the version is detected from their first bytes, as
//! without TLS. Connections keep the certificate they started with. File names and changes of files
//! are not known here.

use arc_swap::ArcSwap;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CipherSuite, ProtocolVersion, ServerConfig, ServerConnection};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// The offered protocols, in order of preference.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// A certificate chain and its key, in PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The server's certificate, followed by its chain.
    pub certificates: Vec<u8>,
    /// The server's private key.
    pub key: Vec<u8>,
}

/// Why a certificate and a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate file is invalid.
    #[error("no certificates in PEM: {0}")]
    Certificates(pem::Error),
    /// The key file is invalid.
    #[error("no private key in PEM: {0}")]
    Key(pem::Error),
    /// Both are valid, but not a usable pair.
    #[error("certificate and key cannot be used")]
    Pair(#[from] rustls::Error),
}

/// What a client and the server agreed on, by IANA's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TlsSession {
    pub(crate) version: &'static str,
    pub(crate) cipher_suite: &'static str,
}

/// Names that the library writes in another way than the registry does.
const SUITES: [(CipherSuite, &str); 3] = [
    (
        CipherSuite::TLS13_AES_128_GCM_SHA256,
        "TLS_AES_128_GCM_SHA256",
    ),
    (
        CipherSuite::TLS13_AES_256_GCM_SHA384,
        "TLS_AES_256_GCM_SHA384",
    ),
    (
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
        "TLS_CHACHA20_POLY1305_SHA256",
    ),
];

impl TlsSession {
    /// The session of a connection; `None` before the end of its handshake.
    pub(crate) fn of(connection: &ServerConnection) -> Option<Self> {
        let version = connection.protocol_version()?;
        let suite = connection.negotiated_cipher_suite()?.suite();
        let named = SUITES.iter().find(|(known, _)| *known == suite);
        Some(Self {
            version: match version == ProtocolVersion::TLSv1_3 {
                true => "TLSv1.3",
                // The only other one that is offered.
                false => "TLSv1.2",
            },
            cipher_suite: named.map_or(suite.as_str(), |(_, name)| Some(*name))?,
        })
    }
}

/// A TLS acceptor's certificate; cheap to clone, and all clones change together.
#[derive(Clone, Debug)]
pub struct Tls {
    config: Arc<ServerConfig>,
    current: Arc<Current>,
    provider: Arc<CryptoProvider>,
}

impl Tls {
    /// A configuration with this certificate.
    ///
    /// # Errors
    /// If it is not one, or the key does not match.
    pub fn new(identity: &Identity) -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let first = certified(identity, &provider)?;
        let current = Arc::new(Current(ArcSwap::from_pointee(first)));
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
        Ok(Self {
            config: Arc::new(config),
            current,
            provider,
        })
    }

    /// Uses this certificate for new connections.
    ///
    /// # Errors
    /// As [`Self::new`]; the previous one then stays.
    pub fn replace(&self, identity: &Identity) -> Result<(), TlsError> {
        let next = certified(identity, &self.provider)?;
        self.current.0.store(Arc::new(next));
        Ok(())
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }
}

fn certified(identity: &Identity, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let chain = CertificateDer::pem_slice_iter(&identity.certificates);
    let chain: Vec<_> = chain
        .collect::<Result<_, _>>()
        .map_err(TlsError::Certificates)?;
    if chain.is_empty() {
        return Err(TlsError::Certificates(pem::Error::NoItemsFound));
    }
    let key = PrivateKeyDer::from_pem_slice(&identity.key).map_err(TlsError::Key)?;
    Ok(CertifiedKey::from_der(chain, key, provider)?)
}

/// The current certificate.
#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Identity {
            certificates: made.cert.pem().into_bytes(),
            key: made.signing_key.serialize_pem().into_bytes(),
        }
    }

    #[test]
    fn identity_when_it_is_none_then_is_refused_and_the_one_before_stays() {
        let (one, other) = (identity(), identity());
        let tls = Tls::new(&one).unwrap();
        let before = tls.current.0.load_full();
        let with = |certificates: &[u8], key: &[u8]| Identity {
            certificates: certificates.to_vec(),
            key: key.to_vec(),
        };
        for (wrong, said) in [
            (with(b"", &one.key), "no certificates"),
            (with(&one.key, &one.key), "no certificates"),
            (with(&one.certificates, b"key"), "no private key"),
            (with(&one.certificates, &one.certificates), "no private key"),
            (with(&one.certificates, &other.key), "cannot be used"),
        ] {
            let error = tls.replace(&wrong).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
            assert!(Arc::ptr_eq(&before, &tls.current.0.load()));
        }
        tls.replace(&other).unwrap();
        assert!(!Arc::ptr_eq(&before, &tls.current.0.load()));
    }
}
