//! `millstream tail`: a stream's records as they come, through splits and merges.

mod layout;
mod selection;

use crate::following::{FanOut, POLL_EVERY, refuse};
use crate::start::{self, Start};
use crate::{Connection, Failure, Look, Surroundings, connect};
use layout::Layout;
use millstream_client::Client;
use millstream_client::aggregation::UserRecord;
use millstream_client::consumer::{Batch, Consumer, ConsumerSettings, Position};
use millstream_client::types::Record;
use selection::{KeyPattern, PathQuery, Selection};
use std::collections::{BTreeMap, BTreeSet};

/// `millstream tail`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The stream: its name or ARN
    #[arg(value_name = "STREAM")]
    stream: String,
    /// Follow this shard and what comes of it by splits and merges; may be repeated
    #[arg(long = "shard", value_name = "SHARD")]
    shards: Vec<String>,
    /// Where to begin: "trim-horizon", "latest", a time such as 2026-01-31T12:00:00Z, how long ago
    /// ("15m"), or a sequence number, which needs one --shard
    #[arg(long, value_name = "WHERE", default_value = "latest", value_parser = start::parse)]
    from: Start,
    /// How records are read.
    #[command(flatten)]
    fan_out: FanOut,
    /// End once every record has been shown that was there
    #[arg(long)]
    until_caught_up: bool,
    /// End after so many records
    #[arg(long, value_name = "RECORDS", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// How a record is shown, on a line: its data as "text", "hex" or "base64", or all of it as
    /// "json"
    #[arg(long, short, value_enum, value_name = "text|json|hex|base64", hide_possible_values = true, default_value_t = Layout::Text)]
    output: Layout,
    /// In JSON, show all data in base64, as AWS does
    #[arg(long)]
    raw: bool,
    /// Show aggregated records of the Kinesis Producer Library as they are stored
    #[arg(long)]
    no_deaggregate: bool,
    /// Show only records whose partition key matches: *, ? and [a-z] are wildcards; may be repeated
    #[arg(long = "key", value_name = "PATTERN", value_parser = selection::parse_key)]
    keys: Vec<KeyPattern>,
    /// Show only records whose data is JSON in which this JSONPath (RFC 9535) finds something
    #[arg(long, value_name = "JSONPATH", value_parser = selection::parse_path)]
    filter: Option<PathQuery>,
    /// The endpoint.
    #[command(flatten)]
    connection: Connection,
    /// What it shows.
    #[command(flatten)]
    pub look: Look,
}

/// Shows records until it is stopped, or is told to end earlier.
///
/// # Errors
/// If the command line contradicts itself, the endpoint refuses, or standard output cannot be
/// written.
pub async fn run(args: Args, surroundings: &Surroundings) -> Result<(), Failure> {
    let settings = settings(&args, surroundings)?;
    let client = connect(&args.connection, surroundings)?;
    let Some(consumer) = start(&client, &args, settings, surroundings).await? else {
        return Ok(());
    };
    let mut tail = Tail {
        selection: Selection::new(args.keys, args.filter),
        left: args.limit.unwrap_or(u64::MAX),
        layout: args.output,
        is_raw: args.raw,
        is_stored: args.no_deaggregate,
        ends_when_caught_up: args.until_caught_up,
        consumer,
    };
    let ended = tail.follow(surroundings).await;
    let deregistered = tail.consumer.deregister().await;
    ended.and_then(|()| deregistered.map_err(Failure::from))
}

fn settings(args: &Args, surroundings: &Surroundings) -> Result<ConsumerSettings, Failure> {
    if args.raw && args.output != Layout::Json {
        return Err(Failure::usage("--raw is about --output json"));
    }
    let from = args.from.position(&*surroundings.env.clock)?;
    let mut positions = BTreeMap::new();
    if let Position::AtSequenceNumber(_) = &from {
        let [shard] = args.shards.as_slice() else {
            let failure = Failure::usage("a sequence number is one of a shard");
            return Err(failure.with_advice("Give its shard, and no other, with --shard."));
        };
        positions.insert(shard.clone(), from.clone());
    }
    Ok(ConsumerSettings {
        from,
        positions,
        shards: args.shards.iter().cloned().collect::<BTreeSet<_>>(),
        read_with: args.fan_out.read_with("tail", &*surroundings.env.random),
        poll_every: POLL_EVERY,
        ..ConsumerSettings::default()
    })
}

/// Starts to read; `None` if it is stopped before. Once a consumer may have been registered, it is
/// waited for, so that it is deregistered again.
async fn start(
    client: &Client,
    args: &Args,
    settings: ConsumerSettings,
    surroundings: &Surroundings,
) -> Result<Option<Consumer>, Failure> {
    let registers = args.fan_out.is_wanted();
    let starting = Consumer::start(client, &args.stream, settings);
    let started = match registers {
        true => Some(starting.await),
        false => surroundings.stop.unless_asked(starting).await,
    };
    started.transpose().map_err(refuse)
}

/// A record as it is stored.
fn stored(record: &Record) -> UserRecord<'_> {
    UserRecord {
        record,
        sub_sequence_number: 0,
        is_aggregated: false,
        partition_key: record.partition_key.as_deref(),
        explicit_hash_key: None,
        data: record.data.clone(),
    }
}

/// A tail that runs.
struct Tail {
    selection: Selection,
    /// The records that may still be shown.
    left: u64,
    layout: Layout,
    is_raw: bool,
    is_stored: bool,
    ends_when_caught_up: bool,
    consumer: Consumer,
}

impl Tail {
    async fn follow(&mut self, surroundings: &Surroundings) -> Result<(), Failure> {
        let output = surroundings.terminal.output();
        loop {
            // Nobody waits for what waits here.
            output.flush()?;
            let next = tokio::select! {
                biased;
                () = surroundings.stop.asked() => return Ok(()),
                next = self.consumer.next() => next,
                gone = output.reader_gone(&*surroundings.env.clock) => return Err(gone),
            };
            let Some(batch) = next.map_err(refuse)? else {
                return Ok(());
            };
            self.show(&batch, surroundings)?;
            let is_caught_up = self.ends_when_caught_up && self.consumer.is_caught_up();
            if self.left == 0 || is_caught_up {
                return Ok(());
            }
        }
    }

    /// Shows the records of a batch that are wanted.
    fn show(&mut self, batch: &Batch, surroundings: &Surroundings) -> Result<(), Failure> {
        let output = surroundings.terminal.output();
        let records = match self.is_stored {
            true => batch.records.iter().map(stored).collect(),
            false => batch.user_records().collect::<Vec<_>>(),
        };
        for record in records {
            if self.left == 0 || surroundings.stop.is_asked() {
                return Ok(());
            }
            if self.selection.has(&record) {
                let line = self.layout.line(&batch.shard_id, &record, self.is_raw)?;
                output.foreign(&line)?;
                self.left -= 1;
            }
        }
        Ok(())
    }
}
