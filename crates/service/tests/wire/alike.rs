//! Random requests of every operation, right and slightly wrong, to two servers that start alike:
//! one is spoken to in JSON, the other in CBOR. Each answer of one is that of the other, and what
//! the model says of the request.

use crate::caller::Server;
use crate::judged::compare;
use crate::model::{Kind, Model};
use crate::value::{Value, append_base64, read_cbor};
use crate::verdict::judge;
use millstream_protocol::{ErrorCode, Protocol};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Decisions that a sequence of requests takes from what proptest chose, and so may shrink. The
/// first choice of everything is a sound one, which an empty tape leads to.
struct Choices<'t> {
    tape: &'t [u32],
    next: usize,
}

impl Choices<'_> {
    fn below(&mut self, count: usize) -> usize {
        let chosen = self.tape.get(self.next).copied().unwrap_or_default();
        self.next += 1;
        chosen as usize % count
    }

    /// Whether something happens that happens once in so many times.
    fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    fn one_of<'v, T>(&mut self, values: &'v [T]) -> &'v T {
        &values[self.below(values.len())]
    }
}

/// Maker of requests, which knows texts that the servers have told it.
struct Requests<'t> {
    model: &'t Model,
    choices: Choices<'t>,
    known: Vec<String>,
}

const KNOWN: [&str; 12] = [
    "one",
    "two",
    "none",
    "shardId-000000000000",
    "1",
    "170141183460469231731687303715884105728",
    "0",
    "arn:aws:kinesis:us-east-1:000000000000:stream/one",
    "arn:aws:kinesis:us-east-1:000000000000:stream/none",
    "\u{e9}\u{1f600}\u{0}\"\\",
    "",
    "AAAA",
];
/// Operations that AWS answers with an internal failure for a certain sequence number.
const FAILING: [&str; 2] = ["GetShardIterator", "SubscribeToShard"];
/// What a value of any type may be replaced with.
const TYPES_WRONG: usize = 7;

impl Requests<'_> {
    fn value(&mut self, name: &str) -> Value {
        if self.choices.once_in(40) {
            return self.anything();
        }
        let model = self.model;
        let shape = model.shape(name);
        match &shape.kind {
            Kind::Structure(members) => {
                let mut entries = Vec::new();
                for member in members {
                    let given = if member.required {
                        !self.choices.once_in(30)
                    } else {
                        self.choices.once_in(3)
                    };
                    if given {
                        let entry = (member.name.clone(), self.value(&member.shape));
                        let place = self.choices.below(entries.len() + 1);
                        entries.insert(place, entry);
                    }
                }
                if self.choices.once_in(10) {
                    let unknown = self.anything();
                    entries.insert(0, ("Unknown".to_owned(), unknown));
                }
                Value::Map(entries)
            }
            Kind::List(element) => {
                let length = *self.choices.one_of(&[1, 2, 3, 0, 8]);
                Value::List((0..length).map(|_| self.value(element)).collect())
            }
            Kind::Map(_, element) => {
                let length = *self.choices.one_of(&[1, 2, 0]);
                let entry = |place| (format!("key {place}"), self.value(element));
                Value::Map((0..length).map(entry).collect())
            }
            Kind::Text(_, values) if !values.is_empty() => {
                Value::Text(self.choices.one_of(values).clone())
            }
            Kind::Text(pattern, _) => self.text(|text| {
                let length = text.chars().count() as i64;
                let is_within = shape.min.is_none_or(|min| min <= length)
                    && shape.max.is_none_or(|max| length <= max);
                is_within && pattern.as_ref().is_none_or(|of| of.matches(text))
            }),
            Kind::Blob => {
                let length = *self.choices.one_of(&[0, 1, 2, 3, 100]);
                Value::Blob((0..length).map(|_| self.choices.below(256) as u8).collect())
            }
            Kind::Integer | Kind::Long => self.number(shape.min.unwrap_or(1)),
            Kind::Boolean => Value::Boolean(self.choices.once_in(2)),
            Kind::Instant => {
                let near = 1_767_225_600_000 - 500 + self.choices.below(1_000) as i64;
                let far = [near, 0, -1_500, 253_402_300_800_000];
                Value::Instant(*self.choices.one_of(&far))
            }
        }
    }

    /// A known text that the shape allows, and sometimes one that it does not.
    fn text(&mut self, is_allowed: impl Fn(&str) -> bool) -> Value {
        let wants_any = self.choices.once_in(20);
        let mut fitting = self.known.clone();
        fitting.retain(|text| wants_any || is_allowed(text));
        if fitting.is_empty() {
            return Value::text("?");
        }
        Value::Text(self.choices.one_of(&fitting).clone())
    }

    fn number(&mut self, least: i64) -> Value {
        let numbers = [
            least.to_string(),
            (least + 1).to_string(),
            "24".to_owned(),
            "1024".to_owned(),
            format!("{least}.75"),
            "-0.5".to_owned(),
            "2147483648".to_owned(),
            "-18446744073709551616".to_owned(),
            "1e300".to_owned(),
        ];
        Value::Number(self.choices.one_of(&numbers).clone())
    }

    fn anything(&mut self) -> Value {
        match self.choices.below(TYPES_WRONG) {
            0 => Value::Null,
            1 => Value::Boolean(true),
            2 => self.number(0),
            3 => Value::text("AB=="),
            4 => Value::List(vec![Value::Null]),
            5 => Value::List(Vec::new()),
            _ => Value::Map(vec![("Data".to_owned(), Value::number("1.5"))]),
        }
    }

    /// Remembers the texts of an answer.
    fn learn(&mut self, answer: &Value) {
        match answer {
            Value::Text(text) if !self.known.contains(text) => self.known.push(text.clone()),
            Value::List(elements) => elements.iter().for_each(|element| self.learn(element)),
            Value::Map(entries) => entries.iter().for_each(|(_, value)| self.learn(value)),
            Value::Null
            | Value::Boolean(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::Blob(_)
            | Value::Instant(_) => {}
        }
    }
}

