//! The catalog at rest: replayed, with what is lost of it and what that concerns.

use crate::catalog::{Catalog, Command, Refusal, State};
use crate::inspect::naming::{self, Concerned};
use millstream_env::Timestamp;
use millstream_replicated::{Audit, AuditFault, Lost, Verdict};
use millstream_store::{Batch, LogId, LogStore, Offset};

/// Commands behind a loss that are named one by one; more are counted.
const NAMED_MAX: usize = 1000;

/// The catalog of a store at rest.
pub struct CatalogAudit {
    pub(super) audit: Audit<State>,
    /// Commands behind the first loss that the state left behind refuses.
    refused: Vec<(Offset, String)>,
    refused_count: u64,
}

impl CatalogAudit {
    /// Replays the catalog. `lost` says what is known to be lost of its logs.
    pub async fn of(store: &dyn LogStore, lost: &Lost) -> Self {
        let (mut refused, mut refused_count) = (Vec::new(), 0);
        let mut after_loss = |at: Offset, command: &Command, verdict: &Verdict<State>| {
            if let Err(refusal) = verdict {
                refused_count += 1;
                if refused.len() < NAMED_MAX {
                    refused.push((at, describe(command, refusal)));
                }
            }
        };
        let audit = Audit::of(store, lost, &mut after_loss).await;
        Self {
            audit,
            refused,
            refused_count,
        }
    }

    /// What is wrong with the catalog's logs.
    pub fn faults(&self) -> &[AuditFault] {
        &self.audit.faults
    }

    /// The commands before this one are lost with every snapshot that had them: no state is left
    /// that the later ones could be applied to.
    pub fn begins_nowhere(&self) -> Option<u64> {
        self.faults().iter().find_map(|fault| match fault {
            AuditFault::CommandsFreed { first } => Some(*first),
            AuditFault::CommandsLost { .. } | AuditFault::CommandMalformed { .. } => None,
            AuditFault::CommandVersion { .. } | AuditFault::Snapshot(_) => None,
            AuditFault::Unreadable { .. } => None,
        })
    }

    /// Logs of shards whose stream no command that is left has made, and how many records each has:
    /// their streams have no names any more.
    pub fn nameless(&self, store: &dyn LogStore) -> Vec<(LogId, u64)> {
        if self.faults().is_empty() {
            return Vec::new();
        }
        let logs = self.unclaimed(store).into_iter().filter_map(|log| {
            let bounds = store.known_bounds(log).ok()?;
            let records = bounds.end.0 - bounds.first.0;
            (records > 0).then_some((log, records))
        });
        logs.collect()
    }

    /// Commands behind the first loss that did nothing any more: their offsets, and what they were
    /// about. There may be more, as [`CatalogAudit::refused_count`] says.
    pub fn refused(&self) -> &[(Offset, String)] {
        &self.refused
    }

    /// How many commands behind the first loss did nothing any more.
    pub fn refused_count(&self) -> u64 {
        self.refused_count
    }

    /// How many streams there are.
    pub fn streams(&self) -> usize {
        self.state().ids.len()
    }

    /// The names of the streams, of all accounts and regions.
    pub fn stream_names(&self) -> impl Iterator<Item = String> {
        self.state()
            .streams()
            .map(|stream| stream.arn().to_string())
    }

    /// What records of a log are called.
    pub fn name(
        &self,
        log: LogId,
        extent: (Offset, Option<Offset>),
        arrival: Option<Timestamp>,
    ) -> Concerned {
        naming::name(self.state(), log, extent, arrival)
    }

    /// The offset of the CLOSE in the log of each closed shard.
    pub fn closes(&self) -> Vec<(LogId, Offset)> {
        let streams = self.state().streams();
        let closes = streams.flat_map(|stream| {
            let shards = stream.shards.all().iter();
            shards.filter_map(|shard| {
                let end = shard.closed?.end?;
                Some((stream.log(shard), Offset(end)))
            })
        });
        closes.collect()
    }

    /// The log of the catalog's snapshots.
    pub fn snapshots_log() -> LogId {
        Catalog::SNAPSHOTS
    }

    /// A snapshot of the catalog as it is now, for the log of snapshots. The indexes of shards that
    /// it lost are not used again, as long as their logs are there.
    pub fn snapshot(&mut self, store: &dyn LogStore) -> Vec<Batch> {
        for log in self.unclaimed(store) {
            let state = &mut self.audit.replayed.machine;
            state.number_shards_from(log.group, log.index.saturating_add(1));
        }
        self.audit.snapshot()
    }

    pub(super) fn state(&self) -> &State {
        &self.audit.replayed.machine
    }
}

/// A command that did nothing, without anything secret.
fn describe(command: &Command, refusal: &Refusal) -> String {
    let Command::CreateStream(create) = command else {
        return refusal.to_string();
    };
    let (scope, name) = (&create.scope, &create.name);
    let (account, region) = (&scope.account, &scope.region);
    format!("CreateStream {name} ({account}, {region}): {refusal}")
}
