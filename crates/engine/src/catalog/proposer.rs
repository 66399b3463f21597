//! The catalog's handle: reads the state, and proposes changes.

use super::apply::{Applied, Verdict};
use super::command::{Command, ENVELOPE_VERSION, Envelope};
use super::error::{NotAppended, ProposeError, ReplayError, SnapshotError, Unheard};
use super::snapshot::{self, Finder};
use super::state::State;
use super::{COMMANDS, SNAPSHOTS};
use arc_swap::{ArcSwap, Guard};
use env::Env;
use log::{AppendError, Batch, Batches, LogId, LogSettings, LogStore, Offset, Priority, ReadError};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::{oneshot, watch};

/// Commands and snapshots are read in slices of this many bytes.
pub(super) const READ_BYTES: u64 = 4 * 1024 * 1024;
/// A snapshot is taken after this many bytes of commands, or the last snapshot's size if larger.
pub const SNAPSHOT_AFTER_BYTES: u64 = 1024 * 1024;

type Waiter = oneshot::Sender<Verdict>;

/// The catalog of this node.
pub struct Catalog {
    pub(super) env: Env,
    pub(super) store: Arc<dyn LogStore>,
    pub(super) state: ArcSwap<State>,
    pub(super) waiting: Mutex<BTreeMap<[u8; 16], Waiter>>,
    pub(super) is_stopped: AtomicBool,
    pub(super) snapshots: Snapshots,
    /// Tells that the state is another.
    pub(super) applied: watch::Sender<()>,
}

/// When the next snapshot is due.
pub(super) struct Snapshots {
    pub(super) after_bytes: u64,
    /// Bytes of commands since the last one.
    pub(super) command_bytes: AtomicU64,
    /// The size of the last one.
    pub(super) last_bytes: AtomicU64,
    pub(super) is_running: AtomicBool,
}

impl Catalog {
    /// Makes the catalog's logs if they are missing, loads the newest snapshot, replays the
    /// commands after it, and goes on following.
    ///
    /// # Errors
    /// If anything of it is damaged, missing, or not known to this version.
    pub async fn open(
        env: Env,
        store: Arc<dyn LogStore>,
        snapshot_after_bytes: u64,
    ) -> Result<Arc<Self>, ReplayError> {
        // If damage may have taken them along they are not made anew: reading them tells of it.
        let is_missing = |log: &LogId| matches!(store.bounds(*log), Err(ReadError::NoSuchLog(_)));
        let missing = [COMMANDS, SNAPSHOTS].into_iter().filter(is_missing);
        // On a full disk changes must go on: some of them make room.
        let priority = Priority::Reserved;
        let settings = LogSettings {
            priority,
            ..LogSettings::default()
        };
        let logs: Vec<_> = missing.map(|log| (log, settings)).collect();
        if !logs.is_empty() {
            store.create(logs).await?;
        }
        let (state, last_bytes) = load_snapshot(&*store).await?;
        let first = store.bounds(COMMANDS)?.first;
        if first > state.next {
            return Err(ReplayError::CommandsMissing {
                first: state.next.0,
                last: first.0 - 1,
            });
        }
        let catalog = Arc::new(Self {
            env,
            store,
            state: ArcSwap::from_pointee(state),
            waiting: Mutex::new(BTreeMap::new()),
            is_stopped: AtomicBool::new(false),
            snapshots: Snapshots {
                after_bytes: snapshot_after_bytes,
                command_bytes: AtomicU64::new(0),
                last_bytes: AtomicU64::new(last_bytes),
                is_running: AtomicBool::new(false),
            },
            applied: watch::Sender::new(()),
        });
        catalog.replay().await?;
        catalog.clone().follow()?;
        Ok(catalog)
    }

    /// The state as replayed so far.
    pub fn state(&self) -> Guard<Arc<State>> {
        self.state.load()
    }

    /// Resolves once the state is as wanted; at once if it is already.
    pub async fn wait_until(&self, is_so: impl Fn(&State) -> bool) {
        let mut applied = self.applied.subscribe();
        loop {
            applied.mark_unchanged();
            if is_so(&self.state()) || applied.changed().await.is_err() {
                return;
            }
        }
    }

    /// Whether the log is still followed; if not, nothing can be changed.
    pub fn is_following(&self) -> bool {
        !self.is_stopped.load(Ordering::Acquire)
    }

    /// Appends a command, replays up to it, and answers what it did.
    ///
    /// A command that the state refuses already now is not appended: a look ahead, never the judge of one
    /// that was.
    ///
    /// # Errors
    /// What `apply` said, or that it could not be appended, or that nobody knows.
    pub async fn propose(&self, command: Command) -> Result<Applied, ProposeError> {
        let mut id = [0; 16];
        self.env.random.fill(&mut id);
        let time = self.env.clock.now();
        let envelope = Envelope {
            version: ENVELOPE_VERSION,
            id,
            time,
            command,
        };
        State::clone(&self.state()).apply(&envelope)?;
        let (waiter, result) = oneshot::channel();
        self.waiting.lock().insert(id, waiter);
        // Looked at after the waiter is there: whoever stops the catalog drops the waiters after
        // saying so.
        if !self.is_following() {
            self.waiting.lock().remove(&id);
            let cause = NotAppended::NotFollowed;
            return Err(ProposeError::NotApplied { cause });
        }
        let record = minicbor::to_vec(&envelope).expect("writing to memory does not fail");
        if let Err(error) = self.append(Batch::data(&record)).await {
            self.waiting.lock().remove(&id);
            return Err(error.into());
        }
        match result.await {
            Ok(verdict) => Ok(verdict?),
            Err(_dropped) => {
                let cause = Unheard::ResultLost;
                Err(ProposeError::Unknown { cause })
            }
        }
    }

    async fn append(&self, batch: Batch) -> Result<Offset, AppendError> {
        let batches = Batches::one(COMMANDS, batch);
        let mut results = self.store.append_many(batches).await;
        results
            .pop()
            .expect("one batch has one result")
            .map(|appended| appended.first)
    }
}

async fn load_snapshot(store: &dyn LogStore) -> Result<(State, u64), SnapshotError> {
    match read_snapshots(store).await?.last() {
        Some(newest) => Ok((newest.decode()?, newest.size() as u64)),
        None => Ok((State::default(), 0)),
    }
}

/// The newest two sealed snapshots.
pub(super) async fn read_snapshots(
    store: &dyn LogStore,
) -> Result<Vec<snapshot::Found>, SnapshotError> {
    let mut finder = Finder::default();
    let mut from = Offset(0);
    loop {
        let limit = log::ReadLimit {
            records: u32::MAX,
            bytes: READ_BYTES,
        };
        let slice = store.read(SNAPSHOTS, from, limit).await?;
        for record in slice.records() {
            finder.push(record.offset, record.bytes)?;
        }
        if slice.runs.is_empty() {
            return Ok(finder.finish());
        }
        from = slice.next;
    }
}
