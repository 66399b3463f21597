//! A request's context says how it arrived.

use super::*;
use crate::connection::tls::Identity;
use bytes::Bytes;
use http_body_util::Full;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::net::Ipv4Addr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsConnector;

/// A service that answers how a request arrived.
#[derive(Clone)]
struct Echo;

impl Serve for Echo {
    type Body = Full<Bytes>;
    type Error = Infallible;

    async fn serve(
        self,
        _: Request<Incoming>,
        in_flight: InFlight,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let context = in_flight.activity().context;
        let text = format!("{} {}", context.peer, context.channel);
        Ok(Response::new(Full::new(Bytes::from(text))))
    }
}

/// Accepts connections until the returned sender is dropped.
async fn listen(tls: Tls) -> (SocketAddr, watch::Sender<bool>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (env, limits) = (Env::real(), Limits::default());
    let stop = watch::Sender::new(false);
    let connections = Connections {
        env: env.clone(),
        limits,
        open: Gauge::default(),
        most: limits.connections,
        metrics: Metrics::new(),
        budgets: Budgets::new(&limits),
        stopping: stop.subscribe(),
        _alive: mpsc::channel(1).0,
    };
    let accepted = connections.accept(listener, Some(tls), Echo);
    env.tasks.spawn("accept", Box::pin(accepted));
    (address, stop)
}

/// The response over a connection that is closed afterwards.
async fn asked<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> String {
    let request = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    stream.flush().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    body.to_owned()
}

fn identity() -> Identity {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    Identity {
        certificates: made.cert.pem().into_bytes(),
        key: made.signing_key.serialize_pem().into_bytes(),
    }
}

fn connector(trusted: &Identity) -> TlsConnector {
    let certificate = CertificateDer::from_pem_slice(&trusted.certificates).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn request_when_it_comes_with_or_without_tls_then_its_context_says_so_and_names_its_peer() {
    let identity = identity();
    let (address, stop) = listen(Tls::new(&identity).unwrap()).await;
    let plain = TcpStream::connect(address).await.unwrap();
    let peer = plain.local_addr().unwrap();
    assert_eq!(asked(plain).await, format!("{peer} plain"));

    let stream = TcpStream::connect(address).await.unwrap();
    let peer = stream.local_addr().unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let tls = connector(&identity).connect(name, stream).await.unwrap();
    assert_eq!(asked(tls).await, format!("{peer} TLS"));
    drop(stop);
}
