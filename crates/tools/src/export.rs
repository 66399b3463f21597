//! `millstream export`: the records of a stream as lines of JSON or length-prefixed, in a file that
//! the next run goes on with.
//!
//! Shards are read one after the other, parents before their children, so that the records of a key
//! are in the order in which they were stored. The state never names a record that the file does
//! not hold durably, and what the file holds beyond the state is cut off when the next run begins:
//! no record is missing, and none is there twice.

mod encoding;
mod lineage;
mod reading;
mod target;

use crate::file_format::FileFormat;
use crate::identity::Identity;
use crate::sending::counted;
use crate::terminal::Progress;
use crate::time::{Instant, parse_instant};
use crate::{Connection, Failure, Look, Surroundings, connect};
use clap::ValueHint;
use millstream_client::types::Shard;
use reading::Reading;
use std::collections::BTreeSet;
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
        let identity = Identity::of(&client, &args.stream).await?;
        let shards = client.list_shards(&args.stream).pages().all().await?;
        Ok::<_, Failure>((identity, shards))
    };
    let Some(found) = surroundings.stop.unless_asked(found).await else {
        return Ok(());
    };
    let (identity, shards) = found?;
    let (out, state) = (args.out.as_deref(), args.state.as_deref());
    let target = Target::open(out, state, args.format, identity, surroundings).await?;
    let clock = &*surroundings.env.clock;
    let mut reading = Reading {
        client,
        stream: &args.stream,
        surroundings,
        from: args.from.map(|from| from.resolve(clock)),
        until: args.until.map(|until| until.resolve(clock)),
        target,
        progress: Progress::count(&surroundings.terminal, "exporting", None),
        records: 0,
    };
    let read = read_all(&mut reading, shards).await;
    // What was read before a failure is kept, too.
    let saved = reading.target.save(surroundings).await;
    let records = counted(reading.records, "record");
    drop(reading);
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

/// Reads all shards, and returns their number. A child is left out as long as its parents were not
/// read to their ends, because they have records that come before its own.
async fn read_all(reading: &mut Reading<'_>, shards: Vec<Shard>) -> Result<u64, Failure> {
    let shards = lineage::ordered(shards);
    let listed: BTreeSet<&str> = shards.iter().map(|shard| shard.shard_id.as_str()).collect();
    let mut read = 0;
    for shard in &shards {
        if reading.surroundings.stop.is_asked() {
            break;
        }
        let mut parents = lineage::parents(shard).filter(|parent| listed.contains(parent));
        if parents.all(|parent| reading.target.has_ended(parent)) {
            reading.read(shard).await?;
            read += 1;
        }
    }
    Ok(read)
}
