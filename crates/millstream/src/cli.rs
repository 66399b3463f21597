//! The command line: every flag, declared once.
//!
//! A flag is declared once: [`command`] derives its environment variable (`--data-dir` →
//! `MILLSTREAM_DATA_DIR`) and [`crate::config`] its key in the file (`data-dir`) from its name.
//! Tools have neither: they are called with different flags each time, and the AWS variables say
//! whom they talk to. Nothing here opens, binds or reads anything; host names are resolved.

use crate::address;
use crate::audit;
use crate::credentials::command::Credentials;
use crate::keys::{KeyFlags, Keys};
use crate::policy;
use crate::values::{self, StreamSpec};
use clap::error::ErrorKind;
use clap::{Args, Command, CommandFactory, Parser, Subcommand, ValueEnum};
use millstream_tools::{Look, Tool};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A self-hosted server that speaks the Amazon Kinesis Data Streams API
///
/// Any AWS SDK, the AWS CLI and the tools built on them work by changing the endpoint:
///
///   millstream dev --stream orders:2
///   aws --endpoint-url http://127.0.0.1:4567 kinesis list-streams
///
/// Once it is ready it prints its URL as one line on standard output; everything else goes to
/// standard error. SIGTERM, SIGINT or SIGHUP shuts it down gracefully; a second one, at least a
/// second later, exits immediately.
///
/// The other commands are tools, for this server and any other with the same API.
#[derive(Debug, Parser)]
#[command(name = "millstream", version, verbatim_doc_comment, after_long_help = PRECEDENCE)]
pub struct Cli {
    /// The command to run.
    #[command(subcommand)]
    pub command: Run,
}

const PRECEDENCE: &str = "\
Every flag of dev and serve can also be set by an environment variable, MILLSTREAM_ followed by the
flag's name in capitals (MILLSTREAM_DATA_DIR), or in the TOML file given by --config, whose keys are
the names of the flags (data-dir = \"/var/lib/millstream\"). The command line takes precedence over
the environment, the environment over the file, and the file over the default.

Exit status of a server: 0 after a signal, 1 if it cannot start or go on, 2 for an invalid command
line, variable or file, 70 if an essential task panicked (a bug; acknowledged data is safe).";

const STATUSES: &str = "\
Exit status: 0 if all is done, 1 if something failed, 2 for an invalid command line, 3 if the work
is done and its result is bad (damage was found, records were refused), 130 after Ctrl-C, 141 if the
reader of standard output has gone.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Run {
    /// Run a server for development and tests: any credentials, nothing to configure
    ///
    /// Behaves like the real service, limits and errors included. Any credentials are accepted: an
    /// access key of twelve digits is the account, any other means account 000000000000. The region
    /// is that of the request. Requests without any are served, too, unless --strict-auth says
    /// otherwise.
    ///
    /// Data lives in a temporary directory that is removed when the server stops. It survives a
    /// crash of the process but not of the machine (--durability os). With --data-dir it is kept,
    /// and survives both (--durability fsync). The mode is logged at start.
    ///
    /// Examples:
    ///   millstream dev
    ///   millstream dev --stream orders:4 --stream audit
    ///   millstream dev --listen 127.0.0.1:0 --limits off
    ///   MILLSTREAM_STREAM=orders:4,audit millstream dev
    #[command(verbatim_doc_comment, after_long_help = PRECEDENCE)]
    Dev(Dev),
    /// Run the durable server: acknowledged records are on disk
    ///
    /// A 200 response means that the records were synced to stable storage (--durability fsync, the
    /// default) and survive a crash or a power loss. Corruption on disk is detected by checksums
    /// and never served. A second server on the same directory is refused.
    ///
    /// With --credentials it verifies who sends a request. Without, it takes any credentials, so it
    /// listens on this machine only. Beyond this machine it also needs a certificate, unless --tls
    /// off says otherwise.
    ///
    /// Examples:
    ///   millstream serve --data-dir /var/lib/millstream
    ///   millstream serve --config /etc/millstream.toml --log-format json
    ///   millstream credentials create credentials.toml --user root
    ///   millstream serve --data-dir /data --credentials credentials.toml
    ///   millstream keys create keyring.json --alias alias/orders
    ///   millstream serve --data-dir /data --keys keyring.json
    #[command(verbatim_doc_comment, after_long_help = PRECEDENCE)]
    Serve(Serve),
    /// Write a self-signed certificate and its key, for TLS on this machine
    ///
    /// Writes cert.pem and key.pem into a directory; existing files are not overwritten. Prints the
    /// matching flags for dev and serve on standard output. Clients do not trust the certificate by
    /// default: give them cert.pem (AWS_CA_BUNDLE for boto3 and the AWS CLI).
    ///
    /// Examples:
    ///   millstream cert
    ///   millstream cert --out /etc/millstream --host kinesis.internal --days 90
    ///   millstream dev $(millstream cert --out ./tls)
    #[command(verbatim_doc_comment)]
    Cert(Cert),
    /// Check a data directory for damage, while no server runs on it
    ///
    /// Reads all files and changes nothing, so that a copy or a read-only mount can be checked.
    /// Verifies every checksum, that no log has a gap, that each file is accounted for, and that
    /// the catalog and the logs of the shards fit. Prints a line for each finding: the file, the
    /// position, what is wrong, and the records concerned; the last line is the summary.
    ///
    /// Examples:
    ///   millstream check /var/lib/millstream
    ///   millstream check --json /mnt/backup
    #[command(verbatim_doc_comment)]
    Check(Check),
    /// Go on without what is lost of a damaged data directory, while no server runs on it
    ///
    /// Prints what is lost. With --accept-loss it then repairs: what can be read of damaged files
    /// is kept, and what cannot is given up. Sequence numbers stay as they are, and those of lost
    /// records are not given out again. The originals of all replaced files are kept in the folder
    /// repair-TIME in the data directory. It may be interrupted at any time and run again.
    ///
    /// Examples:
    ///   millstream repair /var/lib/millstream
    ///   millstream repair --accept-loss /var/lib/millstream
    #[command(verbatim_doc_comment)]
    Repair(Repair),
    /// Make, list, remove and replace access keys in a credentials file
    ///
    /// `millstream serve --credentials FILE` verifies requests by the file, and follows its changes
    /// within a second. It is TOML, and may be edited by hand, too.
    ///
    /// Examples:
    ///   millstream credentials create /etc/millstream/credentials.toml --user ingest
    ///   millstream credentials list /etc/millstream/credentials.toml
    #[command(verbatim_doc_comment)]
    Credentials(Credentials),
    /// Make, rotate, disable and delete the KMS keys of a keyring, for encryption at rest
    ///
    /// `millstream serve --keys FILE` encrypts streams with them, and follows the file's changes
    /// within a second. Keep a copy of the file elsewhere: without it nobody can read what its keys
    /// have encrypted.
    ///
    /// Examples:
    ///   millstream keys create /etc/millstream/keyring.json --alias alias/orders
    ///   millstream keys list /etc/millstream/keyring.json
    #[command(verbatim_doc_comment)]
    Keys(Keys),
    /// Check policies in files, and try out what they permit
    #[command(verbatim_doc_comment)]
    Policy(policy::Args),
    /// The tools.
    #[command(flatten)]
    Tool(Tool),
}

/// `millstream check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The data directory
    #[arg(value_name = "DATA_DIR")]
    pub data_dir: PathBuf,
    /// Print a JSON object per line
    #[arg(long)]
    pub json: bool,
    /// What it shows.
    #[command(flatten)]
    pub look: Look,
}

