//! Requests whose bytes are odd or wrong: hosts, versions, lengths, chunks, limits, expectations.

use super::{EXTENDED, Expected, JSON, LIST, Report};
use crate::harness::{Running, connect, in_time, read_answer};
use tokio::io::AsyncWriteExt;

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Then {
    GoesOn,
    Closed,
}

const LINE: &str = "POST / HTTP/1.1";

/// A request for a list of streams: its line, its further headers, what follows its head.
fn list(line: &str, headers: &str, rest: &str) -> Vec<u8> {
    let own = format!("content-type: {JSON}\r\nx-amz-target: {LIST}\r\n");
    format!("{line}\r\n{own}{headers}\r\n{rest}").into_bytes()
}

/// What is served, however odd.
fn served() -> Vec<(Vec<u8>, Then)> {
    let goes_on = |headers: &str, rest: &str| (list(LINE, headers, rest), Then::GoesOn);
    let closed = |line: &str, headers: &str, rest: &str| (list(line, headers, rest), Then::Closed);
    let length = "content-length: 2\r\n";
    let host = "host: a\r\n";
    let chunked = format!("{host}transfer-encoding: chunked\r\n");
    vec![
        goes_on(&format!("{host}{length}"), "{}"),
        goes_on(&format!("host:\r\n{length}"), "{}"),
        goes_on(&format!("host: [::1]:4567\r\n{length}"), "{}"),
        goes_on("HOST: A\r\nContent-LENGTH:2\r\n", "{}"),
        goes_on(&format!("{host}{length}{length}"), "{}"),
        goes_on(&format!("{host}content-length: 002\r\n"), "{}"),
        goes_on(&chunked, "2\r\n{}\r\n0\r\n\r\n"),
        goes_on(&chunked, "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"),
        goes_on(&chunked, "002;a=b;c=\"d\"\r\n{}\r\n000\r\n\r\n"),
        goes_on(&chunked, "2\r\n{}\r\n0\r\na: b\r\nc: d\r\n\r\n"),
        goes_on(
            &format!("{host}Transfer-Encoding: CHUNKED\r\n"),
            "2\r\n{}\r\n0\r\n\r\n",
        ),
        goes_on(&format!("{host}{length}expect: something else\r\n"), "{}"),
        goes_on(&format!("{host}{length}{}", "x: y\r\n".repeat(90)), "{}"),
        goes_on(
            &format!("{host}{length}x: {}\r\n", "y".repeat(30_000)),
            "{}",
        ),
        goes_on(&format!("{host}{length}x: \u{e9}\r\n"), "{}"),
        (
            list(
                "POST http://b/?c HTTP/1.1",
                &format!("{host}{length}"),
                "{}",
            ),
            Then::GoesOn,
        ),
        (
            [&b"\r\n"[..], &list(LINE, &format!("{host}{length}"), "{}")].concat(),
            Then::GoesOn,
        ),
        closed("POST / HTTP/1.0", length, "{}"),
        closed("POST / HTTP/1.0", &format!("{host}{length}"), "{}"),
        closed(LINE, &format!("{host}{length}connection: close\r\n"), "{}"),
        closed(LINE, &format!("{host}{length}Connection: Close\r\n"), "{}"),
        // The coding wins over the length, and the connection ends.
        closed(
            LINE,
            &format!("{chunked}content-length: 9\r\n"),
            "2\r\n{}\r\n0\r\n\r\n",
        ),
    ]
}

