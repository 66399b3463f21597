//! `millstream mirror`: copies the records of a stream into another, and follows it.
//!
//! The records of a partition key are stored in their order, each under the hash key that it has as
//! far as the service tells. What is saved never goes past a record that is not stored. [`plan`]
//! looks at both streams first; [`verify`] compares them.

mod comparison;
mod copies;
mod copying;
mod gaps;
mod plan;
mod reached;
mod scan;
mod sides;
mod turns;
mod verify;

use crate::following::{FanOut, POLL_EVERY, refuse};
use crate::sending::SendingFlags;
use crate::start::{self, Start};
use crate::state::{hold, load, save};
use crate::terminal::counted;
use crate::{Connection, Failure, Look, Surroundings};
use clap::{ArgGroup, ValueHint};
use copying::{Copying, Tally, Until};
use millstream_client::consumer::{
    CheckpointStore, Consumer, ConsumerSettings, MemoryCheckpoints, Position,
};
use millstream_client::producer::{Order, Producer, ProducerSettings};
use plan::Plan;
use reached::State;
use sides::{Found, ToFlags, places};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long a record waits for others to share its batch. Those of its key wait for it: with 5 ms,
/// 3000 records of one key took 22 s instead of 0.8 s, and 60,000 keys as long (2026-11-30, debug).
/// While batches are on their way, others fill anyway.
const LINGER: Duration = Duration::ZERO;

/// `millstream mirror`.
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("report").args(["plan", "verify"])))]
pub struct Args {
    /// The stream to read: its name, or its ARN
    #[arg(value_name = "FROM")]
    from_stream: String,
    /// The stream to store into: its name, or its ARN
    #[arg(value_name = "TO")]
    to_stream: String,
    /// Where a new mirror begins: "trim-horizon", "latest", a time such as 2026-01-31T12:00:00Z, or
    /// how long ago ("15m")
    #[arg(long, value_name = "WHERE", default_value = "trim-horizon", value_parser = start::parse)]
    from: Start,
    /// End once every record is stored that was there
    #[arg(long)]
    until_caught_up: bool,
    /// Keep in this file how far each shard is mirrored; if it exists, go on there
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    state: Option<PathBuf>,
    /// Say what would be done and what is in the way, and do nothing
    #[arg(long)]
    plan: bool,
    /// Compare both streams as they are, and store nothing
    #[arg(long)]
    verify: bool,
    /// Print what --plan or --verify finds as JSON
    #[arg(long, requires = "report")]
    json: bool,
    /// How records are read.
    #[command(flatten)]
    fan_out: FanOut,
    /// How fast, and for how long.
    #[command(flatten)]
    sending: SendingFlags,
    /// Where FROM is.
    #[command(flatten)]
    connection: Connection,
    /// Where TO is.
    #[command(flatten)]
    to: ToFlags,
    /// What it shows.
    #[command(flatten)]
    pub look: Look,
}

/// Mirrors, or looks.
///
/// # Errors
/// If either stream cannot be looked at, a record is not stored, or the streams differ.
pub async fn run(args: &Args, surroundings: &Surroundings) -> Result<(), Failure> {
    if let Start::SequenceNumber(_) = args.from {
        let failure = Failure::usage("a sequence number is one of a shard");
        return Err(failure.with_advice("--from takes trim-horizon, latest or a time."));
    }
    let position = args.from.position(&*surroundings.env.clock)?;
    let names = [args.from_stream.as_str(), args.to_stream.as_str()];
    let [from, to] = places(names, &args.connection, &args.to, surroundings)?;
    let looked = async {
        let env = &surroundings.env;
        let (held, state) = match &args.state {
            // What only looks changes no state, and reads what another run has saved.
            Some(path) if args.plan || args.verify => (None, load(env, path).await?),
            Some(path) => (Some(hold(env, path).await?), load(env, path).await?),
            None => (None, None),
        };
        let plan = Plan::make(from, to, state, &args.from).await?;
        Ok::<_, Failure>((held, plan))
    };
    let Some(looked) = surroundings.stop.unless_asked(looked).await else {
        return Ok(());
    };
    let (_held, plan) = looked?;
    if args.plan {
        return plan.show(crate::Form::of_flag(args.json), surroundings);
    }
    let ready = plan.ready()?;
    if args.verify {
        let form = crate::Form::of_flag(args.json);
        return verify::run(ready, position, form, surroundings).await;
    }
    copy(args, ready, position, surroundings).await
}

