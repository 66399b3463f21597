//! The values of the Kinesis domain: accounts, regions, names, ARNs, shard ids, hash keys, sequence
//! numbers, limits.
//!
//! Values only: no I/O, no async, no clock, no wire format. Every type holds only what AWS allows,
//! so code that receives one need not validate it again.

pub mod arn;
pub mod hash;
pub mod limits;
mod md5_lanes;
pub mod name;
pub mod sequence_number;
pub mod shard_id;

pub use arn::{ConsumerArn, ResourceArn, StreamArn};
pub use hash::{HashKey, HashRange};
pub use name::{AccountId, ConsumerName, NameError, Region, StreamName};
pub use sequence_number::{
    AnyNumber, Layout, NearNumbers, RisingDigits, SequenceNumber, SequenceNumberError,
};
pub use shard_id::ShardId;
