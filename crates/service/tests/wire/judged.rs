//! The answers to all cases, against what the model says of them.

use crate::caller::Server;
use crate::cases::{Case, Cases};
use crate::model::Model;
use crate::verdict::{Verdict, judge};
use bytes::Bytes;
use millstream_protocol::{Error, ErrorCode, Protocol};
use std::collections::BTreeSet;

/// AWS names no more violations in one message.
const VIOLATIONS_MAX: usize = 10;
/// How much of a request a failure shows.
const SHOWN_BYTES: usize = 400;

#[tokio::test]
async fn requests_when_wrong_or_right_in_any_member_then_are_answered_as_the_model_says() {
    let model = Model::read();
    let (mut members, mut count, mut differences) = (0, 0, Vec::new());
    for (operation, input) in &model.inputs {
        let server = Server::start().await;
        let cases = Cases::of(&model, input);
        members += cases.members;
        count += cases.cases.len();
        for Case { what, request } in cases.cases {
            let verdict = judge(&model, input, &request);
            let bodies = [
                (Protocol::Json, request.to_json()),
                (Protocol::Cbor, request.to_cbor()),
            ];
            for (protocol, body) in bodies {
                assert!(
                    body.len() <= body_bytes_max(operation),
                    "{operation}{what}, {protocol:?}: it has {} bytes, and would not be received",
                    body.len()
                );
                let answer = server.call(operation, protocol, body).await;
                if let Err(why) = compare(&verdict, &answer) {
                    let shown = shorten(&request.to_json());
                    differences.push(format!("{operation}{what}, {protocol:?}: {why}\n  {shown}"));
                }
            }
        }
    }
    let operations = model.inputs.len();
    millstream_pages::count("operations", operations);
    millstream_pages::count("members of inputs", members);
    millstream_pages::count("constraint cases", count);
    assert!(count > 5_000, "only {count} cases");
    let first: Vec<&String> = differences.iter().take(20).collect();
    assert!(
        differences.is_empty(),
        "{} answers differ: {first:#?}",
        differences.len()
    );
}

fn body_bytes_max(operation: &str) -> usize {
    let place = millstream_service::find(operation).unwrap();
    millstream_service::operations()[place].body_bytes_max
}

fn shorten(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(SHOWN_BYTES)]).into_owned()
}

/// Whether an answer is what the verdict asks for.
pub fn compare(verdict: &Verdict, answer: &Result<Bytes, Error>) -> Result<(), String> {
    let shown = |error: &Error| shorten(format!("{error:?}").as_bytes());
    match (verdict, answer) {
        (Verdict::Sound, Ok(_)) => Ok(()),
        (Verdict::Sound, Err(error)) => {
            let text = error.message.as_deref().unwrap_or_default();
            let is_wrong = matches!(
                error.code,
                ErrorCode::SerializationException | ErrorCode::InternalFailure
            ) || text.contains(" detected: ");
            let refused = || format!("it is sound, and was refused with {}", shown(error));
            if is_wrong { Err(refused()) } else { Ok(()) }
        }
        (_, Ok(_)) => Err(format!("it was taken instead of {verdict:?}")),
        (Verdict::Malformed, Err(error)) => {
            let expected = Error::without_message(ErrorCode::SerializationException);
            let differs = || format!("{} instead of {}", shown(error), shown(&expected));
            if *error == expected {
                Ok(())
            } else {
                Err(differs())
            }
        }
        (Verdict::Mistyped(text), Err(error)) => {
            let expected = Error::new(ErrorCode::SerializationException, text.clone());
            let differs = || format!("{} instead of {}", shown(error), shown(&expected));
            if *error == expected {
                Ok(())
            } else {
                Err(differs())
            }
        }
        (Verdict::Broken(items), Err(error)) => {
            let text = error.message.as_deref().unwrap_or_default();
            let is_as_expected = error.code == ErrorCode::ValidationException && lists(text, items);
            let expected = || shorten(format!("{items:?}").as_bytes());
            let differs = || format!("{} instead of {}", shown(error), expected());
            if is_as_expected {
                Ok(())
            } else {
                Err(differs())
            }
        }
    }
}

/// Whether a message lists these violations, in any order; ten of them if there are more.
fn lists(text: &str, items: &BTreeSet<String>) -> bool {
    let count = items.len().min(VIOLATIONS_MAX);
    let plural = if count == 1 { "" } else { "s" };
    let head = format!("{count} validation error{plural} detected: Value ");
    let Some(listed) = text.strip_prefix(&head) else {
        return false;
    };
    let listed: BTreeSet<String> = listed
        .split("; Value ")
        .map(|item| format!("Value {item}"))
        .collect();
    listed.len() == count && listed.is_subset(items)
}
