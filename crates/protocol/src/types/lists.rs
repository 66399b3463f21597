//! The service model's named lists of structures. Each is declared beside its structure.

pub use super::consumer::CONSUMER_LIST;
pub use super::metrics::{ENHANCED_MONITORING_LIST, METRICS_NAME_LIST};
pub use super::record::{
    PUT_RECORDS_REQUEST_ENTRY_LIST, PUT_RECORDS_RESULT_ENTRY_LIST, RECORD_LIST,
};
pub use super::shard::{CHILD_SHARD_LIST, SHARD_LIST};
pub use super::stream::STREAM_SUMMARY_LIST;
pub use super::tag::TAG_LIST;
