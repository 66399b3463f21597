//! A node's handle: its knowledge, its claims, and its batches in flight.
//!
//! A batch whose outcome is unknown blocks its log: it is resent, with the same bytes and sequence,
//! before any other batch, until its outcome is final.

use super::cluster::{Cluster, Heard, State};
use super::leader::{Produce, Refused, SEAL, Writer};
use super::{ATTEMPTS_MAX, Barriers, STALE_AFTER};
use crate::batch::Batch;
use crate::batches::Batches;
use crate::store::{
    Answer, AppendError, Appended, Bounds, Epoch, LogId, LogSettings, LogStore, Offset, Promises,
    ReadError, ReadLimit, Reads, Slice, StoreError, TailWatch, sealed,
};
use millstream_env::{Monotonic, Timestamp};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Longest delay of a response, in turns of the runtime.
const TURNS_MAX: u32 = 3;

/// One of the nodes over a [`Cluster`].
pub struct KafkaLike {
    cluster: Arc<Cluster>,
    number: u32,
    logs: Mutex<BTreeMap<LogId, Known>>,
}

/// Whether a batch has been sent before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sent {
    Never,
    Before,
}

/// A node's knowledge of a log. Its bounds are exact up to their end.
struct Known {
    bounds: Bounds,
    /// How far its reads see.
    seen: Offset,
    epoch: Epoch,
    writer: Writer,
    /// Number of records written by this writer in this epoch.
    sequence: u64,
    /// A batch whose outcome is unknown.
    unsettled: Option<Produce>,
    /// When it last looked up the log's owner.
    looked: Monotonic,
}

impl KafkaLike {
    pub(super) fn new(cluster: Arc<Cluster>, number: u32) -> Self {
        let node = Self {
            cluster,
            number,
            logs: Mutex::default(),
        };
        node.look_at_all();
        node
    }

    /// The cluster that the node belongs to.
    pub fn cluster(&self) -> &Arc<Cluster> {
        &self.cluster
    }

    fn look_at_all(&self) {
        let state = self.cluster.state();
        let mut logs = self.logs.lock();
        logs.retain(|id, _| state.leaders.contains_key(id));
        for (id, leader) in &state.leaders {
            self.learn(&mut logs, *id, leader.log.bounds());
        }
    }

    /// Looks up a log's present state.
    fn look(&self, id: LogId) -> Result<Bounds, ReadError> {
        let state = self.cluster.state();
        let mut logs = self.logs.lock();
        let Some(leader) = state.leaders.get(&id) else {
            logs.remove(&id);
            return Err(ReadError::NoSuchLog(id));
        };
        let bounds = leader.log.bounds();
        self.learn(&mut logs, id, bounds);
        Ok(bounds)
    }

    fn learn(&self, logs: &mut BTreeMap<LogId, Known>, id: LogId, bounds: Bounds) {
        let looked = self.cluster.clock.monotonic();
        let known = logs.entry(id).or_insert(Known {
            bounds,
            seen: bounds.end,
            epoch: Epoch::default(),
            writer: Writer::Node(self.number),
            sequence: 0,
            unsettled: None,
            looked,
        });
        known.bounds = bounds;
    }

    fn append(&self, id: LogId, batch: Batches) -> Result<Appended, AppendError> {
        let result = self.append_now(id, batch);
        if let Err(AppendError::Sealed(_) | AppendError::NoSuchLog(_)) = result {
            // Records what the response said about the log.
            drop(self.look(id));
        }
        result
    }

    fn append_now(&self, id: LogId, batch: Batches) -> Result<Appended, AppendError> {
        if batch.iter().any(|(_, batch)| batch.has_control()) {
            return self.end(id, batch);
        }
        if !self.logs.lock().contains_key(&id) {
            // Another node created it, or none did.
            let looked = self.look(id);
            looked.map_err(|_| AppendError::NoSuchLog(id))?;
        }
        let mut state = self.cluster.state();
        let mut logs = self.logs.lock();
        let known = logs.get_mut(&id).ok_or(AppendError::NoSuchLog(id))?;
        self.barrier(&state, id, known)?;
        if let Some(earlier) = known.unsettled.take()
            && let Err(AppendError::Unknown(_)) =
                self.send(&mut state, id, known, earlier, Sent::Before)
        {
            let why = "the batch before it is unsettled".to_owned();
            return Err(AppendError::NotApplied(why));
        }
        let mut sent = self.send_next(&mut state, id, known, batch.clone());
        let may_begin_anew = known.writer != Writer::Owner && known.unsettled.is_none();
        if matches!(sent, Err(AppendError::NotApplied(_))) && may_begin_anew {
            // The leader has forgotten the writer; no other node uses this one's sequence.
            (known.writer, known.sequence) = (Writer::Node(self.cluster.number()), 0);
            sent = self.send_next(&mut state, id, known, batch);
        }
        sent
    }

