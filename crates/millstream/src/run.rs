//! A server's life: folder, journal, engine, sockets, and the way back.

use crate::certificate;
use crate::cli::{self, Durability, Shared};
use crate::descriptors;
use crate::signals::Signals;
use crate::streams;
use crate::values::StreamSpec;
use anyhow::Context;
use clap::error::ErrorKind;
use engine::Engine;
use env::Env;
use log::Journal;
use server::Server;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// Everything that a server is told before it starts.
#[derive(Debug)]
pub struct Settings {
    /// The sockets and their limits.
    pub server: server::Config,
    /// The files of the certificate, if TLS is spoken.
    pub certificate: Option<certificate::Files>,
    /// Where the data lives.
    pub data: Data,
    /// What an acknowledged record survives.
    pub durability: Durability,
    /// The largest file of the journal.
    pub segment_bytes_max: u64,
    /// The operations' settings.
    pub engine: engine::Settings,
    /// Streams to create at start.
    pub streams: Vec<StreamSpec>,
}

/// Where the data lives.
#[derive(Debug)]
pub enum Data {
    /// In a folder that goes when the server stops.
    Temporary,
    /// In this folder.
    Kept(PathBuf),
}

impl Settings {
    /// Settings from the flags of both servers, for one of them.
    ///
    /// # Errors
    /// If flags do not go together.
    pub fn new(
        name: &str,
        shared: &Shared,
        data: Data,
        durability: Durability,
    ) -> Result<Self, clap::Error> {
        let mut server = server::Config::new(shared.listen);
        server.admin_listen = shared.admin_listen;
        let limits = match shared.limits {
            cli::Limits::Aws => engine::Limits::Aws,
            cli::Limits::Off => engine::Limits::Off,
        };
        let engine = engine::Settings {
            limits,
            shard_limit: shared.shard_limit,
            transition_time: shared.transition_time,
        };
        let segment_bytes_max = shared.segment_size;
        Ok(Self {
            server,
            certificate: certificate(name, shared)?,
            data,
            durability,
            segment_bytes_max,
            engine,
            streams: Vec::new(),
        })
    }
}

/// Both files, or none.
fn certificate(name: &str, shared: &Shared) -> Result<Option<certificate::Files>, clap::Error> {
    let missing = |flag: &str, other: &str| {
        let text = format!("{flag} is missing: {other} needs it");
        Err(cli::refuse(name, ErrorKind::MissingRequiredArgument, &text))
    };
    match (&shared.tls_cert, &shared.tls_key) {
        (None, None) => Ok(None),
        (Some(_), None) => missing("--tls-key <FILE>", "--tls-cert"),
        (None, Some(_)) => missing("--tls-cert <FILE>", "--tls-key"),
        (Some(certificates), Some(key)) => Ok(Some(certificate::Files {
            certificates: certificates.clone(),
            key: key.clone(),
        })),
    }
}

/// Runs a server until it is told to stop.
///
/// # Errors
/// If it cannot start.
pub fn run(settings: Settings) -> anyhow::Result<()> {
    let mut settings = settings;
    let limits = &mut settings.server.limits;
    limits.connections = limits.connections.min(descriptors::raise());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("millstream")
        .enable_all()
        .build()
        .context("cannot start threads")?;
    let ended = runtime.block_on(serve(settings));
    // What was accepted has ended by now, or was given up: nothing is waited for.
    runtime.shutdown_background();
    ended
}

async fn serve(mut settings: Settings) -> anyhow::Result<()> {
    let mut signals = Signals::catch().context("cannot catch signals")?;
    let env = Env::real();
    let certificate = settings.certificate.map(|files| files.serve(&env));
    settings.server.tls = certificate.transpose()?;
    let scheme = match &settings.server.tls {
        Some(_) => "https",
        None => "http",
    };
    let mut server = Server::bind(settings.server).await?;
    // Whoever watches over it hears that it lives, however long it takes to open what is there.
    server.serve_operator(&env);
    if let Some(address) = server.admin_addr() {
        tracing::info!("operator's pages on http://{address}");
    }
    let folder = Folder::open(settings.data)?;
    let options = options(settings.durability, settings.segment_bytes_max);
    let journal = Journal::open(env.clone(), folder.path(), options)
        .with_context(|| format!("cannot use {}", folder.path().display()))?;
    folder.announce(settings.durability);
    let engine = Engine::open(env.clone(), journal, settings.engine)
        .await
        .with_context(|| format!("cannot use {}", folder.path().display()))?;
    streams::create(&engine, settings.streams).await?;
    say_ready(scheme, &server);
    let (stop, stopping) = oneshot::channel();
    let clock = env.clock.clone();
    let serving = server.serve(env, engine, async { stopping.await.unwrap_or_default() });
    tokio::pin!(serving);
    tokio::select! {
        biased;
        () = &mut serving => return folder.close(),
        () = signals.next() => (),
    }
    tracing::info!("stopping");
    // It has not ended, so it listens.
    let _ = stop.send(());
    tokio::select! {
        biased;
        () = &mut serving => folder.close(),
        () = signals.insist(&*clock) => {
            folder.close()?;
            anyhow::bail!("stopped at once by a second signal");
        }
    }
}

fn options(durability: Durability, segment_bytes_max: u64) -> log::Options {
    let durability = match durability {
        Durability::Fsync => log::Durability::Fsync,
        Durability::Os => log::Durability::Os,
    };
    log::Options {
        durability,
        segment_bytes_max,
        ..log::Options::default()
    }
}

/// The one line on standard output.
fn say_ready(scheme: &str, server: &Server) {
    let url = format!("{scheme}://{}", server.local_addr());
    let mut output = std::io::stdout().lock();
    if let Err(error) = writeln!(output, "{url}").and_then(|()| output.flush()) {
        tracing::warn!(%error, url, "ready, but standard output is closed");
    }
}

/// The folder of the data.
enum Folder {
    Temporary(TempDir),
    Kept(PathBuf),
}

impl Folder {
    fn open(data: Data) -> anyhow::Result<Self> {
        Ok(match data {
            Data::Kept(path) => Self::Kept(path),
            Data::Temporary => {
                let folder = tempfile::Builder::new().prefix("millstream-").tempdir();
                Self::Temporary(folder.context("cannot make a temporary folder")?)
            }
        })
    }

    fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Kept(path) => path,
        }
    }

    fn announce(&self, durability: Durability) {
        let path = self.path().display();
        let stays = match self {
            Self::Temporary(_) => "goes when the server stops",
            Self::Kept(_) => "stays",
        };
        match durability {
            Durability::Fsync => tracing::info!(
                "data in {path}, which {stays}; an acknowledged record survives power loss (fsync)"
            ),
            Durability::Os => tracing::info!(
                "data in {path}, which {stays}; an acknowledged record survives a crash of this \
                 process, not of the machine (os)"
            ),
        }
    }

    /// Removes a temporary folder.
    fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Temporary(folder) => folder.close().context("cannot remove the temporary folder"),
            Self::Kept(_) => Ok(()),
        }
    }
}