/// Sends one request to both, and compares what they answer.
async fn exchange(
    (json, cbor): (&Server, &Server),
    requests: &mut Requests<'_>,
    operation: &str,
    request: &Value,
) {
    let said = json
        .call(operation, Protocol::Json, request.to_json())
        .await;
    let also = cbor
        .call(operation, Protocol::Cbor, request.to_cbor())
        .await;
    let shown = || String::from_utf8_lossy(&request.to_json()).into_owned();
    let fails = |error: &millstream_protocol::Error| error.code == ErrorCode::InternalFailure;
    if !said.as_ref().is_err_and(fails) || !FAILING.contains(&operation) {
        let verdict = judge(requests.model, &requests.model.inputs[operation], request);
        let judged = compare(&verdict, &said);
        assert_eq!(judged, Ok(()), "{operation} {}", shown());
    }
    match (said, also) {
        (Err(said), Err(also)) => assert_eq!(said, also, "{operation} {}", shown()),
        (Ok(said), Ok(also)) if said.is_empty() => assert!(also.is_empty(), "{operation}"),
        (Ok(said), Ok(also)) => {
            let said: serde_json::Value = serde_json::from_slice(&said).unwrap();
            let mut rest = &also[..];
            let also = read_cbor(&mut rest);
            assert!(rest.is_empty(), "{operation} {}", shown());
            assert!(
                is_same(&said, &also),
                "{operation} {}: {said} {also:?}",
                shown()
            );
            requests.learn(&also);
        }
        (said, also) => panic!("{operation} {}: {said:?} {also:?}", shown()),
    }
}

/// Whether an answer says the same in JSON and in CBOR.
fn is_same(json: &serde_json::Value, cbor: &Value) -> bool {
    use serde_json::Value as Json;
    match (json, cbor) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(json), Value::Boolean(cbor)) => json == cbor,
        (Json::Number(json), Value::Number(cbor)) => json.to_string() == *cbor,
        (Json::Number(json), Value::Instant(millis)) => json
            .as_f64()
            .is_some_and(|seconds| (seconds * 1000.0).round() == *millis as f64),
        (Json::String(json), Value::Text(cbor)) => json == cbor,
        (Json::String(json), Value::Blob(bytes)) => {
            let mut text = String::new();
            append_base64(bytes, &mut text);
            *json == text
        }
        (Json::Array(json), Value::List(cbor)) => {
            json.len() == cbor.len()
                && json
                    .iter()
                    .zip(cbor)
                    .all(|(json, cbor)| is_same(json, cbor))
        }
        (Json::Object(json), Value::Map(cbor)) => {
            json.len() == cbor.len()
                && cbor
                    .iter()
                    .all(|(key, cbor)| json.get(key).is_some_and(|json| is_same(json, cbor)))
        }
        _ => false,
    }
}

/// Requests of all operations, in an order of their own, to servers with two streams.
async fn speak_both(model: &Model, tape: &[u32]) {
    let (json, cbor) = (Server::start().await, Server::start().await);
    let choices = Choices { tape, next: 0 };
    let mut requests = Requests {
        model,
        choices,
        known: KNOWN.map(str::to_owned).to_vec(),
    };
    for name in ["one", "two"] {
        let request = Value::Map(vec![
            ("StreamName".to_owned(), Value::text(name)),
            ("ShardCount".to_owned(), Value::number(2)),
        ]);
        exchange((&json, &cbor), &mut requests, "CreateStream", &request).await;
    }
    let mut operations: Vec<(&String, &String)> = model.inputs.iter().collect();
    while !operations.is_empty() {
        let chosen = requests.choices.below(operations.len());
        let (operation, input) = operations.remove(chosen);
        let request = requests.value(input);
        exchange((&json, &cbor), &mut requests, operation, &request).await;
    }
}

#[test]
fn requests_when_put_in_json_and_in_cbor_then_are_answered_alike() {
    let model = Model::read();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let tapes = prop::collection::vec(any::<u32>(), 0..600);
    TestRunner::default()
        .run(&tapes, |tape| {
            runtime.block_on(speak_both(&model, &tape));
            Ok(())
        })
        .unwrap();
}
