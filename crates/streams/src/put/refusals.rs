//! What it means to records that a store refused their batch.

use super::outcome::{NotPut, PutError};
use crate::catalog::{Numbering, Stream};
use crate::logs::ShardLogs;
use millstream_env::{Clock, LineLimit};
use millstream_store::AppendError;
use std::sync::Arc;

/// Rate limit for lines about puts refused on a full disk.
const LINES_PER_SECOND: u64 = 1;

/// What becomes of records whose batch was refused.
pub(super) enum Refused {
    /// Their log is sealed, gone, or was not there yet: they are in no shard, and another attempt
    /// may find one.
    InNoShard,
    /// There is no other attempt.
    Failed(PutError),
}

/// Explains a store's refusals, tells them to the log, and repairs what can be repaired.
pub(super) struct Refusals {
    clock: Arc<dyn Clock>,
    logs: ShardLogs,
    lines: LineLimit,
}

impl Refusals {
    pub(super) fn new(clock: Arc<dyn Clock>, logs: ShardLogs) -> Self {
        Self {
            clock,
            logs,
            lines: LineLimit::new(LINES_PER_SECOND),
        }
    }

    /// Explains why a shard's batch was not appended; makes its log if it is missing.
    pub(super) async fn explain(
        &self,
        stream: &Stream,
        shard: &Numbering,
        error: AppendError,
    ) -> Refused {
        let failed = match &error {
            AppendError::Sealed(_) => return Refused::InNoShard,
            // Not made yet, or of a stream that is going: the next attempt knows.
            AppendError::NoSuchLog(log) => {
                self.logs.repair_missing(stream, *log).await;
                return Refused::InNoShard;
            }
            AppendError::Full => PutError::NotPut(NotPut::Full),
            AppendError::TooLarge => PutError::NotPut(NotPut::TooLarge),
            AppendError::Fenced | AppendError::NotApplied(_) => PutError::NotPut(NotPut::Refused),
            AppendError::Unknown(_) => PutError::Unknown,
        };
        self.tell(stream, shard, failed, &error);
        Refused::Failed(failed)
    }

    /// Logs the store's reason; callers are told only what it means for them.
    fn tell(&self, stream: &Stream, shard: &Numbering, failed: PutError, error: &AppendError) {
        let (stream, shard, outcome) = (stream.arn(), shard.id(), failed.outcome());
        match error {
            AppendError::Full | AppendError::Fenced | AppendError::NotApplied(_) => {
                if let Some(kept_back) = self.lines.pass(self.clock.monotonic()) {
                    tracing::error!(%stream, %shard, ?outcome, %error, kept_back, "put refused");
                }
            }
            AppendError::TooLarge
            | AppendError::NoSuchLog(_)
            | AppendError::Sealed(_)
            | AppendError::Unknown(_) => {
                tracing::error!(%stream, %shard, ?outcome, %error, "put failed");
            }
        }
    }
}
