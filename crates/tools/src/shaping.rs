//! Making records of lines.

use crate::Failure;
use crate::envelope::{self, Given};
use crate::lines::Lines;
use crate::sending::Item;
use millstream_client::producer::ProducerRecord;
use millstream_env::Random;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The most characters of a partition key.
const KEY_CHARS_MAX: usize = 256;

/// How records are made.
pub(crate) struct Shaping {
    pub(crate) key: KeyOf,
    /// Whether each line is a JSON object.
    pub(crate) is_json: bool,
    pub(crate) explicit_hash_key: Option<String>,
    /// The maximum size of a record, its key included.
    pub(crate) bytes_max: usize,
}

/// Where partition keys come from.
pub(crate) enum KeyOf {
    Constant(String),
    /// A member of the JSON object: a name, or a pointer, which begins with a slash.
    Field(String),
    /// The members of an envelope, which has the data, too.
    Envelope,
    Random,
}

impl Shaping {
    /// The most bytes of a line that may be a record.
    pub(crate) fn line_bytes_max(&self) -> usize {
        match &self.key {
            KeyOf::Envelope => envelope::line_bytes_max(self.bytes_max),
            KeyOf::Constant(_) | KeyOf::Field(_) | KeyOf::Random => self.bytes_max,
        }
    }

    /// The record of a line.
    ///
    /// # Errors
    /// What is wrong with the line, as a text that follows the line's name.
    pub(crate) fn record(
        &self,
        line: Vec<u8>,
        random: &dyn Random,
    ) -> Result<ProducerRecord, String> {
        let record = match &self.key {
            KeyOf::Envelope => Given::parse(&line)?.into_record()?,
            KeyOf::Constant(key) => ProducerRecord::new(key, self.data(line)?),
            KeyOf::Random => ProducerRecord::new(random_key(random), self.data(line)?),
            KeyOf::Field(field) => {
                let object: Map<String, Value> = parse_object(&line)?;
                let key = key_in(&object, field)?;
                ProducerRecord::new(key, line.trim_ascii().to_vec())
            }
        };
        let own = record.explicit_hash_key;
        let record = ProducerRecord {
            explicit_hash_key: self.explicit_hash_key.clone().or(own),
            ..record
        };
        self.check(record)
    }

    /// Checks that the stream takes a record.
    ///
    /// # Errors
    /// What is wrong with it, as a text that follows its name.
    pub(crate) fn check(&self, record: ProducerRecord) -> Result<ProducerRecord, String> {
        // Streams that distribute records take them without keys.
        let key = record.partition_key.as_deref();
        key.map_or(Ok(()), check_key)?;
        let key_bytes = key.map_or(0, str::len);
        let (bytes, bytes_max) = (record.data.len() + key_bytes, self.bytes_max);
        if bytes > bytes_max {
            return Err(format!(
                "is a record of {bytes} bytes with its key; the stream takes {bytes_max} at most"
            ));
        }
        Ok(record)
    }

    fn data(&self, line: Vec<u8>) -> Result<Vec<u8>, String> {
        if !self.is_json {
            return Ok(line);
        }
        let _: BTreeMap<String, IgnoredAny> = parse_object(&line)?;
        Ok(line.trim_ascii().to_vec())
    }
}

/// The record of the next line; `None` at the end. Blank lines between JSON objects are skipped.
///
/// # Errors
/// If the line cannot be read, or is no record.
pub(crate) async fn next_record(
    lines: &mut Lines,
    shaping: &Shaping,
    random: &dyn Random,
) -> Result<Option<Item>, Failure> {
    while let Some(line) = lines.next().await? {
        if shaping.is_json && line.bytes.trim_ascii().is_empty() {
            continue;
        }
        let place = line.place;
        let record = shaping.record(line.bytes, random);
        let record = record.map_err(|what| Failure::new(format!("{place} {what}")))?;
        return Ok(Some(Item { record, place }));
    }
    Ok(None)
}

fn parse_object<'l, T: serde::Deserialize<'l>>(line: &'l [u8]) -> Result<T, String> {
    serde_json::from_slice(line).map_err(|error| format!("is not a JSON object: {error}"))
}

fn key_in(object: &Map<String, Value>, field: &str) -> Result<String, String> {
    let found = match field.strip_prefix('/') {
        None => object.get(field),
        Some(rest) => {
            let (first, rest) = match rest.split_once('/') {
                Some((first, rest)) => (first, format!("/{rest}")),
                None => (rest, String::new()),
            };
            let first = first.replace("~1", "/").replace("~0", "~");
            object.get(&first).and_then(|value| value.pointer(&rest))
        }
    };
    match found {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(Value::Bool(truth)) => Ok(truth.to_string()),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) => {
            Err(format!("has no text or number in {field}"))
        }
        None => Err(format!("has no member {field}")),
    }
}

fn check_key(key: &str) -> Result<(), String> {
    match key.chars().count() {
        1..=KEY_CHARS_MAX => Ok(()),
        0 => Err("has an empty partition key".to_owned()),
        chars => Err(format!(
            "has a partition key of {chars} characters; it may have {KEY_CHARS_MAX}"
        )),
    }
}

/// Parses a partition key of the command line.
pub(crate) fn parse_key(text: &str) -> Result<String, String> {
    match check_key(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(_) => Err(format!(
            "a partition key has 1 to {KEY_CHARS_MAX} characters"
        )),
    }
}

fn random_key(random: &dyn Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}
