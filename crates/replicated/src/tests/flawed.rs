//! A store whose appends may have unknown outcomes, and whose reads may find damage.

use millstream_env::Timestamp;
use millstream_store::store::Answer;
use millstream_store::{
    AppendError, Appended, Batches, Bounds, Epoch, LogId, LogSettings, LogStore, MemoryStore,
    Offset, Promises, ReadError, ReadLimit, Slice, StoreError, TailWatch,
};
use parking_lot::Mutex;

/// What happens to the next append.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    /// It is refused.
    Refused(AppendError),
    /// It takes place, and is reported as unknown.
    Untold,
}

pub(super) struct Flawed {
    store: MemoryStore,
    pub(super) fate: Mutex<Option<Fate>>,
    /// A log, and the offset before which it cannot be read.
    pub(super) damage: Mutex<Option<(LogId, Offset)>>,
}

impl Flawed {
    pub(super) fn new(store: MemoryStore) -> Self {
        Self {
            store,
            fate: Mutex::default(),
            damage: Mutex::default(),
        }
    }

    pub(super) fn fail_next(&self, fate: Fate) {
        *self.fate.lock() = Some(fate);
    }
}

impl LogStore for Flawed {
    fn create(&self, logs: Vec<(LogId, LogSettings)>) -> Answer<'_, Result<(), StoreError>> {
        self.store.create(logs)
    }

    fn append_many(&self, batches: Batches) -> Answer<'_, Vec<Result<Appended, AppendError>>> {
        Box::pin(async move {
            let fate = self.fate.lock().take();
            match fate {
                None => self.store.append_many(batches).await,
                Some(Fate::Refused(error)) => vec![Err(error)],
                Some(Fate::Untold) => {
                    let answers = self.store.append_many(batches).await.into_iter();
                    let unknown = |_| Err(AppendError::Unknown("nobody heard".to_owned()));
                    answers.map(unknown).collect()
                }
            }
        })
    }

    fn seal(&self, log: LogId, bytes: &[u8]) -> Answer<'_, Result<Offset, AppendError>> {
        self.store.seal(log, bytes)
    }

    fn claim(&self, log: LogId, epoch: Epoch) -> Answer<'_, Result<(), AppendError>> {
        self.store.claim(log, epoch)
    }

    fn read(
        &self,
        log: LogId,
        from: Offset,
        limit: ReadLimit,
    ) -> Answer<'_, Result<Slice, ReadError>> {
        let damage = *self.damage.lock();
        if damage.is_some_and(|(of, before)| of == log && from < before) {
            return Box::pin(std::future::ready(Err(ReadError::Damaged {
                log,
                what: "checksum",
                at: "a file".to_owned(),
            })));
        }
        self.store.read(log, from, limit)
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
        self.store.trim(log, before)
    }

    fn configure(&self, log: LogId, settings: LogSettings) -> Answer<'_, Result<(), StoreError>> {
        self.store.configure(log, settings)
    }

    fn known_list(&self) -> Vec<LogId> {
        self.store.known_list()
    }

    fn fresh_list(&self) -> Answer<'_, Result<Vec<LogId>, ReadError>> {
        self.store.fresh_list()
    }

    fn promises(&self) -> Promises {
        self.store.promises()
    }

    fn delete(&self, logs: Vec<LogId>) -> Answer<'_, Result<(), StoreError>> {
        self.store.delete(logs)
    }

    fn is_writable(&self) -> bool {
        self.store.is_writable()
    }

    fn shutdown(&self) -> Answer<'_, ()> {
        self.store.shutdown()
    }
}
