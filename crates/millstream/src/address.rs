//! A listen address: an address and a port, where the address may be a host name.
//!
//! A host name resolves to its first IPv4 address, or to its first address if it has none:
//! `localhost` is 127.0.0.1 whatever the order of this machine's resolver.

use std::net::{SocketAddr, ToSocketAddrs};

/// Parses `127.0.0.1:4567`, `[::1]:4567` or `localhost:4567`; resolves host names.
///
/// # Errors
/// What is wrong with it, without the text itself.
pub fn parse(text: &str) -> Result<SocketAddr, String> {
    parse_with(text, |name, port| {
        let found = (name, port).to_socket_addrs();
        found.map(Iterator::collect)
    })
}

fn parse_with(
    text: &str,
    look_up: impl Fn(&str, u16) -> std::io::Result<Vec<SocketAddr>>,
) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let Some((name, port)) = text.rsplit_once(':') else {
        return Err("a port is missing; write it as localhost:4567".to_owned());
    };
    if name.is_empty() {
        return Err("an address is missing; use 0.0.0.0 for all of this machine's".to_owned());
    }
    if name.contains([':', '[', ']']) {
        return Err("write an IPv6 address and its port as [::1]:4567".to_owned());
    }
    let port = port.parse();
    let port = port.map_err(|_| "a port is a number from 0 to 65535".to_owned())?;
    let found = look_up(name, port);
    let found = found.map_err(|error| format!("cannot resolve {name}: {error}"))?;
    let is_usual = |address: &&SocketAddr| address.is_ipv4();
    let first = found.iter().find(is_usual).or(found.first());
    first
        .copied()
        .ok_or_else(|| format!("the host {name} has no address"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    fn parse_here(text: &str) -> Result<String, String> {
        let parsed = parse_with(text, |name, port| {
            let addresses: &[&str] = match name {
                "both" => &["::1", "127.0.0.1", "127.0.0.2"],
                "six" => &["::2", "::3"],
                "none" => &[],
                other => return Err(io::Error::other(format!("{other} is unknown"))),
            };
            let addresses = addresses.iter().map(|address| address.parse().unwrap());
            Ok(addresses
                .map(|address| SocketAddr::new(address, port))
                .collect())
        });
        parsed.map(|address| address.to_string())
    }

    #[test]
    fn address_when_it_is_one_or_a_name_of_one_then_is_taken() {
        for (text, address) in [
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("[::1]:4567", "[::1]:4567"),
            ("both:4567", "127.0.0.1:4567"),
            ("six:1", "[::2]:1"),
        ] {
            assert_eq!(parse_here(text).as_deref(), Ok(address), "{text}");
        }
    }

    #[test]
    fn address_when_it_is_none_then_is_told_what_is_wrong() {
        for (text, complaint) in [
            ("", "a port is missing"),
            ("localhost", "a port is missing"),
            ("127.0.0.1", "a port is missing"),
            (":4567", "an address is missing"),
            ("::1:4567", "[::1]:4567"),
            ("[::1]", "[::1]:4567"),
            ("both:", "from 0 to 65535"),
            ("both:65536", "from 0 to 65535"),
            ("none:1", "the host none has no address"),
            ("strange:1", "cannot resolve strange: strange is unknown"),
        ] {
            let error = parse_here(text).unwrap_err();
            assert!(error.contains(complaint), "{text:?}: {error}");
        }
    }
}
