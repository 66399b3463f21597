//! A server's life: directory, journal, engine, sockets, and shutdown.

use crate::audit;
use crate::certificate;
use crate::cli::{self, Durability, Shared};
use crate::credentials;
use crate::descriptors;
use crate::keys;
use crate::signals::Signals;
use crate::streams;
use crate::values::StreamSpec;
use anyhow::Context;
use clap::error::ErrorKind;
use millstream_auth::{AsVerified, Authenticator, Authorizer, Enforced, Mode, Verifier};
use millstream_env::{Death, Deaths, Env};
use millstream_http::Server;
use millstream_journal::{Journal, OpenError, Options};
use millstream_streams::Engine;
use std::convert::Infallible;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// Signals within this time of the first count as the same request: a terminal and a supervisor may
/// both send one.
const ONE_WISH: Duration = Duration::from_secs(1);

/// Everything that a server needs to know before it starts.
#[derive(Debug)]
pub struct Settings {
    /// The sockets and their limits.
    pub server: millstream_http::Config,
    /// The files of the certificate, if TLS is enabled.
    pub certificate: Option<certificate::Files>,
    /// The file by whose access keys requests are verified, if they are.
    pub credentials: Option<PathBuf>,
    /// Where the audit log goes, if there is one.
    pub audit: Option<audit::Place>,
    /// Where the KMS keys come from.
    pub keys: keys::Source,
    /// Where the data lives.
    pub data: Data,
    /// What an acknowledged record survives.
    pub durability: Durability,
    /// The largest file of the journal.
    pub segment_bytes_max: u64,
    /// The operations' settings.
    pub engine: millstream_streams::Settings,
    /// Streams to create at start.
    pub streams: Vec<StreamSpec>,
}

/// Where the data lives.
#[derive(Clone, Debug)]
pub enum Data {
    /// In a directory that is removed when the server stops.
    Temporary,
    /// In this directory.
    Kept(PathBuf),
}

impl Settings {
    /// The settings of one of the servers, from the flags common to both.
    ///
    /// # Errors
    /// If flags contradict each other.
    pub fn new(
        name: &str,
        shared: &Shared,
        data: Data,
        durability: Durability,
    ) -> Result<Self, clap::Error> {
        let mut server = millstream_http::Config::new(shared.listen);
        server.admin_listen = shared.admin_listen;
        server.authenticator = Authenticator::new(match shared.strict_auth {
            cli::StrictAuth::On => Mode::Claimed,
            cli::StrictAuth::Off => Mode::Open,
        });
        let limits = match shared.limits {
            cli::Limits::Aws => millstream_streams::Limits::Aws,
            cli::Limits::Off => millstream_streams::Limits::Off,
        };
        let engine = millstream_streams::Settings {
            limits,
            shard_limit: shared.shard_limit,
            transition_time: shared.transition_time,
            scaling: millstream_streams::ScalingPace {
                sample: shared.scaling_pace,
                merge_after: shared.scaling_idle,
            },
            keys: None,
            token_key: millstream_streams::NamedKey::default(),
        };
        let audit = shared.audit.as_ref().and_then(audit::Place::file);
        check_outside(name, "--audit", audit, &data)?;
        let segment_bytes_max = shared.segment_size;
        Ok(Self {
            server,
            certificate: certificate(name, shared)?,
            credentials: None,
            audit: shared.audit.clone(),
            keys: keys::Source::Nothing,
            data,
            durability,
            segment_bytes_max,
            engine,
            streams: Vec::new(),
        })
    }
}

/// Refuses a file of a flag among the data, where every file is accounted for, and which is locked
/// while the server runs.
///
/// # Errors
/// If it is there.
pub fn check_outside(
    name: &str,
    flag: &str,
    file: Option<&Path>,
    data: &Data,
) -> Result<(), clap::Error> {
    match (file, data) {
        (Some(file), Data::Kept(folder)) if is_in(file, folder) => {
            let text = format!(
                "{flag}: the file is in the data directory, where others are not allowed; pass one \
                 outside of it"
            );
            Err(cli::refuse(name, ErrorKind::InvalidValue, &text))
        }
        (Some(_) | None, Data::Kept(_) | Data::Temporary) => Ok(()),
    }
}

