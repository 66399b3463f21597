//! The judge: sorts a history once, then applies every rule.
//!
//! There is no search. The server states the order of each shard, so what remains is to sort and to
//! compare. It never repairs a history and never stops at the first anomaly; it never accuses a
//! good history, whatever the interleaving.

mod acks;
mod fanout;
mod identity;
mod ledger;
mod lineage;
mod linear;
mod lists;
mod passage;
mod placement;
mod topology;

#[cfg(test)]
mod tests;

use crate::history::{Event, History, Outcome};
use crate::verdict::{HistoryError, Judged, Verdict};
use ledger::Ledger;
use passage::Passage;
use topology::Topology;

/// Reports every broken promise in `history`.
///
/// # Errors
///
/// If the history contradicts itself, which is a mistake of its recorder.
pub fn judge(history: &History) -> Result<Verdict, HistoryError> {
    let ledger = Ledger::new(history)?;
    let mut verdict = Verdict::new(judged(history, &ledger));
    let topology = Topology::new(&ledger, &mut verdict);
    let passages = passage::follow(&ledger, &mut verdict);
    identity::check(&ledger, &mut verdict);
    acks::check(&ledger, &passages, &mut verdict);
    linear::check(&ledger, &passages, &mut verdict);
    placement::check(&ledger, &topology, &mut verdict);
    lineage::check(&ledger, &topology, &mut verdict);
    lists::check(&ledger, &topology, &mut verdict);
    fanout::check(&ledger, &mut verdict);
    Ok(verdict)
}

fn judged(history: &History, ledger: &Ledger<'_>) -> Judged {
    let mut judged = Judged {
        shards: ledger.shards.len(),
        ..Judged::default()
    };
    for event in &history.events {
        match event {
            Event::Put(put) => {
                judged.puts += 1;
                judged.acked += usize::from(matches!(put.outcome, Outcome::Acked { .. }));
                judged.unknown += usize::from(put.outcome == Outcome::Unknown);
            }
            Event::Read(read) => {
                judged.reads += 1;
                judged.records_read += read.records.len();
            }
            Event::List(_) => judged.lists += 1,
            Event::Open(_) | Event::Subscribed(_) | Event::Reshard(_) => {}
        }
    }
    judged
}
