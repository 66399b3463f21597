//! `millstream serve`: its guarantees, as settings, and what it refuses.

use crate::cli::{self, Auth, Durability, Serve};
use crate::run::{Data, Settings};
use clap::error::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};

/// The default address of the admin listener.
const ADMIN_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 4568);

/// The settings of a durable server.
///
/// # Errors
/// If no directory is given, or other machines could connect without that being allowed.
pub fn settings(serve: Serve) -> Result<Settings, clap::Error> {
    let Serve { shared, auth } = serve;
    let Some(folder) = shared.data_dir.clone() else {
        let text = "--data-dir <FOLDER> is missing: serve needs to know where its data lives";
        return Err(cli::refuse(
            "serve",
            ErrorKind::MissingRequiredArgument,
            text,
        ));
    };
    match auth {
        None if !shared.listen.ip().is_loopback() => {
            let text = format!(
                "--listen {}: credentials are not checked yet, so anyone who can reach this \
                 address could read and write everything; pass --auth off to allow it",
                shared.listen
            );
            return Err(cli::refuse("serve", ErrorKind::InvalidValue, &text));
        }
        Some(Auth::Off) | None => (),
    }
    tracing::warn!(listen = %shared.listen, "any credentials are accepted: they are not checked yet");
    let durability = shared.durability.unwrap_or(Durability::Fsync);
    let mut settings = Settings::new("serve", &shared, Data::Kept(folder), durability)?;
    settings.server.admin_listen.get_or_insert(ADMIN_LISTEN);
    Ok(settings)
}
