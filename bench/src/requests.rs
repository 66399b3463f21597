//! The requests of a workload, encoded ahead of time unless they depend on a response.

use crate::signer::{HexHash, hash};
use crate::workload::Workload;
use bytes::Bytes;
use memchr::memmem;
use millstream_protocol::operations::{GetRecordsInput, PutRecordInput, PutRecordsInput};
use millstream_protocol::types::PutRecordsRequestEntry;
use std::sync::Arc;

/// Upper bound on the total size of a pool's bodies, so that they stay in the processor's caches.
const POOL_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Maximum number of bodies in a pool.
const POOL_MAX: usize = 256;

/// A body and its hash.
#[derive(Clone, Debug)]
pub struct Body {
    /// The body.
    pub bytes: Bytes,
    /// Its hash, which the signature covers.
    pub hash: HexHash,
}

impl Body {
    fn new(bytes: Vec<u8>) -> Self {
        Self {
            hash: hash(&bytes),
            bytes: bytes.into(),
        }
    }
}

/// Bodies of a put, each with different keys and data.
pub fn pool(workload: &Workload, stream: &str) -> Arc<[Body]> {
    let count = (POOL_BYTES_MAX / (workload.request_bytes() * 2 + 200)).clamp(2, POOL_MAX);
    (0..count).map(|_| put(workload, stream)).collect()
}

fn put(workload: &Workload, stream: &str) -> Body {
    let mut bytes = Vec::new();
    let protocol = workload.protocol.into();
    if workload.batch == 1 {
        let record = record(workload.record_size);
        let input = PutRecordInput {
            stream_name: Some(stream.to_owned()),
            data: record.data,
            partition_key: record.partition_key,
            ..PutRecordInput::default()
        };
        millstream_protocol::encode(protocol, &input, &mut bytes);
    } else {
        let records = (0..workload.batch).map(|_| record(workload.record_size));
        let input = PutRecordsInput {
            records: records.collect(),
            stream_name: Some(stream.to_owned()),
            stream_arn: None,
            stream_id: None,
            dry_run: None,
        };
        millstream_protocol::encode(protocol, &input, &mut bytes);
    }
    Body::new(bytes)
}

/// A record of random bytes under a random key of 16 characters.
pub fn record(size: usize) -> PutRecordsRequestEntry {
    let mut data = vec![0; size];
    fastrand::fill(&mut data);
    PutRecordsRequestEntry {
        data: data.into(),
        partition_key: Some(format!("{:016x}", fastrand::u64(..))),
        ..PutRecordsRequestEntry::default()
    }
}

/// A GetRecords.
pub fn get(workload: &Workload, iterator: &str) -> Body {
    let mut bytes = Vec::new();
    let input = GetRecordsInput {
        shard_iterator: iterator.to_owned(),
        limit: i32::try_from(workload.batch).ok(),
        ..GetRecordsInput::default()
    };
    millstream_protocol::encode(workload.protocol.into(), &input, &mut bytes);
    Body::new(bytes)
}

/// The iterator in a GetRecords response, found without decoding the rest.
pub fn next_iterator(answer: &[u8]) -> Option<&str> {
    const KEY: &[u8] = b"NextShardIterator";
    let after = &answer[memmem::find(answer, KEY)? + KEY.len()..];
    let value = match after.first()? {
        // JSON: a quote, a colon, a quote, with optional whitespace.
        b'"' => {
            let begin = after[1..].iter().position(|byte| *byte == b'"')? + 2;
            let length = after[begin..].iter().position(|byte| *byte == b'"')?;
            &after[begin..begin + length]
        }
        // CBOR: a text string whose length takes one byte or two.
        0x78 => after.get(2..2 + usize::from(*after.get(1)?))?,
        0x79 => {
            let length = u16::from_be_bytes([*after.get(1)?, *after.get(2)?]);
            after.get(3..3 + usize::from(length))?
        }
        _ => return None,
    };
    std::str::from_utf8(value).ok()
}

/// Whether a response to PutRecords reports refused records.
pub fn says_failed(answer: &[u8]) -> bool {
    const KEY: &[u8] = b"FailedRecordCount";
    let Some(at) = memmem::find(answer, KEY) else {
        return false;
    };
    let after = &answer[at + KEY.len()..];
    let count = after.iter().find(|byte| !b"\": ".contains(byte));
    count.is_some_and(|count| ![b'0', 0].contains(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_protocol::Protocol;
    use millstream_protocol::operations::{GetRecordsOutput, PutRecordsOutput};

    #[test]
    fn next_iterator_when_in_an_answer_of_either_protocol_then_is_found() {
        for length in [30, 200, 400] {
            let iterator = "i".repeat(length);
            let output = GetRecordsOutput {
                next_shard_iterator: Some(iterator.clone()),
                ..GetRecordsOutput::default()
            };
            for protocol in [Protocol::Json, Protocol::Cbor] {
                let mut answer = Vec::new();
                millstream_protocol::encode(protocol, &output, &mut answer);
                let short = protocol == Protocol::Cbor && length < 24;
                assert_eq!(next_iterator(&answer), (!short).then_some(&*iterator));
            }
        }
        assert_eq!(
            next_iterator(b"{\"NextShardIterator\": \"AA==\" }"),
            Some("AA==")
        );
        assert_eq!(next_iterator(b"{}"), None);
    }

    #[test]
    fn refused_records_when_in_an_answer_of_either_protocol_then_are_seen() {
        for (count, fails) in [(0, false), (3, true), (500, true)] {
            let output = PutRecordsOutput {
                failed_record_count: Some(count),
                ..PutRecordsOutput::default()
            };
            for protocol in [Protocol::Json, Protocol::Cbor] {
                let mut answer = Vec::new();
                millstream_protocol::encode(protocol, &output, &mut answer);
                assert_eq!(says_failed(&answer), fails, "{count} {protocol:?}");
            }
        }
    }
}