/// `millstream repair`.
#[derive(Debug, Args)]
pub struct Repair {
    /// The data directory
    #[arg(value_name = "DATA_DIR")]
    pub data_dir: PathBuf,
    /// Go on without what is lost; otherwise nothing is changed
    #[arg(long)]
    pub accept_loss: bool,
    /// Print a JSON object per line
    #[arg(long)]
    pub json: bool,
    /// What it shows.
    #[command(flatten)]
    pub look: Look,
}

/// `millstream dev`.
#[derive(Debug, Args)]
pub struct Dev {
    /// The flags common to both servers.
    #[command(flatten)]
    pub shared: Shared,
    /// Create a stream at start, with this many open shards (default 1); may be repeated
    ///
    /// Created in account 000000000000 and region us-east-1. An existing stream is left unchanged.
    #[arg(long = "stream", value_name = "NAME[:SHARDS]", value_delimiter = ',')]
    pub streams: Vec<StreamSpec>,
}

/// `millstream serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// The flags common to both servers.
    #[command(flatten)]
    pub shared: Shared,
    /// Credentials file in TOML: every request is verified by its access keys; reloaded when it
    /// changes
    ///
    /// Nobody but its owner may have access to it. `millstream credentials create` makes one. While
    /// the file has no keys, or cannot be read, everybody is refused.
    #[arg(long, value_name = "FILE")]
    pub credentials: Option<PathBuf>,
    /// Where KMS keys come from.
    #[command(flatten)]
    pub keys: KeyFlags,
    /// "off" allows other machines to connect although there is no certificate
    ///
    /// For a proxy that does TLS in front of the server: anyone on the way can otherwise read what
    /// is sent, and send it again for five minutes.
    #[arg(long, value_enum, value_name = "off")]
    pub tls: Option<Encryption>,
}

/// `millstream cert`.
#[derive(Debug, Args)]
pub struct Cert {
    /// Directory for both files; created if missing
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub out: PathBuf,
    /// A host name or address that clients use to reach the server; may be repeated
    #[arg(
        long = "host",
        value_name = "HOST",
        value_delimiter = ',',
        default_value = "localhost,127.0.0.1,::1", value_parser = values::parse_host)]
    pub hosts: Vec<String>,
    /// Validity in days
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub days: u16,
}

