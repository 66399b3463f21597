//! `millstream put`: stores the lines of a file, or of standard input, as records.

use crate::identity::record_bytes_max;
use crate::lines::Lines;
use crate::sending::{Item, Place, Sending, SendingFlags, Tally, send};
use crate::shaping::{self, KeyOf, Shaping, next_record};
use crate::source::Source;
use crate::{Connection, Failure, Look, Surroundings, connect};
use clap::{ArgGroup, ValueEnum, ValueHint};
use millstream_client::Client;
use millstream_client::producer::{Order, Stored};
use millstream_client::routing::HashKey;
use serde::Serialize;
use std::path::PathBuf;

/// `millstream put`.
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("keys").args(["key", "key_field", "envelope"])))]
pub struct Args {
    /// The stream: its name, or its ARN
    #[arg(value_name = "STREAM")]
    stream: String,
    /// The input; standard input if it is - or left out
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
    /// What is a record: a line, a JSON object on a line, or the whole input
    #[arg(
        long,
        value_enum,
        value_name = "lines|ndjson|whole",
        hide_possible_values = true,
        default_value_t = Format::Lines
    )]
    format: Format,
    /// Take data and key from members of each JSON object: Data (base64), PartitionKey, and
    /// ExplicitHashKey if there is one
    #[arg(long)]
    envelope: bool,
    /// The partition key of all records [default: a random one for each]
    #[arg(long, value_name = "KEY", value_parser = shaping::parse_key)]
    key: Option<String>,
    /// The member of each JSON object that is its partition key: a name, or a JSON pointer
    #[arg(long, value_name = "POINTER")]
    key_field: Option<String>,
    /// The hash key of all records, instead of their partition keys' hashes
    #[arg(long, value_name = "NUMBER", value_parser = parse_hash_key)]
    explicit_hash_key: Option<String>,
    /// Store records of a partition key in the order of the input
    #[arg(long)]
    ordered: bool,
    /// How fast, and for how long.
    #[command(flatten)]
    sending: SendingFlags,
    /// Print a JSON object for each stored record, in the order of the input
    #[arg(long)]
    json: bool,
    /// Where the stream is.
    #[command(flatten)]
    connection: Connection,
    /// What it shows.
    #[command(flatten)]
    pub look: Look,
}

/// What is a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line, without its line feed
    Lines,
    /// A line with a JSON object
    Ndjson,
    /// The whole input
    Whole,
}

/// A stored record, as `--json` prints it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Printed<'a> {
    line: u64,
    shard_id: &'a str,
    sequence_number: &'a str,
    /// Its place in an aggregated record, if it is in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_sequence_number: Option<u64>,
}

/// Stores the records.
///
/// # Errors
/// If the input cannot be read, or any record is not stored.
pub async fn run(args: &Args, surroundings: &Surroundings) -> Result<(), Failure> {
    check(args)?;
    let client = connect(&args.connection, surroundings)?;
    let stop = &surroundings.stop;
    let Some(bytes_max) = stop
        .unless_asked(record_bytes_max(&client, &args.stream))
        .await
    else {
        return Ok(());
    };
    let bytes_max = bytes_max?;
    let source = Source::open(args.file.as_deref(), 0, surroundings)?;
    let tally = send_all(args, client, source, bytes_max, surroundings).await;
    tally.conclude(surroundings)
}

/// What the command line allows and makes no sense.
fn check(args: &Args) -> Result<(), Failure> {
    let of_json = [
        (args.envelope, "--envelope"),
        (args.key_field.is_some(), "--key-field"),
    ];
    for (is_given, flag) in of_json {
        if is_given && args.format != Format::Ndjson {
            return Err(Failure::usage(format!("{flag} is about JSON objects"))
                .with_advice("Add --format ndjson."));
        }
    }
    Ok(())
}

async fn send_all(
    args: &Args,
    client: Client,
    mut source: Source,
    bytes_max: usize,
    surroundings: &Surroundings,
) -> Tally {
    let order = if args.ordered {
        Order::OfKeys
    } else {
        Order::Any
    };
    let sending = Sending {
        client,
        stream: &args.stream,
        settings: args.sending.producer(order),
        pace: args.sending.pace(),
        length: source.length(),
        from: Place::default(),
        what: "putting",
    };
    let shaping = Shaping {
        key: key_of(args),
        is_json: args.format == Format::Ndjson,
        explicit_hash_key: args.explicit_hash_key.clone(),
        bytes_max,
    };
    let random = &*surroundings.env.random;
    let print = async |place: Place, stored: Option<&Stored>| match stored.filter(|_| args.json) {
        None => Ok(()),
        Some(stored) => surroundings.terminal.output().json_line(&Printed {
            line: place.number,
            shard_id: &stored.shard_id,
            sequence_number: &stored.sequence_number,
            sub_sequence_number: stored.sub_sequence_number,
        }),
    };
    if args.format == Format::Whole {
        let mut is_first = true;
        let next = async || {
            if !std::mem::take(&mut is_first) {
                return Ok(None);
            }
            let whole = source.whole(bytes_max).await?;
            let whole = whole.ok_or_else(|| {
                Failure::new(format!(
                    "the input is longer than {bytes_max} bytes, which is too long for a record"
                ))
            })?;
            let end = whole.len() as u64;
            let place = Place {
                number: 1,
                end,
                ..Place::default()
            };
            let record = shaping.record(whole, random);
            let record = record.map_err(|what| Failure::new(format!("the input {what}")))?;
            Ok(Some(Item { record, place }))
        };
        return send(sending, surroundings, next, print).await;
    }
    let mut lines = Lines::new(source, shaping.line_bytes_max(), Place::default());
    let next = async || next_record(&mut lines, &shaping, random).await;
    send(sending, surroundings, next, print).await
}

fn key_of(args: &Args) -> KeyOf {
    match (&args.key, &args.key_field) {
        _ if args.envelope => KeyOf::Envelope,
        (Some(key), _) => KeyOf::Constant(key.clone()),
        (None, Some(field)) => KeyOf::Field(field.clone()),
        (None, None) => KeyOf::Random,
    }
}

fn parse_hash_key(text: &str) -> Result<String, String> {
    let parsed = HashKey::parse(text);
    let parsed = parsed.map_err(|_| "a hash key is a whole number below 2^128".to_owned());
    parsed.map(|key| key.to_string())
}
