//! Each session's passage through its shard: it increases, omits nothing, and ends where the shard
//! ends.
//!
//! A session is compared here with everything seen of the shard; consequences for real time and
//! acknowledgements are judged elsewhere, from the resulting [`Passage`].

use super::ledger::{Ledger, Session, ShardLog};
use crate::history::{Read, Span, Start};
use crate::number::SequenceNumber;
use crate::verdict::{Anomaly, Kind, Verdict};

/// What a session passed.
pub(super) struct Passage<'l> {
    pub(super) session: &'l Session<'l>,
    /// Everything from this number on was requested; `None` if the start is unknown.
    pub(super) low: Option<SequenceNumber>,
    /// The highest number seen.
    pub(super) last: Option<SequenceNumber>,
    /// When the last read began that found nothing more; the maximum if the shard is at its end.
    pub(super) exhausted: Option<u64>,
    /// Times at which the shard had an exact number of records.
    pub(super) tails: Vec<Tail>,
    /// Times at which a session from LATEST that has not seen any record was at the tail.
    pub(super) silent: Vec<Span>,
}

/// The shard had exactly `count` records at an instant of `span`.
#[derive(Clone, Copy)]
pub(super) struct Tail {
    pub(super) count: usize,
    pub(super) span: Span,
}

/// Follows every session.
pub(super) fn follow<'l>(ledger: &'l Ledger<'l>, verdict: &mut Verdict) -> Vec<Passage<'l>> {
    let walk = |session: &'l Session<'l>| {
        let log = &ledger.shards[&session.open.shard];
        Walk::new(session, log, verdict).finish()
    };
    ledger.sessions.iter().map(walk).collect()
}

/// A session in progress.
struct Walk<'l, 'v> {
    log: &'l ShardLog<'l>,
    verdict: &'v mut Verdict,
    passage: Passage<'l>,
    /// Number of records before the position; `None` until known.
    passed: Option<usize>,
}

impl<'l, 'v> Walk<'l, 'v> {
    fn new(session: &'l Session<'l>, log: &'l ShardLog<'l>, verdict: &'v mut Verdict) -> Self {
        let low = match session.open.start {
            Start::TrimHorizon => Some(SequenceNumber::ZERO),
            Start::At(number) => Some(number),
            Start::After(number) => number.next(),
            Start::Latest | Start::Timestamp => None,
        };
        let (tails, silent) = (Vec::new(), Vec::new());
        let passage = Passage {
            session,
            low,
            last: None,
            exhausted: None,
            tails,
            silent,
        };
        Self {
            log,
            verdict,
            passage,
            passed: low.map(|number| log.count_below(number)),
        }
    }

    fn finish(mut self) -> Passage<'l> {
        for read in &self.passage.session.reads {
            for seen in &read.records {
                self.step(seen.sequence_number);
            }
            self.rest(read);
        }
        self.passage
    }

    /// Passes the record at `number`.
    fn step(&mut self, number: SequenceNumber) {
        if self
            .passage
            .last
            .or(self.below_start())
            .is_some_and(|last| number <= last)
        {
            let last = self
                .passage
                .last
                .map_or_else(|| "its start".to_owned(), |it| it.to_string());
            self.report(Kind::NonmonotonicPoll, number, format!("read after {last}"));
            return;
        }
        let expected = self.passed.unwrap_or_else(|| self.begin_at(number));
        let index = match self.log.numbers.get(expected) {
            Some(next) if *next == number => expected,
            Some(_) | None => self.log.count_below(number),
        };
        if expected < index {
            let detail = format!(
                "passed by on the way to {number}, with {}",
                index - expected
            );
            self.report(
                Kind::PollSkip,
                self.log.numbers[expected],
                format!("{detail} in all"),
            );
        }
        self.passage.last = Some(number);
        self.passed = Some(index + 1);
    }

    /// The number that nothing in this session may be at or below, if its start gives one.
    fn below_start(&self) -> Option<SequenceNumber> {
        match self.passage.session.open.start {
            Start::After(number) => Some(number),
            Start::At(number) => self.log.numbers[..self.log.count_below(number)]
                .last()
                .copied(),
            Start::TrimHorizon | Start::Latest | Start::Timestamp => None,
        }
    }

    /// Derives from its first record where a session began whose start does not say.
    fn begin_at(&mut self, number: SequenceNumber) -> usize {
        let count = self.log.count_below(number);
        self.passage.low = Some(number);
        if self.passage.session.open.start == Start::Latest {
            let opened = self.passage.session.open.span;
            let quiet = std::mem::take(&mut self.passage.silent);
            let spans = std::iter::once(opened).chain(quiet);
            self.passage
                .tails
                .extend(spans.map(|span| Tail { count, span }));
        }
        count
    }

    /// Records what a read says about the position after its records.
    fn rest(&mut self, read: &Read) {
        if !read.reached_tail && !read.shard_end {
            return;
        }
        let until = if read.shard_end {
            u64::MAX
        } else {
            read.span.started
        };
        self.passage.exhausted = self.passage.exhausted.max(Some(until));
        let Some(count) = self.passed else {
            if self.passage.session.open.start == Start::Latest {
                self.passage.silent.push(read.span);
            }
            return;
        };
        self.passage.tails.push(Tail {
            count,
            span: read.span,
        });
        if let Some(next) = self.log.numbers.get(count).filter(|_| read.shard_end) {
            let left = self.log.numbers.len() - count;
            self.report(
                Kind::ShardEndTooEarly,
                *next,
                format!("{left} records behind the end"),
            );
        }
    }

    fn report(&mut self, kind: Kind, number: SequenceNumber, detail: String) {
        let open = self.passage.session.open;
        let who = format!(
            "consumer {} in session {}: {detail}",
            open.consumer, open.session
        );
        self.verdict
            .report(Anomaly::new(kind, who).on(open.shard).at(number));
    }
}