/// What is answered with a bare status and closed.
fn refused() -> Vec<(u16, Vec<u8>)> {
    let length = "content-length: 2\r\n";
    let host = "host: a\r\n";
    let of = |headers: &str, rest: &str| (400, list(LINE, headers, rest));
    let in_chunks = |rest: &str| of(&format!("{host}transfer-encoding: chunked\r\n"), rest);
    let with = |headers: &str| of(&format!("{host}{headers}"), "{}");
    vec![
        of(length, "{}"),
        of("", ""),
        of(&format!("{host}host: a\r\n{length}"), "{}"),
        of(&format!("{host}HOST: b\r\n{length}"), "{}"),
        of(&format!("host: a b\r\n{length}"), "{}"),
        of(&format!("host: a/b\r\n{length}"), "{}"),
        of(&format!("host: c@a\r\n{length}"), "{}"),
        of(&format!("host: a:b\r\n{length}"), "{}"),
        (
            400,
            list("POST / HTTP/1.0", &format!("{host}{host}{length}"), "{}"),
        ),
        with("content-length: 2\r\ncontent-length: 3\r\n"),
        with("content-length: 2, 2\r\n"),
        with("content-length: +2\r\n"),
        with("content-length: -2\r\n"),
        with("content-length: 0x2\r\n"),
        with("content-length: a\r\n"),
        with("content-length:\r\n"),
        with("content-length: 18446744073709551616\r\n"),
        with("transfer-encoding: identity\r\n"),
        with("transfer-encoding: gzip, chunked\r\n"),
        with("transfer-encoding: chunked, identity\r\n"),
        in_chunks("zz\r\n{}\r\n0\r\n\r\n"),
        in_chunks("-2\r\n{}\r\n0\r\n\r\n"),
        in_chunks("\r\n{}\r\n0\r\n\r\n"),
        in_chunks("2\r\n{}0\r\n\r\n"),
        in_chunks("2\n{}\r\n0\r\n\r\n"),
        in_chunks("10000000000000000\r\n{}\r\n0\r\n\r\n"),
        with("content-length: 2\r\nx: y\r\n z\r\n"),
        with("content-length : 2\r\n"),
        with("content-length: 2\r\nx: \0\r\n"),
        with("content-length: 2\r\nx\0: y\r\n"),
        with("content-length: 2\r\n: y\r\n"),
        with("content-length: 2\r\nx y\r\n"),
    ]
}

/// The same, for lines and for heads that are too large.
fn refused_by_their_line() -> Vec<(u16, Vec<u8>)> {
    let good = "host: a\r\ncontent-length: 2\r\n";
    let line = |line: &str| (400, list(line, good, "{}"));
    let large = |headers: String| (431, list(LINE, &format!("{good}{headers}"), "{}"));
    vec![
        line("POST / HTTP/1.2"),
        line("POST / HTTP/2.0"),
        line("POST / http/1.1"),
        line("POST /"),
        line("POST /\0 HTTP/1.1"),
        line("P\0ST / HTTP/1.1"),
        line("POST  / HTTP/1.1"),
        line("POST /a b HTTP/1.1"),
        (
            400,
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        ),
        large("x: y\r\n".repeat(101)),
        large(format!("x: {}\r\n", "y".repeat(70_000))),
    ]
}

/// What is too large, and how it comes: all of it is written before anything is read.
fn too_large() -> Vec<Vec<u8>> {
    const BYTES: usize = 5_000_000;
    let body = " ".repeat(BYTES);
    let chunks = format!("10000\r\n{}\r\n", " ".repeat(0x10000)).repeat(BYTES / 0x10000);
    let length = format!("host: a\r\ncontent-length: {BYTES}\r\n");
    let chunked = "host: a\r\ntransfer-encoding: chunked\r\n";
    let expect = "expect: 100-continue\r\n";
    vec![
        list(LINE, &length, &body),
        list(LINE, chunked, &format!("{chunks}0\r\n\r\n")),
        // The client does not wait to be asked.
        list(LINE, &format!("{length}{expect}"), &body),
        // Its length is not known before it comes, so it is asked for.
        list(
            LINE,
            &format!("{chunked}{expect}"),
            &format!("{chunks}0\r\n\r\n"),
        ),
        list("GET / HTTP/1.1", &length, &body),
        list(
            "POST / HTTP/1.0",
            &format!("content-length: {BYTES}\r\n"),
            &body,
        ),
        // More comes than was declared.
        list(LINE, &length.replace("5", "4"), &body),
    ]
}

