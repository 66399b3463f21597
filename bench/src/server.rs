//! The servers under comparison, each a process of its own on a free port.
//!
//! Peers are installed by `peers/install`; a missing one is left out and reported.

use crate::cores::Cores;
use crate::signer::{KEY_ID, SECRET};
use anyhow::{Context, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Maximum time for a server to start.
const START_SECONDS_MAX: u64 = 60;

/// A kind of server.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize, Deserialize,
)]
pub enum Kind {
    /// `millstream serve`, with fsync.
    Millstream,
    /// The same with `--credentials`: it verifies the signature of each request.
    MillstreamVerified,
    /// The same as the first with `--keys`, for streams that are encrypted.
    MillstreamEncrypted,
    /// `bench floor`.
    Floor,
    /// `bench floor --space rewritten`.
    FloorRewritten,
    /// `bench floor`, with one response for all reads.
    FloorOneAnswer,
    /// The disk alone: sequential writes, each synced.
    Disk,
    /// ferrokinesis, in memory.
    Ferrokinesis,
    /// ferrokinesis with `--state-dir`.
    FerrokinesisState,
    /// kinesalite, in memory.
    Kinesalite,
    /// kinesis-local (kinesis-mock), in memory.
    KinesisLocal,
    /// moto, in memory.
    Moto,
    /// NATS JetStream with its file store, which syncs every two minutes.
    Nats,
}

impl Kind {
    /// The name in tables and plots.
    pub fn name(self) -> &'static str {
        match self {
            Self::Millstream => "millstream",
            Self::MillstreamVerified => "millstream, verified",
            Self::MillstreamEncrypted => "millstream, encrypted",
            Self::Floor => "floor",
            Self::FloorRewritten => "floor (rewritten file)",
            Self::FloorOneAnswer => "floor (one answer)",
            Self::Disk => "disk",
            Self::Ferrokinesis => "ferrokinesis, memory",
            Self::FerrokinesisState => "ferrokinesis, state-dir",
            Self::Kinesalite => "kinesalite",
            Self::KinesisLocal => "kinesis-local",
            Self::Moto => "moto",
            Self::Nats => "NATS JetStream",
        }
    }

    /// Whether it is slow, or different, enough to need fewer rounds.
    pub fn is_yardstick(self) -> bool {
        match self {
            Self::Millstream
            | Self::MillstreamVerified
            | Self::MillstreamEncrypted
            | Self::Floor
            | Self::FloorRewritten
            | Self::FloorOneAnswer
            | Self::Disk
            | Self::Ferrokinesis => false,
            Self::FerrokinesisState
            | Self::Kinesalite
            | Self::KinesisLocal
            | Self::Moto
            | Self::Nats => true,
        }
    }
}

/// A server of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Seat {
    /// Its kind.
    pub kind: Kind,
    /// Its number among those of its kind, each with a process and data of its own; cases share
    /// number 0.
    pub number: usize,
}

impl Seat {
    /// The name of its data folder.
    fn folder(self) -> String {
        let name = self.kind.name().replace([' ', ','], "-");
        match self.number {
            0 => name,
            number => format!("{name}-{number}"),
        }
    }
}

impl From<Kind> for Seat {
    fn from(kind: Kind) -> Self {
        Self { kind, number: 0 }
    }
}

impl Kind {
    /// Whether it is Millstream, however it is started.
    pub fn is_millstream(self) -> bool {
        [
            Self::Millstream,
            Self::MillstreamVerified,
            Self::MillstreamEncrypted,
        ]
        .contains(&self)
    }

    /// Whether it is a floor of any kind.
    pub fn is_floor(self) -> bool {
        [Self::Floor, Self::FloorRewritten, Self::FloorOneAnswer].contains(&self)
    }
}

/// The paths of a run.
#[derive(Clone, Debug)]
pub struct Places {
    /// The binary of Millstream.
    pub millstream: PathBuf,
    /// The folder of the peers.
    pub peers: PathBuf,
    /// The folder for all data.
    pub data: PathBuf,
    /// AWS's limits of Millstream.
    pub limits: Limits,
}

/// Whether Millstream applies AWS's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limits {
    /// It does.
    Aws,
    /// It does not, so that the server is measured and not its limits.
    Off,
}

/// A running server. Killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Its address.
    pub address: SocketAddr,
    /// Its data folder.
    pub data: PathBuf,
}

