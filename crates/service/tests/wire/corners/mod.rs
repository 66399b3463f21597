//! The corners of the two encodings: what is not well-formed, what is extreme, what is said twice
//! or in an unusual way. Each body has its answer, and none takes memory that it merely declares.
//!
//! The table runs in a process of its own, whose memory and time the system limits.

mod base64;
mod malformed;
mod numbers;
mod rows;
mod unusual;

use crate::caller::Server;
use millstream_protocol::{Error, ErrorCode, Protocol};
use rows::Answer::{Broken, Malformed, Mistyped, Refused, Success};
use rows::{Answer, Corner, Corners};
use std::process::Command;

/// What is counted.
const COUNTED: &str = "corners of bodies";
/// Names the process that is limited.
const LIMITED: &str = "MILLSTREAM_LIMITED_CORNERS";
/// All the memory that it may ask for, its code and stacks included: a fraction of what the lengths
/// in the table declare.
const MEMORY_KIB: u32 = 512 * 1024;
/// Time of a processor that it may take.
const CPU_SECONDS: u32 = 300;

fn table() -> Vec<Corner> {
    let mut corners = Corners::default();
    malformed::add(&mut corners);
    unusual::add(&mut corners);
    base64::add(&mut corners);
    numbers::add(&mut corners);
    corners.0
}

/// Whether an answer is the expected one.
fn is_as_expected(expected: &Answer, answer: &Result<bytes::Bytes, Error>) -> bool {
    let violated = |item: &str| {
        let count = item.matches("; Value ").count() + 1;
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} validation error{plural} detected: {item}")
    };
    match (expected, answer) {
        (Success, answer) => answer.is_ok(),
        (_, Ok(_)) => false,
        (Malformed, Err(error)) => {
            *error == Error::without_message(ErrorCode::SerializationException)
        }
        (Mistyped(text), Err(error)) => {
            *error == Error::new(ErrorCode::SerializationException, text.clone())
        }
        (Broken(item), Err(error)) => {
            *error == Error::new(ErrorCode::ValidationException, violated(item))
        }
        (Refused(code), Err(error)) => error.code == *code,
    }
}

async fn check_all() {
    let server = Server::start().await;
    let create = br#"{"StreamName":"one","ShardCount":1}"#.to_vec();
    let made = server.call("CreateStream", Protocol::Json, create).await;
    assert!(made.is_ok(), "{made:?}");
    let (mut count, mut differences) = (0, Vec::new());
    for corner in table() {
        let bodies = [(Protocol::Json, corner.json), (Protocol::Cbor, corner.cbor)];
        for (protocol, body) in bodies {
            let Some(body) = body else { continue };
            count += 1;
            let answer = server.call(corner.operation, protocol, body).await;
            if !is_as_expected(&corner.answer, &answer) {
                let shown: String = format!("{answer:?}").chars().take(300).collect();
                let expected: String = format!("{:?}", corner.answer).chars().take(300).collect();
                differences.push(format!(
                    "{} {}, {protocol:?}: {shown} instead of {expected}",
                    corner.operation, corner.what
                ));
            }
        }
    }
    millstream_pages::count(COUNTED, count);
    assert!(differences.is_empty(), "{differences:#?}");
}

/// The table in this process, if it is the one that is limited.
#[tokio::test]
async fn bodies_when_in_the_corners_then_are_answered_and_take_no_more_than_they_are() {
    if std::env::var_os(LIMITED).is_some() {
        return check_all().await;
    }
    let name =
        "corners::bodies_when_in_the_corners_then_are_answered_and_take_no_more_than_they_are";
    let script = format!("ulimit -v {MEMORY_KIB} && ulimit -t {CPU_SECONDS} && exec \"$0\" \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "--test-threads=1", name])
        .env(LIMITED, "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}{complaints}");
    let count = told.lines().find_map(|line| {
        let (_, number) = line.split_once(&format!("count: {COUNTED} = "))?;
        number.parse().ok()
    });
    millstream_pages::count(COUNTED, count.expect("the table was run"));
}
