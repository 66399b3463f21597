//! `millstream export`: the records of a stream as lines of JSON or length-prefixed, in a file that
//! the next run goes on with.
//!
//! Some shards are read at a time, parents before their children, so that the records of a key are
//! in the order in which they were stored. The state never names a record that the file does not
//! hold durably, and what the file holds beyond the state is cut off when the next run begins: no
//! record is missing, and none is there twice.

mod encoding;
mod exporting;
mod reading;
mod target;

use crate::file_format::FileFormat;
use crate::identity::Identity;
use crate::origin::Placing;
use crate::terminal::{Progress, counted};
use crate::time::{Instant, parse_instant};
use crate::{Connection, Failure, Look, Surroundings, connect};
use clap::ValueHint;
use exporting::Exporting;
use reading::Reader;
use std::path::PathBuf;
use target::Target;

/// `millstream export`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The stream: its name, or its ARN
    #[arg(value_name = "STREAM")]
    stream: String,
    /// The file to write, which must not exist unless the state says how it goes on [default:
    /// standard output]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: Option<PathBuf>,
    /// Keep in this file how far each shard was read; if it exists, go on there
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "out")]
    state: Option<PathBuf>,
    /// How records are in the file: lines of JSON, or length-prefixed with checksums [default: the
    /// state's, or ndjson]
    #[arg(
        long,
        value_enum,
        value_name = "ndjson|binary",
        hide_possible_values = true
    )]
    format: Option<FileFormat>,
    /// Begin with records that arrived then: 2026-01-31T12:00:00Z, or 15m for that long ago
    #[arg(long, value_name = "TIME", value_parser = parse_instant)]
    from: Option<Instant>,
    /// End with records that arrived before then [default: with those that are there]
    #[arg(long, value_name = "TIME", value_parser = parse_instant)]
    until: Option<Instant>,
    /// Where the stream is.
    #[command(flatten)]
    connection: Connection,
    /// What it shows.
    #[command(flatten)]
    pub look: Look,
}

/// Exports the records.
///
/// # Errors
/// If they cannot be read or written.
pub async fn run(args: &Args, surroundings: &Surroundings) -> Result<(), Failure> {
    let client = connect(&args.connection, surroundings)?;
    let found = async {
        let described = client.describe_stream_summary(&args.stream).await?;
        let shards = client.list_shards(&args.stream).pages().all().await?;
        Ok::<_, Failure>((described.stream_description_summary, shards))
    };
    let Some(found) = surroundings.stop.unless_asked(found).await else {
        return Ok(());
    };
    let (summary, shards) = found?;
    let identity = Identity::of_summary(&summary);
    let (out, state) = (args.out.as_deref(), args.state.as_deref());
    let target = Target::open(out, state, args.format, identity, surroundings).await?;
    let clock = &*surroundings.env.clock;
    let reader = Reader {
        client,
        stream: &args.stream,
        surroundings,
        from: args.from.map(|from| from.resolve(clock)),
    };
    let mut exporting = Exporting {
        placing: Placing::of(&summary),
        until: args.until.map(|until| until.resolve(clock)),
        target,
        progress: Progress::count(&surroundings.terminal, "exporting", None),
        records: 0,
    };
    let read = exporting.read_all(&reader, shards).await;
    // What was read before a failure is kept, too.
    let saved = exporting.target.save(surroundings).await;
    let records = counted(exporting.records, "record");
    drop(exporting);
    let shards = counted(read?, "shard");
    saved?;
    let stopped = match surroundings.stop.is_asked() {
        true => "stopped: ",
        false => "",
    };
    let said = format!("{stopped}{records} exported from {shards}");
    surroundings.terminal.say(said);
    Ok(())
}
