//! Orphans: logs that no machine needs any more, such as those that a crash left between the end of
//! what they belonged to and their deletion.
//!
//! A log is removed only if the machine whose namespace it is says that it is an orphan, and every
//! other machine says that it is none of theirs. A machine that is not here cannot be asked, so its
//! logs stay. Every node may do this at any time: logs are made after the command that wants them
//! was applied, so whoever lists the logs first and catches up with the commands then knows who
//! wants each of them.

use crate::error::{CatchUpError, CollectError};
use crate::machine::{Machine, Ownership};
use crate::namespace::Namespace;
use crate::replicated::Replicated;
use log::store::Answer;
use log::{LogId, LogStore};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Who can say of a log whether it is needed: a machine.
pub trait Owner: Send + Sync + 'static {
    /// Its name.
    fn name(&self) -> &'static str;
    /// The namespace of its logs.
    fn namespace(&self) -> Namespace;
    /// Resolves once it knows all commands that are there by now.
    fn catch_up(&self) -> Answer<'_, Result<(), CatchUpError>>;
    /// Whose a log is. Its own commands and snapshots are its own.
    fn owns(&self, log: LogId) -> Ownership;
}

impl<M: Machine> Owner for Replicated<M> {
    fn name(&self) -> &'static str {
        M::FORMAT.name
    }

    fn namespace(&self) -> Namespace {
        M::NAMESPACE
    }

    fn catch_up(&self) -> Answer<'_, Result<(), CatchUpError>> {
        Box::pin(Self::catch_up(self))
    }

    fn owns(&self, log: LogId) -> Ownership {
        if M::NAMESPACE.is_own(log) {
            return Ownership::Mine;
        }
        self.state().machine.owns(log)
    }
}

/// What the owners say to some logs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sorted {
    /// Nobody needs these.
    orphans: Vec<LogId>,
    /// How many there are of each namespace that nobody here has.
    unknown: BTreeMap<Option<Namespace>, usize>,
    /// Those that one machine gives up and another does not.
    disputed: Vec<LogId>,
}

/// Removes the logs of a store that no machine needs.
///
/// # Errors
/// If a machine cannot be asked, or the store does not remove them.
pub async fn collect_orphans(
    store: &dyn LogStore,
    owners: &[Arc<dyn Owner>],
) -> Result<(), CollectError> {
    // Before the barrier: a log that is made after it is not judged. A fresh look, if only because
    // a handle may forget what it knows of logs that are gone.
    let logs = store.fresh_list().await?;
    for owner in owners {
        let machine = owner.name();
        let behind = |cause| CollectError::Behind { machine, cause };
        owner.catch_up().await.map_err(behind)?;
    }
    let sorted = sort(owners, logs);
    for (namespace, logs) in &sorted.unknown {
        let namespace = namespace.map_or(u8::MAX.to_string(), |known| known.to_string());
        tracing::warn!(%namespace, logs, "logs of a namespace that nobody here has are left alone");
    }
    for log in &sorted.disputed {
        tracing::error!(%log, "left alone: one machine gives this log up, and another does not");
    }
    if sorted.orphans.is_empty() {
        return Ok(());
    }
    let logs = sorted.orphans.len();
    tracing::info!(logs, "removing logs that nobody needs");
    Ok(store.delete(sorted.orphans).await?)
}

fn sort(owners: &[Arc<dyn Owner>], logs: Vec<LogId>) -> Sorted {
    let mut sorted = Sorted::default();
    for log in logs {
        let namespace = Namespace::of(log);
        let is_its = |owner: &&Arc<dyn Owner>| Some(owner.namespace()) == namespace;
        let Some(owner) = owners.iter().find(is_its) else {
            *sorted.unknown.entry(namespace).or_default() += 1;
            continue;
        };
        match owner.owns(log) {
            Ownership::Mine | Ownership::NotMine => {}
            Ownership::Orphan => {
                let mut others = owners.iter().filter(|owner| !is_its(owner));
                if others.all(|other| other.owns(log) == Ownership::NotMine) {
                    sorted.orphans.push(log);
                } else {
                    sorted.disputed.push(log);
                }
            }
        }
    }
    sorted
}
