//! Parses the records of a put, in JSON or CBOR, into the layout in which they are written.

use anyhow::{Context, bail};
use md5::{Digest, Md5};
use minicbor::Decoder;
use minicbor::data::Type;
use serde::Deserialize;

/// The records of a request in the file's layout: hash key, key, data.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) bytes: Vec<u8>,
    pub(super) count: usize,
}

impl Records {
    fn add(
        &mut self,
        key: &str,
        data: impl FnOnce(&mut Vec<u8>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.bytes.extend_from_slice(&Md5::digest(key));
        self.bytes.extend_from_slice(key.as_bytes());
        data(&mut self.bytes)?;
        self.count += 1;
        Ok(())
    }

    fn add_base64(&mut self, record: &JsonRecord<'_>) -> anyhow::Result<()> {
        let data = record.data.as_bytes();
        self.add(record.partition_key, |bytes| {
            base64_simd::STANDARD
                .decode_append(data, bytes)
                .context("data that is not base64")
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct JsonRecord<'a> {
    data: &'a str,
    partition_key: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct JsonRecords<'a> {
    #[serde(borrow)]
    records: Vec<JsonRecord<'a>>,
}

/// Parses a body of PutRecord or PutRecords.
pub(super) fn parse(body: &[u8], is_cbor: bool, is_batch: bool) -> anyhow::Result<Records> {
    let mut records = Records::default();
    records.bytes.reserve(body.len());
    if is_cbor {
        parse_cbor(&mut Decoder::new(body), &mut records)?;
    } else if is_batch {
        for record in serde_json::from_slice::<JsonRecords<'_>>(body)?.records {
            records.add_base64(&record)?;
        }
    } else {
        records.add_base64(&serde_json::from_slice(body)?)?;
    }
    Ok(records)
}

/// Parses a map that is a record, or contains records.
fn parse_cbor<'a>(decoder: &mut Decoder<'a>, records: &mut Records) -> anyhow::Result<()> {
    let (mut data, mut key) = (None, None);
    let mut left = decoder.map()?.unwrap_or(u64::MAX);
    while left > 0 && decoder.datatype()? != Type::Break {
        left -= 1;
        match decoder.str()? {
            "Data" => data = Some(decoder.bytes()?),
            "PartitionKey" => key = Some(decoder.str()?),
            "Records" => parse_cbor_list(decoder, records)?,
            _ => decoder.skip()?,
        }
    }
    end_if_open(decoder, left)?;
    match (data, key) {
        (Some(data), Some(key)) => records.add(key, |bytes| {
            bytes.extend_from_slice(data);
            Ok(())
        }),
        (None, None) => Ok(()),
        _ => bail!("half a record"),
    }
}

fn parse_cbor_list<'a>(decoder: &mut Decoder<'a>, records: &mut Records) -> anyhow::Result<()> {
    let mut left = decoder.array()?.unwrap_or(u64::MAX);
    while left > 0 && decoder.datatype()? != Type::Break {
        left -= 1;
        parse_cbor(decoder, records)?;
    }
    end_if_open(decoder, left)
}

/// Skips the end of a map or list of indefinite length.
fn end_if_open(decoder: &mut Decoder<'_>, left: u64) -> anyhow::Result<()> {
    if left > 0 {
        decoder.skip()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::record;
    use millstream_protocol::Protocol;
    use millstream_protocol::operations::{PutRecordInput, PutRecordsInput};

    #[test]
    fn records_when_read_in_either_protocol_then_are_laid_out_alike() {
        let entries = vec![record(100), record(0), record(3)];
        let mut expected = Vec::new();
        for entry in &entries {
            let key = entry.partition_key.as_deref().unwrap();
            expected.extend_from_slice(&Md5::digest(key));
            expected.extend_from_slice(key.as_bytes());
            expected.extend_from_slice(&entry.data);
        }
        let input = PutRecordsInput {
            records: entries,
            stream_name: Some("s".to_owned()),
            stream_arn: None,
            stream_id: None,
            dry_run: None,
        };
        for protocol in [Protocol::Json, Protocol::Cbor] {
            let mut body = Vec::new();
            millstream_protocol::encode(protocol, &input, &mut body);
            let found = parse(&body, protocol == Protocol::Cbor, true).unwrap();
            assert_eq!((found.count, found.bytes), (3, expected.clone()));
        }
    }

    #[test]
    fn a_record_when_read_alone_then_is_the_same() {
        let entry = record(50);
        let input = PutRecordInput {
            data: entry.data.clone(),
            partition_key: entry.partition_key,
            ..PutRecordInput::default()
        };
        for protocol in [Protocol::Json, Protocol::Cbor] {
            let mut body = Vec::new();
            millstream_protocol::encode(protocol, &input, &mut body);
            let found = parse(&body, protocol == Protocol::Cbor, false).unwrap();
            assert_eq!((found.count, &found.bytes[32..]), (1, &entry.data[..]));
        }
    }
}
