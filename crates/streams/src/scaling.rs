//! Scaling of on-demand streams by their write rates.
//!
//! A sweep measures what producers put into each shard, refused records included, and proposes the
//! same reshards as a caller of UpdateShardCount would. A shard above half its write limit is
//! halved; a stream has room for twice the highest rate of its last 30 days, which the catalog
//! keeps, and for its warm throughput; shards that have been quiet for long merge. How AWS scales:
//! <https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html>
//!
//! Each node measures what it took itself. Where several nodes take a shard's records, none may see
//! how hot it is; where several see it, the second proposal finds the stream UPDATING or the shard
//! closed, and is refused. Nothing here is a state: after a restart a shard is quiet from then on,
//! and its rate is known a sample later.

mod growth;
mod judgement;
mod rate;
mod watch;

use crate::catalog::{
    BeginReshard, Command, Mode, Peak, ProposeError, Quotas, RaisePeak, Status, Stream,
};
use crate::counters::Cell;
use crate::facts::ChangeError;
use crate::fence::Fence;
use crate::runtime::Runtimes;
use crate::settings::{Limits, Settings};
use crate::streams::Streams;
pub(crate) use growth::divisions;

use judgement::{Judgement, Needs, judge};
use millstream_env::{Agreement, Causes, Clock, Clocks, Monotonic, Timestamp};
use millstream_model::limits;
use parking_lot::Mutex;
use rate::Rate;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use watch::WatchedStream;

/// A rate that is reached again is remembered anew after this long: it counts for 30 days from
/// then, and a steady rate costs few commands.
const REMEMBERED_AGAIN_AFTER: Duration = Duration::from_hours(1);

/// Scales on-demand streams.
pub(crate) struct Scaling {
    clock: Arc<dyn Clock>,
    settings: Settings,
    streams: Streams,
    runtimes: Arc<Runtimes>,
    fence: Arc<Fence>,
    watch: Mutex<Watch>,
    scaled: Scaled,
}

/// Scalings that this node began, by direction.
#[derive(Debug, Default)]
pub(crate) struct Scaled {
    /// To more shards.
    pub(crate) up: Cell,
    /// To fewer.
    pub(crate) down: Cell,
}

/// What the sweep remembers.
struct Watch {
    clocks: Clocks,
    looked_at: Monotonic,
    /// The newest stream at the last look, on demand or not.
    newest: Option<u64>,
    streams: BTreeMap<u64, WatchedStream>,
}

/// What a sweep found out about a stream.
struct Finding {
    stream: Arc<Stream>,
    /// A rate that the catalog does not know yet.
    peak: Option<Rate>,
    judgement: Option<Judgement>,
}

impl Scaling {
    pub(crate) fn new(
        clock: &Arc<dyn Clock>,
        settings: &Settings,
        streams: &Streams,
        runtimes: &Arc<Runtimes>,
        fence: &Arc<Fence>,
    ) -> Self {
        let (now, monotonic) = (clock.now(), clock.monotonic());
        let watch = Watch {
            clocks: Clocks::new(now, monotonic),
            looked_at: monotonic,
            newest: None,
            streams: BTreeMap::new(),
        };
        Self {
            clock: Arc::clone(clock),
            settings: settings.clone(),
            streams: streams.clone(),
            runtimes: Arc::clone(runtimes),
            fence: Arc::clone(fence),
            watch: Mutex::new(watch),
            scaled: Scaled::default(),
        }
    }

    /// How often to sweep; `None` if nothing scales, since shards have no limits.
    pub(crate) fn pace(&self) -> Option<Duration> {
        match self.settings.limits {
            Limits::Aws => Some(self.settings.scaling.sample),
            Limits::Off => None,
        }
    }

    /// How often streams were scaled.
    pub(crate) fn scaled(&self) -> &Scaled {
        &self.scaled
    }

    /// Measures all on-demand streams, and begins the reshards that their rates ask for.
    pub(crate) async fn sweep(&self) {
        for finding in self.look() {
            let stream = &finding.stream;
            if let Err(error) = self.act_on(&finding).await
                && !self.streams.is_going(stream)
            {
                tracing::warn!(stream = %stream.arn(), error = %Causes(&error), "not scaled");
            }
        }
    }

