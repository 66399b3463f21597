//! Servers that answer with anything but Kinesis, or not at all, and clocks that are wrong.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall fail there"
)]

mod clock;
mod server;

use millstream_client::{Client, Credentials, Error, Retries};
use server::{Answer, Server};
use std::time::Duration;

/// A client that makes each call once.
fn client(url: &str) -> Client {
    let builder = Client::builder().endpoint(url).retries(Retries::none());
    let builder = builder.credentials(Credentials::new("AKID", "secret", None));
    builder.build().unwrap()
}

fn page(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

#[tokio::test]
async fn answer_when_it_is_not_of_kinesis_then_is_an_error_that_says_so() {
    let html = "Content-Type: text/html\r\n";
    let elsewhere = "Location: http://127.0.0.1:1/\r\n";
    let no_error = |status| {
        format!(
            "an answer with status {status} that is no error of Kinesis (request without an id)"
        )
    };
    // What is answered, what is said, whether to retry, and whether nothing was applied.
    for (bytes, said, is_retryable, was_not_applied) in [
        (page("301 Moved", elsewhere, ""), no_error(301), false, true),
        (page("307 Moved", elsewhere, ""), no_error(307), false, true),
        (
            page("404 Not Found", html, "<p>lost"),
            no_error(404),
            false,
            true,
        ),
        (page("502 Bad", html, "<p>lost"), no_error(502), true, false),
        (
            page("200 OK", html, "<p>hello"),
            "no answer: the response cannot be read: ".to_owned(),
            true,
            false,
        ),
        (
            page("200 OK", "", ""),
            "no answer: the response cannot be read: ".to_owned(),
            true,
            false,
        ),
        (
            b"SSH-2.0-server\r\n\r\n".to_vec(),
            "no answer: ".to_owned(),
            true,
            false,
        ),
        (Vec::new(), "no answer: ".to_owned(), true, false),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_vec(),
            "no answer: ".to_owned(),
            true,
            false,
        ),
    ] {
        let server = Server::start(move |_| Answer::Bytes(bytes.clone())).await;
        let error = client(&server.url).list_streams().await.unwrap_err();
        assert!(error.to_string().starts_with(&said), "{error}");
        let found = (error.is_retryable(), error.was_not_applied());
        assert_eq!(found, (is_retryable, was_not_applied), "{error}");
        assert_eq!(server.taken().len(), 1, "{error}");
    }
}

#[tokio::test]
async fn answer_when_it_does_not_end_then_is_given_up() {
    let head = |more: &str| format!("HTTP/1.1 200 OK\r\n{more}").into_bytes();
    for bytes in [Vec::new(), head(""), head("Content-Length: 9\r\n\r\n{")] {
        let server = Server::start(move |_| Answer::Stalled(bytes.clone())).await;
        let builder = Client::builder()
            .endpoint(&server.url)
            .retries(Retries::none());
        let builder = builder.attempt_timeout(Duration::from_millis(50));
        let builder = builder.credentials(Credentials::new("AKID", "secret", None));
        let called = builder.build().unwrap().list_streams().await;
        let error = called.unwrap_err();
        assert_eq!(error.to_string(), "no answer: it took too long");
    }
    let length = u64::MAX / 2;
    for (head, said) in [
        (
            head(&format!("Content-Length: {length}\r\n\r\n")),
            "no answer: length limit exceeded",
        ),
        (head("X: "), "no answer: "),
    ] {
        let server = Server::start(move |_| Answer::Endless(head.clone())).await;
        let error = client(&server.url).list_streams().await.unwrap_err();
        assert!(error.to_string().starts_with(said), "{error}");
        assert!(!error.was_not_applied());
    }
}

#[tokio::test]
async fn server_when_there_is_none_then_nothing_was_sent() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = unused.local_addr().unwrap();
    drop(unused);
    for url in [format!("http://{place}"), "http://a..b".to_owned()] {
        let error = client(&url).list_streams().await.unwrap_err();
        assert!(matches!(error, Error::NotSent(_)), "{url}: {error}");
        assert!(error.is_retryable() && error.was_not_applied());
    }
}