/// Whether a file is in a directory, which exists; a link is where it leads.
fn is_in(file: &Path, directory: &Path) -> bool {
    let here = file.canonicalize();
    let folder = here.or_else(|_| millstream_env::folder_of(file).canonicalize());
    let directory = directory.canonicalize();
    folder.is_ok_and(|folder| directory.is_ok_and(|above| folder.starts_with(above)))
}

/// Both files or neither.
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
/// If it cannot start, or an essential task died: the error's cause is then a [`Death`].
pub fn run(settings: Settings) -> anyhow::Result<()> {
    let mut settings = settings;
    let limits = &mut settings.server.limits;
    limits.connections = limits.connections.min(descriptors::raise());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("millstream")
        .enable_all()
        .build()
        .context("cannot start threads")?;
    let served = || {
        runtime.block_on(async {
            let env = Env::real();
            let (announcing, announced) = oneshot::channel();
            let announced = async { drop(announced.await) };
            let audit = settings.audit.as_ref();
            let audit = audit.map(|place| audit::start(place, &env, announced));
            settings.server.audit = audit.transpose()?;
            let audit = settings.server.audit.clone();
            let output = Announcing {
                output: std::io::stdout(),
                _announcing: announcing,
            };
            let served = serve(settings, env.clone(), output).await;
            if let Some(audit) = audit {
                audit::flush(&audit, &env).await;
            }
            served
        })
    };
    // Nothing of it is used after a panic.
    let ended = catch_unwind(AssertUnwindSafe(served));
    // Leaked on purpose. Accepted work has ended or was abandoned by now: leaking avoids waiting
    // for it, and no thread finds its clock gone.
    std::mem::forget(runtime);
    ended.unwrap_or_else(|panic| {
        let deaths = Deaths::default();
        deaths.note("main", &*panic);
        deaths.first().map_or(Ok(()), |death| Err(death.into()))
    })
}

/// Standard output until the server's URL is on it, or there is none to be said.
struct Announcing {
    output: std::io::Stdout,
    /// Dropped then.
    _announcing: oneshot::Sender<Infallible>,
}

impl Write for Announcing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.output.flush()
    }
}

/// Why a start failed: its error, or the death of a task that caused it. A death is recorded a
/// moment after its effects become visible.
async fn reason(env: &Env, error: anyhow::Error) -> anyhow::Error {
    const NOTED_WITHIN: Duration = Duration::from_millis(100);
    let deaths = env.tasks.deaths();
    tokio::select! {
        biased;
        death = deaths.wait() => death.into(),
        () = env.clock.sleep(NOTED_WITHIN) => error,
    }
}

async fn serve(
    mut settings: Settings,
    env: Env,
    output: impl Write + Send + 'static,
) -> anyhow::Result<()> {
    let mut signals = Signals::catch().context("cannot catch signals")?;
    let certificate = settings.certificate.take().map(|files| files.serve(&env));
    settings.server.tls = certificate.transpose()?;
    if let Some(path) = settings.credentials.take() {
        let keys = credentials::serve(path, &env)?;
        let verifier = Verifier::new(keys, Arc::clone(&env.clock));
        settings.server.authenticator = Authenticator::new(Mode::Verified(verifier));
        let policies = Enforced::new(Arc::new(AsVerified), Arc::clone(&env.clock));
        settings.server.authorizer = Authorizer::new(Arc::new(policies));
    }
    settings.engine.keys = settings.keys.open(&env)?;
    let mut server = Server::bind(settings.server.clone()).await?;
    // Liveness is served from the start, however long recovery takes.
    server.serve_operator(&env);
    if let Some(address) = server.admin_addr() {
        tracing::info!("operator's pages on http://{address}");
    }
    let folder = Folder::open(settings.data.clone())?;
    let deaths = env.tasks.deaths();
    let engine = tokio::select! {
        biased;
        death = deaths.wait() => return Err(death.into()),
        _ = signals.next() => {
            tracing::info!("stopping before it was ready: nothing was accepted");
            return folder.close();
        }
        opened = open(&env, &folder, &settings) => match opened {
            Ok(engine) => engine,
            Err(error) => return Err(reason(&env, error).await),
        },
    };
    say_ready(&env, &settings, &server, output);
    let (stop, stopping) = oneshot::channel();
    let clock = env.clock.clone();
    let serving = server.serve(env, engine, async { stopping.await.unwrap_or_default() });
    tokio::pin!(serving);
    tokio::select! {
        biased;
        served = &mut serving => return folder.close_after(served),
        _ = signals.next() => (),
    }
    tracing::info!("stopping");
    // The task has not ended, so the receiver is alive.
    let _ = stop.send(());
    tokio::select! {
        biased;
        served = &mut serving => folder.close_after(served),
        _ = signals.insist(&*clock, ONE_WISH) => {
            folder.close()?;
            anyhow::bail!("stopped at once by a second signal");
        }
    }
}

