//! A record as a line of JSON, with all that is known of it.

use millstream_client::producer::ProducerRecord;
use millstream_client::routing::HashKey;
use serde::{Deserialize, Serialize};

/// The most bytes of an envelope beside its data: a key of 256 characters whose escapes take six
/// bytes each, and the members that are not the record's own.
const OVERHEAD_BYTES_MAX: usize = 16 * 1024;

/// A record, under AWS's names of its members.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Envelope {
    /// The shard that it was read from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shard_id: Option<String>,
    /// Its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sequence_number: Option<String>,
    /// When it arrived, as RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) approximate_arrival_timestamp: Option<String>,
    /// Its key; records of streams that distribute them have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) partition_key: Option<String>,
    /// The hash that was given instead of the key's. The service does not return it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) explicit_hash_key: Option<String>,
    /// Its bytes, in base64.
    pub(crate) data: String,
}

/// What is read of an envelope: other members may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Given {
    partition_key: Option<String>,
    explicit_hash_key: Option<String>,
    data: String,
}

impl Given {
    /// What is on a line.
    ///
    /// # Errors
    /// What is wrong with the line.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(line).map_err(|error| format!("is not a record in JSON: {error}"))
    }

    /// The record to be put.
    ///
    /// # Errors
    /// What is wrong with its members.
    pub(crate) fn into_record(self) -> Result<ProducerRecord, String> {
        let data = base64_simd::STANDARD.decode_to_vec(self.data.as_bytes());
        let data = data.map_err(|_| "has a Data that is not base64".to_owned())?;
        let hash_key = self.explicit_hash_key.as_deref();
        if hash_key.is_some_and(|key| HashKey::parse(key).is_err()) {
            return Err("has an ExplicitHashKey that is not a whole number below 2^128".to_owned());
        }
        Ok(ProducerRecord {
            data: data.into(),
            partition_key: self.partition_key,
            explicit_hash_key: self.explicit_hash_key,
        })
    }
}

/// The most bytes of a line with a record of so many bytes.
pub(crate) fn line_bytes_max(record_bytes_max: usize) -> usize {
    record_bytes_max.div_ceil(3) * 4 + OVERHEAD_BYTES_MAX
}
