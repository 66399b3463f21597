//! TLS and plain HTTP on one port, over either version of HTTP, and certificates that change.

use crate::harness::{Running, connect, in_time, read_answer, request};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use millstream_http::{Identity, Limits, Tls};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion, version};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const SOON: Duration = Duration::from_millis(50);
const NEVER: Duration = Duration::from_secs(3600);
const HEADERS: [(&str, &str); 2] = [
    ("content-type", "application/x-amz-json-1.1"),
    ("x-amz-target", "Kinesis_20131202.ListStreams"),
];
pub const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];

pub fn identity() -> Identity {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    Identity {
        certificates: made.cert.pem().into_bytes(),
        key: made.signing_key.serialize_pem().into_bytes(),
    }
}

fn certificate(identity: &Identity) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(&identity.certificates).unwrap()
}

/// Connects like a client that trusts only this certificate.
pub async fn connect_tls(
    server: &Running,
    trusted: &Identity,
    versions: &[&'static SupportedProtocolVersion],
    alpn: &[&[u8]],
) -> std::io::Result<TlsStream<TcpStream>> {
    connect_as(server, trusted, versions, alpn, "localhost").await
}

/// The same, for a client that thinks that this is the server's name.
async fn connect_as(
    server: &Running,
    trusted: &Identity,
    versions: &[&'static SupportedProtocolVersion],
    alpn: &[&[u8]],
    name: &'static str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate(trusted)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_protocol_versions(versions).unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    let name = ServerName::try_from(name).unwrap();
    let stream = connect(server.address).await;
    in_time(TlsConnector::from(Arc::new(config)).connect(name, stream)).await
}

async fn list_over_http1<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(stream: &mut S) {
    let whole = request("POST / HTTP/1.1", &HEADERS, b"{}");
    stream.write_all(&whole).await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(read_answer(stream).await.status, 200);
}

async fn list_over_http2(stream: TlsStream<TcpStream>) {
    let handshake =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.unwrap();
    let listing = async move {
        let request = http::Request::post("https://localhost/")
            .header(HEADERS[0].0, HEADERS[0].1)
            .header(HEADERS[1].0, HEADERS[1].1)
            .body(Full::new(Bytes::from("{}")));
        let answer = sender.send_request(request.unwrap()).await.unwrap();
        assert_eq!(answer.status(), http::StatusCode::OK);
        assert_eq!(answer.version(), http::Version::HTTP_2);
        answer.into_body().collect().await.unwrap();
    };
    let (ended, ()) = in_time(async { tokio::join!(connection, listing) }).await;
    ended.unwrap();
}

#[tokio::test]
async fn port_when_it_has_tls_then_serves_with_and_without_and_either_http() {
    let identity = identity();
    let tls = Tls::new(&identity).unwrap();
    let server = Running::start_with_tls(Limits::default(), Some(tls)).await;
    list_over_http1(&mut connect(server.address).await).await;
    for (version, alpn, agreed) in [
        (
            &version::TLS13,
            &[&b"h2"[..], b"http/1.1"][..],
            Some(&b"h2"[..]),
        ),
        (&version::TLS12, &[b"h2"], Some(b"h2")),
        (&version::TLS13, &[], None),
        (&version::TLS12, &[], None),
    ] {
        let stream = connect_tls(&server, &identity, &[version], alpn)
            .await
            .unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), agreed);
        list_over_http2(stream).await;
    }
    for alpn in [&[][..], &[&b"http/1.1"[..]]] {
        let mut stream = connect_tls(&server, &identity, BOTH, alpn).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), alpn.first().copied());
        let spoken = stream.get_ref().1.protocol_version();
        assert_eq!(spoken, Some(ProtocolVersion::TLSv1_3), "the newest of both");
        list_over_http1(&mut stream).await;
        list_over_http1(&mut stream).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn certificate_when_replaced_then_greets_new_connections_and_old_ones_stay() {
    let (first, second) = (identity(), identity());
    let tls = Tls::new(&first).unwrap();
    let server = Running::start_with_tls(Limits::default(), Some(tls.clone())).await;
    let mut old = connect_tls(&server, &first, BOTH, &[]).await.unwrap();
    list_over_http1(&mut old).await;

    tls.replace(&second).unwrap();
    let mut new = connect_tls(&server, &second, BOTH, &[]).await.unwrap();
    let shown = new.get_ref().1.peer_certificates().unwrap();
    assert_eq!(shown, [certificate(&second)]);
    list_over_http1(&mut new).await;
    list_over_http1(&mut old).await;
    let refused = connect_tls(&server, &first, BOTH, &[]).await;
    let refused = refused.expect_err("whoever trusts the first alone is not greeted with it");
    let cause = refused.get_ref().and_then(|cause| cause.downcast_ref());
    assert!(
        matches!(cause, Some(rustls::Error::InvalidCertificate(_))),
        "{refused:?}"
    );
    server.stop().await;
}

