//! What a consumer gives.

use crate::aggregation::{UserRecord, deaggregate, deaggregate_within};
use crate::routing::HashRange;
use millstream_protocol::types::Record;

/// Records of one shard, in their order.
///
/// One without records says that something else has changed: the shard has begun, is at its end for
/// now, or is read to its end for good.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The shard.
    pub shard_id: String,
    /// The records.
    pub records: Vec<Record>,
    /// How far behind the end of the shard these records are, in milliseconds; 0 if there are no
    /// more.
    pub millis_behind_latest: i64,
    /// Whether the shard is closed and these are its last records. Its children come next, unless
    /// they wait for another parent.
    pub is_last: bool,
    pub(super) range: Option<HashRange>,
}

impl Batch {
    /// The hash keys of the shard, if the service has said them.
    pub fn hash_range(&self) -> Option<HashRange> {
        self.range
    }

    /// The records as producers put them: aggregated ones are taken apart.
    ///
    /// An aggregated record with a user record that belongs to another shard is left out, as the
    /// Kinesis Client Library does: its producer puts those again
    /// ([`deaggregate_within`]).
    pub fn user_records(&self) -> impl Iterator<Item = UserRecord<'_>> {
        self.records.iter().flat_map(|record| match self.range {
            Some(range) => deaggregate_within(record, range),
            None => deaggregate(record),
        })
    }
}
