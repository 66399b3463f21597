//! Compares the pass over sorted keys with the definition: on small random histories, good and bad,
//! it must agree with a search for an order of all operations that respects real time.

use super::boundaries::{acked, list, open, span, tail};
use crate::{Event, History, Kind, Span, Start, judge};
use fastrand::Rng;

/// Position of a write, or count of a tail read, with its time.
#[derive(Clone, Copy)]
enum Operation {
    Write(u64, Span),
    Tail(u64, Span),
}

impl Operation {
    fn span(self) -> Span {
        match self {
            Self::Write(_, span) | Self::Tail(_, span) => span,
        }
    }

    /// How many records there are afterwards, if it can come when there are `count`.
    fn follows(self, count: u64) -> Option<u64> {
        match self {
            Self::Write(position, _) => (position == count).then_some(count + 1),
            Self::Tail(found, _) => (found == count).then_some(count),
        }
    }
}

/// Whether some order of `left` is possible when there are `count` records.
fn has_order(left: &[Operation], count: u64) -> bool {
    let first_end = left.iter().map(|operation| operation.span().finished).min();
    let Some(first_end) = first_end else {
        return true;
    };
    (0..left.len()).any(|at| {
        let mut rest = left.to_vec();
        let next = rest.remove(at);
        let may_be_next = next.span().started <= first_end;
        may_be_next
            && next
                .follows(count)
                .is_some_and(|count| has_order(&rest, count))
    })
}

fn draw(rng: &mut Rng) -> Vec<Operation> {
    let span = |rng: &mut Rng| {
        let started = rng.u64(0..20);
        span(started, started + rng.u64(0..12))
    };
    let writes = rng.u64(0..=4);
    let reads = rng.u64(0..=3);
    let mut drawn: Vec<_> = (0..writes)
        .map(|at| Operation::Write(at, span(rng)))
        .collect();
    drawn.extend((0..reads).map(|_| Operation::Tail(rng.u64(0..=writes), span(rng))));
    drawn
}

fn history(operations: &[Operation]) -> History {
    let mut events = vec![list()];
    for (session, operation) in (0..).zip(operations) {
        match *operation {
            Operation::Write(position, span) => events.push(acked(position, span)),
            Operation::Tail(count, read) => {
                events.push(open(session, Start::TrimHorizon, span(0, 0)));
                events.push(tail(session, 0..count, read));
            }
        }
    }
    let writes = events
        .iter()
        .filter(|event| matches!(event, Event::Put(_)))
        .count() as u64;
    events.push(open(99, Start::TrimHorizon, span(1000, 1000)));
    events.push(tail(99, 0..writes, span(1001, 1001)));
    History { events }
}

#[test]
fn linearizability_when_searched_for_then_agrees_with_the_pass_over_keys() {
    let (mut good, mut bad) = (0, 0);
    for seed in 0..20_000 {
        let operations = draw(&mut Rng::with_seed(seed));
        let verdict = judge(&history(&operations)).unwrap();
        let accused = verdict.count(Kind::RealtimeInversion) + verdict.count(Kind::StaleRead) > 0;
        assert_eq!(verdict.is_good(), !accused, "seed {seed}: {verdict}");
        assert_eq!(
            accused,
            !has_order(&operations, 0),
            "seed {seed}: {verdict}"
        );
        *(if accused { &mut bad } else { &mut good }) += 1;
    }
    assert!(good > 2000 && bad > 2000, "{good} good, {bad} bad");
}
