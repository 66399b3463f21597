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
use std::collections::VecDeque;
use std::time::Duration;

/// How often it is drawn.
pub(super) const DRAWN_EVERY: Duration = Duration::from_millis(250);
/// Drawings from whose first to whose last rates are told: a second.
const RECENT: usize = 5;
/// Permille of all.
const ALL: u64 = 1000;

/// The view. Nothing is drawn where there is no terminal.
pub(super) struct Live {
    progress: Option<Progress>,
    delivers: bool,
    /// How much there was when it was drawn.
    recent: VecDeque<Counts>,
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
    pub(super) fn begin(
        workload: &Workload,
        schedule: &Schedule,
        surroundings: &Surroundings,
    ) -> Self {
        let terminal = &surroundings.terminal;
        let what = workload.operation.word();
        let progress = || Progress::picture(terminal, what, ALL);
        Self {
            progress: terminal.draws().then(progress),
            delivers: workload.operation.delivers(),
            recent: VecDeque::from([Counts {
                at: schedule.counted_from(),
                ..Counts::default()
            }]),
        }
    }

    /// Whether anybody sees it.
    pub(super) fn is_seen(&self) -> bool {
        self.progress.is_some()
    }

    /// Draws what has come so far.
    pub(super) fn draw(&mut self, tally: &Tally, schedule: &Schedule, now: Monotonic) {
        self.note(tally, now.max(schedule.counted_from()));
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

    fn note(&mut self, tally: &Tally, at: Monotonic) {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(Counts {
            at,
            requests: tally.requests(),
            records: tally.records,
            bytes: tally.bytes,
        });
    }

    /// Requests, records and bytes in a second.
    fn rates(&self) -> [f64; 3] {
        let (Some(first), Some(last)) = (self.recent.front(), self.recent.back()) else {
            return [0.0; 3];
        };
        let seconds = last.at.since(first.at).as_secs_f64().max(1e-9);
        let done = [
            last.requests - first.requests,
            last.records - first.records,
            last.bytes - first.bytes,
        ];
        done.map(|done| done as f64 / seconds)
    }

    fn picture(&self, tally: &Tally) -> String {
        let [requests, records, bytes] = self.rates();
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
