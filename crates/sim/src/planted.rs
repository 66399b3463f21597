//! Bugs that are planted between the engine and its store, to see that the judge finds them.
//!
//! None of this is in the server: in worlds that ask for it, a [`Planted`] store wraps the real
//! one, and behaves as a bug in the engine or the journal would.

use super::plan::FaultKind;
use millstream_env::{Clock, Monotonic, Tasks, Timestamp};
use millstream_replicated::Namespace;
use millstream_replicated::testing::COUNTERS;
use millstream_store::store::Answer;
use millstream_store::{
    AppendError, Appended, BatchBuilder, BatchView, Batches, Bounds, Epoch, LogId, LogSettings,
    LogStore, Offset, Promises, ReadError, ReadLimit, Run, Slice, StoreError, TailWatch,
};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

/// Where streams' logs are, and the catalog's own.
pub(super) const STREAMS: Namespace = Namespace::new(0);

/// From a start on: when a slow one lists the logs …
const LISTS_AFTER: Duration = Duration::from_millis(1_500);
/// … and when it hears of new commands, which is after it judged those logs.
const REPLAYS_ON_AFTER: Duration = Duration::from_millis(1_502);

/// What is wrong with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A put is answered before its append is.
    AnswersEarly,
    /// A reshard ends without CLOSE in the parents' logs, so that puts to them go on.
    ForgetsClose,
    /// After a restart an iterator goes on one record too far.
    SkipsAfterRestart,
    /// Of a PutRecords into several shards the last one's records are not written.
    WritesHalf,
    /// Retention hides one record more than it should.
    HidesTooMuch,
    /// A read at the tail does not see the last record.
    ReadsStale,
    /// A restart takes the last but one of the catalog's commands twice, and the last never.
    ForgetsCommand,
    /// The same of the counters' commands.
    ForgetsCount,
    /// A restart removes the logs of whatever is no stream.
    TakesAllForStreams,
    /// A subscription goes on after another has taken its seat; see [`super::planted_seat`].
    KeepsSeat,
    /// A writer that is fenced answers as if it were not.
    IgnoresFence,
    /// What nobody knows of counts as not applied.
    TakesUnknownForFailed,
    /// A start collects orphans without a barrier: what was made since it replayed counts as one.
    SkipsBarrier,
}

impl Bug {
    /// Those that one node shows.
    pub const OF_ONE_NODE: [Self; 10] = [
        Self::AnswersEarly,
        Self::ForgetsClose,
        Self::SkipsAfterRestart,
        Self::WritesHalf,
        Self::HidesTooMuch,
        Self::ReadsStale,
        Self::ForgetsCommand,
        Self::ForgetsCount,
        Self::TakesAllForStreams,
        Self::KeepsSeat,
    ];
    /// Those that it takes two nodes to show, each with a fault without which it does nothing.
    pub const OF_TWO_NODES: [(Self, FaultKind); 3] = [
        (Self::IgnoresFence, FaultKind::Takeover),
        (Self::TakesUnknownForFailed, FaultKind::LostAppends),
        (Self::SkipsBarrier, FaultKind::Crash),
    ];
}

/// A store with a bug.
pub(super) struct Planted {
    store: Arc<dyn LogStore>,
    bug: Bug,
    clock: Arc<dyn Clock>,
    tasks: Arc<dyn Tasks>,
    /// Whether this process is not the first.
    is_restarted: bool,
    started: Monotonic,
    /// Whether the catalog's commands were read to their end.
    is_replayed: AtomicBool,
    /// Where each machine's commands ended when it started.
    commands_ends: BTreeMap<LogId, Offset>,
    claims: Mutex<BTreeMap<LogId, Claim>>,
}

/// What a log is said to hold.
#[derive(Clone, Copy)]
struct Claim {
    end: Offset,
    arrival: Timestamp,
    close: Option<Offset>,
}

impl Planted {
    pub(super) fn new(
        store: Arc<dyn LogStore>,
        bug: Bug,
        env: &millstream_env::Env,
        is_restarted: bool,
    ) -> Self {
        let commands = [STREAMS.commands(), COUNTERS.commands()].into_iter();
        let ends = commands.filter_map(|log| Some((log, store.known_bounds(log).ok()?.end)));
        Self {
            commands_ends: ends.collect(),
            store,
            bug,
            clock: env.clock.clone(),
            started: env.clock.monotonic(),
            is_replayed: AtomicBool::new(false),
            tasks: env.tasks.clone(),
            is_restarted,
            claims: Mutex::default(),
        }
    }

    /// What the bug does at a start, before anything else.
    pub(super) async fn start(&self) -> Result<(), StoreError> {
        if self.bug != Bug::TakesAllForStreams || !self.is_restarted {
            return Ok(());
        }
        let own = COUNTERS.commands().group;
        let is_counters = |log: &LogId| Namespace::of(*log) == Some(COUNTERS) && log.group != own;
        let taken = self.store.known_list().into_iter().filter(is_counters);
        self.store.delete(taken.collect()).await
    }

