//! The command line: every flag, declared once.
//!
//! A flag's declaration here is all there is: [`command`] derives its environment variable
//! (`--data-dir` → `MILLSTREAM_DATA_DIR`) and [`crate::config`] its key in the file (`data-dir`)
//! from its name, so none can be without. Nothing here opens, binds or reads anything; a host's
//! name is looked up.

use crate::address;
use crate::values::{self, StreamSpec};
use clap::error::ErrorKind;
use clap::{Args, Command, CommandFactory, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A self-hosted server that speaks the Amazon Kinesis Data Streams API
///
/// Any AWS SDK, the AWS CLI and whatever is built on them work by changing the endpoint:
///
///   millstream dev --stream orders:2
///   aws --endpoint-url http://127.0.0.1:4567 kinesis list-streams
///
/// When it is ready it prints one line on standard output, the URL; everything else goes to
/// standard error. SIGTERM, SIGINT and SIGHUP stop it in good order; one more a second later stops
/// it at once.
#[derive(Debug, Parser)]
#[command(name = "millstream", version, verbatim_doc_comment, after_long_help = PRECEDENCE)]
pub struct Cli {
    /// What to run.
    #[command(subcommand)]
    pub command: Run,
}

const PRECEDENCE: &str = "\
Every flag can also be given as an environment variable, MILLSTREAM_ and the flag's
name in capitals (MILLSTREAM_DATA_DIR), or as a key of the file that --config names, which is TOML
with the flags' names as keys (data-dir = \"/var/lib/millstream\"). The command line wins over the
environment, the environment over the file, the file over the default.

Exit status: 0 after a signal, 1 if it cannot start or go on, 2 for a wrong command line, variable
or file, 70 if a task died without which it cannot go on (a bug; what was acknowledged is there).";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Run {
    /// Run a server for development and tests: any credentials, nothing to configure
    ///
    /// Behaves as the real service does, limits and errors included. Any credentials are accepted:
    /// an access key of twelve digits is the account, any other is account 000000000000; the region
    /// is that of the request.
    ///
    /// Data lives in a temporary folder that goes when the server stops, and survives a crash of
    /// this process but not of the machine (--durability os). With --data-dir it stays, and
    /// survives both (--durability fsync). It says which at start.
    ///
    /// Examples:
    ///   millstream dev
    ///   millstream dev --stream orders:4 --stream audit
    ///   millstream dev --listen 127.0.0.1:0 --limits off
    ///   MILLSTREAM_STREAM=orders:4,audit millstream dev
    #[command(verbatim_doc_comment, after_long_help = PRECEDENCE)]
    Dev(Dev),
    /// Run the durable server: an acknowledged record is on disk
    ///
    /// An answer of 200 means that the records were synced to stable storage (--durability fsync,
    /// the default) and will be there after a crash or a power loss. Damage on disk is found by
    /// checksums and never served. A second server on the same folder is refused.
    ///
    /// It does not check credentials yet, and so listens only on this machine unless told that this
    /// is meant (--auth off).
    ///
    /// Examples:
    ///   millstream serve --data-dir /var/lib/millstream
    ///   millstream serve --config /etc/millstream.toml --log-format json
    ///   millstream serve --data-dir /data --listen 0.0.0.0:4567 --auth off
    #[command(verbatim_doc_comment, after_long_help = PRECEDENCE)]
    Serve(Serve),
    /// Write a self-signed certificate and its key, for TLS on this machine
    ///
    /// Into cert.pem and key.pem of a folder; files that are there already are left as they are.
    /// On standard output it prints the flags for dev and serve. Clients do not trust it by
    /// themselves: give them cert.pem (AWS_CA_BUNDLE for boto3 and the AWS CLI).
    ///
    /// Examples:
    ///   millstream cert
    ///   millstream cert --out /etc/millstream --host kinesis.internal --days 90
    ///   millstream dev $(millstream cert --out ./tls)
    #[command(verbatim_doc_comment)]
    Cert(Cert),
}

/// `millstream dev`.
#[derive(Debug, Args)]
pub struct Dev {
    /// What both servers take.
    #[command(flatten)]
    pub shared: Shared,
    /// Create a stream at start, with this many open shards (1 if not said); may be repeated
    ///
    /// In account 000000000000 and region us-east-1. One that exists already is left as it is.
    #[arg(long = "stream", value_name = "NAME[:SHARDS]", value_delimiter = ',')]
    pub streams: Vec<StreamSpec>,
}

