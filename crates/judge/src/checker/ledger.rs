//! A sorted history: puts by record, sessions with their reads, and for each shard every record
//! seen, by sequence number.
//!
//! It only judges whether the history is consistent. A good shard has one sighting per number; a
//! bad one may have several, and all are kept.

use crate::history::{Event, History, List, Open, Outcome, Put, Read, Reshard, Span};
use crate::number::{SequenceNumber, ShardId};
use crate::payload::RecordId;
use crate::verdict::HistoryError;
use std::collections::BTreeMap;

/// The history, sorted.
#[derive(Default)]
pub(super) struct Ledger<'h> {
    /// By record.
    pub(super) puts: Vec<&'h Put>,
    /// By number.
    pub(super) sessions: Vec<Session<'h>>,
    /// Sessions that are subscriptions, with the seats they take.
    pub(super) subscriptions: Vec<(u64, &'h str)>,
    pub(super) lists: Vec<&'h List>,
    pub(super) reshards: Vec<&'h Reshard>,
    /// Every shard that was written to, read or listed.
    pub(super) shards: BTreeMap<ShardId, ShardLog<'h>>,
    /// Where each record was seen: by record, then shard, then number, without duplicates.
    pub(super) places: Vec<Place>,
}

/// One reader's session on a shard.
pub(super) struct Session<'h> {
    pub(super) open: &'h Open,
    /// In the order in which they ran.
    pub(super) reads: Vec<&'h Read>,
}

/// Everything seen of one shard.
#[derive(Default)]
pub(super) struct ShardLog<'h> {
    /// By number, then record, without duplicates.
    pub(super) sightings: Vec<Sighting<'h>>,
    /// The numbers of the sightings, without duplicates.
    pub(super) numbers: Vec<SequenceNumber>,
}

/// A record at a position.
#[derive(Clone, Copy)]
pub(super) struct Sighting<'h> {
    pub(super) sequence_number: SequenceNumber,
    /// `None` if its bytes were damaged.
    pub(super) record: Option<RecordId>,
    /// When the first read that saw it finished.
    pub(super) observed: u64,
    /// Its put, if there is one.
    pub(super) put: Option<&'h Put>,
}

/// Where a record was seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) record: RecordId,
    pub(super) shard: ShardId,
    pub(super) sequence_number: SequenceNumber,
}

impl Sighting<'_> {
    /// The span in which the write took effect, if its writer is known: not after its
    /// acknowledgement, and not after it was first read.
    pub(super) fn written(&self) -> Option<Span> {
        let put = self.put?;
        let finished = match put.outcome {
            Outcome::Acked { .. } => put.span.finished.min(self.observed),
            Outcome::DefinitelyFailed => return None,
            Outcome::Unknown => self.observed,
        };
        Some(Span {
            started: put.span.started,
            finished,
        })
    }
}

impl<'h> ShardLog<'h> {
    /// Number of sequence numbers below `number`.
    pub(super) fn count_below(&self, number: SequenceNumber) -> usize {
        self.numbers.partition_point(|other| *other < number)
    }

    /// What was seen at `number`.
    pub(super) fn at(&self, number: SequenceNumber) -> &[Sighting<'h>] {
        let from = self
            .sightings
            .partition_point(|other| other.sequence_number < number);
        let rest = &self.sightings[from..];
        &rest[..rest.partition_point(|other| other.sequence_number == number)]
    }

    /// The sightings with a known writer, each with the index of its number.
    pub(super) fn written(&self) -> impl Iterator<Item = (usize, &Sighting<'h>, Span)> {
        let mut index = 0;
        self.sightings.iter().filter_map(move |sighting| {
            while self.numbers[index] < sighting.sequence_number {
                index += 1;
            }
            Some((index, sighting, sighting.written()?))
        })
    }
}

impl<'h> Ledger<'h> {
    /// Sorts `history`.
    pub(super) fn new(history: &'h History) -> Result<Self, HistoryError> {
        let mut ledger = Self::default();
        let reads = ledger.sort_events(history)?;
        ledger.sort_puts()?;
        ledger.sort_sessions(reads)?;
        ledger.name_shards();
        ledger.collect_sightings();
        ledger.collect_places();
        Ok(ledger)
    }

    /// Where `record` was seen.
    pub(super) fn places_of(&self, record: RecordId) -> &[Place] {
        let from = self.places.partition_point(|place| place.record < record);
        let rest = &self.places[from..];
        &rest[..rest.partition_point(|place| place.record == record)]
    }