impl Server {
    /// Starts a server and waits until it accepts connections. Existing data is kept.
    pub fn start(seat: Seat, places: &Places, cores: &Cores) -> anyhow::Result<Self> {
        let kind = seat.kind;
        let address = free_address()?;
        let data = places.data.join(seat.folder());
        std::fs::create_dir_all(&data)?;
        let log = File::options()
            .create(true)
            .append(true)
            .open(data.with_extension("log"))?;
        let mut command = command(kind, places, address, &data)?;
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = cores.on_servers(|| command.spawn())?;
        let child = child.with_context(|| format!("{} cannot be started", kind.name()))?;
        let mut server = Self {
            child,
            address,
            data,
        };
        server.wait()?;
        Ok(server)
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
        while TcpStream::connect(self.address).is_err() {
            let ended = self.child.try_wait()?;
            ensure!(ended.is_none(), "it stopped at once: {}", self.said());
            ensure!(Instant::now() < deadline, "it does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The end of its log.
    fn said(&self) -> String {
        let log = std::fs::read(self.data.with_extension("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" ")
    }

    /// The id of its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Stops it gracefully.
    pub fn stop(mut self) -> anyhow::Result<()> {
        let process = i32::try_from(self.child.id()).context("a process id")?;
        let process = rustix::process::Pid::from_raw(process).context("a process id")?;
        rustix::process::kill_process(process, rustix::process::Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; no zombie is left in either case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// A command for a program that must exist.
fn installed(program: &Path) -> anyhow::Result<Command> {
    ensure!(program.exists(), "{} is not installed", program.display());
    Ok(Command::new(program))
}

fn node(script: &Path) -> anyhow::Result<Command> {
    ensure!(script.exists(), "{} is not installed", script.display());
    let mut command = Command::new("node");
    command.arg(script);
    Ok(command)
}

fn command(
    kind: Kind,
    places: &Places,
    address: SocketAddr,
    data: &Path,
) -> anyhow::Result<Command> {
    let port = address.port().to_string();
    let peers = &places.peers;
    match kind {
        Kind::Millstream => millstream(places, address, data),
        Kind::MillstreamVerified => {
            let credentials = data.with_extension("credentials.toml");
            write_credentials(&credentials)?;
            let mut command = millstream(places, address, data)?;
            command.arg("--credentials").arg(credentials);
            Ok(command)
        }
        Kind::MillstreamEncrypted => {
            let keyring = data.with_extension("keyring.json");
            if !keyring.exists() {
                let mut create = installed(&places.millstream)?;
                create.args(["keys", "create"]).arg(&keyring);
                let made = create.stdout(Stdio::null()).status()?;
                ensure!(made.success(), "no keyring could be made");
            }
            let mut command = millstream(places, address, data)?;
            command.arg("--keys").arg(keyring);
            Ok(command)
        }
        Kind::Floor | Kind::FloorOneAnswer => floor("preallocated", address, data),
        Kind::FloorRewritten => floor("rewritten", address, data),
        Kind::Disk => anyhow::bail!("the disk is not a process"),
        Kind::Ferrokinesis => ferrokinesis(peers, &port),
        Kind::FerrokinesisState => {
            let mut command = ferrokinesis(peers, &port)?;
            command.arg("--state-dir").arg(data);
            Ok(command)
        }
        Kind::Kinesalite => {
            let mut command = node(&peers.join("kinesalite/node_modules/kinesalite/cli.js"))?;
            command.args(["--port", &port, "--createStreamMs", "0"]);
            command.args(["--shardLimit", "20000"]);
            Ok(command)
        }
        Kind::KinesisLocal => {
            let folder = peers.join("kinesis-local/node_modules/kinesis-local");
            let mut command = node(&folder.join("main.js"))?;
            // It looks for its certificate in the working directory.
            command
                .current_dir(folder)
                .env("KINESIS_MOCK_PLAIN_PORT", &port)
                .env("KINESIS_MOCK_TLS_PORT", free_address()?.port().to_string())
                .env("CREATE_STREAM_DURATION", "1ms")
                .env("SHARD_LIMIT", "20000")
                .env("LOG_LEVEL", "ERROR");
            Ok(command)
        }
        Kind::Moto => {
            let mut command = installed(&peers.join("moto/.venv/bin/moto_server"))?;
            command.args(["-H", "127.0.0.1", "-p", &port]);
            Ok(command)
        }
        Kind::Nats => {
            let mut command = installed(&peers.join("nats/.installed/usr/sbin/nats-server"))?;
            command.args(["-a", "127.0.0.1", "-p", &port, "-js", "-sd"]);
            command.arg(data);
            Ok(command)
        }
    }
}

fn millstream(places: &Places, address: SocketAddr, data: &Path) -> anyhow::Result<Command> {
    let limits = match places.limits {
        Limits::Aws => "aws",
        Limits::Off => "off",
    };
    let mut command = installed(&places.millstream)?;
    command
        .args(["serve", "--durability", "fsync", "--limits", limits])
        .args(["--shard-limit", "30000"])
        .args(["--admin-listen", "127.0.0.1:0", "--log-level", "warn"])
        .arg("--listen")
        .arg(address.to_string())
        .arg("--data-dir")
        .arg(data);
    Ok(command)
}

/// What the generator may do, so that its requests are judged.
const FULL_ACCESS: &str = "arn:aws:iam::aws:policy/AmazonKinesisFullAccess";

/// Writes the credentials file of the generator's access key.
fn write_credentials(file: &Path) -> anyhow::Result<()> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true).mode(0o600);
    let text = format!(
        "[[users]]\naccount = \"000000000000\"\nname = \"bench\"\n\
         policies = [\"{FULL_ACCESS}\"]\n\
         [[users.keys]]\nid = \"{KEY_ID}\"\nsecret = \"{SECRET}\"\n"
    );
    options.open(file)?.write_all(text.as_bytes())?;
    Ok(())
}

fn floor(space: &str, address: SocketAddr, data: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["floor", "--space", space, "--listen"])
        .arg(address.to_string())
        .arg("--data-dir")
        .arg(data);
    Ok(command)
}

fn ferrokinesis(peers: &Path, port: &str) -> anyhow::Result<Command> {
    let mut command = installed(&peers.join("ferrokinesis/.installed/bin/ferrokinesis"))?;
    command
        .args(["--port", port, "--log-level", "error"])
        .args(["--create-stream-ms", "0", "--shard-limit", "20000"])
        .args(["--max-request-body-mb", "64"])
        .args(["--retention-check-interval-secs", "0"]);
    Ok(command)
}