/// The flags of both servers.
#[derive(Debug, Args)]
pub struct Shared {
    /// Address of the API; port 0 picks a free port
    ///
    /// A host name such as localhost stands for its first IPv4 address, if it has one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4567", value_parser = address::parse)]
    pub listen: SocketAddr,
    /// Address of /healthz, /readyz and /metrics [default: serve 127.0.0.1:4568, dev none]
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address::parse)]
    pub admin_listen: Option<SocketAddr>,
    /// Data directory; created if missing [default: dev a temporary one; required by serve]
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Certificate in PEM: also serves the API over TLS, on the same port; reloaded when it changes
    ///
    /// A serve that listens beyond this machine then refuses requests without TLS.
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// What an acknowledged record survives [default: fsync with --data-dir, else os]
    #[arg(long, value_enum)]
    pub durability: Option<Durability>,
    /// Whether AWS's rate limits and quotas apply
    #[arg(long, value_enum, default_value_t = Limits::Aws)]
    pub limits: Limits,
    /// Whether requests without any authentication are refused, as on AWS
    ///
    /// They get MissingAuthenticationTokenException. Whatever is presented is still not checked,
    /// except with --credentials, which refuses them in any case. The flag alone means "on".
    #[arg(long, value_enum, value_name = "on|off", num_args = 0..=1, default_value_t = StrictAuth::Off, default_missing_value = "on")]
    pub strict_auth: StrictAuth,
    /// Open shards of provisioned streams per account and region [default: AWS's quota for the
    /// region, 1000 to 20000]
    #[arg(long, value_name = "SHARDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub shard_limit: Option<u32>,
    /// How long CREATING, UPDATING and DELETING last at least, as "500ms" or "2s"
    ///
    /// Clients that see a stream CREATING wait ten seconds before they check again.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = values::parse_duration)]
    pub transition_time: Duration,
    /// How often on-demand streams are measured and scaled, as "1m": from a second to a day
    ///
    /// A shard that takes more than half of its write limit over this time is split. AWS does so
    /// within 15 minutes. A shorter time follows bursts, and makes more shards; a longer one
    /// throttles a growing producer for longer. Nothing scales with --limits off.
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = values::parse_scaling_pace)]
    pub scaling_pace: Duration,
    /// How long two shards of an on-demand stream are nearly idle before they merge, as "12h" or
    /// "7days": from a second to 30 days
    ///
    /// Four shards stay, and room for twice the highest write rate of the last 30 days.
    #[arg(long, value_name = "DURATION", default_value = "1day", value_parser = values::parse_scaling_idle)]
    pub scaling_idle: Duration,
    /// Maximum size of a journal file, 1MiB to 1GiB
    #[arg(long, value_name = "SIZE", default_value = "128MiB", value_parser = values::parse_segment_size)]
    pub segment_size: u64,
    /// Audit log: a JSON line for each call that is not about records alone, and for each denial;
    /// "-" is standard output
    ///
    /// Lines have the fields of AWS CloudTrail. They are appended to the file, which only its owner
    /// can read if it is new, and must not be in the data directory. If it is moved away, it is
    /// made again. Calls wait up to a second for a log that cannot be written.
    #[arg(long, value_name = "FILE")]
    pub audit: Option<audit::Place>,
    /// Settings file in TOML; its keys are the names of these flags
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Format of log lines
    #[arg(long, value_enum, default_value_t = LogFormat::Human)]
    pub log_format: LogFormat,
    /// Log level, or filters such as "info,millstream_http=debug" [default: RUST_LOG, else info]
    #[arg(long, value_name = "FILTER", value_parser = values::parse_log_level)]
    pub log_level: Option<String>,
}

/// What an acknowledged record survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// Power loss: records are synced before they are acknowledged
    Fsync,
    /// A crash of the process: records have been handed to the operating system
    Os,
}

/// Whether AWS's limits apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Limits {
    /// As on AWS
    Aws,
    /// No throttling and no quotas
    Off,
}

/// Whether authentication is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StrictAuth {
    /// Requests without any are refused
    On,
    /// They come from account 000000000000, in region us-east-1
    Off,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Human,
    /// One JSON object per line
    Json,
}

/// How connections from other machines are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Encryption {
    /// Not by this server
    Off,
}

/// The commands whose flags are settings, each with a variable.
const WITH_VARIABLES: [&str; 3] = ["dev", "serve", "cert"];

/// The complete command line, with an environment variable for each setting.
pub fn command() -> Command {
    Cli::command().mut_subcommands(|subcommand| {
        if !WITH_VARIABLES.contains(&subcommand.get_name()) {
            return with_statuses(subcommand);
        }
        subcommand.mut_args(|arg| match arg.get_long().map(variable) {
            Some(variable) if arg.get_action().takes_values() => arg.env(variable),
            Some(_) | None => arg,
        })
    })
}

/// A tool with the exit statuses in its help, unless it describes its own.
fn with_statuses(tool: Command) -> Command {
    match tool.get_after_long_help() {
        None => tool.after_long_help(STATUSES),
        Some(_) => tool,
    }
}

/// A clap error with our text, in the context of a command.
pub fn refuse(name: &str, kind: ErrorKind, text: &str) -> clap::Error {
    let mut command = command();
    // Makes the usage line show the complete command.
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