    fn has(&self, bug: Bug, log: LogId) -> bool {
        self.bug == bug && log.group < Namespace::GROUPS
    }

    /// What a log is said to hold, changed as is said next; an error if there is no such log.
    fn with_claim<T>(
        &self,
        log: LogId,
        then: impl FnOnce(&mut Claim) -> T,
    ) -> Result<T, AppendError> {
        let bounds = self.store.known_bounds(log);
        let bounds = bounds.map_err(|_| AppendError::NoSuchLog(log))?;
        let mut claims = self.claims.lock();
        let claim = claims.entry(log).or_insert(Claim {
            end: bounds.end,
            arrival: bounds.last_arrival.unwrap_or(Timestamp(0)),
            close: bounds.first_control,
        });
        claim.end = claim.end.max(bounds.end);
        claim.arrival = claim.arrival.max(self.clock.now());
        Ok(then(claim))
    }

    /// Says where a batch stands, whether or not it does.
    fn claim(&self, log: LogId, batch: BatchView<'_>) -> Result<Appended, AppendError> {
        self.with_claim(log, |claim| {
            let (first, arrival) = (claim.end, claim.arrival);
            claim.end = first.plus(u64::from(batch.count()));
            Appended { first, arrival }
        })
    }

    /// Says where a log was sealed, whether or not it was.
    fn claim_seal(&self, log: LogId) -> Result<Offset, AppendError> {
        self.with_claim(log, |claim| *claim.close.get_or_insert(claim.end))
    }

    fn claim_all(&self, batches: &Batches) -> Vec<Result<Appended, AppendError>> {
        let claims = batches.iter();
        claims.map(|(log, batch)| self.claim(log, batch)).collect()
    }

    /// Hands batches over, and answers at once.
    async fn append_early(&self, batches: Batches) -> Vec<Result<Appended, AppendError>> {
        let claims = self.claim_all(&batches);
        let store = self.store.clone();
        let mut append = Box::pin(async move { drop(store.append_many(batches).await) });
        let is_done = std::future::poll_fn(|cx| Poll::Ready(append.as_mut().poll(cx).is_ready()));
        if !is_done.await {
            self.tasks.spawn("planted", append);
        }
        claims
    }

    /// Hands batches over, and answers for those that were refused as if they had not been.
    async fn append_wrongly(&self, batches: Batches) -> Vec<Result<Appended, AppendError>> {
        let sent = batches.clone();
        let mut results = self.store.append_many(batches).await;
        for ((log, batch), result) in sent.iter().zip(&mut results) {
            match result {
                Err(AppendError::Fenced) if self.bug == Bug::IgnoresFence => {
                    *result = self.claim(log, batch);
                }
                Err(AppendError::Unknown(why)) if self.bug == Bug::TakesUnknownForFailed => {
                    *result = Err(AppendError::NotApplied(std::mem::take(why)));
                }
                Ok(_) | Err(_) => {}
            }
        }
        results
    }

    /// A start that takes its time makes what it has replayed old. It harms nobody who passes a
    /// barrier.
    async fn dawdle(&self, lasts: Duration) {
        let passed = self.clock.monotonic().since(self.started);
        self.clock.sleep(lasts.saturating_sub(passed)).await;
    }

    /// Leaves out the last of several, and answers for it as if it were there.
    async fn append_half(&self, mut batches: Batches) -> Vec<Result<Appended, AppendError>> {
        let last = batches.iter().last();
        let left_out = last.map(|(log, batch)| {
            let claim = self.claim(log, batch);
            self.claims.lock().remove(&log);
            claim
        });
        batches.pop();
        let mut results = self.store.append_many(batches).await;
        results.extend(left_out);
        results
    }

    /// Whether a read of the catalog's commands comes after the one that ended the start's replay.
    fn has_replayed(&self, log: LogId, from: Offset) -> bool {
        let end = self.commands_ends.get(&log);
        let is_at_end = log == STREAMS.commands() && end.is_some_and(|end| from >= *end);
        is_at_end && self.is_replayed.swap(true, Ordering::AcqRel)
    }

    /// What a read of a log shows instead of the truth.
    fn falsify(&self, log: LogId, slice: Slice) -> Slice {
        if self.has(Bug::ReadsStale, log) && slice.next == slice.end {
            return without_last(slice);
        }
        let forgets = (self.bug == Bug::ForgetsCommand && log == STREAMS.commands())
            || (self.bug == Bug::ForgetsCount && log == COUNTERS.commands());
        match self.commands_ends.get(&log) {
            Some(end) if forgets && self.is_restarted && slice.next == *end => {
                with_last_but_one_twice(slice)
            }
            Some(_) | None => slice,
        }
    }
}

/// Commands come one in a run.
fn with_last_but_one_twice(mut slice: Slice) -> Slice {
    if let [.., before, last] = slice.runs.as_mut_slice()
        && (before.count, last.count) == (1, 1)
    {
        last.bytes = before.bytes.clone();
    }
    slice
}

