//! The Kinesis Producer Library's aggregated records, both ways.
//!
//! An aggregated record carries many user records as the data of one: [`Aggregator`] makes one,
//! [`deaggregate`] takes one apart. The bytes are those of Amazon's libraries: four of a magic
//! number, a protobuf message (tables of keys, then records that refer to them), its MD5.
//!
//! A record is decoded once. What that allocates is a small multiple of its length, never a length
//! that the message declares, and the data of user records is shared with the record's. What is not
//! a whole, valid aggregated record is a record of its own: nothing of it is lost.
//!
//! Amazon's description:
//! <https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md>.

mod aggregator;
mod user_records;
mod wire;

#[cfg(test)]
mod tests;

pub use aggregator::{Aggregated, Aggregator, NotAdded};
pub(crate) use user_records::is_aggregated;
pub use user_records::{UserRecord, UserRecords, deaggregate, deaggregate_within};

/// The first bytes of an aggregated record.
const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];
/// The length of the MD5 at its end.
const DIGEST_BYTES: usize = 16;

/// Maximum number of user records in an aggregated record, and of keys in its tables. A record of
/// 1 MiB has room for a sixth of as many.
pub const USER_RECORDS_MAX: usize = 1 << 20;
/// The limit of an [`Aggregator`] that is given none: that of the Kinesis Producer Library.
pub const AGGREGATED_BYTES: usize = 50 * 1024;

/// The fields of the message `AggregatedRecord`.
mod field {
    pub(super) const PARTITION_KEY: u32 = 1;
    pub(super) const EXPLICIT_HASH_KEY: u32 = 2;
    pub(super) const RECORD: u32 = 3;
}

/// The fields of the message `Record`. It may have tags (4), which Amazon's libraries neither write
/// nor read.
mod record_field {
    pub(super) const PARTITION_KEY_INDEX: u32 = 1;
    pub(super) const EXPLICIT_HASH_KEY_INDEX: u32 = 2;
    pub(super) const DATA: u32 = 3;
}

fn digest(message: &[u8]) -> [u8; DIGEST_BYTES] {
    use md5::{Digest, Md5};
    Md5::digest(message).into()
}
