//! How a request came, besides what it says itself.
//!
//! It is what the server saw, and so the only part of a request that its sender cannot choose;
//! behind a proxy it is the proxy's. Policies may ask for it (`aws:SourceIp`,
//! `aws:SecureTransport`).

use std::fmt;
use std::net::SocketAddr;

/// The circumstances of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The other end of its connection.
    pub peer: SocketAddr,
    /// What its bytes travelled in.
    pub channel: Channel,
}

/// What bytes travel in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// As they are: whoever is on the way can read and change them.
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
