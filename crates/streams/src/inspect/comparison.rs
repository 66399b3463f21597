//! The catalog against the logs: each shard has its log, sealed where the catalog says that it
//! ended, and no log belongs to a stream that the catalog does not know yet.

use crate::catalog::{Shard, Stream};
use crate::inspect::SHARDS;
use crate::inspect::catalog_audit::CatalogAudit;
use millstream_replicated::Namespace;
use millstream_store::{LogId, LogSettings, LogStore, Offset, ReadError};
use std::sync::Arc;

/// Where a log begins again of which nothing is left: no shard has taken so many records, so that
/// no sequence number is given out twice.
const BEGINS_AGAIN_AT: Offset = Offset(1 << 40);

/// Where the catalog and the logs differ.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// A closed shard has no log.
    #[error("the shard is closed, and its log is missing")]
    LogMissing(LogId),
    /// The log of a closed shard is not sealed.
    #[error("the shard is closed, and its log is not sealed")]
    NotSealed(LogId),
    /// A log is sealed elsewhere than the catalog says.
    #[error("the shard ended at {}, and its log is sealed at {}", .expected.0, .found.0)]
    SealedElsewhere {
        /// The log.
        log: LogId,
        /// Where the catalog says.
        expected: Offset,
        /// Where it is.
        found: Offset,
    },
    /// A log ends before its shard does.
    #[error("the shard ended at {}, and its log ends at {}", .expected.0, .found.0)]
    EndsEarly {
        /// The log.
        log: LogId,
        /// Where the catalog says.
        expected: Offset,
        /// Where it does.
        found: Offset,
    },
    /// The log of an open shard is sealed, and no change of the stream is under way.
    #[error("the shard is open, and its log is sealed at {}", .1.0)]
    SealedOpen(LogId, Offset),
    /// A log belongs to a stream that the catalog does not know yet.
    #[error("no command that there is has made the stream of this log")]
    OfNoStream(LogId),
}

impl Unsound {
    /// The log that it is about.
    pub fn log(&self) -> LogId {
        match *self {
            Self::LogMissing(log) | Self::NotSealed(log) | Self::OfNoStream(log) => log,
            Self::SealedElsewhere { log, .. } | Self::EndsEarly { log, .. } => log,
            Self::SealedOpen(log, _) => log,
        }
    }
}

/// What a repair changes in the logs, so that they fit the catalog again.
#[derive(Clone, Debug, Default)]
pub struct Adjustments {
    /// Logs to make, and where each begins.
    pub made: Vec<(LogId, LogSettings, Offset)>,
    /// Logs that are sealed from now on, and where.
    pub sealed: Vec<(LogId, Offset)>,
    /// Logs that are open again: the command that was to end their shards is lost.
    pub unsealed: Vec<LogId>,
}

impl CatalogAudit {
    /// Compares all shards with their logs, and all logs with the streams; tells where they differ.
    pub fn compare(&self, store: &dyn LogStore, tell: &mut dyn FnMut(Unsound)) {
        for stream in self.state().streams() {
            for shard in stream.shards.all().iter().filter(|shard| shard.has_log()) {
                if let Some(unsound) = compare_shard(store, stream, shard) {
                    tell(unsound);
                }
            }
        }
        let next = self.audit.replayed.next;
        for log in store.known_list() {
            let is_shards = Namespace::of(log) == Some(SHARDS) && !SHARDS.is_own(log);
            if is_shards && log.group >= next.0 {
                tell(Unsound::OfNoStream(log));
            }
        }
    }

    /// Logs that no stream has: what a start removes.
    pub fn unclaimed(&self, store: &dyn LogStore) -> Vec<LogId> {
        let mut logs = store.known_list();
        logs.retain(|log| {
            let is_shards = Namespace::of(*log) == Some(SHARDS) && !SHARDS.is_own(*log);
            let stream = self.state().stream_by_id(log.group);
            is_shards && !stream.is_some_and(|stream| stream.has_log(log.index))
        });
        logs
    }

    /// What makes the logs fit the catalog.
    pub fn adjustments(&self, store: &dyn LogStore) -> Adjustments {
        let mut adjustments = Adjustments::default();
        for stream in self.state().streams() {
            for log in stream.logs() {
                if store.known_bounds(log) == Err(ReadError::NoSuchLog(log)) {
                    let hours = u64::from(stream.retention_hours);
                    let settings = LogSettings {
                        retention_ms: hours * 3_600_000,
                        ..LogSettings::default()
                    };
                    let closed = stream.shards.get(log.index).and_then(|shard| shard.closed);
                    let end = closed.and_then(|closed| closed.end);
                    let begins = end.map_or(BEGINS_AGAIN_AT, |end| Offset(end + 1));
                    adjustments.made.push((log, settings, begins));
                }
            }
        }
        self.compare(store, &mut |unsound| {
            if let Unsound::SealedOpen(log, _) = unsound {
                adjustments.unsealed.push(log);
            }
        });
        for (log, at) in self.closes() {
            let found = store.known_bounds(log).ok();
            if found.and_then(|bounds| bounds.first_control) != Some(at) {
                adjustments.sealed.push((log, at));
            }
        }
        adjustments
    }
}

impl Adjustments {
    /// Whether nothing is to be changed.
    pub fn is_empty(&self) -> bool {
        self.made.is_empty() && self.sealed.is_empty() && self.unsealed.is_empty()
    }
}

fn compare_shard(store: &dyn LogStore, stream: &Arc<Stream>, shard: &Shard) -> Option<Unsound> {
    let log = stream.log(shard);
    let bounds = match store.known_bounds(log) {
        Ok(bounds) => bounds,
        // A crash came before it was made, or what is damaged is told elsewhere.
        Err(ReadError::NoSuchLog(_)) if shard.is_open() => return None,
        Err(ReadError::NoSuchLog(_)) if stream.deletion.is_some() => return None,
        Err(ReadError::NoSuchLog(_)) => return Some(Unsound::LogMissing(log)),
        Err(ReadError::Damaged { .. } | ReadError::Io(_)) => return None,
    };
    let is_changing = stream.reshard.is_some() || stream.deletion.is_some();
    match (
        shard.closed.and_then(|closed| closed.end),
        bounds.first_control,
    ) {
        (None, None) => None,
        (None, Some(_)) if is_changing => None,
        (None, Some(found)) => Some(Unsound::SealedOpen(log, found)),
        (Some(end), _) if bounds.end.0 < end => Some(Unsound::EndsEarly {
            log,
            expected: Offset(end),
            found: bounds.end,
        }),
        (Some(_), None) => Some(Unsound::NotSealed(log)),
        (Some(end), Some(found)) if found.0 != end => Some(Unsound::SealedElsewhere {
            log,
            expected: Offset(end),
            found,
        }),
        (Some(_), Some(_)) => None,
    }
}
