//! Sending what a tool reads through a producer, and the account of what came of it.
//!
//! Outcomes are taken in the order of the input, so that all before a place is known to be stored
//! or refused. Records whose outcome is unknown yet are bounded: a slow server slows reading.
//! Reading stops when it is asked to, or when nothing that follows could be stored; what was read
//! before gets its outcome nevertheless.

use crate::pace::{Pace, parse_rate};
use crate::terminal::{Progress, counted};
use crate::{Failure, Status, Stop, Surroundings};
use millstream_client::producer::{
    Aggregation, Order, Producer, ProducerRecord, ProducerSettings, PutFailure, Receipt, Stored,
};
use millstream_client::{Client, ErrorCode};
use std::collections::BTreeSet;
use std::fmt;
use std::future::ready;
use std::num::NonZeroU32;
use std::time::Duration;
use tokio::sync::mpsc;

/// Records whose outcome is waited for.
const RECORDS_AHEAD_MAX: usize = 64 * 1024;
/// Bytes of records that wait or are on their way. One shard takes them within seconds, so that an
/// interrupted tool ends soon.
const BYTES_AHEAD_MAX: usize = 16 * 1024 * 1024;
/// Refused records that are told one by one.
const REFUSED_SAID_MAX: u64 = 20;

/// How records are sent.
pub(crate) struct Sending<'s> {
    pub(crate) client: Client,
    pub(crate) stream: &'s str,
    pub(crate) settings: ProducerSettings,
    pub(crate) pace: Pace,
    /// The length of the input, if it is known.
    pub(crate) length: Option<u64>,
    /// The place that the input goes on after.
    pub(crate) from: Place,
    /// The bar's word.
    pub(crate) what: &'static str,
}

/// The flags of a tool that stores records.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct SendingFlags {
    /// Store so many records a second at most
    #[arg(long, value_name = "N/s", value_parser = parse_rate)]
    rate: Option<NonZeroU32>,
    /// How long to try a record that is refused for the moment
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = humantime::parse_duration,
        default_value = "2m"
    )]
    retry_for: Duration,
    /// Pack records together as the Kinesis Producer Library does; readers must take them apart
    #[arg(long)]
    aggregate: bool,
}

impl SendingFlags {
    /// The settings of a producer that has nothing but this to do.
    pub(crate) fn producer(&self, order: Order) -> ProducerSettings {
        ProducerSettings {
            order,
            aggregation: self.aggregate.then(Aggregation::default),
            bytes_max: BYTES_AHEAD_MAX,
            record_ttl: self.retry_for,
            ..ProducerSettings::default()
        }
    }

    /// The pace.
    pub(crate) fn pace(&self) -> Pace {
        Pace::new(self.rate)
    }
}

/// A record of the input.
pub(crate) struct Item {
    pub(crate) record: ProducerRecord,
    pub(crate) place: Place,
}

/// Where a record was in the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its number in the input, from 1.
    pub(crate) number: u64,
    /// The offset after it.
    pub(crate) end: u64,
    /// What is counted.
    pub(crate) unit: Unit,
}

/// What the number of a place counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Lines of text.
    #[default]
    Line,
    /// Records of a binary file.
    Record,
}

/// A record that was sent.
struct Sent {
    place: Place,
    bytes: u64,
    receipt: Receipt,
}

/// What came of all records that were read.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    stored: u64,
    bytes: u64,
    shards: BTreeSet<String>,
    /// The records that were not stored, as far as is known.
    refused: u64,
    /// The place of the last record that has an outcome.
    last: Place,
    /// Why reading ended before the end of the input, unless it was asked to.
    ended: Option<Failure>,
}

