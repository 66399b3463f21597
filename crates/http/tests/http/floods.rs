//! HTTP/2 clients that send what costs them little: resets, fragments of heads, settings, pings,
//! streams. Each ends its own connection, or is served at its own cost; what it took is given back,
//! and others are served meanwhile.

use crate::frames::{
    ACKNOWLEDGED, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS_FRAME, PING,
    RST_STREAM, Received, SETTINGS, WINDOW_UPDATE, frame, headers, post, preface, read_frame,
    try_read_frame,
};
use crate::harness::{Running, connect, exchange, in_time};
use millstream_http::Limits;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const LIST: [(&str, &str); 2] = [
    ("content-type", "application/x-amz-json-1.1"),
    ("x-amz-target", "Kinesis_20131202.ListStreams"),
];
const SOON: Duration = Duration::from_millis(50);
const NEVER: Duration = Duration::from_secs(3600);

/// Reasons for which a connection or a stream ends (RFC 9113, 7).
const PROTOCOL_ERROR: u32 = 1;
const REFUSED_STREAM: u32 = 7;
const ENHANCE_YOUR_CALM: u32 = 11;

/// Timers that end nothing, so that only what is sent can.
fn patient() -> Limits {
    Limits {
        head: NEVER,
        body_idle: NEVER,
        body: NEVER,
        keep_alive_idle: NEVER,
        ping_interval: NEVER,
        ..Limits::default()
    }
}

/// A connection on which both sides have acknowledged each other's settings.
async fn open(server: &Running) -> TcpStream {
    let mut stream = connect(server.address).await;
    stream.write_all(&preface(1 << 16)).await.unwrap();
    assert_eq!(read_frame(&mut stream).await.0, SETTINGS);
    let acknowledged = frame(SETTINGS, ACKNOWLEDGED, 0, b"");
    stream.write_all(&acknowledged).await.unwrap();
    stream
}

/// A HEADERS frame of a POST whose body follows.
fn begun(number: u32) -> Vec<u8> {
    // POST, http and / are in the static table.
    frame(HEADERS_FRAME, END_HEADERS, number, &[0x83, 0x86, 0x84])
}

fn reset(number: u32) -> Vec<u8> {
    const CANCEL: [u8; 4] = [0, 0, 0, 8];
    frame(RST_STREAM, 0, number, &CANCEL)
}

/// The number of a client's stream at a place.
fn number(place: u32) -> u32 {
    2 * place + 1
}

fn reason(of: &Received) -> u32 {
    let bytes = match of.kind {
        GOAWAY => &of.payload[4..8],
        _ => &of.payload[..],
    };
    u32::from_be_bytes(bytes.try_into().unwrap())
}

/// Reads until the server says that the connection ends; returns why.
async fn farewell(stream: &mut TcpStream) -> u32 {
    loop {
        let frame = try_read_frame(stream).await.expect("it says why it ends");
        if frame.kind == GOAWAY {
            return reason(&frame);
        }
    }
}

/// Reads until the connection has ended, in whatever way.
async fn until_closed(stream: &mut TcpStream) {
    while try_read_frame(stream).await.is_ok() {}
}

/// Reads up to the answer to a ping: everything sent earlier was read by then.
async fn until_read(stream: &mut TcpStream) -> Vec<Received> {
    const MARK: [u8; 8] = *b"until it";
    stream.write_all(&frame(PING, 0, 0, &MARK)).await.unwrap();
    let mut before = Vec::new();
    loop {
        let frame = try_read_frame(stream).await.expect("it is still open");
        if frame.kind == PING && frame.payload == MARK {
            return before;
        }
        before.push(frame);
    }
}

/// Whether a request on this connection is answered with 200.
async fn is_served(stream: &mut TcpStream, number: u32) -> bool {
    /// `:status: 200` in the static table.
    const OK: u8 = 0x88;
    stream.write_all(&post(number, &LIST, b"{}")).await.unwrap();
    loop {
        let frame = try_read_frame(stream).await.expect("it is still open");
        if frame.kind == HEADERS_FRAME && frame.stream == number {
            return frame.payload[0] == OK;
        }
    }
}

