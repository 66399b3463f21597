//! `millstream import`: stores the records of an export.
//!
//! Records of a partition key are stored in the order of the file, and the first record that is not
//! stored ends the import. The state names a place of which all before is stored; some after it may
//! be, too.

use crate::identity::{Identity, record_bytes_max};
use crate::lines::Lines;
use crate::sending::{Place, Sending, SendingFlags, Tally, send};
use crate::shaping::{KeyOf, Shaping, next_record};
use crate::source::Source;
use crate::state::{Held, StateFormat, hold, load, save};
use crate::{Connection, Failure, Look, Surroundings, connect};
use clap::ValueHint;
use millstream_client::Client;
use millstream_client::producer::{Order, Stored};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Records that are stored before the state is saved again: so many are stored twice at most if the
/// tool is killed, beside those that were on their way.
const UNSAVED_RECORDS_MAX: u64 = 1000;

/// `millstream import`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The stream: its name, or its ARN
    #[arg(value_name = "STREAM")]
    stream: String,
    /// The file that an export wrote; standard input if it is - or left out
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
    /// Keep in this file how much is stored; if it exists, go on there
    #[arg(long, value_name = "STATE", value_hint = ValueHint::FilePath, requires = "file")]
    state: Option<PathBuf>,
    /// Store records in any order, which is faster where keys are few
    #[arg(long)]
    unordered: bool,
    /// How fast, and for how long.
    #[command(flatten)]
    sending: SendingFlags,
    /// Where the stream is.
    #[command(flatten)]
    connection: Connection,
    /// What it shows.
    #[command(flatten)]
    pub look: Look,
}

/// How far an import is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    #[serde(flatten)]
    identity: Identity,
    /// The lines of the file that are stored, and their bytes.
    imported_lines: u64,
    imported_bytes: u64,
}

impl StateFormat for State {
    const NAME: &'static str = "millstream-import-state";
    const VERSION: u64 = 1;
}

/// What an import begins with.
struct Begun {
    /// The maximum size of the stream's records.
    bytes_max: usize,
    /// The state, if one is to be kept.
    state: Option<State>,
    _held: Option<Held>,
}

/// Stores the records.
///
/// # Errors
/// If the file cannot be read, or any record is not stored.
pub async fn run(args: &Args, surroundings: &Surroundings) -> Result<(), Failure> {
    if args.state.is_some() && args.file.as_deref() == Some(Path::new("-")) {
        return Err(Failure::usage(
            "--state needs a file: standard input cannot be gone on with",
        ));
    }
    let client = connect(&args.connection, surroundings)?;
    let Some(begun) = surroundings
        .stop
        .unless_asked(begin(args, &client, surroundings))
        .await
    else {
        return Ok(());
    };
    let begun = begun?;
    let from = begun.state.as_ref().map_or(Place::default(), State::place);
    let source = Source::open(args.file.as_deref(), from.end, surroundings)?;
    if source.length().is_some_and(|length| length < from.end) {
        return Err(
            Failure::new("the file is shorter than what the state says is stored")
                .with_advice("Give the file that the state belongs to."),
        );
    }
    let tally = send_all(args, client, source, begun, surroundings).await?;
    tally.conclude(surroundings)
}

async fn begin(
    args: &Args,
    client: &Client,
    surroundings: &Surroundings,
) -> Result<Begun, Failure> {
    let bytes_max = record_bytes_max(client, &args.stream).await?;
    let Some(path) = &args.state else {
        return Ok(Begun {
            bytes_max,
            state: None,
            _held: None,
        });
    };
    let held = hold(&surroundings.env, path).await?;
    let identity = Identity::of(client, &args.stream).await?;
    let saved: Option<State> = load(&surroundings.env, path).await?;
    if let Some(saved) = &saved {
        identity.check(&saved.identity)?;
    }
    let begun = || State {
        identity,
        imported_lines: 0,
        imported_bytes: 0,
    };
    Ok(Begun {
        bytes_max,
        state: Some(saved.unwrap_or_else(begun)),
        _held: Some(held),
    })
}

async fn send_all(
    args: &Args,
    client: Client,
    source: Source,
    begun: Begun,
    surroundings: &Surroundings,
) -> Result<Tally, Failure> {
    let order = match args.unordered {
        true => Order::Any,
        false => Order::OfKeys,
    };
    let state = begun.state.as_ref();
    let from = state.map_or(Place::default(), State::place);
    let sending = Sending {
        client,
        stream: &args.stream,
        settings: args.sending.producer(order),
        pace: args.sending.pace(),
        length: source.length(),
        from,
        what: "importing",
    };
    let shaping = Shaping {
        key: KeyOf::Envelope,
        is_json: true,
        explicit_hash_key: None,
        bytes_max: begun.bytes_max,
    };
    let mut lines = Lines::new(source, shaping.line_bytes_max(), from);
    let next = async || next_record(&mut lines, &shaping, &*surroundings.env.random).await;
    let (mut place, mut unsaved) = (from, 0);
    let env = &surroundings.env;
    let told = async |told: Place, stored: Option<&Stored>| {
        if stored.is_none() {
            return Err(Failure::new(format!(
                "stopped at {told}, which is not stored"
            )));
        }
        place = told;
        unsaved += 1;
        if let (Some(path), Some(state)) = (&args.state, state)
            && unsaved >= UNSAVED_RECORDS_MAX
        {
            unsaved = 0;
            save(env, path, &state.at(place)).await?;
        }
        Ok(())
    };
    let tally = send(sending, surroundings, next, told).await;
    if let (Some(path), Some(state)) = (&args.state, state) {
        save(env, path, &state.at(place)).await?;
    }
    Ok(tally)
}

impl State {
    fn place(&self) -> Place {
        Place {
            number: self.imported_lines,
            end: self.imported_bytes,
        }
    }

    /// The state when all before a place is stored.
    fn at(&self, place: Place) -> Self {
        Self {
            identity: self.identity.clone(),
            imported_lines: place.number,
            imported_bytes: place.end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::check_page;

    #[test]
    fn state_when_written_then_is_as_its_page_shows_it() {
        check_page::<State>();
    }
}