/// Opens the stored data and creates the requested streams. May be dropped at any time, as a start
/// may be killed at any time.
async fn open(env: &Env, folder: &Folder, settings: &Settings) -> anyhow::Result<Arc<Engine>> {
    let said = || format!("cannot use {}", folder.path().display());
    let options = options(settings.durability, settings.segment_bytes_max);
    let journal = open_journal(env, folder.path().to_owned(), options).await;
    let journal = journal?.with_context(said)?;
    folder.announce(settings.durability);
    let mut own = settings.engine.clone();
    // Beside data that is encrypted a new keyring has none of its keys.
    let mut age = keys::Age::Old;
    if let Some(beside) = settings.keys.open_beside(folder.path(), env)? {
        (own.keys, age) = (Some(beside.keys), beside.age);
    }
    let may_read = own.keys.is_some() && age == keys::Age::Old;
    let engine = Engine::open(env.clone(), journal, own);
    let engine = engine.await.with_context(said)?;
    if !may_read && engine.has_encrypted_streams() {
        tracing::warn!(
            "some streams are encrypted, and their keys are not there: they can be neither \
             written nor read until the server is started with its keys"
        );
    }
    streams::create(&engine, settings.streams.clone()).await?;
    Ok(engine)
}

/// Opens the journal on a thread: recovery may take long, and signals are handled meanwhile.
async fn open_journal(
    env: &Env,
    path: PathBuf,
    options: Options,
) -> anyhow::Result<Result<Arc<Journal>, OpenError>> {
    let (tell, told) = oneshot::channel();
    let own = env.clone();
    let work = move || {
        // The receiver is gone only when the process is ending.
        drop(tell.send(Journal::open(own, &path, options)));
    };
    env.tasks.run_blocking(Box::new(work)).await;
    told.await.context("the journal was not opened")
}

fn options(durability: Durability, segment_bytes_max: u64) -> Options {
    let durability = match durability {
        Durability::Fsync => millstream_journal::Durability::Fsync,
        Durability::Os => millstream_journal::Durability::Os,
    };
    Options {
        durability,
        segment_bytes_max,
        ..Options::default()
    }
}

/// Prints the one line on standard output, on a thread: the pipe may be full.
fn say_ready(
    env: &Env,
    settings: &Settings,
    server: &Server,
    mut output: impl Write + Send + 'static,
) {
    let scheme = match &settings.server.tls {
        Some(_) => "https",
        None => "http",
    };
    let url = format!("{scheme}://{}", server.local_addr());
    let say = move || {
        if let Err(error) = writeln!(output, "{url}").and_then(|()| output.flush()) {
            tracing::warn!(%error, url, "ready, but standard output is closed");
        }
    };
    drop(env.tasks.run_blocking(Box::new(say)));
}

/// The data directory.
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
                Self::Temporary(folder.context("cannot create a temporary directory")?)
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
            Self::Temporary(_) => "is removed when the server stops",
            Self::Kept(_) => "is kept",
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

    /// Removes a temporary directory, however serving ended.
    fn close_after(self, served: Result<(), Death>) -> anyhow::Result<()> {
        let closed = self.close();
        served?;
        closed
    }

    /// Removes a temporary directory.
    fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Temporary(folder) => folder
                .close()
                .context("cannot remove the temporary directory"),
            Self::Kept(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
