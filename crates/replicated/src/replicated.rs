//! A machine on this node: reads its state, and proposes commands.

use crate::envelope::{ENVELOPE_VERSION, Envelope, Label};
use crate::error::{CatchUpError, NotAppended, ProposeError, ReplayError, SnapshotError, Unheard};
use crate::machine::{Machine, Verdict};
use crate::repeats::{Known, REPEATS_KNOWN, Repeats};
use crate::snapshot::{self, Finder};
use arc_swap::{ArcSwap, Guard};
use env::Env;
use log::{AppendError, Batch, Batches, LogId, LogSettings, LogStore, Offset, Priority, ReadError};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::{oneshot, watch};

/// Commands and snapshots are read in slices of this many bytes.
const READ_BYTES: u64 = 4 * 1024 * 1024;
/// A snapshot is taken after this many bytes of commands, or the last snapshot's size if larger.
pub const SNAPSHOT_AFTER_BYTES: u64 = 1024 * 1024;

/// By what a proposal is known: no two proposals share one, all attempts at one do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProposalId(pub [u8; 16]);

impl ProposalId {
    /// A new one.
    pub fn draw(env: &Env) -> Self {
        let mut id = [0; 16];
        env.random.fill(&mut id);
        Self(id)
    }
}

/// A machine's state, and how much of the log is in it.
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

/// A machine as this node has replayed it.
pub struct Replicated<M: Machine> {
    pub(crate) env: Env,
    pub(crate) store: Arc<dyn LogStore>,
    pub(crate) state: ArcSwap<Replayed<M>>,
    /// Held while commands are applied, until their state is to be seen.
    pub(crate) repeats: Mutex<Repeats<Verdict<M>>>,
    /// Whoever waits hears the verdict, or `None` if it is not known any more.
    pub(crate) waiting: Mutex<BTreeMap<ProposalId, oneshot::Sender<Option<Verdict<M>>>>>,
    pub(crate) is_stopped: AtomicBool,
    pub(crate) snapshots: Snapshots,
    /// Tells that the state is another, or that it will not change any more.
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

    /// Makes the machine's logs if they are missing, loads the newest snapshot, replays the
    /// commands after it, and goes on following. What was in the log when this was called is then
    /// in the state.
    ///
    /// # Errors
    /// If anything of it is damaged, missing, or not known to this version.
    pub async fn open(
        env: Env,
        store: Arc<dyn LogStore>,
        snapshot_after_bytes: u64,
    ) -> Result<Arc<Self>, ReplayError> {
        make_missing::<M>(&*store).await?;
        let (replayed, last_bytes) = load_snapshot::<M>(&*store).await?;
        let next = replayed.next;
        // A fresh look: another node may have trimmed what this start would need.
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

    /// Resolves once the state is as wanted; at once if it is already.
    pub async fn wait_until(&self, is_so: impl Fn(&M) -> bool) {
        let mut applied = self.applied.subscribe();
        loop {
            applied.mark_unchanged();
            if is_so(&self.state()) || applied.changed().await.is_err() {
                return;
            }
        }
    }

    /// Resolves once all commands before an offset are in the state.
    ///
    /// # Errors
    /// If the log is not followed any more, and so never will be.
    pub async fn wait_until_applied(&self, before: Offset) -> Result<(), CatchUpError> {
        let mut applied = self.applied.subscribe();
        loop {
            applied.mark_unchanged();
            if self.state().next >= before {
                return Ok(());
            }
            // Looked at after the mark was set: whoever stops says so first.
            if !self.is_following() || applied.changed().await.is_err() {
                return Err(CatchUpError::NotFollowed);
            }
        }
    }

    /// A barrier: resolves once all that is in the log by now is in the state.
    ///
    /// # Errors
    /// If the end of the log cannot be found, or the log is not followed any more.
    pub async fn catch_up(&self) -> Result<(), CatchUpError> {
        // A fresh look: what others have appended is what this waits for.
        let end = self.store.fresh_bounds(Self::COMMANDS).await?.end;
        self.wait_until_applied(end).await
    }

    /// Whether the log is still followed; if not, nothing can be changed.
    pub fn is_following(&self) -> bool {
        !self.is_stopped.load(Ordering::Acquire)
    }

    /// Appends a command, replays up to it, and answers what it did.
    ///
    /// A command that the state refuses already now is not appended. That spares the log commands
    /// which do nothing, and no more: what is applied is decided by the command's place in the log
    /// alone.
    ///
    /// # Errors
    /// What `apply` said, or that it could not be appended, or that nobody knows.
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

    /// The same under an id that its caller drew, who may do so again when an attempt is unknown:
    /// the command is applied once, whichever attempts the log took, and each answers what it did
    /// then.
    ///
    /// It holds while the attempts are among [`crate::REPEATS_KNOWN`] commands of the log, and the
    /// first outcome is known while it is among [`crate::ANSWERS_KEPT`]. Of one id, one attempt may
    /// be under way on a node: the next one takes its place, and it is unknown. There is no look
    /// ahead: an earlier attempt may be on its way, and only the log tells which came first.
    ///
    /// # Errors
    /// As [`Replicated::propose`]. That this attempt is not applied says nothing of those before.
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
        // Looked at after the waiter is there: whoever stops the following drops the waiters after
        // saying so.
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

/// Makes those of a machine's logs that were never made. If damage may have taken one along it is
/// not made anew: reading it tells of it.
async fn make_missing<M: Machine>(store: &dyn LogStore) -> Result<(), ReplayError> {
    let logs = [Replicated::<M>::COMMANDS, Replicated::<M>::SNAPSHOTS];
    // A fresh look: what is there decides what is made.
    let mut missing = Vec::new();
    for log in logs {
        if store.fresh_bounds(log).await == Err(ReadError::NoSuchLog(log)) {
            missing.push(log);
        }
    }
    // On a full disk changes must go on: some of them make room.
    let priority = Priority::Reserved;
    let settings = LogSettings {
        priority,
        ..LogSettings::default()
    };
    let missing: Vec<_> = missing.into_iter().map(|log| (log, settings)).collect();
    if !missing.is_empty() {
        store.create(missing).await?;
    }
    Ok(())
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

/// As much as one read of a log brings.
pub(crate) fn a_slice() -> log::ReadLimit {
    log::ReadLimit {
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
            // These commands are in the state already. Only a disk of this node's own tells of
            // damage, and on that one nobody appends a command twice.
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