#[tokio::test]
async fn handshake_when_it_stalls_or_is_none_then_the_connection_is_closed() {
    let patient = Limits {
        first_bytes: NEVER,
        handshake: NEVER,
        ..Limits::default()
    };
    let first_bytes = Limits {
        first_bytes: SOON,
        ..patient
    };
    let handshake = Limits {
        handshake: SOON,
        ..patient
    };
    let hello = [0x16, 3, 1, 0, 200, 1];
    for (case, limits, bytes) in [
        ("silent", first_bytes, &[][..]),
        ("one byte", handshake, &hello[..1]),
        ("half a hello", handshake, &hello[..]),
        ("no hello", patient, &[0x16; 400][..]),
    ] {
        let tls = Tls::new(&identity()).unwrap();
        let server = Running::start_with_tls(limits, Some(tls)).await;
        let mut stream = connect(server.address).await;
        stream.write_all(bytes).await.unwrap();
        let mut rest = Vec::new();
        // A reset is an acceptable end, too.
        let _ = in_time(stream.read_to_end(&mut rest)).await;
        assert!(rest.len() < 20, "{case}: no more than an alert: {rest:?}");
        server.stop().await;
    }
}

#[tokio::test]
async fn connection_when_silent_after_the_handshake_then_is_closed() {
    let identity = identity();
    let limits = Limits {
        first_bytes: SOON,
        handshake: NEVER,
        ..Limits::default()
    };
    let tls = Tls::new(&identity).unwrap();
    let server = Running::start_with_tls(limits, Some(tls)).await;
    // On a busy machine even the first byte may come too late: the connection was then closed.
    let mut stream = loop {
        if let Ok(stream) = connect_tls(&server, &identity, BOTH, &[]).await {
            break stream;
        }
    };
    let _ = in_time(stream.read_to_end(&mut Vec::new())).await;
    server.stop().await;
}

/// The hello of a client that speaks no more than this version.
fn hello(version: [u8; 2]) -> Vec<u8> {
    /// ECDHE with ECDSA: AES-GCM of TLS 1.2, and AES-CBC of before.
    const SUITES: [u8; 4] = [0xc0, 0x2b, 0xc0, 0x09];
    /// secp256r1, and ECDSA with it and SHA-256.
    const EXTENSIONS: [u8; 16] = [0, 10, 0, 4, 0, 2, 0, 23, 0, 13, 0, 4, 0, 2, 4, 3];
    let body = [
        &version[..],
        &[7; 32],
        &[0],
        &[0, 4],
        &SUITES,
        // No compression.
        &[1, 0],
        &[0, 16],
        &EXTENSIONS,
    ]
    .concat();
    let length = u8::try_from(body.len()).unwrap();
    let message = [&[1, 0, 0, length][..], &body].concat();
    [&[0x16, 3, 1, 0, length + 4][..], &message].concat()
}

#[tokio::test]
async fn client_when_it_speaks_an_old_version_then_is_told_and_closed() {
    /// A fatal alert: a record of two bytes, the second of which says why.
    const ALERT: [u8; 2] = [21, 3];
    const PROTOCOL_VERSION: u8 = 70;
    const HANDSHAKE: u8 = 22;
    let identity = identity();
    let tls = Tls::new(&identity).unwrap();
    let server = Running::start_with_tls(Limits::default(), Some(tls)).await;
    for version in [[3, 0], [3, 1], [3, 2]] {
        let mut stream = connect(server.address).await;
        stream.write_all(&hello(version)).await.unwrap();
        let mut answer = Vec::new();
        in_time(stream.read_to_end(&mut answer)).await.unwrap();
        assert_eq!(answer[..2], ALERT, "{version:?}: {answer:?}");
        let why = answer.last().copied();
        assert_eq!(why, Some(PROTOCOL_VERSION), "{version:?}");
    }
    // The same hello of TLS 1.2 is answered: with a record of the handshake.
    let mut stream = connect(server.address).await;
    stream.write_all(&hello([3, 3])).await.unwrap();
    assert_eq!(in_time(stream.read_u8()).await.unwrap(), HANDSHAKE);
    let stream = connect_tls(&server, &identity, BOTH, &[]).await;
    list_over_http1(&mut stream.unwrap()).await;
    server.stop().await;
}

#[tokio::test]
async fn client_when_it_wants_another_protocol_or_name_then_is_not_let_down_silently() {
    let identity = identity();
    let tls = Tls::new(&identity).unwrap();
    let server = Running::start_with_tls(Limits::default(), Some(tls)).await;
    let cause = |refused: std::io::Result<TlsStream<TcpStream>>| {
        let error = refused.expect_err("it is refused");
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
        cause.cloned().unwrap_or_else(|| panic!("{error:?}"))
    };
    let other: &[&[u8]] = &[b"spdy/3"];
    let refused = cause(connect_tls(&server, &identity, BOTH, other).await);
    let alert = rustls::AlertDescription::NoApplicationProtocol;
    assert_eq!(refused, rustls::Error::AlertReceived(alert));

    // There is one certificate, whatever name is asked for: the client refuses it.
    let named = connect_as(&server, &identity, BOTH, &[], "other.example").await;
    let refused = cause(named);
    assert!(
        matches!(refused, rustls::Error::InvalidCertificate(_)),
        "{refused:?}"
    );
    let stream = connect_tls(&server, &identity, BOTH, &[]).await;
    list_over_http1(&mut stream.unwrap()).await;
    server.stop().await;
}
