//! Records as they are in an export's file.

use crate::Failure;
use crate::envelope::Envelope;
use crate::file_format::FileFormat;
use crate::origin::Origin;
use crate::record_file::{FileRecord, header};
use crate::time::format_instant;
use millstream_client::types::Record;

/// What a file begins with.
pub(super) fn begin(format: FileFormat) -> Vec<u8> {
    match format {
        FileFormat::Ndjson => Vec::new(),
        FileFormat::Binary => header().to_vec(),
    }
}

/// A shard whose records are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Of<'a> {
    pub(super) shard_id: &'a str,
    pub(super) origin: Origin,
}

/// The bytes of a shard's records, which are to be at the offset `at`.
///
/// # Errors
/// If a record is not one of a shard.
pub(super) fn encode(
    format: FileFormat,
    shard: Of<'_>,
    records: &[Record],
    at: u64,
) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    for record in records {
        let written = match format {
            FileFormat::Ndjson => line(shard, record, &mut bytes),
            FileFormat::Binary => frame(shard, record, at, &mut bytes),
        };
        written.map_err(|error| {
            let number = &record.sequence_number;
            Failure::new(format!("cannot write the record {number}: {error}"))
        })?;
    }
    Ok(bytes)
}

fn line(shard: Of<'_>, record: &Record, to: &mut Vec<u8>) -> Result<(), String> {
    let arrived = record.approximate_arrival_timestamp;
    let explicit_hash_key = shard.origin.explicit_hash_key(record);
    let envelope = Envelope {
        shard_id: Some(shard.shard_id.to_owned()),
        sequence_number: Some(record.sequence_number.clone()),
        approximate_arrival_timestamp: arrived.and_then(format_instant),
        partition_key: record.partition_key.clone(),
        explicit_hash_key: explicit_hash_key.map(|key| key.to_string()),
        data: base64_simd::STANDARD.encode_to_string(&record.data),
    };
    serde_json::to_writer(&mut *to, &envelope).map_err(|error| error.to_string())?;
    to.push(b'\n');
    Ok(())
}

fn frame(shard: Of<'_>, record: &Record, at: u64, to: &mut Vec<u8>) -> Result<(), String> {
    let explicit_hash_key = shard.origin.explicit_hash_key(record);
    let record = FileRecord {
        shard_id: shard.shard_id,
        sequence_number: &record.sequence_number,
        arrived_millis: record.approximate_arrival_timestamp.map(|at| at.0),
        partition_key: record.partition_key.as_deref(),
        explicit_hash_key: explicit_hash_key.map(|key| key.0),
        data: &record.data,
    };
    let at = at + to.len() as u64;
    record.encode(at, to).map_err(|error| error.to_string())
}
