//! Following a machine's log: one task applies each command in order, notifies its proposer, and
//! takes snapshots.

use crate::envelope::{ENVELOPE_VERSION, Envelope, Label};
use crate::error::{ReplayError, SnapshotError};
use crate::machine::{Machine, Verdict};
use crate::repeats::REPEATS_KNOWN;
use crate::replicated::{ProposalId, Replayed, Replicated, a_slice, read_snapshots};
use crate::snapshot;
use millstream_env::Causes;
use millstream_store::{Batches, Offset, Record, Slice, TailWatch};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A guard for the following task: when it is dropped, however the task ended, following has
/// stopped.
struct Following<M: Machine>(Arc<Replicated<M>>);

impl<M: Machine> Drop for Following<M> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// The verdict on each command of a slice, by its proposal; `None` for a repetition whose first
/// outcome is not known here.
type Verdicts<M> = Vec<(ProposalId, Option<Verdict<M>>)>;

impl<M: Machine> Replicated<M> {
    /// Starts the task that follows the log's tail.
    pub(crate) fn follow(self: Arc<Self>) -> Result<(), ReplayError> {
        let mut tail = self.store.tail(Self::COMMANDS)?;
        let tasks = self.env.tasks.clone();
        let following = Following(self);
        let task = async move {
            let Following(machine) = &following;
            while machine.waits_for_more(&mut tail).await {
                if let Err(error) = machine.replay().await {
                    let (machine, error) = (M::FORMAT.name, Causes(&error));
                    tracing::error!(machine, %error, "commands cannot be followed any further");
                    break;
                }
                machine.clone().snapshot_if_due();
            }
        };
        tasks.spawn(M::FORMAT.name, Box::pin(task));
        Ok(())
    }

    /// Resolves when there are commands to apply; `false` when the store is gone.
    async fn waits_for_more(&self, tail: &mut TailWatch) -> bool {
        let next = self.state.load().next;
        tail.reaches_past(next).await
    }

    /// Marks following as stopped, and releases all waiters.
    fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
        self.applied.send_replace(());
        let waiting = std::mem::take(&mut *self.waiting.lock());
        // Their wakers run without the lock.
        drop(waiting);
    }

    /// Applies everything in the log so far.
    pub(crate) async fn replay(&self) -> Result<(), ReplayError> {
        loop {
            let next = self.state.load().next;
            let slice = self.store.read(Self::COMMANDS, next, a_slice()).await?;
            if slice.runs.is_empty() {
                return Ok(());
            }
            let mut verdicts = Vec::new();
            let applied = self.apply(&slice, &mut verdicts);
            self.applied.send_replace(());
            self.tell(verdicts);
            applied?;
        }
    }

    /// Applies the commands of a slice up to the first malformed one, and publishes the state.
    fn apply(&self, slice: &Slice, verdicts: &mut Verdicts<M>) -> Result<(), ReplayError> {
        // An outcome that is visible among the repeats is visible in the state, too.
        let mut repeats = self.repeats.lock();
        let mut replayed = Replayed::clone(&self.state.load());
        let mut bytes = 0;
        let mut applied = Ok(());
        for record in slice.records() {
            let envelope: Envelope<M::Command> = match decode(&record, replayed.next) {
                Ok(envelope) => envelope,
                Err(error) => {
                    applied = Err(error);
                    break;
                }
            };
            let (at, time) = (record.offset, envelope.time);
            let machine = &mut replayed.machine;
            let apply = || machine.apply(at, time, &envelope.command);
            let verdict = repeats.judge(envelope.id, apply);
            verdicts.push((ProposalId(envelope.id), verdict));
            replayed.next = at.plus(1);
            bytes += record.bytes.len() as u64;
        }
        self.state.store(Arc::new(replayed));
        drop(repeats);
        self.snapshots
            .command_bytes
            .fetch_add(bytes, Ordering::Relaxed);
        applied
    }

    /// Notifies proposers. The state already reflects what they are told.
    fn tell(&self, verdicts: Verdicts<M>) {
        let mut waiting = self.waiting.lock();
        for (id, verdict) in verdicts {
            if let Some(waiter) = waiting.remove(&id) {
                // The proposer may have gone away.
                let _ = waiter.send(verdict);
            }
        }
    }

    /// Takes a snapshot concurrently with following, if enough was replayed since the last one.
    fn snapshot_if_due(self: Arc<Self>) {
        let due = &self.snapshots;
        let threshold = due.after_bytes.max(due.last_bytes.load(Ordering::Relaxed));
        let is_due = due.command_bytes.load(Ordering::Relaxed) >= threshold;
        if !is_due || due.is_running.swap(true, Ordering::AcqRel) {
            return;
        }
        due.command_bytes.store(0, Ordering::Relaxed);
        let tasks = self.env.tasks.clone();
        let task = async move {
            if let Err(error) = self.snapshot().await {
                let (machine, error) = (M::FORMAT.name, Causes(&error));
                tracing::warn!(machine, %error, "no snapshot was taken");
            }
            self.snapshots.is_running.store(false, Ordering::Release);
        };
        tasks.spawn(M::FORMAT.snapshot_task, Box::pin(task));
    }

    /// Writes a snapshot, reads it back, and only then trims what is older than the previous one.
    async fn snapshot(&self) -> Result<(), SnapshotError> {
        let state = self.state.load_full();
        let image = state.machine.encode_snapshot();
        for batch in snapshot::encode(M::FORMAT.snapshots.newest, state.next, &image) {
            let batches = Batches::one(Self::SNAPSHOTS, batch);
            let mut results = self.store.append_many(batches).await;
            results.pop().expect("one batch has one result")?;
        }
        let kept = read_snapshots::<M>(&*self.store).await?;
        match kept.last() {
            Some(newest) if newest.next == state.next && newest.decode::<M>()? == state.machine => {
            }
            Some(_) | None => return Err(SnapshotError::Differs),
        }
        self.snapshots
            .last_bytes
            .store(image.len() as u64, Ordering::Relaxed);
        if let [older, _newest] = kept.as_slice() {
            // Repetitions of commands before the snapshot must stay recognizable.
            let commands = older.next.0.saturating_sub(REPEATS_KNOWN as u64);
            let trims = [
                (Self::SNAPSHOTS, older.first),
                (Self::COMMANDS, Offset(commands)),
            ];
            for (log, before) in trims {
                self.store.trim(log, before).await?;
            }
        }
        Ok(())
    }
}

fn decode<C: for<'b> minicbor::Decode<'b, ()>>(
    record: &Record<'_>,
    next: Offset,
) -> Result<Envelope<C>, ReplayError> {
    let offset = record.offset.0;
    if record.offset != next {
        return Err(ReplayError::CommandMissing {
            missing: next.0,
            next: offset,
        });
    }
    let envelope: Envelope<C> = minicbor::decode(record.bytes)
        .map_err(|cause| ReplayError::CommandMalformed { offset, cause })?;
    check_version(offset, envelope.version)?;
    Ok(envelope)
}

impl Label {
    /// Decodes a command's envelope.
    pub(crate) fn of(record: &Record<'_>) -> Result<Self, ReplayError> {
        let offset = record.offset.0;
        let label: Self = minicbor::decode(record.bytes)
            .map_err(|cause| ReplayError::CommandMalformed { offset, cause })?;
        check_version(offset, label.version)?;
        Ok(label)
    }
}

fn check_version(offset: u64, version: u8) -> Result<(), ReplayError> {
    if version == ENVELOPE_VERSION {
        Ok(())
    } else {
        Err(ReplayError::CommandVersion { offset, version })
    }
}
