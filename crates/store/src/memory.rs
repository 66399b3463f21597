//! The simplest correct store: a map under one lock, gone with the process.
//!
//! It is the reference model for other providers, not a store for a server: it is unbounded and not
//! persistent. Several handles may share its logs, each with its own claims.

mod log;

pub(crate) use log::Log;

use crate::batch::Batch;
use crate::batches::{BatchView, Batches};
use crate::store::{
    Answer, AppendError, Appended, Bounds, Epoch, LogId, LogSettings, LogStore, Offset, Promises,
    ReadError, ReadLimit, Reads, Slice, StoreError, TailWatch,
};
use millstream_env::{Clock, Timestamp};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::sync::Arc;

/// A handle on an in-memory store.
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
    /// The epochs that this handle has claimed.
    claims: Mutex<BTreeMap<LogId, Epoch>>,
}

#[derive(Default)]
struct State {
    logs: BTreeMap<LogId, Log>,
    deleted: BTreeSet<LogId>,
}

impl MemoryStore {
    /// An empty store that takes arrival times from this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            state: Arc::default(),
            claims: Mutex::default(),
        }
    }

    /// Another handle on the same logs, with its own claims.
    pub fn beside(&self) -> Self {
        Self {
            clock: self.clock.clone(),
            state: self.state.clone(),
            claims: Mutex::default(),
        }
    }

    /// A log's settings.
    pub fn settings(&self, log: LogId) -> Option<LogSettings> {
        self.state.lock().logs.get(&log).map(|log| log.settings)
    }

    fn with_log<T>(&self, id: LogId, then: impl FnOnce(&mut Log) -> T) -> Option<T> {
        self.state.lock().logs.get_mut(&id).map(then)
    }

    fn append_all(&self, batches: &Batches) -> Vec<Result<Appended, AppendError>> {
        let now = self.clock.now();
        let claims = self.claims.lock();
        let append = |(id, batch): (LogId, BatchView<'_>)| {
            let bytes = batches.buffer().slice_ref(batch.bytes());
            let epoch = claims.get(&id).copied().unwrap_or_default();
            self.with_log(id, |log| {
                log.admit(epoch)?;
                Ok(log.append(batch, bytes, now))
            })
            .unwrap_or(Err(AppendError::NoSuchLog(id)))
        };
        batches.iter().map(append).collect()
    }

    fn seal_now(&self, id: LogId, bytes: &[u8]) -> Result<Offset, AppendError> {
        let now = self.clock.now();
        let mark = Batches::one(id, Batch::control(bytes));
        let seal = |log: &mut Log| match log.first_control {
            Some(at) => at,
            None => {
                let (_, batch) = mark.iter().next().expect("there is one batch");
                log.append(batch, mark.buffer().clone(), now).first
            }
        };
        self.with_log(id, seal).ok_or(AppendError::NoSuchLog(id))
    }

    fn claim_now(&self, id: LogId, epoch: Epoch) -> Result<(), AppendError> {
        let mut claims = self.claims.lock();
        let highest = self.with_log(id, |log| log.epoch);
        if epoch < highest.ok_or(AppendError::NoSuchLog(id))? {
            return Err(AppendError::Fenced);
        }
        claims.insert(id, epoch);
        Ok(())
    }

    fn see<T>(&self, id: LogId, then: impl FnOnce(&mut Log) -> T) -> Result<T, ReadError> {
        self.with_log(id, then).ok_or(ReadError::NoSuchLog(id))
    }
}

impl State {
    fn create(&mut self, logs: Vec<(LogId, LogSettings)>) -> Result<(), StoreError> {
        let mut fresh = BTreeSet::new();
        for (id, _) in &logs {
            let is_taken = self.logs.contains_key(id) || self.deleted.contains(id);
            if is_taken || !fresh.insert(*id) {
                return Err(StoreError::Exists(*id));
            }
        }
        self.logs.extend(
            logs.into_iter()
                .map(|(id, settings)| (id, Log::new(settings))),
        );
        Ok(())
    }
}

