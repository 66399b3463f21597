//! `millstream serve`: its guarantees, as settings, and what it refuses.

use crate::cli::{self, Durability, Encryption, Serve, Shared};
use crate::run::{self, Data, Settings};
use clap::error::ErrorKind;
use millstream_http::InTheClear;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

/// The default address of the admin listener.
const ADMIN_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 4568);

/// The settings of a durable server.
///
/// # Errors
/// If no directory is given, or other machines could connect without being verified or, unless that
/// is allowed, without encryption.
pub fn settings(serve: Serve) -> Result<Settings, clap::Error> {
    let Serve {
        shared,
        credentials,
        keys,
        tls,
    } = serve;
    let Some(folder) = shared.data_dir.clone() else {
        let text = "--data-dir <FOLDER> is missing: serve needs to know where its data lives";
        return Err(cli::refuse(
            "serve",
            ErrorKind::MissingRequiredArgument,
            text,
        ));
    };
    if let Err(text) = check_exposure(&shared, credentials.as_deref(), tls) {
        return Err(cli::refuse("serve", ErrorKind::InvalidValue, &text));
    }
    let keys = keys.source();
    let keys = keys.map_err(|text| cli::refuse("serve", ErrorKind::InvalidValue, &text))?;
    if credentials.is_none() {
        tracing::warn!(
            listen = %shared.listen,
            "any credentials are accepted; --credentials FILE verifies them"
        );
    }
    let durability = shared.durability.unwrap_or(Durability::Fsync);
    let mut settings = Settings::new("serve", &shared, Data::Kept(folder), durability)?;
    settings.server.admin_listen.get_or_insert(ADMIN_LISTEN);
    settings.credentials = credentials;
    run::check_outside("serve", "--keys", keys.file(), &settings.data)?;
    settings.keys = keys;
    if settings.certificate.is_some() && !shared.listen.ip().is_loopback() {
        settings.server.in_the_clear = InTheClear::Refused;
    }
    Ok(settings)
}

/// Refuses to let other machines connect without what protects the data from them.
fn check_exposure(
    shared: &Shared,
    credentials: Option<&Path>,
    tls: Option<Encryption>,
) -> Result<(), String> {
    let listen = shared.listen;
    let has_certificate = shared.tls_cert.is_some() || shared.tls_key.is_some();
    match tls {
        Some(Encryption::Off) if has_certificate => {
            return Err("--tls off contradicts --tls-cert and --tls-key".to_owned());
        }
        Some(Encryption::Off) | None if listen.ip().is_loopback() => return Ok(()),
        Some(Encryption::Off) => (),
        None if has_certificate => (),
        None if credentials.is_some() => {
            return Err(format!(
                "--listen {listen}: without a certificate anyone on the way to this address could \
                 read what is sent; pass --tls-cert and --tls-key (`millstream cert` makes them), \
                 or --tls off behind a proxy that does TLS"
            ));
        }
        None => (),
    }
    match credentials {
        Some(_) => Ok(()),
        None => Err(format!(
            "--listen {listen}: without --credentials <FILE> anyone who can reach this address \
             could read and write everything; `millstream credentials create` makes a file"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Run;
    use std::ffi::OsString;

    /// Both listeners face this machine alone unless they are told otherwise, and the operator's is
    /// not the API's.
    #[test]
    fn addresses_when_none_is_given_then_are_two_on_loopback() {
        let words = "millstream serve --data-dir data".split(' ');
        let parsed = crate::config::parse(words.map(OsString::from)).unwrap();
        let Run::Serve(serve) = parsed.command else {
            panic!("not serve");
        };
        let server = settings(serve).unwrap().server;
        let admin = server.admin_listen.unwrap();
        assert!(server.listen.ip().is_loopback() && admin.ip().is_loopback());
        assert_ne!(server.listen, admin);
        assert_eq!(admin, ADMIN_LISTEN);
    }
}
