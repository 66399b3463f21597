//! Promises specific to subscriptions: a consumer has one at a time per shard, and none lasts
//! longer than five minutes. Order and completeness are judged together with all other sessions.

use super::ledger::{Ledger, Session};
use crate::verdict::{Anomaly, Kind, Verdict};
use std::collections::BTreeMap;

/// How long a subscription lasts, in nanoseconds.
const LASTS_NANOS: u64 = 300 * 1_000_000_000;
/// How late an event may arrive that was made in time: it is in flight, or waits for a disk.
pub(super) const GIVE_NANOS: u64 = 30 * 1_000_000_000;

/// Checks every subscription, and consecutive ones of a seat.
pub(super) fn check(ledger: &Ledger<'_>, verdict: &mut Verdict) {
    let mut seats: BTreeMap<_, Vec<&Session<'_>>> = BTreeMap::new();
    for (session, seat) in &ledger.subscriptions {
        let found = ledger
            .sessions
            .binary_search_by_key(session, |it| it.open.session);
        let Ok(at) = found else { continue };
        let session = &ledger.sessions[at];
        check_length(session, verdict);
        let key = (*seat, session.open.shard);
        seats.entry(key).or_default().push(session);
    }
    for mut sessions in seats.into_values() {
        sessions.sort_unstable_by_key(|session| session.open.span.finished);
        for pair in sessions.windows(2) {
            check_seat(pair[0], pair[1], verdict);
        }
    }
}

/// When the last meaningful event arrived.
fn last(session: &Session<'_>) -> Option<u64> {
    session.reads.last().map(|read| read.span.finished)
}

fn check_length(session: &Session<'_>, verdict: &mut Verdict) {
    let ends = session.open.span.finished + LASTS_NANOS + GIVE_NANOS;
    if let Some(last) = last(session).filter(|last| *last > ends) {
        let lasted = (last - session.open.span.finished) / 1_000_000_000;
        let detail = format!("session {} lasts {lasted} s", session.open.session);
        verdict.report(Anomaly::new(Kind::EndlessSubscription, detail).on(session.open.shard));
    }
}

/// The second was made after the first: from then on the seat belongs to it.
fn check_seat(first: &Session<'_>, second: &Session<'_>, verdict: &mut Verdict) {
    let is_after = second.open.span.started >= first.open.span.finished;
    let taken = second.open.span.finished + GIVE_NANOS;
    if is_after && last(first).is_some_and(|last| last > taken) {
        let (first, second) = (first.open, second.open);
        let detail = format!(
            "session {} goes on beside {}",
            first.session, second.session
        );
        verdict.report(Anomaly::new(Kind::SharedSeat, detail).on(first.shard));
    }
}
