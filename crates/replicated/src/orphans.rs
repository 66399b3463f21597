//! Orphans: logs that no machine needs any more, such as those left by a crash between the deletion
//! of a stream and that of its logs.
//!
//! A log is removed only if the machine that owns its namespace calls it an orphan and every other
//! machine disowns it. A machine that is not present cannot be asked, so its logs stay. Every node
//! may do this at any time: logs are created after the command that needs them was applied, so
//! listing the logs first and then catching up with the commands shows who needs each of them.

use crate::error::{CatchUpError, CollectError};
use crate::machine::{Machine, Ownership};
use crate::namespace::Namespace;
use crate::replicated::Replicated;
use millstream_store::store::Answer;
use millstream_store::{LogId, LogStore};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An owner of logs, which says whether one is needed: a machine.
pub trait Owner: Send + Sync + 'static {
    /// Its name.
    fn name(&self) -> &'static str;
    /// The namespace of its logs.
    fn namespace(&self) -> Namespace;
    /// Resolves once it has applied all commands that are in the log by now.
    fn catch_up(&self) -> Answer<'_, Result<(), CatchUpError>>;
    /// Who owns a log. Its own commands and snapshots are its own.
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

/// Logs, sorted by what the owners say about them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sorted {
    /// Needed by no machine.
    orphans: Vec<LogId>,
    /// Number of logs in each namespace that no machine here owns.
    unknown: BTreeMap<Option<Namespace>, usize>,
    /// Logs that one machine gives up and another claims.
    disputed: Vec<LogId>,
}

/// Removes the logs of a store that no machine needs.
///
/// # Errors
/// If a machine cannot be asked, or the store fails to remove the logs.
pub async fn collect_orphans(
    store: &dyn LogStore,
    owners: &[Arc<dyn Owner>],
) -> Result<(), CollectError> {
    // Listed before the barrier, so that logs created after it are not judged. A fresh look, since
    // a handle may forget logs that are gone.
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
