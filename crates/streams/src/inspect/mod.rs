//! A store at rest, looked at as streams and shards: the catalog replayed, its shards compared with
//! the logs that there are, and records judged by their stored form.
//!
//! Nothing is written, no engine is running, and no journal is known here: what is lost of logs is
//! told by whoever looked at the files. What a crash may leave is in order, such as a log that was
//! not made yet, or one of a stream that was just deleted.

mod catalog_audit;
mod comparison;
mod naming;

pub use catalog_audit::CatalogAudit;
pub use comparison::{Adjustments, Unsound};
pub use millstream_replicated::{AuditFault, Lost};
pub use naming::{Concerned, Place};

use crate::fence::CLOSE;
use crate::record::StoredRecord;
use crate::record::sealed::Sealed;
use millstream_replicated::Namespace;
use millstream_store::batch::RecordIter;
use millstream_store::{Kind, LogId};

/// The namespace of shards' logs.
const SHARDS: Namespace = Namespace::new(0);

/// Whether a log is one of the catalog's own two.
pub fn is_catalogs(log: LogId) -> bool {
    SHARDS.is_own(log)
}

/// Judges intact records of a log by their stored form; returns what is wrong with them.
pub fn judge_records(log: LogId, framed: &[u8]) -> Option<&'static str> {
    if Namespace::of(log) != Some(SHARDS) || SHARDS.is_own(log) {
        return None;
    }
    RecordIter::new(framed).find_map(|(kind, bytes)| match kind {
        Kind::Control if bytes == CLOSE => None,
        Kind::Control => Some("a control record is not the end of a shard"),
        Kind::Data => judge_data(bytes),
    })
}

fn judge_data(bytes: &[u8]) -> Option<&'static str> {
    if Sealed::new(bytes).is_some() {
        // Whether its group fits its seal only a key service could tell.
        return None;
    }
    let Some(parts) = StoredRecord::parts(bytes) else {
        return Some("a record has a form that this version does not know");
    };
    let is_text = |key: &[u8]| std::str::from_utf8(key).is_ok();
    let is_wrong = parts.partition_key().is_some_and(|key| !is_text(key));
    is_wrong.then_some("a record's partition key is not text")
}
