//! A machine on this node: reads its state, and proposes commands.

use crate::envelope::{ENVELOPE_VERSION, Envelope, Label};
use crate::error::{CatchUpError, NotAppended, ProposeError, ReplayError, SnapshotError, Unheard};
use crate::machine::{Machine, Verdict};
use crate::repeats::{Known, REPEATS_KNOWN, Repeats};
use crate::snapshot::{self, Finder};
use arc_swap::{ArcSwap, Guard};
use millstream_env::Env;
use millstream_store::{
    AppendError, Batch, Batches, LogId, LogSettings, LogStore, Offset, Priority, ReadError,
    StoreError,
};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::{oneshot, watch};

/// Slice size for reading commands and snapshots.
const READ_BYTES: u64 = 4 * 1024 * 1024;
/// A snapshot is due after this many bytes of commands, or the size of the last snapshot if that is
/// larger.
pub const SNAPSHOT_AFTER_BYTES: u64 = 1024 * 1024;

/// The id of a proposal: unique to it, and shared by all attempts at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProposalId(pub [u8; 16]);

impl ProposalId {
    /// A new id.
    pub fn draw(env: &Env) -> Self {
        let mut id = [0; 16];
        env.random.fill(&mut id);
        Self(id)
    }
}

/// A machine's state, and how much of the log it includes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replayed<M> {
    /// The offset of the first command that is not in the state.
    pub next: Offset,
    /// The state.
    pub machine: M,
}

impl<M> Deref for Replayed<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.machine
    }
}

/// Changes of a machine's state.
#[derive(Debug)]
pub struct Changes(watch::Receiver<()>);

