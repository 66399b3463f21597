//! Tables of CBOR: encoded samples are held against them.
//!
//! A structure's table says each field's index and type, an enumeration's each
//! case's number and content, a table of bytes each field's offset and size; a type is a CBOR type,
//! a list of one, or another table's heading. Samples are taken apart without knowledge of what
//! encoded them, so a field that changes its number, its type or its meaning no longer fits. It
//! does not read the pages' prose.

use minicbor::data::Type;
use minicbor::{Decoder, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// What a piece of CBOR says.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// An unsigned integer.
    Uint(u64),
    /// UTF-8.
    Text(String),
    /// A byte string.
    Bytes(Vec<u8>),
    /// An array.
    List(Vec<Value>),
    /// A map, in the order of its entries.
    Map(Vec<(Value, Value)>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Uint(number)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

/// What a value becomes when it is encoded.
pub fn encoded<T: Encode<()>>(value: &T) -> Value {
    decode(&minicbor::to_vec(value).unwrap())
}

/// All of some bytes, as one value.
pub fn decode(bytes: &[u8]) -> Value {
    let mut decoder = Decoder::new(bytes);
    let value = next(&mut decoder);
    assert_eq!(decoder.position(), bytes.len(), "one value");
    value
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else CBOR has is not used, and fails the test"
)]
fn next(decoder: &mut Decoder<'_>) -> Value {
    match decoder.datatype().unwrap() {
        Type::Null => {
            decoder.null().unwrap();
            Value::Null
        }
        Type::Bool => Value::Bool(decoder.bool().unwrap()),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => Value::Uint(decoder.u64().unwrap()),
        Type::String => Value::Text(decoder.str().unwrap().to_owned()),
        Type::Bytes => Value::Bytes(decoder.bytes().unwrap().to_vec()),
        Type::Array => {
            let length = decoder.array().unwrap().unwrap();
            Value::List((0..length).map(|_| next(decoder)).collect())
        }
        Type::Map => {
            let length = decoder.map().unwrap().unwrap();
            let pair = |_| (next(decoder), next(decoder));
            Value::Map((0..length).map(pair).collect())
        }
        other => panic!("{other} is in no format"),
    }
}

/// A row: a field's name, index and type, or a case's name, number and content.
#[derive(Clone, Copy, Debug)]
struct Row {
    name: &'static str,
    number: u64,
    content: &'static str,
}

/// A row of bytes. An offset or size that is not a number depends on the sample.
#[derive(Clone, Copy, Debug)]
struct ByteRow {
    name: &'static str,
    offset: &'static str,
    size: &'static str,
}

#[derive(Debug)]
enum Table {
    Fields(Vec<Row>),
    Cases(Vec<Row>),
    Bytes(Vec<ByteRow>),
}

/// A page's tables by their headings.
pub struct Page {
    tables: BTreeMap<&'static str, Table>,
    checked: BTreeSet<String>,
}

impl Page {
    /// Parses every table under a third-level heading.
    pub fn new(text: &'static str) -> Self {
        let sections = text.split("\n### ").skip(1);
        let tables = sections.map(|section| {
            let (heading, rest) = section.split_once('\n').unwrap();
            (heading, table(rest))
        });
        let tables = tables.collect();
        Self {
            tables,
            checked: BTreeSet::new(),
        }
    }

    /// Checks that the sample has the fields of the table, in its order and with its types, and
    /// these values.
    #[track_caller]
    pub fn check_fields(&mut self, heading: &str, sample: &Value, expected: &[(&str, Value)]) {
        let Table::Fields(rows) = &self.tables[heading] else {
            panic!("{heading} is no table of fields");
        };
        let Value::List(values) = sample else {
            panic!("{heading}: {sample:?} is no list");
        };
        let names: Vec<&str> = rows.iter().map(|row| row.name).collect();
        let expected_names: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, expected_names, "{heading}: every field has a row");
        let last = rows.last().map_or(0, |row| row.number as usize + 1);
        assert_eq!(values.len(), last, "{heading}: every field is there");
        for (number, value) in (0..).zip(values) {
            let has_row = rows.iter().any(|row| row.number == number);
            assert!(
                has_row || *value == Value::Null,
                "{heading}: {number} has no row"
            );
        }
        for (row, (_, wanted)) in rows.iter().zip(expected) {
            let found = &values[row.number as usize];
            assert_eq!(found, wanted, "{heading}: {}", row.name);
        }
        self.check_type(heading, sample);
        self.checked.insert(heading.to_owned());
    }

    /// Checks that the samples are the cases of the table, each once, with its number and content.
    #[track_caller]
    pub fn check_cases(&mut self, heading: &str, samples: &[(&str, Value)]) {
        let Table::Cases(rows) = &self.tables[heading] else {
            panic!("{heading} is no table of cases");
        };
        let names: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
        let sampled: BTreeSet<&str> = samples.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, sampled, "{heading}: every case has a row");
        for (name, sample) in samples {
            let row = rows.iter().find(|row| row.name == *name).unwrap();
            assert_eq!(row.number, case(sample).0, "{heading}: {name}");
            self.check_type(heading, sample);
        }
        self.checked.insert(heading.to_owned());
    }

    /// Checks that the sample consists of the table's fields, with these bytes.
    #[track_caller]
    pub fn check_bytes(&mut self, heading: &str, sample: &[u8], expected: &[(&str, &[u8])]) {
        let Table::Bytes(rows) = &self.tables[heading] else {
            panic!("{heading} is no table of bytes");
        };
        assert_eq!(
            rows.len(),
            expected.len(),
            "{heading}: every field has a row"
        );
        let mut rest = sample;
        for (row, (name, wanted)) in rows.iter().zip(expected) {
            assert_eq!(row.name, *name, "{heading}");
            let offset = sample.len() - rest.len();
            let is_there = match row.offset.parse::<usize>() {
                Ok(number) => number == offset,
                Err(_) => row.offset == "follows",
            };
            assert!(is_there, "{heading}: {name} is at {offset}");
            assert!(
                row.fits(wanted.len()),
                "{heading}: {name} has {}",
                wanted.len()
            );
            let (found, after) = rest.split_at(wanted.len());
            assert_eq!(found, *wanted, "{heading}: {name}");
            rest = after;
        }
        assert_eq!(rest, [0; 0], "{heading}: the whole sample");
        self.checked.insert(heading.to_owned());
    }

    /// Every table has been checked.
    #[track_caller]
    pub fn finish(self) {
        let unchecked: Vec<&str> = self
            .tables
            .into_keys()
            .filter(|heading| !self.checked.contains(*heading))
            .collect();
        assert_eq!(unchecked, [""; 0], "tables without a sample");
    }

    #[track_caller]
    fn check_type(&self, wanted: &str, value: &Value) {
        let fits = match (wanted, value) {
            ("uint", Value::Uint(_)) | ("text", Value::Text(_)) | ("bool", Value::Bool(_)) => true,
            ("bytes", Value::Bytes(_)) => true,
            ("text to text", Value::Map(pairs)) => pairs
                .iter()
                .all(|pair| matches!(pair, (Value::Text(_), Value::Text(_)))),
            _ => return self.check_compound(wanted, value),
        };
        assert!(fits, "{value:?} is not {wanted}");
    }

    #[track_caller]
    fn check_compound(&self, wanted: &str, value: &Value) {
        if let Some(size) = wanted.strip_prefix("bytes ") {
            let Value::Bytes(bytes) = value else {
                panic!("{value:?} is not {wanted}")
            };
            assert_eq!(bytes.len().to_string(), size, "{wanted}");
        } else if let Some(item) = wanted.strip_prefix("list of ") {
            let Value::List(values) = value else {
                panic!("{value:?} is not {wanted}")
            };
            values.iter().for_each(|value| self.check_type(item, value));
        } else {
            match self.tables.get(wanted) {
                Some(Table::Fields(rows)) => self.check_row_types(wanted, rows, value),
                Some(Table::Cases(rows)) => self.check_case_type(wanted, rows, value),
                Some(Table::Bytes(_)) | None => panic!("{value:?} is not {wanted}"),
            }
        }
    }

    #[track_caller]
    fn check_row_types(&self, heading: &str, rows: &[Row], value: &Value) {
        let Value::List(values) = value else {
            panic!("{heading}: {value:?} is no list");
        };
        let last = rows.last().map_or(0, |row| row.number as usize + 1);
        assert!(values.len() <= last, "{heading}: {values:?}");
        for row in rows {
            // An absent value is null, or left out at the end.
            let value = values.get(row.number as usize).unwrap_or(&Value::Null);
            match row.content.strip_suffix('?') {
                Some(_) if *value == Value::Null => {}
                Some(wanted) => self.check_type(wanted, value),
                None => self.check_type(row.content, value),
            }
        }
    }

    #[track_caller]
    fn check_case_type(&self, heading: &str, rows: &[Row], value: &Value) {
        let (number, contents) = case(value);
        let row = rows.iter().find(|row| row.number == number);
        let row = row.unwrap_or_else(|| panic!("{heading}: {number} is no case"));
        let wanted: Vec<&str> = row.content.split(", ").filter(|one| *one != "–").collect();
        assert_eq!(wanted.len(), contents.len(), "{heading}: {}", row.name);
        for (wanted, value) in wanted.iter().zip(contents) {
            self.check_type(wanted, value);
        }
    }
}

