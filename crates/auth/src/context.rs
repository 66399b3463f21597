//! How a request arrived, apart from its own content.
//!
//! The server observed it, so this is the only part of a request that its sender cannot choose.
//! Behind a proxy it describes the proxy. Policies may refer to it (`aws:SourceIp`,
//! `aws:SecureTransport`).

use std::fmt;
use std::net::SocketAddr;

/// The circumstances of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The peer address of the connection.
    pub peer: SocketAddr,
    /// How the bytes were transported.
    pub channel: Channel,
}

/// How bytes are transported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// In the clear: anyone on the path can read and change them.
    Plain,
    /// TLS.
    Tls,
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::Tls => "TLS",
        })
    }
}