impl Changes {
    /// Waits for changes that were not waited for yet; `false` once the machine is gone.
    pub async fn next(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

/// A machine as this node has replayed it.
pub struct Replicated<M: Machine> {
    pub(crate) env: Env,
    pub(crate) store: Arc<dyn LogStore>,
    pub(crate) state: ArcSwap<Replayed<M>>,
    /// Held from the application of commands until their state is published.
    pub(crate) repeats: Mutex<Repeats<Verdict<M>>>,
    /// Waiters for verdicts. They receive `None` if the verdict is no longer known.
    pub(crate) waiting: Mutex<BTreeMap<ProposalId, oneshot::Sender<Option<Verdict<M>>>>>,
    pub(crate) is_stopped: AtomicBool,
    pub(crate) snapshots: Snapshots,
    /// Notifies that the state has changed, or will not change any more.
    pub(crate) applied: watch::Sender<()>,
}

/// When the next snapshot is due.
pub(crate) struct Snapshots {
    pub(crate) after_bytes: u64,
    /// Bytes of commands since the last one.
    pub(crate) command_bytes: AtomicU64,
    /// The size of the last one.
    pub(crate) last_bytes: AtomicU64,
    pub(crate) is_running: AtomicBool,
}

impl<M: Machine> Replicated<M> {
    /// The log of commands.
    pub const COMMANDS: LogId = M::NAMESPACE.commands();
    /// The log of snapshots.
    pub const SNAPSHOTS: LogId = M::NAMESPACE.snapshots();

    /// Creates the machine's logs if they are missing, loads the newest snapshot, replays the
    /// commands after it, and keeps following. On return the state includes everything that was in
    /// the log when this was called.
    ///
    /// # Errors
    /// If any of it is damaged, missing, or of an unknown version.
    pub async fn open(
        env: Env,
        store: Arc<dyn LogStore>,
        snapshot_after_bytes: u64,
    ) -> Result<Arc<Self>, ReplayError> {
        make_missing::<M>(&*store).await?;
        let (replayed, last_bytes) = load_snapshot::<M>(&*store).await?;
        let next = replayed.next;
        // A fresh look: another node may have trimmed what this start needs.
        let first = store.fresh_bounds(Self::COMMANDS).await?.first;
        if first > next {
            return Err(ReplayError::CommandsMissing {
                first: next.0,
                last: first.0 - 1,
            });
        }
        let repeats = load_repeats::<M>(&*store, next).await?;
        let machine = Arc::new(Self {
            env,
            store,
            state: ArcSwap::from_pointee(replayed),
            repeats: Mutex::new(repeats),
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
        machine.replay().await?;
        machine.clone().follow()?;
        Ok(machine)
    }

    /// The state as replayed so far.
    pub fn state(&self) -> Guard<Arc<Replayed<M>>> {
        self.state.load()
    }

    /// Changes from now on, for whoever outlives the machine or not.
    pub fn changes(&self) -> Changes {
        Changes(self.applied.subscribe())
    }

    /// Resolves once the state satisfies a condition; at once if it already does.
    pub async fn wait_until(&self, is_so: impl Fn(&M) -> bool) {
        let mut applied = self.applied.subscribe();
        loop {
            applied.mark_unchanged();
            if is_so(&self.state()) || applied.changed().await.is_err() {
                return;
            }
        }
    }

    /// Resolves once the state includes all commands before an offset.
    ///
    /// # Errors
    /// If the log is no longer followed, so that it never will.
    pub async fn wait_until_applied(&self, before: Offset) -> Result<(), CatchUpError> {
        let mut applied = self.applied.subscribe();
        loop {
            applied.mark_unchanged();
            if self.state().next >= before {
                return Ok(());
            }
            // Checked after marking the value as seen: `stop` clears the flag first.
            if !self.is_following() || applied.changed().await.is_err() {
                return Err(CatchUpError::NotFollowed);
            }
        }
    }

    /// A barrier: resolves once the state includes everything that is in the log by now.
    ///
    /// # Errors
    /// If the end of the log cannot be found, or the log is no longer followed.
    pub async fn catch_up(&self) -> Result<(), CatchUpError> {
        // A fresh look: the barrier covers what other nodes have appended.
        let end = self.store.fresh_bounds(Self::COMMANDS).await?.end;
        self.wait_until_applied(end).await
    }

    /// Whether the log is still being followed; if not, nothing can be changed.
    pub fn is_following(&self) -> bool {
        !self.is_stopped.load(Ordering::Acquire)
    }

    /// Appends a command, replays up to it, and returns its outcome.
    ///
    /// A command that the current state refuses is not appended. That only saves the log from
    /// useless commands: what is applied is decided by a command's position in the log alone.
    ///
    /// # Errors
    /// What `apply` refused, that it could not be appended, or that its outcome is unknown.
    pub async fn propose(
        &self,
        command: M::Command,
    ) -> Result<M::Outcome, ProposeError<M::Refusal>> {
        let envelope = self.envelope(ProposalId::draw(&self.env), command);
        let replayed = Replayed::clone(&self.state());
        let (at, mut trial) = (replayed.next, replayed.machine);
        let verdict = trial.apply(at, envelope.time, &envelope.command);
        verdict.map_err(ProposeError::Refused)?;
        self.append_and_hear(envelope).await
    }

    /// The same, idempotently, under an id that the caller has drawn. The caller may repeat it when
    /// an attempt is unknown: the command is applied once, whichever attempts reached the log, and
    /// each attempt returns what it did then.
    ///
    /// It is recognized as a repetition within [`crate::REPEATS_KNOWN`] commands of the log, and
    /// its first outcome is known within [`crate::ANSWERS_KEPT`]. Only one attempt per id may be in
    /// flight on a node: a second one replaces it, and the first is then unknown. There is no trial
    /// on the state: an earlier attempt may be in flight, and only the log decides which came
    /// first.
    ///
    /// # Errors
    /// As [`Replicated::propose`]. If this attempt was not applied, earlier ones still may have
    /// been.
    pub async fn propose_as(
        &self,
        id: ProposalId,
        command: M::Command,
    ) -> Result<M::Outcome, ProposeError<M::Refusal>> {
        let known = self.repeats.lock().look_up(&id.0);
        match known {
            Known::New => {
                let envelope = self.envelope(id, command);
                self.append_and_hear(envelope).await
            }
            Known::Again(Some(verdict)) => verdict.map_err(ProposeError::Refused),
            Known::Again(None) => Err(ProposeError::Unknown {
                cause: Unheard::JudgedBefore,
            }),
        }
    }

    fn envelope(&self, id: ProposalId, command: M::Command) -> Envelope<M::Command> {
        Envelope {
            version: ENVELOPE_VERSION,
            id: id.0,
            time: self.env.clock.now(),
            command,
        }
    }

    async fn append_and_hear(
        &self,
        envelope: Envelope<M::Command>,
    ) -> Result<M::Outcome, ProposeError<M::Refusal>> {
        let id = ProposalId(envelope.id);
        let (waiter, result) = oneshot::channel();
        self.waiting.lock().insert(id, waiter);
        // Checked after the waiter is registered: `stop` clears the flag before it drops waiters.
        if !self.is_following() {
            self.waiting.lock().remove(&id);
            let cause = NotAppended::NotFollowed;
            return Err(ProposeError::NotApplied { cause });
        }
        let record = snapshot::to_vec(&envelope);
        if let Err(error) = self.append(Batch::data(&record)).await {
            self.waiting.lock().remove(&id);
            return Err(error.into());
        }
        let cause = match result.await {
            Ok(Some(verdict)) => return verdict.map_err(ProposeError::Refused),
            Ok(None) => Unheard::JudgedBefore,
            Err(_dropped) => Unheard::ResultLost,
        };
        Err(ProposeError::Unknown { cause })
    }

    async fn append(&self, batch: Batch) -> Result<Offset, AppendError> {
        let batches = Batches::one(Self::COMMANDS, batch);
        let mut results = self.store.append_many(batches).await;
        results
            .pop()
            .expect("one batch has one result")
            .map(|appended| appended.first)
    }
}

/// Creates those of a machine's logs that never existed. A log that damage may have removed is not
/// created anew: reading it reports the damage.
async fn make_missing<M: Machine>(store: &dyn LogStore) -> Result<(), ReplayError> {
    let logs = [Replicated::<M>::COMMANDS, Replicated::<M>::SNAPSHOTS];
    // A fresh look: what exists decides what is created.
    let mut missing = Vec::new();
    for log in logs {
        if store.fresh_bounds(log).await == Err(ReadError::NoSuchLog(log)) {
            missing.push(log);
        }
    }
    // On a full disk changes must go on: some of them free space.
    let priority = Priority::Reserved;
    let settings = LogSettings {
        priority,
        ..LogSettings::default()
    };
    let missing: Vec<_> = missing.into_iter().map(|log| (log, settings)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    match store.create(missing).await {
        // Another node makes them at this moment; reading them tells.
        Ok(()) | Err(StoreError::Exists(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn load_snapshot<M: Machine>(
    store: &dyn LogStore,
) -> Result<(Replayed<M>, u64), SnapshotError> {
    match read_snapshots::<M>(store).await?.last() {
        Some(newest) => {
            let (next, machine) = (newest.next, newest.decode()?);
            Ok((Replayed { next, machine }, newest.size() as u64))
        }
        None => Ok((Replayed::default(), 0)),
    }
}

/// The read limit of one slice.
pub(crate) fn a_slice() -> millstream_store::ReadLimit {
    millstream_store::ReadLimit {
        records: u32::MAX,
        bytes: READ_BYTES,
    }
}

/// The newest two sealed snapshots.
pub(crate) async fn read_snapshots<M: Machine>(
    store: &dyn LogStore,
) -> Result<Vec<snapshot::Found>, SnapshotError> {
    let mut finder = Finder::new(M::FORMAT.snapshots);
    let mut from = Offset(0);
    loop {
        let slice = store
            .read(Replicated::<M>::SNAPSHOTS, from, a_slice())
            .await?;
        for record in slice.records() {
            finder.push(record.offset, record.bytes)?;
        }
        if slice.runs.is_empty() {
            return Ok(finder.finish());
        }
        from = slice.next;
    }
}

/// The ids of the commands before `end`, which are in the snapshot.
async fn load_repeats<M: Machine>(
    store: &dyn LogStore,
    end: Offset,
) -> Result<Repeats<Verdict<M>>, ReplayError> {
    let mut repeats = Repeats::new();
    let mut from = Offset(end.0.saturating_sub(REPEATS_KNOWN as u64));
    while from < end {
        let slice = match store.read(Replicated::<M>::COMMANDS, from, a_slice()).await {
            // These commands are in the state already. Only a local disk reports damage, and its
            // commands are never appended twice.
            Err(error @ ReadError::Damaged { .. }) => {
                let machine = M::FORMAT.name;
                tracing::warn!(machine, %error, "old commands cannot be read, nor be missed");
                break;
            }
            other => other?,
        };
        for record in slice.records().filter(|record| record.offset < end) {
            repeats.pass(Label::of(&record)?.id);
        }
        if slice.runs.is_empty() {
            break;
        }
        from = slice.next;
    }
    Ok(repeats)
}