fn without_last(mut slice: Slice) -> Slice {
    let Some(last) = slice.runs.pop() else {
        return slice;
    };
    slice.next = last.first.plus(u64::from(last.count) - 1);
    let mut kept = BatchBuilder::default();
    millstream_store::batch::RecordIter::new(&last.bytes)
        .take(last.count as usize - 1)
        .for_each(|(kind, bytes)| kept.push(kind, &[bytes]));
    if !kept.is_empty() {
        let batch = kept.finish();
        slice.runs.push(Run {
            count: batch.count(),
            bytes: batch.bytes().clone(),
            ..last
        });
    }
    slice
}

impl LogStore for Planted {
    fn create(&self, logs: Vec<(LogId, LogSettings)>) -> Answer<'_, Result<(), StoreError>> {
        self.store.create(logs)
    }

    fn append_many(&self, batches: Batches) -> Answer<'_, Vec<Result<Appended, AppendError>>> {
        let all = |bug| batches.logs().all(|log| self.has(bug, log));
        if all(Bug::AnswersEarly) {
            Box::pin(self.append_early(batches))
        } else if all(Bug::WritesHalf) && batches.len() > 1 {
            Box::pin(self.append_half(batches))
        } else if all(Bug::IgnoresFence) || all(Bug::TakesUnknownForFailed) {
            Box::pin(self.append_wrongly(batches))
        } else {
            self.store.append_many(batches)
        }
    }

    fn claim(&self, log: LogId, epoch: Epoch) -> Answer<'_, Result<(), AppendError>> {
        self.store.claim(log, epoch)
    }

    fn seal(&self, log: LogId, bytes: &[u8]) -> Answer<'_, Result<Offset, AppendError>> {
        match self.has(Bug::ForgetsClose, log) {
            true => Box::pin(std::future::ready(self.claim_seal(log))),
            false => self.store.seal(log, bytes),
        }
    }

    fn read(
        &self,
        log: LogId,
        from: Offset,
        limit: ReadLimit,
    ) -> Answer<'_, Result<Slice, ReadError>> {
        let skips = self.has(Bug::SkipsAfterRestart, log) && self.is_restarted && from.0 > 0;
        let from = from.plus(u64::from(skips));
        Box::pin(async move {
            if self.bug == Bug::SkipsBarrier && self.has_replayed(log, from) {
                self.dawdle(REPLAYS_ON_AFTER).await;
            }
            let slice = self.store.read(log, from, limit).await?;
            Ok(self.falsify(log, slice))
        })
    }

    fn offset_at(&self, log: LogId, time: Timestamp) -> Answer<'_, Result<Offset, ReadError>> {
        Box::pin(async move {
            let offset = self.store.offset_at(log, time).await?;
            let hides =
                self.has(Bug::HidesTooMuch, log) && offset < self.store.known_bounds(log)?.end;
            Ok(offset.plus(u64::from(hides)))
        })
    }

    fn known_bounds(&self, log: LogId) -> Result<Bounds, ReadError> {
        let mut bounds = self.store.known_bounds(log)?;
        if self.bug == Bug::ForgetsClose
            && let Some(claim) = self.claims.lock().get(&log)
        {
            bounds.first_control = bounds.first_control.or(claim.close);
        }
        Ok(bounds)
    }

    fn fresh_bounds(&self, log: LogId) -> Answer<'_, Result<Bounds, ReadError>> {
        if self.bug == Bug::ForgetsClose {
            return Box::pin(std::future::ready(self.known_bounds(log)));
        }
        Box::pin(async move {
            let mut bounds = self.store.fresh_bounds(log).await?;
            if let Some(end) = self.commands_ends.get(&log)
                && self.bug == Bug::SkipsBarrier
            {
                bounds.end = *end;
            }
            Ok(bounds)
        })
    }

    fn tail(&self, log: LogId) -> Result<TailWatch, ReadError> {
        self.store.tail(log)
    }

    fn trim(&self, log: LogId, before: Offset) -> Answer<'_, Result<(), StoreError>> {
        self.store.trim(log, before)
    }

    fn configure(&self, log: LogId, settings: LogSettings) -> Answer<'_, Result<(), StoreError>> {
        self.store.configure(log, settings)
    }

    fn known_list(&self) -> Vec<LogId> {
        self.store.known_list()
    }

    fn fresh_list(&self) -> Answer<'_, Result<Vec<LogId>, ReadError>> {
        Box::pin(async move {
            if self.bug == Bug::SkipsBarrier {
                self.dawdle(LISTS_AFTER).await;
            }
            self.store.fresh_list().await
        })
    }

    fn delete(&self, logs: Vec<LogId>) -> Answer<'_, Result<(), StoreError>> {
        self.store.delete(logs)
    }

    fn promises(&self) -> Promises {
        self.store.promises()
    }

    fn is_writable(&self) -> bool {
        self.store.is_writable()
    }

    fn shutdown(&self) -> Answer<'_, ()> {
        self.store.shutdown()
    }
}
