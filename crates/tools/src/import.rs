//! `millstream import`: stores the records of an export.
//!
//! Records of a partition key are stored in the order of the file, and the first record that is not
//! stored ends the import. The state names a place of which all before is stored, and what of the
//! records that were read already is stored behind it.

mod numbers;
mod records;

use crate::file_format::FileFormat;
use crate::identity::{Identity, record_bytes_max};
use crate::sending::{Place, Sending, SendingFlags, Tally, Unit, send};
use crate::shaping::{KeyOf, Shaping};
use crate::source::Source;
use crate::state::{Held, StateFormat, hold, load, save};
use crate::terminal::counted;
use crate::{Connection, Failure, Look, Surroundings, connect};
use clap::ValueHint;
use millstream_client::Client;
use millstream_client::producer::{Order, Stored};
use numbers::Numbers;
use records::Records;
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
    /// How records are in the file: lines of JSON, or length-prefixed with checksums [default: as
    /// its first byte says]
    #[arg(
        long,
        value_enum,
        value_name = "ndjson|binary",
        hide_possible_values = true
    )]
    format: Option<FileFormat>,
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
    /// The file's format. The first builds knew one only, and did not say.
    #[serde(default)]
    file_format: FileFormat,
    /// The lines, or records, of the file that are stored, and their bytes.
    imported_lines: u64,
    imported_bytes: u64,
    /// Those that are stored behind one that is not.
    #[serde(default)]
    stored_behind: Numbers,
}

impl StateFormat for State {
    const NAME: &'static str = "millstream-import-state";
    const VERSION: u64 = 1;
}

/// What an import begins with.
struct Begun {
    /// The maximum size of the stream's records.
    bytes_max: usize,
    /// What an earlier run left.
    saved: Option<State>,
    /// The stream, if a state is to be kept.
    identity: Option<Identity>,
    _held: Option<Held>,
}

/// An import that stores records.
struct Importing<'a> {
    args: &'a Args,
    surroundings: &'a Surroundings,
    shaping: Shaping,
    records: Records,
    /// The length of the file, if it is one.
    length: Option<u64>,
    /// The place where it begins.
    from: Place,
    /// What was stored behind that place before.
    stored_before: Numbers,
    progress: Reached<'a>,
}

/// How far an import has come.
struct Reached<'a> {
    /// The file of the state, and the state as it was last.
    kept: Option<(&'a Path, State)>,
    place: Place,
    unsaved: u64,
    /// Whether a record was not stored. The place stays before it.
    has_failed: bool,
    stored_behind: Numbers,
    /// Stored records that the state has no room for.
    forgotten: u64,
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
    let stop = &surroundings.stop;
    let Some(begun) = stop.unless_asked(begin(args, &client, surroundings)).await else {
        return Ok(());
    };
    let begun = begun?;
    let Some(importing) = stop
        .unless_asked(Importing::open(args, &begun, surroundings))
        .await
    else {
        return Ok(());
    };
    let tally = importing?.send_all(client).await?;
    tally.conclude(surroundings)
}

/// Reads the state, if one is to be kept, and asks for what is to be known of the stream.
async fn begin(
    args: &Args,
    client: &Client,
    surroundings: &Surroundings,
) -> Result<Begun, Failure> {
    let bytes_max = record_bytes_max(client, &args.stream).await?;
    let Some(path) = &args.state else {
        return Ok(Begun {
            bytes_max,
            saved: None,
            identity: None,
            _held: None,
        });
    };
    let held = hold(&surroundings.env, path).await?;
    let identity = Identity::of(client, &args.stream).await?;
    let saved: Option<State> = load(&surroundings.env, path).await?;
    if let Some(saved) = &saved {
        identity.check(&saved.identity)?;
    }
    Ok(Begun {
        bytes_max,
        saved,
        identity: Some(identity),
        _held: Some(held),
    })
}