/// Two streams between which nothing is in the way, and how far the mirror is.
struct Ready {
    from: Found,
    to: Found,
    state: Option<State>,
    /// What may be missing for good.
    gaps: Vec<String>,
}

async fn copy(
    args: &Args,
    ready: Ready,
    position: Position,
    surroundings: &Surroundings,
) -> Result<(), Failure> {
    let Ready {
        from,
        to,
        state,
        gaps,
    } = ready;
    for gap in gaps {
        surroundings.terminal.say(format!("warning: {gap}"));
    }
    let begun = match &state {
        Some(_) => "gone on where the state was".to_owned(),
        None => format!("begun at {}", args.from),
    };
    let position = state.as_ref().map_or(position, State::begun);
    let is_new = state.is_none();
    let mut state = state.unwrap_or_else(|| State::new(&from, &to, &position, surroundings));
    state.forget_expired(&from);
    let Some(consumer) = consumer(args, &from, &state, position, surroundings).await? else {
        return Ok(());
    };
    if let Some(path) = args.state.as_ref().filter(|_| is_new) {
        // A mirror that is killed before anything is stored goes on from where it began.
        save(&surroundings.env, path, &state).await?;
    }
    let settings = ProducerSettings {
        linger: LINGER,
        ..args.sending.producer(Order::Any)
    };
    let copying = Copying {
        surroundings,
        consumer,
        producer: Producer::new(&to.place.client, &to.place.stream, settings),
        targets: to.targets()?,
        to: &to.place,
        placing: from.placing(),
        pace: args.sending.pace(),
        until: match args.until_caught_up {
            true => Until::CaughtUp,
            false => Until::Stopped,
        },
        state,
        state_path: args.state.clone(),
        bytes_max: settings.bytes_max,
    };
    let tally = copying.run().await;
    conclude(tally, &begun, surroundings)
}

/// A consumer that goes on where the state is; `None` if it is stopped before. Once one may have
/// been registered, it is waited for, so that it is deregistered again.
async fn consumer(
    args: &Args,
    from: &Found,
    state: &State,
    position: Position,
    surroundings: &Surroundings,
) -> Result<Option<Consumer>, Failure> {
    let checkpoints = MemoryCheckpoints::new();
    for (shard_id, checkpoint) in state.checkpoints() {
        let saved = checkpoints.save(&shard_id, checkpoint).await;
        saved.map_err(|error| Failure::new(error.to_string()))?;
    }
    let settings = ConsumerSettings {
        from: position,
        checkpoints: Some(Arc::new(checkpoints)),
        read_with: args.fan_out.read_with("mirror", &*surroundings.env.random),
        poll_every: POLL_EVERY,
        ..ConsumerSettings::default()
    };
    let starting = Consumer::start(&from.place.client, &from.place.stream, settings);
    let started = match args.fan_out.is_wanted() {
        true => Some(starting.await),
        false => surroundings.stop.unless_asked(starting).await,
    };
    started.transpose().map_err(refuse)
}

/// Says what was done, in one line.
fn conclude(tally: Tally, begun: &str, surroundings: &Surroundings) -> Result<(), Failure> {
    let Tally {
        records,
        bytes,
        parted,
        from_shards,
        to_shards,
        ended,
    } = tally;
    let stopped = match surroundings.stop.is_asked() {
        true => "stopped: ",
        false => "",
    };
    let records = counted(records, "record");
    let bytes = counted(bytes, "byte");
    let shards = counted(from_shards.len() as u64, "shard");
    let parted = match parted {
        0 => String::new(),
        parted => format!(", {} taken apart", counted(parted, "aggregate")),
    };
    let into = to_shards.len();
    surroundings.terminal.say(format!(
        "{stopped}{records} mirrored, {bytes}, {shards} into {into}{parted}, {begun}"
    ));
    ended.map_or(Ok(()), Err)
}