/// Sends all records that `next` gives, and tells `told` in the order of the input where each was
/// stored, or that it was not, also after a failure.
pub(crate) async fn send(
    sending: Sending<'_>,
    surroundings: &Surroundings,
    mut next: impl AsyncFnMut() -> Result<Option<Item>, Failure>,
    told: impl AsyncFnMut(Place, Option<&Stored>) -> Result<(), Failure>,
) -> Tally {
    let Sending {
        client,
        stream,
        settings,
        mut pace,
        length,
        from,
        what,
    } = sending;
    let progress = progress(what, length, from, surroundings);
    let producer = Producer::new(&client, stream, settings);
    let (give, sent) = mpsc::channel(RECORDS_AHEAD_MAX);
    let halt = Stop::default();
    let clock = &*surroundings.env.clock;
    let read = async {
        // Both are dropped with the loop: the producer sends what it has, the account ends.
        let (producer, give) = (producer, give);
        loop {
            let take = async {
                pace.turn(clock).await;
                let Ok(permit) = give.reserve().await else {
                    return Ok(false);
                };
                let Some(Item { record, place }) = next().await? else {
                    return Ok(false);
                };
                let bytes = record.data.len() as u64;
                let receipt = producer.put(record).await;
                let receipt = receipt.map_err(|error| Failure::new(error.to_string()))?;
                permit.send(Sent {
                    place,
                    bytes,
                    receipt,
                });
                Ok::<_, Failure>(true)
            };
            match surroundings
                .stop
                .unless_asked(halt.unless_asked(take))
                .await
            {
                Some(Some(Ok(true))) => {}
                Some(Some(Ok(false)) | None) | None => return None,
                Some(Some(Err(failure))) => return Some(failure),
            }
        }
    };
    let account = Account {
        surroundings,
        progress: &progress,
        is_measured: length.is_some(),
        halt: &halt,
        told,
        tally: Tally {
            last: from,
            ..Tally::default()
        },
    };
    let (unread, mut tally) = tokio::join!(read, account.keep(sent));
    tally.ended = tally.ended.or(unread);
    tally
}

/// The bar of an input that goes on after a place.
fn progress(
    what: &'static str,
    length: Option<u64>,
    from: Place,
    surroundings: &Surroundings,
) -> Progress {
    match length {
        Some(length) => {
            let progress = Progress::bytes(&surroundings.terminal, what, Some(length));
            progress.resume(from.end);
            progress
        }
        None => Progress::count(&surroundings.terminal, what, None),
    }
}

/// The account of what came of the records.
struct Account<'a, S> {
    surroundings: &'a Surroundings,
    progress: &'a Progress,
    /// Whether the bar shows bytes of the input.
    is_measured: bool,
    halt: &'a Stop,
    told: S,
    tally: Tally,
}

impl<S: AsyncFnMut(Place, Option<&Stored>) -> Result<(), Failure>> Account<'_, S> {
    /// Waits for all outcomes, in the order of the input.
    async fn keep(mut self, mut sent: mpsc::Receiver<Sent>) -> Tally {
        loop {
            let next = match sent.try_recv() {
                Ok(next) => Some(next),
                Err(_) => {
                    self.flush();
                    sent.recv().await
                }
            };
            let Some(mut next) = next else {
                return self.tally;
            };
            let at_once = tokio::select! {
                biased;
                outcome = &mut next.receipt => Some(outcome),
                () = ready(()) => None,
            };
            let outcome = match at_once {
                Some(outcome) => outcome,
                None => {
                    self.flush();
                    next.receipt.await
                }
            };
            match &outcome {
                Ok(stored) => self.count(stored, next.bytes),
                Err(why) => self.refuse(next.place, why),
            }
            self.advance(next.place);
            let told = (self.told)(next.place, outcome.as_ref().ok()).await;
            self.end_unless(told);
        }
    }

    /// Shows what was printed, before there is something to wait for.
    fn flush(&mut self) {
        let flushed = self.surroundings.terminal.output().flush();
        self.end_unless(flushed);
    }

    /// Ends reading unless this was done.
    fn end_unless(&mut self, done: Result<(), Failure>) {
        if let Err(failure) = done {
            self.tally.ended.get_or_insert(failure);
            self.halt.ask();
        }
    }

    fn count(&mut self, stored: &Stored, bytes: u64) {
        self.tally.stored += 1;
        self.tally.bytes += bytes;
        if !self.tally.shards.contains(&stored.shard_id) {
            self.tally.shards.insert(stored.shard_id.clone());
        }
    }

    fn refuse(&mut self, place: Place, why: &PutFailure) {
        self.tally.refused += 1;
        let refused = self.tally.refused;
        self.progress.note(format!("{refused} refused"));
        let said = match refused {
            0..=REFUSED_SAID_MAX => Some(format!("{place} is not stored: {why}")),
            _ if refused == REFUSED_SAID_MAX + 1 => {
                Some("others that are not stored are only counted".to_owned())
            }
            _ => None,
        };
        if let Some(line) = said.and_then(|said| Failure::new(said).line()) {
            self.surroundings.terminal.say(line);
        }
        if !may_others_be_stored(why) {
            let what = format!("nothing is read after {place}: what follows would fail, too");
            self.end_unless(Err(Failure::new(what)));
        }
    }

    fn advance(&mut self, place: Place) {
        self.progress.add(match self.is_measured {
            true => place.end.saturating_sub(self.tally.last.end),
            false => 1,
        });
        self.tally.last = place;
    }
}