    fn sort_events(&mut self, history: &'h History) -> Result<Vec<&'h Read>, HistoryError> {
        let mut reads = Vec::new();
        for event in &history.events {
            let span = match event {
                Event::Put(put) => {
                    self.puts.push(put);
                    put.span
                }
                Event::Open(open) => {
                    self.sessions.push(Session {
                        open,
                        reads: Vec::new(),
                    });
                    open.span
                }
                Event::Subscribed(subscribed) => {
                    let seat = subscribed.seat.as_str();
                    self.subscriptions.push((subscribed.session, seat));
                    continue;
                }
                Event::Read(read) => {
                    reads.push(read);
                    read.span
                }
                Event::List(list) => {
                    self.lists.push(list);
                    list.span
                }
                Event::Reshard(reshard) => {
                    self.reshards.push(reshard);
                    reshard.span
                }
            };
            if span.finished < span.started {
                return Err(HistoryError::Backwards(span));
            }
        }
        Ok(reads)
    }

    fn sort_puts(&mut self) -> Result<(), HistoryError> {
        self.puts.sort_unstable_by_key(|put| put.record);
        let twice = self
            .puts
            .windows(2)
            .find(|pair| pair[0].record == pair[1].record);
        twice.map_or(Ok(()), |pair| {
            Err(HistoryError::RecordIdReused(pair[0].record))
        })
    }

    fn sort_sessions(&mut self, mut reads: Vec<&'h Read>) -> Result<(), HistoryError> {
        self.sessions
            .sort_unstable_by_key(|session| session.open.session);
        let twice = self
            .sessions
            .windows(2)
            .find(|two| two[0].open.session == two[1].open.session);
        if let Some(two) = twice {
            return Err(HistoryError::SessionReused(two[0].open.session));
        }
        reads.sort_by_key(|read| (read.session, read.span.started, read.span.finished));
        for read in reads {
            let found = self
                .sessions
                .binary_search_by_key(&read.session, |it| it.open.session);
            let session = &mut self.sessions[found.map_err(|_| no_such_session(read))?];
            let before = session
                .reads
                .last()
                .map_or(session.open.span, |read| read.span);
            if read.span.started < before.finished {
                return Err(HistoryError::SessionOverlaps(read.session));
            }
            session.reads.push(read);
        }
        Ok(())
    }

    fn name_shards(&mut self) {
        let acked = self.puts.iter().filter_map(|put| match put.outcome {
            Outcome::Acked { shard, .. } => Some(shard),
            Outcome::DefinitelyFailed | Outcome::Unknown => None,
        });
        let opened = self.sessions.iter().map(|session| session.open.shard);
        let listed = self
            .lists
            .iter()
            .flat_map(|list| list.shards.iter().map(|it| it.shard));
        self.shards = acked
            .chain(opened)
            .chain(listed)
            .map(|shard| (shard, ShardLog::default()))
            .collect();
    }

    fn collect_sightings(&mut self) {
        let ids: Vec<_> = self.puts.iter().map(|put| put.record).collect();
        let mut seen: BTreeMap<ShardId, Vec<_>> = BTreeMap::new();
        for session in &self.sessions {
            let raw = seen.entry(session.open.shard).or_default();
            for read in &session.reads {
                let at = read.span.finished;
                raw.extend(
                    read.records
                        .iter()
                        .map(|it| (it.sequence_number, it.record, at)),
                );
            }
        }
        for (shard, mut raw) in seen {
            raw.sort_unstable();
            raw.dedup_by_key(|(number, record, _)| (*number, *record));
            let find = |record: RecordId| ids.binary_search(&record).ok().map(|at| self.puts[at]);
            let sightings: Vec<_> = raw
                .into_iter()
                .map(|(sequence_number, record, observed)| Sighting {
                    sequence_number,
                    record,
                    observed,
                    put: record.and_then(find),
                })
                .collect();
            let mut numbers: Vec<_> = sightings.iter().map(|it| it.sequence_number).collect();
            numbers.dedup();
            self.shards.insert(shard, ShardLog { sightings, numbers });
        }
    }

    fn collect_places(&mut self) {
        for (&shard, log) in &self.shards {
            self.places.extend(log.sightings.iter().filter_map(|it| {
                Some(Place {
                    record: it.record?,
                    shard,
                    sequence_number: it.sequence_number,
                })
            }));
        }
        self.places.sort_unstable();
    }
}

fn no_such_session(read: &Read) -> HistoryError {
    HistoryError::NoSuchSession(read.session)
}