/// `millstream serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// What both servers take.
    #[command(flatten)]
    pub shared: Shared,
    /// Say "off" to serve other machines without checking credentials
    ///
    /// Everyone who reaches the address may then read and write everything.
    #[arg(long, value_enum, value_name = "off")]
    pub auth: Option<Auth>,
}

/// `millstream cert`.
#[derive(Debug, Args)]
pub struct Cert {
    /// The folder for both files; made if missing
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub out: PathBuf,
    /// A name or an address that clients reach the server by; may be repeated
    #[arg(
        long = "host",
        value_name = "HOST",
        value_delimiter = ',',
        default_value = "localhost,127.0.0.1,::1", value_parser = values::parse_host)]
    pub hosts: Vec<String>,
    /// For how many days it holds
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub days: u16,
}

/// The flags of both servers.
#[derive(Debug, Args)]
pub struct Shared {
    /// Where to serve the API; port 0 takes a free one
    ///
    /// A name, such as localhost, stands for its first address of IPv4, if it has one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4567", value_parser = address::parse)]
    pub listen: SocketAddr,
    /// Where to serve /healthz, /readyz and /metrics [default: serve 127.0.0.1:4568, dev nowhere]
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address::parse)]
    pub admin_listen: Option<SocketAddr>,
    /// The folder for the data; made if missing [default: dev a temporary one; serve needs it]
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// A certificate in PEM: the API is then served with TLS too, on the same port; read again when
    /// it changes
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// What an acknowledged record survives [default: fsync with --data-dir, else os]
    #[arg(long, value_enum)]
    pub durability: Option<Durability>,
    /// Whether AWS's rates and quotas hold
    #[arg(long, value_enum, default_value_t = Limits::Aws)]
    pub limits: Limits,
    /// Open shards of an account in a region [default: AWS's for the region, 1000 to 20000]
    #[arg(long, value_name = "SHARDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub shard_limit: Option<u32>,
    /// How long CREATING, UPDATING and DELETING last where nothing else takes time, as "500ms" or
    /// "2s"
    ///
    /// Clients that see a stream CREATING sleep ten seconds before they look again.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = values::parse_duration)]
    pub transition_time: Duration,
    /// The largest file of the journal, 1MiB to 1GiB
    #[arg(long, value_name = "SIZE", default_value = "128MiB", value_parser = values::parse_segment_size)]
    pub segment_size: u64,
    /// A file with settings, in TOML, its keys the names of these flags
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How log lines look
    #[arg(long, value_enum, default_value_t = LogFormat::Human)]
    pub log_format: LogFormat,
    /// What is logged: a level, or filters such as "info,millstream_server=debug" [default:
    /// RUST_LOG, else info]
    #[arg(long, value_name = "FILTER", value_parser = values::parse_log_level)]
    pub log_level: Option<String>,
}

/// What an acknowledged record survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// Power loss: records are synced before they are acknowledged
    Fsync,
    /// A crash of this process: records are with the operating system
    Os,
}

/// Whether AWS's limits hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Limits {
    /// As on AWS
    Aws,
    /// No throttling and no quotas
    Off,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Human,
    /// One JSON object a line
    Json,
}

/// How credentials are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Auth {
    /// Not at all
    Off,
}

/// The whole command line, each flag of a command with its environment variable.
pub fn command() -> Command {
    Cli::command().mut_subcommands(|subcommand| {
        subcommand.mut_args(|arg| match arg.get_long().map(variable) {
            Some(variable) if arg.get_action().takes_values() => arg.env(variable),
            Some(_) | None => arg,
        })
    })
}

/// Clap's error with a text of ours, in the words of a command.
pub fn refuse(name: &str, kind: ErrorKind, text: &str) -> clap::Error {
    let mut command = command();
    // Gives the usage line its whole command.
    command.build();
    let subcommand = command
        .find_subcommand_mut(name)
        .expect("the command line declares it");
    subcommand.error(kind, text)
}

/// A flag's environment variable.
pub fn variable(flag: &str) -> String {
    format!("MILLSTREAM_{}", flag.to_uppercase().replace('-', "_"))
}