impl ByteRow {
    /// Whether the size is the number in the table, or one of several there, or depends on the
    /// sample.
    fn fits(&self, size: usize) -> bool {
        let numbers = self.size.split(|c: char| !c.is_ascii_digit());
        let mut numbers = numbers
            .filter_map(|text| text.parse::<usize>().ok())
            .peekable();
        numbers.peek().is_none() || numbers.any(|number| number == size)
    }
}

/// A case's number and content.
fn case(value: &Value) -> (u64, &[Value]) {
    match value {
        Value::Uint(number) => (*number, &[]),
        Value::List(parts) => match parts.as_slice() {
            [Value::Uint(number), Value::List(contents)] => (*number, contents),
            parts => panic!("{parts:?} is no number with content"),
        },
        Value::Null | Value::Bool(_) | Value::Text(_) | Value::Bytes(_) | Value::Map(_) => {
            panic!("{value:?} is no case")
        }
    }
}

fn table(section: &'static str) -> Table {
    let mut lines = crate::table(section);
    let head = lines.next().unwrap_or_default();
    match head.as_slice() {
        ["field", "index", "type", ..] => Table::Fields(numbered(lines)),
        ["case", "number", "content", ..] => Table::Cases(numbered(lines)),
        ["field", "offset", "size", ..] => Table::Bytes(
            lines
                .map(|cells| ByteRow {
                    name: cells[0],
                    offset: cells[1],
                    size: cells[2],
                })
                .collect(),
        ),
        other => panic!("not a table's head: {other:?}"),
    }
}

fn numbered(rows: impl Iterator<Item = Vec<&'static str>>) -> Vec<Row> {
    let rows = rows.map(|cells| Row {
        name: cells[0],
        number: cells[1].parse().unwrap(),
        content: cells[2],
    });
    let rows: Vec<Row> = rows.collect();
    let is_rising = rows.is_sorted_by(|one, next| one.number < next.number);
    assert!(is_rising, "rows stand by number: {rows:?}");
    rows
}