    /// Looks up the log again if the node's knowledge of its owner is stale: the leader may have
    /// forgotten it, too.
    fn barrier(&self, state: &State, id: LogId, known: &mut Known) -> Result<(), AppendError> {
        let now = self.cluster.clock.monotonic();
        let is_fresh = now.since(known.looked) < STALE_AFTER;
        if is_fresh || self.cluster.behaviour.barriers == Barriers::LeftOut {
            return Ok(());
        }
        let leader = state.leaders.get(&id).ok_or(AppendError::NoSuchLog(id))?;
        if let Some(at) = leader.log.bounds().first_control {
            return Err(AppendError::Sealed(at));
        }
        let claimed = state.claims.get(&id).map(|(epoch, _)| *epoch);
        if claimed > Some(known.epoch) {
            return Err(AppendError::Fenced);
        }
        known.looked = now;
        Ok(())
    }

    fn send_next(
        &self,
        state: &mut State,
        id: LogId,
        known: &mut Known,
        batch: Batches,
    ) -> Result<Appended, AppendError> {
        let request = Produce {
            writer: known.writer,
            epoch: known.epoch,
            sequence: known.sequence,
            batch,
            after: known.bounds.end,
        };
        self.send(state, id, known, request, Sent::Never)
    }

    /// Sends a batch until its outcome is final, or for now unknown.
    fn send(
        &self,
        state: &mut State,
        id: LogId,
        known: &mut Known,
        request: Produce,
        mut sent: Sent,
    ) -> Result<Appended, AppendError> {
        for _ in 0..ATTEMPTS_MAX {
            match (self.cluster.send(state, id, &request), sent) {
                (Heard::Nothing, Sent::Never | Sent::Before) => sent = Sent::Before,
                (Heard::NoSuchLog, Sent::Never) => return Err(AppendError::NoSuchLog(id)),
                (Heard::NoSuchLog, Sent::Before) => {
                    return Err(AppendError::Unknown("its log is gone".to_owned()));
                }
                (Heard::Answer(Ok(appended)), Sent::Never | Sent::Before) => {
                    known.sequence = request.sequence + request.count();
                    known.note(state, id, appended, request.count());
                    return Ok(appended);
                }
                (Heard::Answer(Err(refused)), Sent::Never) => {
                    return Err(refusal(state, id, refused));
                }
                (Heard::Answer(Err(refused)), Sent::Before) => {
                    return settle(state, id, &request, refused);
                }
            }
        }
        known.unsettled = Some(request);
        Err(AppendError::Unknown("no answer".to_owned()))
    }

    fn claim_now(&self, id: LogId, epoch: Epoch) -> Result<(), AppendError> {
        let looked = self.look(id);
        looked.map_err(|_| AppendError::NoSuchLog(id))?;
        if epoch == SEAL {
            let why = "no owner has the epoch of a seal".to_owned();
            return Err(AppendError::NotApplied(why));
        }
        let mut state = self.cluster.state();
        let claimed = state.claims.entry(id).or_insert((epoch, self.number));
        if claimed.0 > epoch || (claimed.0 == epoch && claimed.1 != self.number) {
            return Err(AppendError::Fenced);
        }
        *claimed = (epoch, self.number);
        let mut logs = self.logs.lock();
        let known = logs.get_mut(&id).ok_or(AppendError::NoSuchLog(id))?;
        if known.epoch != epoch {
            (known.epoch, known.writer, known.sequence) = (epoch, Writer::Owner, 0);
            // Its outcome was reported as unknown, and may turn out either way.
            known.unsettled = None;
        }
        known.looked = self.cluster.clock.monotonic();
        Ok(())
    }