impl LogStore for MemoryStore {
    fn create(&self, logs: Vec<(LogId, LogSettings)>) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(ready(self.state.lock().create(logs)))
    }

    fn append_many(&self, batches: Batches) -> Answer<'_, Vec<Result<Appended, AppendError>>> {
        Box::pin(ready(self.append_all(&batches)))
    }

    fn claim(&self, log: LogId, epoch: Epoch) -> Answer<'_, Result<(), AppendError>> {
        Box::pin(ready(self.claim_now(log, epoch)))
    }

    fn seal(&self, log: LogId, bytes: &[u8]) -> Answer<'_, Result<Offset, AppendError>> {
        Box::pin(ready(self.seal_now(log, bytes)))
    }

    fn read(
        &self,
        log: LogId,
        from: Offset,
        limit: ReadLimit,
    ) -> Answer<'_, Result<Slice, ReadError>> {
        Box::pin(ready(self.see(log, |log| log.read(from, limit))))
    }

    fn read_at_hand(
        &self,
        log: LogId,
        from: Offset,
        limit: ReadLimit,
    ) -> Option<Result<Slice, ReadError>> {
        Some(self.see(log, |log| log.read(from, limit)))
    }

    fn offset_at(&self, log: LogId, time: Timestamp) -> Answer<'_, Result<Offset, ReadError>> {
        Box::pin(ready(self.see(log, |log| log.offset_at(time))))
    }

    fn offset_at_hand(&self, log: LogId, time: Timestamp) -> Option<Result<Offset, ReadError>> {
        Some(self.see(log, |log| log.offset_at(time)))
    }

    fn known_bounds(&self, log: LogId) -> Result<Bounds, ReadError> {
        self.see(log, |log| log.bounds())
    }

    fn fresh_bounds(&self, log: LogId) -> Answer<'_, Result<Bounds, ReadError>> {
        Box::pin(ready(self.known_bounds(log)))
    }

    fn tail(&self, log: LogId) -> Result<TailWatch, ReadError> {
        self.see(log, |log| log.watch())
    }

    fn trim(&self, log: LogId, before: Offset) -> Answer<'_, Result<(), StoreError>> {
        let done = self.with_log(log, |log| log.trim(before));
        Box::pin(ready(done.ok_or(StoreError::NoSuchLog(log))))
    }

    fn configure(&self, log: LogId, settings: LogSettings) -> Answer<'_, Result<(), StoreError>> {
        let done = self.with_log(log, |log| log.configure(settings));
        Box::pin(ready(done.ok_or(StoreError::NoSuchLog(log))))
    }

    fn known_list(&self) -> Vec<LogId> {
        self.state.lock().logs.keys().copied().collect()
    }

    fn fresh_list(&self) -> Answer<'_, Result<Vec<LogId>, ReadError>> {
        Box::pin(ready(Ok(self.known_list())))
    }

    fn delete(&self, logs: Vec<LogId>) -> Answer<'_, Result<(), StoreError>> {
        let mut state = self.state.lock();
        for id in logs {
            if state.logs.remove(&id).is_some() {
                state.deleted.insert(id);
            }
        }
        Box::pin(ready(Ok(())))
    }

    fn promises(&self) -> Promises {
        Promises {
            reads: Reads::Newest,
        }
    }

    fn is_writable(&self) -> bool {
        true
    }

    fn shutdown(&self) -> Answer<'_, ()> {
        Box::pin(ready(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{self, End, Provider};
    use millstream_env::SystemClock;

    struct InMemory(MemoryStore);

    impl Provider for InMemory {
        fn open(&self) -> Answer<'_, Arc<dyn LogStore>> {
            Box::pin(ready(Arc::new(self.0.beside()) as Arc<dyn LogStore>))
        }

        fn beside(&self) -> Answer<'_, Option<Arc<dyn LogStore>>> {
            Box::pin(ready(Some(Arc::new(self.0.beside()) as Arc<dyn LogStore>)))
        }

        fn reopen(
            &self,
            _store: Arc<dyn LogStore>,
            _end: End,
        ) -> Answer<'_, Option<Arc<dyn LogStore>>> {
            Box::pin(ready(None))
        }
    }

    #[tokio::test]
    async fn the_memory_store_when_run_through_the_conformance_suite_then_keeps_every_clause() {
        conformance::all(|| InMemory(MemoryStore::new(Arc::new(SystemClock::new())))).await;
    }
}
