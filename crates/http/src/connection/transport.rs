//! A connection's plaintext bytes, with or without TLS. Both arrive on the same port and are told
//! apart by the first byte: no request begins with that of a TLS handshake.

use crate::config::Limits;
use crate::connection::tls::{Tls, TlsSession};
use millstream_auth::Channel;
use millstream_env::Clock;
use std::io;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

/// Plain TCP, or TLS.
pub(crate) type Transport = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// The channel of a connection.
pub(crate) fn channel(transport: &Transport) -> Channel {
    match transport {
        Either::Left(_) => Channel::Plain,
        Either::Right(_) => Channel::Tls,
    }
}

/// What was agreed on in a connection's handshake, if it had one.
pub(crate) fn session(transport: &Transport) -> Option<TlsSession> {
    match transport {
        Either::Left(_) => None,
        Either::Right(stream) => TlsSession::of(stream.get_ref().1),
    }
}

/// The first byte of a TLS connection: the type of a handshake record.
const HANDSHAKE: u8 = 0x16;

/// Takes a connection to the point where HTTP begins.
///
/// # Errors
/// If the client disconnected, took too long, or the handshake fails.
pub(crate) async fn open(
    stream: TcpStream,
    tls: Option<&Tls>,
    clock: &dyn Clock,
    limits: &Limits,
) -> io::Result<Transport> {
    let Some(tls) = tls else {
        return Ok(Either::Left(stream));
    };
    let mut first = [0];
    let peeked = tokio::select! {
        biased;
        peeked = stream.peek(&mut first) => peeked,
        () = clock.sleep(limits.first_bytes) => Err(io::ErrorKind::TimedOut.into()),
    };
    if peeked? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if first != [HANDSHAKE] {
        return Ok(Either::Left(stream));
    }
    let greeted = tokio::select! {
        biased;
        greeted = tls.acceptor().accept(stream) => greeted,
        () = clock.sleep(limits.handshake) => Err(io::ErrorKind::TimedOut.into()),
    };
    Ok(Either::Right(Box::new(greeted?)))
}