    /// Appends a batch that seals the log, above every owner; returns where it was sealed first.
    fn end(&self, id: LogId, batch: Batches) -> Result<Appended, AppendError> {
        // A leader that has forgotten the seal would accept another.
        let bounds = self.look(id).map_err(|_| AppendError::NoSuchLog(id))?;
        if let Some(at) = bounds.first_control {
            return Err(AppendError::Sealed(at));
        }
        let request = Produce {
            writer: Writer::Owner,
            epoch: SEAL,
            sequence: 0,
            batch,
            after: bounds.end,
        };
        let mut state = self.cluster.state();
        for _ in 0..ATTEMPTS_MAX {
            match self.cluster.send(&mut state, id, &request) {
                Heard::Nothing => {}
                Heard::NoSuchLog => return Err(AppendError::NoSuchLog(id)),
                Heard::Answer(Err(refused)) => return Err(refusal(&state, id, refused)),
                Heard::Answer(Ok(ended)) => {
                    let leader = state.leaders.get(&id);
                    let own = leader.and_then(|leader| leader.find(&request));
                    let at = leader.and_then(|leader| leader.log.bounds().first_control);
                    drop(state);
                    // If the log is deleted meanwhile, it was sealed all the same.
                    drop(self.look(id));
                    return own.ok_or(AppendError::Sealed(at.unwrap_or(ended.first)));
                }
            }
        }
        Err(AppendError::Unknown("no answer".to_owned()))
    }

    fn seal_now(&self, id: LogId, bytes: &[u8]) -> Result<Offset, AppendError> {
        sealed(vec![self.end(id, Batches::one(id, Batch::control(bytes)))])
    }

    fn read_now(&self, id: LogId, from: Offset, limit: ReadLimit) -> Result<Slice, ReadError> {
        let bounds = self.known_or_looked(id)?;
        let state = self.cluster.state();
        let mut logs = self.logs.lock();
        let Some(leader) = state.leaders.get(&id) else {
            logs.remove(&id);
            return Err(ReadError::NoSuchLog(id));
        };
        let mut slice = leader.log.read(from, limit);
        let truth = leader.log.bounds();
        let known = logs.get_mut(&id).ok_or(ReadError::NoSuchLog(id))?;
        if self.cluster.behaviour.reads == Reads::Prefix {
            let seen = known.seen;
            slice
                .runs
                .retain(|run| run.first.plus(u64::from(run.count)) <= seen);
            let last = slice.runs.last();
            slice.next = last.map_or(from.max(bounds.first), |run| {
                run.first.plus(u64::from(run.count))
            });
            slice.end = seen.max(slice.next);
        }
        known.seen = truth.end;
        if known.bounds.end < slice.end.min(truth.end) {
            known.bounds.end = slice.end.min(truth.end);
            known.bounds.first_control = truth.first_control.filter(|at| *at < slice.end);
        }
        Ok(slice)
    }

    fn known_or_looked(&self, id: LogId) -> Result<Bounds, ReadError> {
        let known = self.logs.lock().get(&id).map(|known| known.bounds);
        known.map_or_else(|| self.look(id), Ok)
    }

    /// Changes an existing log.
    fn change(
        &self,
        id: LogId,
        then: impl FnOnce(&mut crate::memory::Log),
    ) -> Result<(), StoreError> {
        let mut state = self.cluster.state();
        let leader = state.leaders.get_mut(&id);
        then(&mut leader.ok_or(StoreError::NoSuchLog(id))?.log);
        drop(state);
        let looked = self.look(id);
        looked.map(drop).map_err(|_| StoreError::NoSuchLog(id))
    }

    fn create_now(&self, logs: &[(LogId, LogSettings)]) -> Result<(), StoreError> {
        let created = self.cluster.state().create(logs);
        for (id, _) in logs {
            // Even if another node created it: now it is known.
            drop(self.look(*id));
        }
        created
    }

    /// A response, a few turns later.
    fn answer<T: Send + 'static>(&self, value: T) -> Answer<'_, T> {
        let turns = self.cluster.below(TURNS_MAX + 1);
        Box::pin(async move {
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            value
        })
    }
}

impl Known {
    /// Records the position of an own batch. No other node's seal precedes it, unless a leader
    /// forgot it.
    fn note(&mut self, state: &State, id: LogId, appended: Appended, count: u64) {
        self.bounds.end = self.bounds.end.max(appended.first.plus(count));
        self.bounds.last_arrival = self.bounds.last_arrival.max(Some(appended.arrival));
        let leader = state.leaders.get(&id);
        let control = leader.and_then(|leader| leader.log.bounds().first_control);
        self.bounds.first_control = control.filter(|at| *at < self.bounds.end);
    }
}

