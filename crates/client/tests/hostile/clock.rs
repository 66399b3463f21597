//! A machine whose clock is wrong: the service refuses its signatures, and says what time it is.

use crate::page;
use crate::server::{Answer, Server, header};
use millstream_client::{Client, Credentials, Env, ErrorCode, Retries};
use millstream_env::{ManualClock, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// 2023-11-14T22:13:20Z, in a server's headers and in signatures.
const SERVER: Timestamp = Timestamp(1_700_000_000_000);
const DATE: &str = "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n";
const SIGNED: &str = "20231114T221320Z";

const LIST: &str = r#"{"HasMoreStreams":false,"StreamNames":["orders"]}"#;
const REFUSAL: &str = r#"{"__type":"InvalidSignatureException","message":"Signature expired"}"#;

/// Accepts signatures of its own second.
fn strict(request: &str) -> Answer {
    Answer::Bytes(match header(request, "x-amz-date") == Some(SIGNED) {
        true => page("200 OK", DATE, LIST),
        false => refused(),
    })
}

fn refused() -> Vec<u8> {
    page("400 Bad Request", DATE, REFUSAL)
}

fn client(server: &Server, local: Timestamp) -> Client {
    let env = Env {
        clock: Arc::new(ManualClock::new(local)),
        ..Env::real()
    };
    let builder = Client::builder().endpoint(&server.url);
    let builder = builder.retries(Retries::none());
    let builder = builder.credentials(Credentials::new("AKID", "secret", None));
    builder.build_in(env).unwrap()
}

#[tokio::test]
async fn call_when_the_clock_is_wrong_then_is_signed_again_with_the_servers_time() {
    let hour = Duration::from_secs(3600);
    for local in [SERVER.minus(hour), SERVER.plus(hour)] {
        let server = Server::start(strict).await;
        let client = client(&server, local);
        let listed = client.list_streams().await.unwrap();
        assert_eq!(listed.stream_names, ["orders"]);
        assert_eq!(server.taken().len(), 2, "it was refused once");
        client.list_streams().await.unwrap();
        let other = client.with_retries(Retries::standard());
        other.list_streams().await.unwrap();
        assert_eq!(server.taken().len(), 2, "the time is known now");
    }
}

#[tokio::test]
async fn calls_when_several_are_refused_at_once_then_all_are_signed_again() {
    let server = Server::start(strict).await;
    let client = client(&server, SERVER.minus(Duration::from_secs(3600)));
    let calls = (0..3).map(|_| async { client.list_streams().await });
    for listed in futures_util::future::join_all(calls).await {
        listed.unwrap();
    }
}

#[tokio::test]
async fn call_when_its_signature_is_refused_whatever_the_time_then_fails() {
    for (local, requests) in [(SERVER.minus(Duration::from_secs(3600)), 2), (SERVER, 1)] {
        let server = Server::start(|_| Answer::Bytes(refused())).await;
        let error = client(&server, local).list_streams().await.unwrap_err();
        assert_eq!(error.code(), Some(ErrorCode::InvalidSignatureException));
        assert_eq!(server.taken().len(), requests);
    }
}