async fn check_others_are_served(server: &Running) {
    let answer = exchange(server.address, &crate::harness::post(&LIST, b"{}")).await;
    assert_eq!(answer.status, 200);
    assert!(is_served(&mut open(server).await, 1).await);
}

/// Nothing is held any more: no heads, no bodies, no connection.
async fn check_nothing_is_left(server: &Running) {
    for metric in [
        "millstream_head_bytes_in_flight",
        "millstream_body_bytes_in_flight",
        "millstream_answer_bytes_in_flight",
        "millstream_connections",
    ] {
        server.until(metric, |held| held == 0).await;
    }
}

#[tokio::test]
async fn streams_when_reset_by_the_thousand_before_they_are_taken_then_end_their_connection() {
    let server = Running::start(patient()).await;
    // So few are read at once, and the reason can be read; of so many the rest is never read.
    for count in [100, 10_000] {
        let mut stream = open(&server).await;
        let pairs = (0..count).map(|place| [begun(number(place)), reset(number(place))].concat());
        // The server may close the connection before everything is sent.
        let sent = stream.write_all(&pairs.collect::<Vec<_>>().concat()).await;
        if count == 100 {
            sent.unwrap();
            assert_eq!(farewell(&mut stream).await, ENHANCE_YOUR_CALM);
        }
        until_closed(&mut stream).await;
        check_others_are_served(&server).await;
    }
    check_nothing_is_left(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn streams_when_reset_by_the_thousand_after_they_were_taken_then_leave_nothing() {
    const AT_ONCE: u32 = 100;
    let server = Running::start(patient()).await;
    let mut stream = open(&server).await;
    for round in 0..100 {
        let numbers = || (round * AT_ONCE..(round + 1) * AT_ONCE).map(number);
        let all: Vec<u8> = numbers().flat_map(begun).collect();
        stream.write_all(&all).await.unwrap();
        until_read(&mut stream).await;
        let held = server.metric("millstream_head_bytes_in_flight").await;
        let most = Limits::default().head_bytes_of_connection as u64;
        assert!(held > 0 && held <= most, "{held}");
        let all: Vec<u8> = numbers().flat_map(reset).collect();
        stream.write_all(&all).await.unwrap();
        until_read(&mut stream).await;
    }
    check_others_are_served(&server).await;
    assert!(is_served(&mut stream, number(10_000)).await);
    drop(stream);
    check_nothing_is_left(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn head_when_it_comes_in_fragments_without_end_then_ends_its_connection() {
    let server = Running::start(patient()).await;
    let large = vec![b'a'; 16 * 1024];
    // A literal field that is never complete, or one after the other.
    let fields = headers(&[("x", "y")]).repeat(1000);
    for (case, fragment) in [("empty", &b""[..]), ("large", &large), ("fields", &fields)] {
        let mut stream = open(&server).await;
        let first = frame(HEADERS_FRAME, END_STREAM, 1, &[0x83, 0x86, 0x84]);
        stream.write_all(&first).await.unwrap();
        let fragments = frame(CONTINUATION, 0, 1, fragment).repeat(10);
        stream.write_all(&fragments).await.unwrap();
        let why = farewell(&mut stream).await;
        assert_ne!(why, 0, "{case}: an error");
        // Whatever more is sent is not read.
        while stream.write_all(&fragments).await.is_ok() {}
        until_closed(&mut stream).await;
        check_others_are_served(&server).await;
    }
    check_nothing_is_left(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn frames_that_want_answers_when_they_come_by_the_thousand_then_are_answered_one_by_one() {
    let server = Running::start(patient()).await;
    for (kind, payload) in [(PING, &[7; 8][..]), (SETTINGS, b"")] {
        let mut stream = open(&server).await;
        let (mut reading, mut writing) = stream.split();
        let all = frame(kind, 0, 0, payload).repeat(1000);
        // Written and read at once: each answer is on its way before the next frame is read.
        let writes = async {
            for _ in 0..20 {
                writing.write_all(&all).await.unwrap();
            }
        };
        let reads = async {
            let mut answers = 0;
            while answers < 20_000 {
                let mut head = [0; 9];
                let reading = &mut reading;
                in_time(tokio::io::AsyncReadExt::read_exact(reading, &mut head))
                    .await
                    .unwrap();
                let mut rest = vec![0; usize::from(head[2])];
                in_time(tokio::io::AsyncReadExt::read_exact(reading, &mut rest))
                    .await
                    .unwrap();
                answers += usize::from((head[3], head[4]) == (kind, ACKNOWLEDGED));
            }
        };
        tokio::join!(writes, reads);
        check_others_are_served(&server).await;
        assert!(is_served(&mut stream, 1).await);
    }
    check_nothing_is_left(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn frames_that_want_answers_when_nobody_reads_them_then_end_their_connection() {
    let server = Running::start(Limits {
        write_idle: SOON,
        ..patient()
    })
    .await;
    for (kind, payload) in [(PING, &[7; 8][..]), (SETTINGS, b"")] {
        let mut stream = open(&server).await;
        let all = frame(kind, 0, 0, payload).repeat(1000);
        // No answer is taken, so soon no frame is read, and after a while it is over.
        in_time(async { while stream.write_all(&all).await.is_ok() {} }).await;
        check_others_are_served(&server).await;
    }
    check_nothing_is_left(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn streams_when_more_than_a_client_may_have_then_are_refused_and_soon_their_connection() {
    const MAX: u32 = 1024;
    let server = Running::start(patient()).await;
    let mut stream = open(&server).await;
    let open_streams = async |stream: &mut TcpStream, places: std::ops::Range<u32>| {
        let all: Vec<u8> = places.map(number).flat_map(begun).collect();
        stream.write_all(&all).await
    };
    open_streams(&mut stream, 0..MAX).await.unwrap();
    let seen = until_read(&mut stream).await;
    assert!(!seen.iter().any(|frame| frame.kind == RST_STREAM));
    open_streams(&mut stream, MAX..MAX + 10).await.unwrap();
    let seen = until_read(&mut stream).await;
    let refused: Vec<_> = seen
        .iter()
        .filter(|frame| frame.kind == RST_STREAM)
        .map(|frame| (frame.stream, reason(frame)))
        .collect();
    let expected: Vec<_> = (MAX..MAX + 10)
        .map(|place| (number(place), REFUSED_STREAM))
        .collect();
    assert_eq!(refused, expected);
    check_others_are_served(&server).await;
    // A client that does not listen.
    let _ = open_streams(&mut stream, MAX + 10..3 * MAX).await;
    until_closed(&mut stream).await;
    check_others_are_served(&server).await;
    check_nothing_is_left(&server).await;
    server.stop().await;
}

/// Fields that count as more than this many bytes in a list.
fn fields(bytes: usize) -> Vec<u8> {
    let long = "a".repeat(120);
    let one = headers(&[("x", &long)]);
    [&[0x83, 0x86, 0x84][..], &one.repeat(bytes / one.len() + 1)].concat()
}

#[tokio::test]
async fn head_when_its_list_is_above_the_limit_then_is_431_and_far_above_ends_its_connection() {
    /// `:status: 431`, the name from the static table and the value compressed.
    const TOO_LARGE: [u8; 5] = [0x48, 0x83, 0x69, 0x90, 0xff];
    let server = Running::start(patient()).await;
    let mut stream = open(&server).await;
    let block = fields(15 * 1024);
    let (first, rest) = block.split_at(10_000);
    let head = [
        frame(HEADERS_FRAME, END_STREAM, 1, first),
        frame(CONTINUATION, END_HEADERS, 1, rest),
    ];
    stream.write_all(&head.concat()).await.unwrap();
    let payload = loop {
        let frame = try_read_frame(&mut stream).await.expect("an answer");
        if frame.kind == HEADERS_FRAME {
            break frame.payload;
        }
    };
    assert_eq!(payload, TOO_LARGE);
    assert!(is_served(&mut stream, 3).await, "on the same connection");

    let block = fields(80 * 1024);
    let mut parts = block.chunks(16 * 1024);
    let mut head = frame(HEADERS_FRAME, END_STREAM, 5, parts.next().unwrap());
    for part in parts {
        head.extend(frame(CONTINUATION, 0, 5, part));
    }
    let _ = stream.write_all(&head).await;
    until_closed(&mut stream).await;
    check_others_are_served(&server).await;
    check_nothing_is_left(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn trailers_when_they_follow_a_body_then_change_nothing() {
    let server = Running::start(patient()).await;
    let mut stream = open(&server).await;
    let head = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", "localhost"),
        LIST[0],
        LIST[1],
    ];
    // A target in trailers is not one of the head.
    let other = headers(&[("x-amz-target", "Kinesis_20131202.DescribeLimits")]);
    let request = [
        frame(HEADERS_FRAME, END_HEADERS, 1, &headers(&head)),
        frame(DATA, 0, 1, b"{}"),
        frame(HEADERS_FRAME, END_HEADERS | END_STREAM, 1, &other),
    ];
    stream.write_all(&request.concat()).await.unwrap();
    let mut body = Vec::new();
    loop {
        let frame = try_read_frame(&mut stream).await.unwrap();
        if frame.kind == DATA && frame.stream == 1 {
            body.extend(frame.payload);
            if frame.flags & END_STREAM != 0 {
                break;
            }
        }
    }
    assert!(body.starts_with(b"{\"StreamNames\":[]"));
    drop(stream);
    check_nothing_is_left(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn body_when_in_frames_without_bytes_then_ends_its_connection() {
    let server = Running::start(patient()).await;
    let mut stream = open(&server).await;
    stream.write_all(&begun(1)).await.unwrap();
    let empty = frame(DATA, 0, 1, b"").repeat(1000);
    stream.write_all(&empty).await.unwrap();
    assert_eq!(farewell(&mut stream).await, ENHANCE_YOUR_CALM);
    until_closed(&mut stream).await;
    check_others_are_served(&server).await;
    check_nothing_is_left(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn frames_when_they_are_against_the_protocol_then_end_their_connection() {
    let server = Running::start(patient()).await;
    let too_large = frame(DATA, 0, 1, &[0; 16 * 1024 + 1]);
    let window = |by: u32| frame(WINDOW_UPDATE, 0, 0, &by.to_be_bytes());
    for (case, bytes) in [
        ("a body before its head", frame(DATA, 0, 1, b"{}")),
        ("a body of no stream", frame(DATA, 0, 0, b"{}")),
        ("a head of no stream", begun(0)),
        ("a stream of the server's", begun(2)),
        (
            "fragments without a head",
            frame(CONTINUATION, END_HEADERS, 1, b""),
        ),
        ("a frame above the limit", too_large),
        ("a window of nothing", window(0)),
        (
            "a window above the limit",
            [window(0x7fff_ffff), window(0x7fff_ffff)].concat(),
        ),
        ("a ping of a stream", frame(PING, 0, 1, &[0; 8])),
        ("half a ping", frame(PING, 0, 0, &[0; 4])),
        ("half a setting", frame(SETTINGS, 0, 0, &[0; 5])),
        (
            "a head in which nothing can be read",
            frame(HEADERS_FRAME, END_HEADERS, 1, &[0xff; 20]),
        ),
    ] {
        let mut stream = open(&server).await;
        stream.write_all(&bytes).await.unwrap();
        let why = farewell(&mut stream).await;
        assert_ne!(why, 0, "{case}");
        until_closed(&mut stream).await;
        check_others_are_served(&server).await;
    }
    // Streams are numbered upwards.
    let mut stream = open(&server).await;
    assert!(is_served(&mut stream, 5).await);
    stream.write_all(&begun(3)).await.unwrap();
    assert_eq!(farewell(&mut stream).await, PROTOCOL_ERROR);
    until_closed(&mut stream).await;
    check_nothing_is_left(&server).await;
    server.stop().await;
}