/// Why a leader refused a batch on its first attempt.
fn refusal(state: &State, id: LogId, refused: Refused) -> AppendError {
    match refused {
        Refused::Fenced => {
            let leader = state.leaders.get(&id);
            let sealed = leader.and_then(|leader| leader.log.bounds().first_control);
            sealed.map_or(AppendError::Fenced, AppendError::Sealed)
        }
        Refused::OutOfSequence => {
            AppendError::NotApplied("the leader does not know the sequence".to_owned())
        }
    }
}

/// Settles a batch that was refused after an earlier attempt, by looking for it in the log.
fn settle(
    state: &State,
    id: LogId,
    request: &Produce,
    refused: Refused,
) -> Result<Appended, AppendError> {
    let leader = state.leaders.get(&id).ok_or(AppendError::NoSuchLog(id))?;
    match leader.find(request) {
        Some(appended) => Ok(appended),
        None if leader.log.bounds().first > request.after => {
            Err(AppendError::Unknown("its place was trimmed".to_owned()))
        }
        None => Err(refusal(state, id, refused)),
    }
}

impl LogStore for KafkaLike {
    fn create(&self, logs: Vec<(LogId, LogSettings)>) -> Answer<'_, Result<(), StoreError>> {
        self.answer(self.create_now(&logs))
    }

    fn append_many(&self, batches: Batches) -> Answer<'_, Vec<Result<Appended, AppendError>>> {
        let mut results = Vec::with_capacity(batches.len());
        for (id, one) in batches.split() {
            results.push(self.append(id, one));
        }
        self.answer(results)
    }

    fn claim(&self, log: LogId, epoch: Epoch) -> Answer<'_, Result<(), AppendError>> {
        self.answer(self.claim_now(log, epoch))
    }

    fn seal(&self, log: LogId, bytes: &[u8]) -> Answer<'_, Result<Offset, AppendError>> {
        self.answer(self.seal_now(log, bytes))
    }

    fn read(
        &self,
        log: LogId,
        from: Offset,
        limit: ReadLimit,
    ) -> Answer<'_, Result<Slice, ReadError>> {
        self.answer(self.read_now(log, from, limit))
    }

    fn offset_at(&self, log: LogId, time: Timestamp) -> Answer<'_, Result<Offset, ReadError>> {
        let state = self.cluster.state();
        let leader = state.leaders.get(&log);
        let found = leader.map(|leader| leader.log.offset_at(time));
        self.answer(found.ok_or(ReadError::NoSuchLog(log)))
    }

    fn known_bounds(&self, log: LogId) -> Result<Bounds, ReadError> {
        let logs = self.logs.lock();
        let known = logs.get(&log).map(|known| known.bounds);
        known.ok_or(ReadError::NoSuchLog(log))
    }

    fn fresh_bounds(&self, log: LogId) -> Answer<'_, Result<Bounds, ReadError>> {
        self.answer(self.look(log))
    }

    fn tail(&self, log: LogId) -> Result<TailWatch, ReadError> {
        let state = self.cluster.state();
        let leader = state.leaders.get(&log);
        let watch = leader.map(|leader| leader.log.watch());
        watch.ok_or(ReadError::NoSuchLog(log))
    }

    fn trim(&self, log: LogId, before: Offset) -> Answer<'_, Result<(), StoreError>> {
        self.answer(self.change(log, |log| log.trim(before)))
    }

    fn configure(&self, log: LogId, settings: LogSettings) -> Answer<'_, Result<(), StoreError>> {
        self.answer(self.change(log, |log| log.configure(settings)))
    }

    fn known_list(&self) -> Vec<LogId> {
        self.logs.lock().keys().copied().collect()
    }

    fn fresh_list(&self) -> Answer<'_, Result<Vec<LogId>, ReadError>> {
        self.look_at_all();
        self.answer(Ok(self.known_list()))
    }

    fn delete(&self, logs: Vec<LogId>) -> Answer<'_, Result<(), StoreError>> {
        for id in logs {
            self.cluster.state().delete(id);
            self.logs.lock().remove(&id);
        }
        self.answer(Ok(()))
    }

    fn promises(&self) -> Promises {
        Promises {
            reads: self.cluster.behaviour.reads,
        }
    }

    fn is_writable(&self) -> bool {
        true
    }

    fn shutdown(&self) -> Answer<'_, ()> {
        self.answer(())
    }
}
