//! What an audit log shows of a request or of an answer: its members as JSON, without the data of
//! records and without tokens.
//!
//! Names begin with a small letter, as in CloudTrail. Only members that the shape knows are shown,
//! so a client puts nothing else into the log; what is read is bounded.

use super::read::{Findings, read};
use super::value::Value;
use millstream_protocol::parts::{CborReader, JsonReader};
use millstream_protocol::reader::{Checks, Fault, Kind as Found, Reader};
use millstream_protocol::shape::{Kind, Type};
use millstream_protocol::{Protocol, Timestamp};
use serde_json::{Map, Value as Json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The largest body of which anything is shown: as much as CloudTrail shows of a request.
///
/// "CloudTrail record contents", in <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/>
pub const SHOWN_BODY_BYTES_MAX: usize = 100 * 1024;

/// The member with the hash key of a record.
const EXPLICIT_HASH_KEY: &str = "ExplicitHashKey";
/// The shape of partition keys.
const PARTITION_KEY: &str = "PartitionKey";
/// Shapes whose values let others go on where their owner was.
const SECRETS: [&str; 2] = ["NextToken", "ShardIterator"];
/// CloudTrail's text in the place of a secret.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// What is shown of a body.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// Its members.
    Members(Map<String, Json>),
    /// Nothing: it is too large.
    TooLarge,
    /// Nothing: it is not well-formed.
    Malformed,
}

/// Shows some members of a body of a shape, however long it is; none if it is malformed.
pub fn show_some(
    protocol: Protocol,
    body: &[u8],
    shape: &'static Type,
    wanted: &[&str],
) -> Map<String, Json> {
    let mut members = match shown(protocol, body, shape) {
        Shown::Members(members) => members,
        Shown::TooLarge | Shown::Malformed => Map::new(),
    };
    members.retain(|name, _| wanted.contains(&name.as_str()));
    members
}

/// Shows a body of a shape.
pub fn show(protocol: Protocol, body: &[u8], shape: &'static Type) -> Shown {
    if body.len() > SHOWN_BODY_BYTES_MAX {
        return Shown::TooLarge;
    }
    shown(protocol, body, shape)
}

fn shown(protocol: Protocol, body: &[u8], shape: &'static Type) -> Shown {
    let members = match protocol {
        Protocol::Json => JsonReader::new(body, Checks::All)
            .and_then(|mut reader| read_members(&mut reader, shape)),
        Protocol::Cbor => read_members(&mut CborReader::new(body, Checks::All), shape),
    };
    members.map_or(Shown::Malformed, Shown::Members)
}

/// Reads as far as the types are right.
fn read_members<'de, R: Reader<'de>>(
    reader: &mut R,
    shape: &'static Type,
) -> Result<Map<String, Json>, Fault> {
    if reader.kind()? != Found::Map {
        return Err(Fault::Malformed);
    }
    let value = read(reader, shape, &mut Findings::default())?;
    let Some(Value::Structure(values)) = value else {
        return Ok(Map::new());
    };
    Ok(members_of(&values, shape))
}