impl<'a> Importing<'a> {
    /// Opens the file where the state says.
    async fn open(
        args: &'a Args,
        begun: &Begun,
        surroundings: &'a Surroundings,
    ) -> Result<Self, Failure> {
        let saved = begun.saved.as_ref();
        let from = saved.map_or(Place::default(), State::place);
        let mut source = Source::open(args.file.as_deref(), from.end, surroundings)?;
        let length = source.length();
        if length.is_some_and(|length| length < from.end) {
            return Err(
                Failure::new("the file is shorter than what the state says is stored")
                    .with_advice("Give the file that the state belongs to."),
            );
        }
        let format = match (args.format, saved.filter(|_| from.end > 0)) {
            (Some(format), Some(saved)) if format != saved.file_format => {
                let of_state = saved.file_format;
                let what = format!("the state is of a file in the format {of_state}");
                return Err(
                    Failure::new(what).with_advice("Leave --format out, or give another --state.")
                );
            }
            (Some(format), _) => format,
            (None, Some(saved)) => saved.file_format,
            (None, None) => FileFormat::of_first(source.first().await?),
        };
        let from = Place {
            unit: unit_of(format),
            ..from
        };
        let stored_before = saved.map(|saved| saved.stored_behind.clone());
        let stored_before = stored_before.unwrap_or_default();
        let state = |identity: &Identity| State {
            identity: identity.clone(),
            file_format: format,
            imported_lines: from.number,
            imported_bytes: from.end,
            stored_behind: stored_before.clone(),
        };
        let state = begun.identity.as_ref().map(state);
        let shaping = Shaping {
            key: KeyOf::Envelope,
            is_json: true,
            explicit_hash_key: None,
            bytes_max: begun.bytes_max,
        };
        Ok(Self {
            args,
            surroundings,
            records: Records::new(source, format, &shaping, from),
            shaping,
            length,
            from,
            progress: Reached {
                kept: args.state.as_deref().zip(state),
                place: from,
                unsaved: 0,
                has_failed: false,
                stored_behind: stored_before.clone(),
                forgotten: 0,
            },
            stored_before,
        })
    }

    async fn send_all(self, client: Client) -> Result<Tally, Failure> {
        let Self {
            args,
            surroundings,
            shaping,
            mut records,
            stored_before,
            progress: mut reached,
            ..
        } = self;
        let order = match args.unordered {
            true => Order::Any,
            false => Order::OfKeys,
        };
        let sending = Sending {
            client,
            stream: &args.stream,
            settings: args.sending.producer(order),
            pace: args.sending.pace(),
            length: self.length,
            from: self.from,
            what: "importing",
        };
        let random = &*surroundings.env.random;
        let next = async || {
            while let Some(item) = records.next(&shaping, random).await? {
                if !stored_before.contains(item.place.number) {
                    return Ok(Some(item));
                }
            }
            Ok(None)
        };
        let told = async |told: Place, stored: Option<&Stored>| {
            reached.note(told, stored)?;
            reached.save_if_due(surroundings).await
        };
        let tally = send(sending, surroundings, next, told).await;
        reached.save(surroundings).await?;
        reached.say_forgotten(surroundings);
        Ok(tally)
    }
}

impl Reached<'_> {
    /// Notes an outcome.
    ///
    /// # Errors
    /// If the record is not stored.
    fn note(&mut self, told: Place, stored: Option<&Stored>) -> Result<(), Failure> {
        if stored.is_none() {
            self.has_failed = true;
            return Err(Failure::new(format!(
                "stopped at {told}, which is not stored"
            )));
        }
        self.unsaved += 1;
        if !self.has_failed {
            self.place = told;
        } else if !self.stored_behind.insert(told.number) {
            self.forgotten += 1;
        }
        Ok(())
    }

    async fn save_if_due(&mut self, surroundings: &Surroundings) -> Result<(), Failure> {
        match self.unsaved >= UNSAVED_RECORDS_MAX {
            true => self.save(surroundings).await,
            false => Ok(()),
        }
    }

    async fn save(&mut self, surroundings: &Surroundings) -> Result<(), Failure> {
        self.unsaved = 0;
        let Some((path, state)) = &mut self.kept else {
            return Ok(());
        };
        self.stored_behind = self.stored_behind.beyond(self.place.number);
        state.imported_lines = self.place.number;
        state.imported_bytes = self.place.end;
        state.stored_behind = self.stored_behind.clone();
        save(&surroundings.env, path, state).await
    }

    /// Says what the next run will store again.
    fn say_forgotten(&self, surroundings: &Surroundings) {
        if self.forgotten > 0 && self.kept.is_some() {
            let records = counted(self.forgotten, "stored record");
            let said =
                format!("{records} more than the state has room for: stored twice next time");
            surroundings.terminal.say(said);
        }
    }
}

fn unit_of(format: FileFormat) -> Unit {
    match format {
        FileFormat::Ndjson => Unit::Line,
        FileFormat::Binary => Unit::Record,
    }
}

impl State {
    fn place(&self) -> Place {
        Place {
            number: self.imported_lines,
            end: self.imported_bytes,
            unit: unit_of(self.file_format),
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
