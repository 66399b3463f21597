//! How a tail shows a record.

use crate::Failure;
use clap::ValueEnum;
use millstream_client::aggregation::UserRecord;
use serde::Serialize;
use serde::de::IgnoredAny;
use std::fmt::Write;

/// How a record is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Layout {
    /// Its data
    Text,
    /// Everything
    Json,
    /// Its data in hexadecimal digits
    Hex,
    /// Its data in base64
    Base64,
}

/// A record without its data, with AWS's names.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Head<'a> {
    shard_id: &'a str,
    sequence_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_sequence_number: Option<u64>,
    /// Seconds since 1970, as in AWS's JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    approximate_arrival_timestamp: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partition_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explicit_hash_key: Option<&'a str>,
}

impl Layout {
    /// The line of a record, with its end.
    pub(super) fn line(
        self,
        shard_id: &str,
        record: &UserRecord<'_>,
        is_raw: bool,
    ) -> Result<Vec<u8>, Failure> {
        let data = &record.data;
        let mut line = match self {
            Self::Text => data.to_vec(),
            Self::Hex => hex(data).into_bytes(),
            Self::Base64 => base64(data).into_bytes(),
            Self::Json => json(shard_id, record, is_raw)
                .map_err(|error| Failure::new(format!("cannot write a record as JSON: {error}")))?,
        };
        if !line.ends_with(b"\n") {
            line.push(b'\n');
        }
        Ok(line)
    }
}

fn hex(data: &[u8]) -> String {
    let mut text = String::with_capacity(2 * data.len());
    for byte in data {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn base64(data: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(data)
}

/// A record as JSON. Data that is JSON is copied, so that its numbers keep all of their digits.
fn json(shard_id: &str, record: &UserRecord<'_>, is_raw: bool) -> serde_json::Result<Vec<u8>> {
    let arrival = record.record.approximate_arrival_timestamp;
    let head = Head {
        shard_id,
        sequence_number: &record.record.sequence_number,
        sub_sequence_number: record.is_aggregated.then_some(record.sub_sequence_number),
        approximate_arrival_timestamp: arrival.map(|at| at.0 as f64 / 1000.0),
        partition_key: record.partition_key,
        explicit_hash_key: record.explicit_hash_key,
    };
    let mut line = serde_json::to_vec(&head)?;
    line.pop();
    line.extend_from_slice(b",\"Data\":");
    let data: &[u8] = &record.data;
    if is_raw {
        serde_json::to_writer(&mut line, &base64(data))?;
        line.push(b'}');
        return Ok(line);
    }
    let text = str::from_utf8(data).ok();
    let is_json = |text| serde_json::from_str::<IgnoredAny>(text).is_ok();
    let encoding = if text.is_some_and(is_json) {
        // Only whitespace can break a line of valid JSON.
        let on_a_line = |byte: &u8| match byte {
            b'\n' | b'\r' => b' ',
            byte => *byte,
        };
        line.extend(data.trim_ascii().iter().map(on_a_line));
        "json"
    } else if let Some(text) = text {
        serde_json::to_writer(&mut line, text)?;
        "text"
    } else {
        serde_json::to_writer(&mut line, &base64(data))?;
        "base64"
    };
    line.extend_from_slice(b",\"DataEncoding\":\"");
    line.extend_from_slice(encoding.as_bytes());
    line.extend_from_slice(b"\"}");
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_client::Timestamp;
    use millstream_client::aggregation::{Aggregator, deaggregate};
    use millstream_client::routing::HashKey;
    use millstream_client::types::Record;

    fn record(data: &[u8]) -> Record {
        Record {
            sequence_number: "495".to_owned(),
            approximate_arrival_timestamp: Some(Timestamp(1_767_225_600_250)),
            data: data.to_vec().into(),
            partition_key: Some("k\"".to_owned()),
            encryption_type: None,
        }
    }

    fn line(layout: Layout, record: &Record, is_raw: bool) -> String {
        let user = deaggregate(record).next().unwrap();
        String::from_utf8(layout.line("shard", &user, is_raw).unwrap()).unwrap()
    }

    #[test]
    fn data_when_shown_alone_then_is_a_line() {
        for (layout, data, expected) in [
            (Layout::Text, &b"some text"[..], "some text\n"),
            (Layout::Text, b"a line\n", "a line\n"),
            (Layout::Text, b"", "\n"),
            (Layout::Hex, b"\x00\xff", "00ff\n"),
            (Layout::Base64, b"\x00\xff", "AP8=\n"),
        ] {
            assert_eq!(line(layout, &record(data), false), expected, "{layout:?}");
        }
    }

    #[test]
    fn record_when_shown_as_json_then_says_what_its_data_is() {
        let head = "{\"ShardId\":\"shard\",\"SequenceNumber\":\"495\",\
                    \"ApproximateArrivalTimestamp\":1767225600.25,\"PartitionKey\":\"k\\\"\",";
        for (data, is_raw, expected) in [
            (
                &b" {\"a\": 12345678901234567890.10,\r\n\"b\": []}\n"[..],
                false,
                "\"Data\":{\"a\": 12345678901234567890.10,  \"b\": []},\"DataEncoding\":\"json\"}\n",
            ),
            (
                b"a\nb",
                false,
                "\"Data\":\"a\\nb\",\"DataEncoding\":\"text\"}\n",
            ),
            (b"", false, "\"Data\":\"\",\"DataEncoding\":\"text\"}\n"),
            (
                b"\"\xff\"",
                false,
                "\"Data\":\"Iv8i\",\"DataEncoding\":\"base64\"}\n",
            ),
            (
                b"\xff",
                false,
                "\"Data\":\"/w==\",\"DataEncoding\":\"base64\"}\n",
            ),
            (b"{}", true, "\"Data\":\"e30=\"}\n"),
        ] {
            let expected = format!("{head}{expected}");
            assert_eq!(line(Layout::Json, &record(data), is_raw), expected);
        }
    }

    #[test]
    fn record_when_it_comes_out_of_an_aggregated_one_then_has_its_own_keys_and_place() {
        let mut aggregator = Aggregator::new();
        let hash_key = HashKey::parse("7").unwrap();
        aggregator.add("own", Some(hash_key), b"1").unwrap();
        aggregator.add("other", None, b"2").unwrap();
        let aggregated = aggregator.finish().unwrap();
        let record = Record {
            sequence_number: "495".to_owned(),
            data: aggregated.data,
            ..Record::default()
        };
        let expected = "{\"ShardId\":\"shard\",\"SequenceNumber\":\"495\",\
                        \"SubSequenceNumber\":0,\"PartitionKey\":\"own\",\
                        \"ExplicitHashKey\":\"7\",\"Data\":1,\"DataEncoding\":\"json\"}\n";
        assert_eq!(line(Layout::Json, &record, false), expected);
    }
}