/// Whether the failure of one record says nothing about those that follow.
fn may_others_be_stored(why: &PutFailure) -> bool {
    match why {
        // A code that is not known is a newer service's.
        PutFailure::Refused { code, .. } => {
            ErrorCode::from_name(code).is_none_or(ErrorCode::is_retryable)
        }
        PutFailure::Skipped => true,
        PutFailure::NotSent { .. } | PutFailure::Failed { .. } | PutFailure::Ended | _ => false,
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Line => "line",
            Unit::Record => "record",
        };
        write!(f, "{unit} {}", self.number)
    }
}

impl Tally {
    /// Says what was done, in one line, and returns what went wrong.
    ///
    /// # Errors
    /// If reading ended early, or if any record is not stored.
    pub(crate) fn conclude(self, surroundings: &Surroundings) -> Result<(), Failure> {
        let ended = self.ended.as_ref();
        if ended.is_some_and(|failure| failure.status() == Status::ReaderGone) {
            return self.ended.map_or(Ok(()), Err);
        }
        let stopped = match surroundings.stop.is_asked() {
            true => format!("stopped after {}: ", self.last),
            false => String::new(),
        };
        surroundings.terminal.say(format!("{stopped}{self}"));
        match (self.ended, self.refused) {
            (Some(failure), _) => Err(failure),
            (None, 0) => Ok(()),
            (None, refused) => {
                let what = format!("not stored: {}", counted(refused, "record"));
                Err(Failure::found(what))
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stored = counted(self.stored, "record");
        let bytes = counted(self.bytes, "byte");
        let shards = counted(self.shards.len() as u64, "shard");
        let refused = self.refused;
        write!(f, "{stored} stored, {bytes}, {shards}, {refused} refused")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Variables;
    use crate::terminal::Recorded;
    use millstream_env::Env;
    use std::sync::Arc;

    #[tokio::test]
    async fn bar_when_records_have_outcomes_then_is_as_far_as_the_input_they_are_from() {
        let recorded = Recorded::on_terminal(80);
        let surroundings = Surroundings {
            env: Env::real(),
            terminal: recorded.terminal().clone(),
            stop: Stop::default(),
            variables: Variables::new(|_| None),
            program: Arc::new(clap::Command::new("test")),
        };
        for (is_measured, expected) in [(true, 90), (false, 2)] {
            let progress = Progress::bytes(&surroundings.terminal, "putting", Some(100));
            let halt = Stop::default();
            let mut account = Account {
                surroundings: &surroundings,
                progress: &progress,
                is_measured,
                halt: &halt,
                told: async |_: Place, _: Option<&Stored>| Ok(()),
                tally: Tally::default(),
            };
            for (number, end) in [(1, 40), (2, 90)] {
                account.advance(Place {
                    number,
                    end,
                    ..Place::default()
                });
            }
            assert_eq!(progress.done(), expected);
        }
    }
}
