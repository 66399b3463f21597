//! What a person sees while it runs: how far it is, the rates of the last moments, quantiles, and
//! the histogram so far.

use super::drawing::draw;
use super::latencies::{Summary, shown};
use super::schedule::Schedule;
use super::tally::Tally;
use super::workload::Workload;
use crate::Surroundings;
use crate::shards::pen::Pen;
use crate::terminal::Progress;
use millstream_env::Monotonic;
use std::time::Duration;

/// How often it is drawn.
pub(super) const DRAWN_EVERY: Duration = Duration::from_millis(250);
/// The moments that rates are of.
const RECENTLY: Duration = Duration::from_secs(1);
/// Permille of all.
const ALL: u64 = 1000;

/// The view. Nothing is drawn where there is no terminal.
pub(super) struct Live {
    progress: Option<Progress>,
    delivers: bool,
    /// How much there was when, to tell rates from.
    before: Counts,
    rates: [f64; 3],
}

/// How much there was.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    at: Monotonic,
    requests: u64,
    records: u64,
    bytes: u64,
}

impl Live {
    /// A view of a run that begins.
    pub(super) fn begin(workload: &Workload, surroundings: &Surroundings) -> Self {
        let terminal = &surroundings.terminal;
        let what = workload.operation.word();
        let progress = || Progress::picture(terminal, what, ALL);
        Self {
            progress: terminal.draws().then(progress),
            delivers: workload.operation.delivers(),
            before: Counts {
                at: surroundings.env.clock.monotonic(),
                ..Counts::default()
            },
            rates: [0.0; 3],
        }
    }

    /// Whether anybody sees it.
    pub(super) fn is_seen(&self) -> bool {
        self.progress.is_some()
    }

    /// Draws what has come so far.
    pub(super) fn draw(&mut self, tally: &Tally, schedule: &Schedule, now: Monotonic) {
        self.note_rates(tally, now);
        let Some(progress) = &self.progress else {
            return;
        };
        let done = schedule.permille(now);
        progress.add(done.saturating_sub(progress.done()));
        let is_warm = now >= schedule.counted_from();
        progress.note(match is_warm {
            true => self.picture(tally),
            false => "warming up".to_owned(),
        });
    }

    fn note_rates(&mut self, tally: &Tally, now: Monotonic) {
        let (past, before) = (now.since(self.before.at), self.before);
        // The first moments say nothing yet, and later ones are too short alone.
        if past < RECENTLY && self.rates[0] > 0.0 {
            return;
        }
        let counts = Counts {
            at: now,
            requests: tally.requests(),
            records: tally.records,
            bytes: tally.bytes,
        };
        let rate = |now: u64, before: u64| (now - before) as f64 / past.as_secs_f64().max(1e-9);
        self.rates = [
            rate(counts.requests, before.requests),
            rate(counts.records, before.records),
            rate(counts.bytes, before.bytes),
        ];
        self.before = counts;
    }

    fn picture(&self, tally: &Tally) -> String {
        let [requests, records, bytes] = self.rates;
        let mib = bytes / 1024.0 / 1024.0;
        let (failed, refused) = (tally.failures.count(), tally.refused.count());
        let latencies = match self.delivers {
            true => &tally.deliveries,
            false => &tally.latencies,
        };
        let mut lines = vec![
            format!("{requests:.0} requests/s  {records:.0} records/s  {mib:.1} MiB/s"),
            format!("{failed} requests failed, {refused} records refused"),
        ];
        let codes = tally.failures.all().iter().chain(tally.refused.all());
        lines.extend(codes.map(|failed| format!("  {} {}", failed.count, failed.code)));
        if let Some(summary) = latencies.summary() {
            lines.push(quantiles(&summary));
            lines.extend(draw(&summary.buckets, Pen::Unicode));
        }
        lines.join("\n")
    }
}

/// The quantiles in a line.
fn quantiles(summary: &Summary) -> String {
    let named = [
        ("p50", summary.p50),
        ("p90", summary.p90),
        ("p99", summary.p99),
        ("p99.9", summary.p99_9),
        ("max", summary.max),
    ];
    let shown = named.map(|(name, micros)| format!("{name} {}", shown(micros)));
    shown.join("  ")
}