    fn look(&self) -> Vec<Finding> {
        let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
        let mut streams = self.streams.all();
        let newest = streams.iter().map(|stream| stream.id).max();
        streams.retain(|stream| stream.mode == Mode::OnDemand && stream.deletion.is_none());
        let mut watch = self.watch.lock();
        let is_believed = watch.clocks.compare(now, monotonic) == Agreement::Whole;
        let looked_at = std::mem::replace(&mut watch.looked_at, monotonic);
        let newest_before = std::mem::replace(&mut watch.newest, newest);
        let mut former = std::mem::take(&mut watch.streams);
        let mut findings = Vec::new();
        for stream in streams {
            let (id, runtime) = (stream.id, self.runtimes.stream(stream.id));
            let mut watched = former.remove(&id).unwrap_or_else(|| {
                // Counters begin with their stream, or with the process.
                if newest_before.is_none_or(|newest| id > newest) {
                    WatchedStream::counting_since(looked_at)
                } else {
                    WatchedStream::from_now(&stream, &runtime, monotonic)
                }
            });
            if let Some(open) = watched.look(&stream, &runtime, monotonic) {
                let highest = watched.highest();
                let needs = self.needs(&stream, now, highest);
                // What goes by the wall clock waits while that is in doubt.
                let needs = if is_believed {
                    needs
                } else {
                    needs.without_merges()
                };
                let is_at_rest = stream.status_at(now) == Status::Active;
                findings.push(Finding {
                    peak: (is_believed && is_new(&stream, now, highest)).then_some(highest),
                    judgement: is_at_rest.then(|| judge(&open, needs)).flatten(),
                    stream,
                });
            }
            watch.streams.insert(id, watched);
        }
        findings
    }

    /// What a stream needs that reached this rate since the catalog was told of one.
    fn needs(&self, stream: &Stream, now: Timestamp, highest: Rate) -> Needs {
        let remembered = stream.peaks.at(now).map(|peak| Rate::from(peak).shards());
        let for_peak = remembered.chain([highest.shards()]).max().unwrap_or(0);
        // What an account asked for is kept for as long as its commitment.
        let is_committed = self.streams.state().is_committed(&stream.scope, now);
        let warm = stream.warm_mibps.filter(|_| is_committed);
        Needs {
            shards: for_peak.max(warm.unwrap_or(0)),
            most: limits::on_demand_shards_max(stream.scope.region.as_str()),
            merge_after: Some(self.settings.scaling.merge_after),
        }
    }

    async fn act_on(&self, finding: &Finding) -> Result<(), ChangeError> {
        let stream = &finding.stream;
        if let Some(rate) = finding.peak {
            let raise = RaisePeak {
                stream: stream.id,
                bytes_per_second: rate.bytes_per_second,
                records_per_second: rate.records_per_second,
            };
            self.streams
                .change(stream, Command::RaisePeak(raise))
                .await?;
            if let Some(watched) = self.watch.lock().streams.get_mut(&stream.id) {
                watched.is_remembered();
            }
        }
        match &finding.judgement {
            Some(judgement) => self.begin(stream, judgement).await,
            None => Ok(()),
        }
    }

    async fn begin(&self, stream: &Stream, judgement: &Judgement) -> Result<(), ChangeError> {
        let most = limits::on_demand_shards_max(stream.scope.region.as_str());
        let begin = BeginReshard {
            stream: stream.id,
            change: judgement.change.clone(),
            transition_ms: self.settings.transition_ms(),
            quotas: Quotas {
                stream_shards: Some(most),
                ..Quotas::default()
            },
            by_service: Some(true),
            remembered: None,
        };
        let begun = self
            .streams
            .change(stream, Command::BeginReshard(begin))
            .await;
        let begun = match begun {
            // Another node was first, or a caller changed the stream meanwhile.
            Err(ChangeError::Propose(ProposeError::Refused(refusal))) => {
                tracing::debug!(stream = %stream.arn(), %refusal, "not scaled");
                return Ok(());
            }
            begun => begun?,
        };
        let Some(reshard) = &begun.reshard else {
            return Ok(());
        };
        self.fence.carry_on(stream.id);
        let (from, growth) = (stream.shards.open().len(), reshard.plan.growth());
        let count = if growth > 0 {
            &self.scaled.up
        } else {
            &self.scaled.down
        };
        count.add(1);
        let (to, reason) = (
            from.saturating_add_signed(growth as isize),
            judgement.reason,
        );
        tracing::info!(stream = %stream.arn(), from, to, "scaled: {reason}");
        Ok(())
    }
}

/// Whether the catalog should know of a rate: it asks for more shards than any that was reached of
/// late, and for more than every stream keeps.
fn is_new(stream: &Stream, now: Timestamp, rate: Rate) -> bool {
    let is_as_high = |peak: &Peak| {
        let is_recent = now < peak.at.plus(REMEMBERED_AGAIN_AFTER);
        is_recent && Rate::from(peak).shards() >= rate.shards()
    };
    rate.shards() > limits::ON_DEMAND_SHARDS && !stream.peaks.at(now).any(is_as_high)
}
