//! A store with hooks that run before and after each change, and before each read.

use millstream_env::Timestamp;
use millstream_store::store::{Answer, sealed};
use millstream_store::{
    AppendError, Appended, Batch, Batches, Bounds, Epoch, LogId, LogSettings, LogStore, Offset,
    Promises, ReadError, ReadLimit, Slice, StoreError, TailWatch,
};
use std::sync::Arc;

/// What happens around a change: it may wait, for ever if need be.
pub trait Hook: Send + Sync + 'static {
    fn before(&self) -> impl Future<Output = ()> + Send;
    fn after(&self) -> impl Future<Output = ()> + Send;

    /// What a change of settings answers instead of being made.
    fn configure(&self, _: LogId) -> Option<StoreError> {
        None
    }

    /// Happens before a log is read.
    fn before_read(&self, _: LogId) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// What becomes of an append.
    fn append(
        &self,
        store: &dyn LogStore,
        batches: Batches,
    ) -> impl Future<Output = Vec<Result<Appended, AppendError>>> + Send {
        store.append_many(batches)
    }
}

pub struct Interposed<H> {
    pub store: Arc<dyn LogStore>,
    pub hook: H,
}

impl<H: Hook> Interposed<H> {
    async fn change<T>(&self, call: impl Future<Output = T>) -> T {
        self.hook.before().await;
        let result = call.await;
        self.hook.after().await;
        result
    }
}

impl<H: Hook> LogStore for Interposed<H> {
    fn create(&self, logs: Vec<(LogId, LogSettings)>) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(self.change(async move { self.store.create(logs).await }))
    }

    fn append_many(&self, batches: Batches) -> Answer<'_, Vec<Result<Appended, AppendError>>> {
        Box::pin(async {
            let store = &*self.store;
            self.change(self.hook.append(store, batches)).await
        })
    }

    fn claim(&self, log: LogId, epoch: Epoch) -> Answer<'_, Result<(), AppendError>> {
        self.store.claim(log, epoch)
    }

    /// Its fate is that of an append.
    fn seal(&self, log: LogId, bytes: &[u8]) -> Answer<'_, Result<Offset, AppendError>> {
        let batches = Batches::one(log, Batch::control(bytes));
        Box::pin(async { sealed(self.append_many(batches).await) })
    }

    fn read(
        &self,
        log: LogId,
        from: Offset,
        limit: ReadLimit,
    ) -> Answer<'_, Result<Slice, ReadError>> {
        Box::pin(async move {
            self.hook.before_read(log).await;
            self.store.read(log, from, limit).await
        })
    }

    fn offset_at(&self, log: LogId, time: Timestamp) -> Answer<'_, Result<Offset, ReadError>> {
        self.store.offset_at(log, time)
    }

    fn known_bounds(&self, log: LogId) -> Result<Bounds, ReadError> {
        self.store.known_bounds(log)
    }

    fn fresh_bounds(&self, log: LogId) -> Answer<'_, Result<Bounds, ReadError>> {
        self.store.fresh_bounds(log)
    }

    fn tail(&self, log: LogId) -> Result<TailWatch, ReadError> {
        self.store.tail(log)
    }

    fn trim(&self, log: LogId, before: Offset) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(self.change(async move { self.store.trim(log, before).await }))
    }

    fn configure(&self, log: LogId, settings: LogSettings) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(self.change(async move {
            match self.hook.configure(log) {
                Some(error) => Err(error),
                None => self.store.configure(log, settings).await,
            }
        }))
    }

    fn known_list(&self) -> Vec<LogId> {
        self.store.known_list()
    }

    fn fresh_list(&self) -> Answer<'_, Result<Vec<LogId>, ReadError>> {
        self.store.fresh_list()
    }

    fn delete(&self, logs: Vec<LogId>) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(self.change(async move { self.store.delete(logs).await }))
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
