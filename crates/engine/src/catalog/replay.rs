//! Following the catalog's log: one task applies each command in order, tells its proposer, and
//! takes snapshots.

use super::command::{ENVELOPE_VERSION, Envelope};
use super::error::{ReplayError, SnapshotError};
use super::proposer::{Catalog, READ_BYTES, read_snapshots};
use super::state::State;
use super::{COMMANDS, SNAPSHOTS, snapshot};
use crate::causes::Causes;
use log::{Batches, ReadLimit, Record, TailWatch};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// That the log is followed: when this goes, by whatever end of the task, nothing is any more.
struct Following(Arc<Catalog>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Catalog {
    /// Starts the task that follows the log's tail.
    pub(super) fn follow(self: Arc<Self>) -> Result<(), ReplayError> {
        let mut tail = self.store.tail(COMMANDS)?;
        let tasks = self.env.tasks.clone();
        let following = Following(self);
        let task = async move {
            let Following(catalog) = &following;
            while catalog.waits_for_more(&mut tail).await {
                if let Err(error) = catalog.replay().await {
                    tracing::error!(error = %Causes(&error), "the catalog cannot be followed any further");
                    break;
                }
                catalog.clone().snapshot_if_due();
            }
        };
        tasks.spawn("catalog", Box::pin(task));
        Ok(())
    }

    /// Resolves when there is more than was applied; `false` when the store has gone.
    async fn waits_for_more(&self, tail: &mut TailWatch) -> bool {
        let next = self.state.load().next;
        tail.reaches_past(next).await
    }

    /// Says that nothing is followed any more, and lets go of whoever waits.
    fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
        let waiting = std::mem::take(&mut *self.waiting.lock());
        // They hear of it without the lock.
        drop(waiting);
    }

    /// Applies all that is in the log by now.
    pub(super) async fn replay(&self) -> Result<(), ReplayError> {
        loop {
            let mut state = State::clone(&self.state.load());
            let limit = ReadLimit {
                records: u32::MAX,
                bytes: READ_BYTES,
            };
            let slice = self.store.read(COMMANDS, state.next, limit).await?;
            if slice.runs.is_empty() {
                return Ok(());
            }
            let mut results = Vec::new();
            for record in slice.records() {
                let envelope = decode(&record, &state)?;
                results.push((envelope.id, state.apply(&envelope)));
                let bytes = record.bytes.len() as u64;
                self.snapshots
                    .command_bytes
                    .fetch_add(bytes, Ordering::Relaxed);
            }
            // Whoever is told the result finds it in the state.
            self.state.store(Arc::new(state));
            self.applied.send_replace(());
            let mut waiting = self.waiting.lock();
            for (id, result) in results {
                if let Some(waiter) = waiting.remove(&id) {
                    // A proposer that went away no longer wants to know.
                    let _ = waiter.send(result);
                }
            }
        }
    }

    /// Takes a snapshot beside the following, if enough was replayed since the last.
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
                tracing::warn!(error = %Causes(&error), "no snapshot of the catalog was taken");
            }
            self.snapshots.is_running.store(false, Ordering::Release);
        };
        tasks.spawn("catalog-snapshot", Box::pin(task));
    }

    /// Writes a snapshot, reads it again, and only then trims what is older than the one before.
    async fn snapshot(&self) -> Result<(), SnapshotError> {
        let state = self.state.load_full();
        let (batches, bytes) = snapshot::encode(&state);
        for batch in batches {
            let batches = Batches::one(SNAPSHOTS, batch);
            let mut results = self.store.append_many(batches).await;
            results.pop().expect("one batch has one result")?;
        }
        let kept = read_snapshots(&*self.store).await?;
        match kept.last() {
            Some(newest) if newest.next == state.next && newest.decode()? == *state => {}
            Some(_) | None => return Err(SnapshotError::Differs),
        }
        self.snapshots
            .last_bytes
            .store(bytes as u64, Ordering::Relaxed);
        if let [older, _newest] = kept.as_slice() {
            let trims = [(SNAPSHOTS, older.first), (COMMANDS, older.next)];
            for (log, before) in trims {
                self.store.trim(log, before).await?;
            }
        }
        Ok(())
    }
}

fn decode(record: &Record<'_>, state: &State) -> Result<Envelope, ReplayError> {
    let offset = record.offset.0;
    if record.offset != state.next {
        return Err(ReplayError::CommandMissing {
            missing: state.next.0,
            next: offset,
        });
    }
    let envelope: Envelope = minicbor::decode(record.bytes)
        .map_err(|cause| ReplayError::CommandMalformed { offset, cause })?;
    let version = envelope.version;
    if version != ENVELOPE_VERSION {
        return Err(ReplayError::CommandVersion { offset, version });
    }
    Ok(envelope)
}
