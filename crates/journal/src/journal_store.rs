//! The journal as a [`LogStore`]: reads are answered from its state and its files, changes by its
//! writer.

use crate::Journal;
use crate::metrics::Metrics;
use crate::options::CALL_BYTES_MAX;
use crate::read::index::LogState;
use crate::write::queue::{AppendCall, Call, Change, Refusal};
use millstream_env::Timestamp;
use millstream_store::batch::Batch;
use millstream_store::batches::Batches;
use millstream_store::metrics::Metric;
use millstream_store::store::{
    Answer, AppendError, Appended, Bounds, Epoch, LogId, LogSettings, LogStore, Offset, Promises,
    ReadError, ReadLimit, Reads, Slice, StoreError, TailWatch, sealed,
};
use std::future::ready;
use tokio::sync::oneshot;

fn refuse(count: usize, error: &AppendError) -> Vec<Result<Appended, AppendError>> {
    vec![Err(error.clone()); count]
}

impl LogStore for Journal {
    fn create(&self, logs: Vec<(LogId, LogSettings)>) -> Answer<'_, Result<(), StoreError>> {
        self.change(Change::Create(logs))
    }

    fn append_many(&self, batches: Batches) -> Answer<'_, Vec<Result<Appended, AppendError>>> {
        let count = batches.len();
        if batches.buffer().len() > CALL_BYTES_MAX {
            return Box::pin(ready(refuse(count, &AppendError::TooLarge)));
        }
        let (reply, answer) = oneshot::channel();
        let call = Call::Append(AppendCall { batches, reply });
        match self.queue.push(call) {
            Ok(()) => Box::pin(async move {
                let lost = AppendError::Unknown("the writer has ended".to_owned());
                answer.await.unwrap_or_else(|_| refuse(count, &lost))
            }),
            Err(Refusal::Full) => Box::pin(ready(refuse(count, &AppendError::Full))),
            Err(Refusal::Closed) => {
                let closed = AppendError::NotApplied("the journal is closed".to_owned());
                Box::pin(ready(refuse(count, &closed)))
            }
        }
    }

    /// A formality: the lock on the directory excludes every other owner.
    fn claim(&self, log: LogId, _: Epoch) -> Answer<'_, Result<(), AppendError>> {
        let found = self.find(log).map(drop);
        Box::pin(ready(found.map_err(|error| match error {
            ReadError::NoSuchLog(log) => AppendError::NoSuchLog(log),
            ReadError::Damaged { .. } | ReadError::Io(_) => {
                AppendError::NotApplied(error.to_string())
            }
        })))
    }

    fn seal(&self, log: LogId, bytes: &[u8]) -> Answer<'_, Result<Offset, AppendError>> {
        // Known logs are durable, even in a journal that no longer writes.
        let known = self.logs.find(log);
        if let Some(at) = known.and_then(|log| log.with(|state| state.first_control())) {
            return Box::pin(ready(Ok(at)));
        }
        let appended = self.append_many(Batches::one(log, Batch::control(bytes)));
        Box::pin(async { sealed(appended.await) })
    }

    fn read(
        &self,
        log: LogId,
        from: Offset,
        limit: ReadLimit,
    ) -> Answer<'_, Result<Slice, ReadError>> {
        Box::pin(self.ask(log, move |reader| reader.read(from, limit)))
    }

    fn read_at_hand(
        &self,
        log: LogId,
        from: Offset,
        limit: ReadLimit,
    ) -> Option<Result<Slice, ReadError>> {
        self.ask_at_hand(log, |reader| reader.read(from, limit))
    }

    fn offset_at(&self, log: LogId, time: Timestamp) -> Answer<'_, Result<Offset, ReadError>> {
        Box::pin(self.ask(log, move |reader| reader.offset_at(time)))
    }

    fn offset_at_hand(&self, log: LogId, time: Timestamp) -> Option<Result<Offset, ReadError>> {
        self.ask_at_hand(log, |reader| reader.offset_at(time))
    }

    fn known_bounds(&self, log: LogId) -> Result<Bounds, ReadError> {
        Ok(self.find(log)?.with(|state| state.bounds()))
    }

    fn fresh_bounds(&self, log: LogId) -> Answer<'_, Result<Bounds, ReadError>> {
        Box::pin(ready(self.known_bounds(log)))
    }

    fn tail(&self, log: LogId) -> Result<TailWatch, ReadError> {
        Ok(self.find(log)?.with(LogState::watch))
    }

    fn trim(&self, log: LogId, before: Offset) -> Answer<'_, Result<(), StoreError>> {
        self.change(Change::Trim(log, before))
    }

    fn configure(&self, log: LogId, settings: LogSettings) -> Answer<'_, Result<(), StoreError>> {
        self.change(Change::Configure(log, settings))
    }

    fn known_list(&self) -> Vec<LogId> {
        self.logs.live().iter().map(|log| log.id).collect()
    }

    fn fresh_list(&self) -> Answer<'_, Result<Vec<LogId>, ReadError>> {
        Box::pin(ready(Ok(self.known_list())))
    }

    fn delete(&self, logs: Vec<LogId>) -> Answer<'_, Result<(), StoreError>> {
        self.change(Change::Delete(logs))
    }

    fn promises(&self) -> Promises {
        Promises {
            reads: Reads::Newest,
        }
    }

    fn is_writable(&self) -> bool {
        !self.health.is_poisoned() && !self.queue.is_closed()
    }

    fn metrics(&self) -> Vec<Metric> {
        let metrics = Metrics {
            backlog: &self.backlog,
            cache: self.reads.cache(),
            handover: &self.handover,
            health: &self.health,
            measured: &self.measured,
            queue: &self.queue,
            reserve: &self.reserve,
            segments: &self.segments,
        };
        metrics.all()
    }

    fn shutdown(&self) -> Answer<'_, ()> {
        self.queue.close();
        Box::pin(async {
            self.lifecycle.ended().await;
            for log in self.logs.every() {
                log.with(LogState::end_tail);
            }
            self.lifecycle.unlock();
        })
    }
}