pub async fn check(server: &Running, report: &mut Report) {
    for (bytes, then) in served() {
        let what = what(&bytes);
        let mut stream = connect(server.address).await;
        stream.write_all(&bytes).await.unwrap();
        let answer = read_answer(&mut stream).await;
        report.check(&what, &answer, &Expected::listed());
        report.check_ids(&what, &answer, EXTENDED);
        match then {
            Then::GoesOn => report.check_goes_on(&what, stream).await,
            Then::Closed => report.check_closed(&what, stream).await,
        }
    }
    for (status, bytes) in [refused(), refused_by_their_line()].concat() {
        // Much more follows than is read: the client reads its answer all the same.
        for rest in [0, 6_000_000] {
            let what = format!("{} and {rest} more", what(&bytes));
            let mut stream = connect(server.address).await;
            let bytes = [&bytes[..], &vec![b' '; rest]].concat();
            let written = in_time(stream.write_all(&bytes)).await;
            report.say(&what, written.is_ok(), &format!("{written:?}"));
            let answer = read_answer(&mut stream).await;
            report.check(&what, &answer, &Expected::bare(status));
            report.check_closed(&what, stream).await;
        }
    }
    for bytes in too_large() {
        let what = what(&bytes);
        let mut stream = connect(server.address).await;
        let written = in_time(stream.write_all(&bytes)).await;
        report.say(&what, written.is_ok(), &format!("{written:?}"));
        let mut answer = read_answer(&mut stream).await;
        if what.contains("chunked") && what.contains("expect") {
            report.check(&what, &answer, &Expected::bare(100));
            answer = read_answer(&mut stream).await;
        }
        report.check(&what, &answer, &Expected::bare(413));
        report.check_ids(&what, &answer, EXTENDED);
        report.check_closed(&what, stream).await;
    }
    check_expectations(server, report).await;
    check_lies(server, report).await;
}

/// A client that waits is told to go on, and only if its body is wanted.
async fn check_expectations(server: &Running, report: &mut Report) {
    for headers in ["content-length: 2\r\n", "transfer-encoding: chunked\r\n"] {
        let mut stream = connect(server.address).await;
        let headers = format!("host: a\r\nExpect: 100-Continue\r\n{headers}");
        let head = list(LINE, &headers, "");
        stream.write_all(&head).await.unwrap();
        let answer = read_answer(&mut stream).await;
        report.check(&headers, &answer, &Expected::bare(100));
        let body = match headers.contains("chunked") {
            true => "2\r\n{}\r\n0\r\n\r\n",
            false => "{}",
        };
        stream.write_all(body.as_bytes()).await.unwrap();
        let answer = read_answer(&mut stream).await;
        report.check(&headers, &answer, &Expected::listed());
        report.check_goes_on(&headers, stream).await;
    }
    for (headers, status) in [
        ("host: a\r\ncontent-length: 5000000\r\n", 413),
        ("content-length: 2\r\n", 400),
        ("host: a\r\nhost: a\r\ntransfer-encoding: chunked\r\n", 400),
    ] {
        let mut stream = connect(server.address).await;
        let headers = format!("expect: 100-continue\r\n{headers}");
        stream.write_all(&list(LINE, &headers, "")).await.unwrap();
        let answer = read_answer(&mut stream).await;
        report.check(&headers, &answer, &Expected::bare(status));
        report.check_closed(&headers, stream).await;
    }
}

/// Lengths that are not true.
async fn check_lies(server: &Running, report: &mut Report) {
    // Too long: the client ends before it has sent it all, and there is nobody to answer.
    for (headers, rest) in [
        ("content-length: 3\r\n", "{}"),
        ("transfer-encoding: chunked\r\n", "3\r\n{}"),
        ("transfer-encoding: chunked\r\n", "2\r\n{}\r\n"),
    ] {
        let mut stream = connect(server.address).await;
        let headers = format!("host: a\r\n{headers}");
        stream.write_all(&list(LINE, &headers, rest)).await.unwrap();
        stream.shutdown().await.unwrap();
        report.corners += 1;
        report
            .check_closed(&format!("{headers} {rest}"), stream)
            .await;
    }
    // Too short: what is left is no request.
    let mut stream = connect(server.address).await;
    let what = "content-length: 2 and four bytes";
    let bytes = list(LINE, "host: a\r\ncontent-length: 2\r\n", "{}{}\r\n\r\n");
    stream.write_all(&bytes).await.unwrap();
    let answer = read_answer(&mut stream).await;
    report.check(what, &answer, &Expected::listed());
    let answer = read_answer(&mut stream).await;
    report.check(what, &answer, &Expected::bare(400));
    report.check_closed(what, stream).await;
    // Two requests in one write are answered in their order.
    let mut stream = connect(server.address).await;
    let one = list(LINE, "host: a\r\ncontent-length: 2\r\n", "{}");
    stream.write_all(&one.repeat(2)).await.unwrap();
    for _ in 0..2 {
        let answer = read_answer(&mut stream).await;
        report.check("two in one write", &answer, &Expected::listed());
    }
    report.check_goes_on("two in one write", stream).await;
}

fn what(bytes: &[u8]) -> String {
    let own = format!("content-type: {JSON}\r\nx-amz-target: {LIST}\r\n");
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).replace(&own, "");
    format!("{:?}", text.chars().take(120).collect::<String>())
}