fn members_of(values: &[Option<Value<'_>>], shape: &'static Type) -> Map<String, Json> {
    let members = shape.members().iter().zip(values);
    // The hash key of a record is mostly made of its partition key.
    let members = members.filter(|(member, _)| member.name != EXPLICIT_HASH_KEY);
    let shown = members.filter_map(|(member, value)| {
        let value = shown_of(value.as_ref()?, member.shape)?;
        Some((as_in_cloudtrail(member.name), value))
    });
    shown.collect()
}

/// A value as it is shown; `None` for data.
fn shown_of(value: &Value<'_>, shape: &'static Type) -> Option<Json> {
    if is_data(shape) {
        return None;
    }
    Some(match value {
        Value::Text(_) if SECRETS.contains(&shape.name) => HIDDEN.into(),
        Value::Text(text) => (&**text).into(),
        Value::Integer(number) => (*number).into(),
        Value::Boolean(is_so) => (*is_so).into(),
        Value::Blob(_) => return None,
        Value::Timestamp(instant) => time_of(*instant),
        Value::List(elements, _) => {
            let elements = elements.iter().flatten();
            elements
                .filter_map(|element| shown_of(element, shape.element()))
                .collect()
        }
        Value::Map(entries) => {
            let Kind::Map(_, of_values, _) = &shape.kind else {
                return None;
            };
            let shown = entries.iter().filter_map(|(key, value)| {
                let value = shown_of(value.as_ref()?, of_values)?;
                Some((key.clone().into_owned(), value))
            });
            Json::Object(shown.collect())
        }
        Value::Structure(values) => Json::Object(members_of(values, shape)),
    })
}

/// Whether a shape is data, or a list of what has data in it.
fn is_data(shape: &'static Type) -> bool {
    match &shape.kind {
        Kind::Blob(_) => true,
        Kind::List(element, _) => {
            is_data(element) || element.members().iter().any(|member| is_data(member.shape))
        }
        // As encrypted as what it stands beside.
        Kind::String(_) => shape.name == PARTITION_KEY,
        Kind::Structure(_)
        | Kind::EventStream(_)
        | Kind::Map(..)
        | Kind::Integer(_)
        | Kind::Long(_)
        | Kind::Boolean
        | Kind::Timestamp => false,
    }
}

fn as_in_cloudtrail(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// An instant as text; as a number if the calendar does not reach it.
fn time_of(Timestamp(millis): Timestamp) -> Json {
    let instant = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000);
    let text = instant
        .ok()
        .and_then(|instant| instant.format(&Rfc3339).ok());
    text.map_or(millis.into(), Json::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_protocol::operations::ALL;
    use serde_json::json;

    fn input(operation: &str) -> &'static Type {
        let found = ALL.iter().find(|described| described.name == operation);
        found.unwrap().input
    }

    fn shown(operation: &str, body: &Json) -> Json {
        match show(
            Protocol::Json,
            body.to_string().as_bytes(),
            input(operation),
        ) {
            Shown::Members(members) => Json::Object(members),
            other @ (Shown::TooLarge | Shown::Malformed) => panic!("{other:?}"),
        }
    }

    #[test]
    fn request_when_shown_then_has_its_members_without_data_and_secrets() {
        let rows = [
            (
                "CreateStream",
                json!({"StreamName": "a", "ShardCount": 2, "Tags": {"Team": "x"}, "Other": 1}),
                json!({"streamName": "a", "shardCount": 2, "tags": {"Team": "x"}}),
            ),
            (
                "PutRecord",
                json!({"StreamName": "a", "Data": "c2VjcmV0", "PartitionKey": "k",
                    "ExplicitHashKey": "7"}),
                json!({"streamName": "a"}),
            ),
            (
                "PutRecords",
                json!({"StreamARN": "arn", "Records": [{"Data": "YQ==", "PartitionKey": "k"}]}),
                json!({"streamARN": "arn"}),
            ),
            (
                "GetRecords",
                json!({"ShardIterator": "AAAA", "Limit": 5}),
                json!({"shardIterator": HIDDEN, "limit": 5}),
            ),
            (
                "ListShards",
                json!({"NextToken": "AAAA", "ShardFilter":
                    {"Type": "FROM_TIMESTAMP", "Timestamp": 1_700_000_000.5}}),
                json!({"nextToken": HIDDEN, "shardFilter":
                    {"type": "FROM_TIMESTAMP", "timestamp": "2023-11-14T22:13:20.5Z"}}),
            ),
            (
                "TagResource",
                json!({"ResourceARN": "arn", "Tags": {"a": "b"}}),
                json!({"resourceARN": "arn", "tags": {"a": "b"}}),
            ),
            (
                "UntagResource",
                json!({"TagKeys": ["a", null, "b"]}),
                json!({"tagKeys": ["a", "b"]}),
            ),
        ];
        for (operation, body, expected) in rows {
            assert_eq!(shown(operation, &body), expected, "{operation}");
        }
    }

    #[test]
    fn request_when_a_type_is_wrong_then_is_shown_up_to_there() {
        let body = br#"{"StreamName": "a", "ShardCount": "two", "StreamModeDetails": {}}"#;
        let shown = show(Protocol::Json, body, input("CreateStream"));
        let expected = json!({"streamName": "a"}).as_object().unwrap().clone();
        assert_eq!(shown, Shown::Members(expected));
    }

    #[test]
    fn request_when_malformed_or_too_large_then_nothing_of_it_is_shown() {
        let create = input("CreateStream");
        for body in [&b""[..], b"[]", b"{", b"\xff"] {
            assert_eq!(show(Protocol::Json, body, create), Shown::Malformed);
        }
        assert_eq!(show(Protocol::Cbor, b"\x80", create), Shown::Malformed);
        let large = format!(
            r#"{{"StreamName": "{}"}}"#,
            "a".repeat(SHOWN_BODY_BYTES_MAX)
        );
        let shown = show(Protocol::Json, large.as_bytes(), create);
        assert_eq!(shown, Shown::TooLarge);
    }

    #[test]
    fn blob_or_token_when_any_operation_has_it_then_is_never_shown() {
        fn check(shape: &'static Type, path: &str) {
            for member in shape.members() {
                let path = format!("{path}.{}", member.name);
                let is_token = path.ends_with("Token") || path.ends_with("Iterator");
                let is_text = matches!(member.shape.kind, Kind::String(_));
                let is_hidden = SECRETS.contains(&member.shape.name) || is_data(member.shape);
                assert!(!is_token || !is_text || is_hidden, "{path} is shown");
                check(member.shape, &path);
            }
        }
        for described in ALL {
            check(described.input, described.name);
            check(described.output, described.name);
        }
    }
}
