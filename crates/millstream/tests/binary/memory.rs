//! What clients can make the real binary hold, as the operating system counts it: each of the
//! server's terms in the formula of docs/operations/memory.md.

use crate::process::{Running, millstream};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::{self, Read, Write};
use std::net::TcpStream;

pub const MIB: usize = 1024 * 1024;
/// Memory without clients: code, runtime, threads, and the journal's buffers.
pub const BASE_BYTES: usize = 64 * MIB;
/// Memory of an idle connection.
pub const CONNECTION_BYTES: usize = 24 * 1024;
/// The default limits.
const HEADS_BYTES: usize = 256 * MIB;
const BODIES_BYTES: usize = 128 * MIB;

const PING: u8 = 6;
/// The ACK flag of a frame.
const ACKNOWLEDGED: u8 = 1;
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// A server, and connections to it.
pub struct Server {
    running: Running,
}

impl Server {
    pub fn start() -> Self {
        let any = "127.0.0.1:0";
        let mut command = millstream();
        let folder = std::env::temp_dir();
        command
            .env("TMPDIR", folder)
            .args(["dev", "--listen", any, "--limits", "off"]);
        Self {
            running: Running::start(&mut command),
        }
    }

    pub fn connect(&self) -> TcpStream {
        TcpStream::connect(self.running.url.strip_prefix("http://").unwrap()).unwrap()
    }

    /// Checks that the server still serves other clients, and that its memory never exceeded a
    /// limit.
    pub fn check_peak(&self, most: usize) {
        self.list(&mut self.connect());
        let peak = self.running.memory("VmHWM");
        assert!(peak <= most, "{peak} bytes, and {most} are to be enough");
    }

    /// A memory counter of its process, by the operating system's name.
    pub fn memory(&self, name: &str) -> usize {
        self.running.memory(name)
    }

    pub fn list(&self, stream: &mut TcpStream) {
        stream.write_all(&post("content-length: 2", b"{}")).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
    }
}

pub fn post(header: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amz-target: Kinesis_20131202.ListStreams\r\n{header}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Raises the limit on open files for so many connections, and returns their number. `./test`
/// leaves the tests out by name where the limit cannot be raised.
pub fn connections(wanted: usize) -> usize {
    const OWN: u64 = 300;
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, all).unwrap();
    let most = maximum.map_or(u64::MAX, |most| most.saturating_sub(OWN));
    assert!(wanted as u64 <= most, "{wanted} connections of {most}");
    wanted
}

#[test]
fn server_when_thousands_send_half_a_head_then_holds_no_more_than_the_formula_says() {
    let server = Server::start();
    let count = connections(8000);
    let half = [&b"POST / HTTP/1.1\r\nhost: a\r\nx: "[..], &[b'a'; 60_000]].concat();
    let mut streams = Vec::new();
    for _ in 0..count {
        let mut stream = server.connect();
        // Connections over the limit are closed.
        let _ = stream.write_all(&half);
        streams.push(stream);
    }
    // More than these are not open at once.
    let open = HEADS_BYTES / half.len();
    server.check_peak(BASE_BYTES + HEADS_BYTES + open * CONNECTION_BYTES);
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head[..], payload].concat()
}

/// Starts HTTP/2, and acknowledges the server's settings.
fn greet(stream: &mut TcpStream) {
    const SETTINGS: u8 = 4;
    stream.write_all(PREFACE).unwrap();
    assert_eq!(read_frame(stream)[0], SETTINGS);
    let acknowledged = frame(SETTINGS, ACKNOWLEDGED, 0, b"");
    stream.write_all(&acknowledged).unwrap();
}

/// Reads a frame; returns its kind and flags.
fn try_read_frame(stream: &mut TcpStream) -> io::Result<[u8; 2]> {
    let mut head = [0; 9];
    stream.read_exact(&mut head)?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut payload)?;
    Ok([head[3], head[4]])
}

fn read_frame(stream: &mut TcpStream) -> [u8; 2] {
    try_read_frame(stream).unwrap()
}

/// Reads frames up to the answer to a ping. Everything sent earlier has been read by then.
fn wait_for_pong(stream: &mut TcpStream) {
    stream.write_all(&frame(PING, 0, 0, &[7; 8])).unwrap();
    while read_frame(stream) != [PING, ACKNOWLEDGED] {}
}

#[test]
fn server_when_streams_by_the_thousand_have_large_heads_then_holds_no_more_than_the_formula_says() {
    const CONNECTIONS: usize = 40;
    const HEADERS: u8 = 1;
    const END_HEADERS: u8 = 4;
    let server = Server::start();
    // POST, http, / from the static table, then a literal field of 15 500 bytes; a body follows.
    let block = [
        &[0x83, 0x86, 0x84, 0, 1, b'x', 0x7f, 0x8d, 0x78][..],
        &[b'a'; 15_500],
    ]
    .concat();
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = server.connect();
        greet(&mut stream);
        for number in 0..1000 {
            let begun = frame(HEADERS, END_HEADERS, 2 * number + 1, &block);
            stream.write_all(&begun).unwrap();
        }
        wait_for_pong(&mut stream);
        streams.push(stream);
    }
    server.check_peak(BASE_BYTES + HEADS_BYTES + CONNECTIONS * CONNECTION_BYTES);
}

/// Fields for the dynamic table, each in an otherwise full frame. The client never acknowledges
/// that the table's size is zero.
#[test]
fn server_when_clients_fill_the_table_of_fields_then_holds_no_more_than_the_formula_says() {
    const CONNECTIONS: usize = 400;
    const HEADERS: u8 = 1;
    const END_HEADERS_AND_STREAM: u8 = 5;
    let server = Server::start();
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = server.connect();
        stream.write_all(PREFACE).unwrap();
        for number in 0..95 {
            // The authority is to be indexed, the field after it is not.
            let block = [
                &[
                    0x83, 0x86, 0x84, 0x41, 1, b'a', 0, 1, b'x', 0x7f, 0x8d, 0x78,
                ][..],
                &[b'a'; 15_500],
            ]
            .concat();
            let begun = frame(HEADERS, END_HEADERS_AND_STREAM, 2 * number + 1, &block);
            // The server may close the connection for it.
            let _ = stream.write_all(&begun);
        }
        // Once this is answered, or the connection has ended, all of it has been read.
        let _ = stream.write_all(&frame(PING, 0, 0, &[7; 8]));
        while try_read_frame(&mut stream).is_ok_and(|read| read != [PING, ACKNOWLEDGED]) {}
        streams.push(stream);
    }
    server.check_peak(BASE_BYTES + HEADS_BYTES + CONNECTIONS * CONNECTION_BYTES);
}

#[test]
fn server_when_bodies_come_to_a_halt_before_their_end_then_holds_no_more_than_the_formula_says() {
    const CONNECTIONS: usize = 24;
    let server = Server::start();
    let most = post("content-length: 16777216", &vec![b' '; 12 * MIB]);
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = server.connect();
        // Requests over the limit get a 503, and the rest of what they send is dropped.
        stream.write_all(&most).unwrap();
        streams.push(stream);
    }
    server.check_peak(BASE_BYTES + BODIES_BYTES + HEADS_BYTES);
}

#[test]
fn connection_when_idle_then_holds_no_more_than_the_formula_says() {
    const CONNECTIONS: usize = 1000;
    let server = Server::start();
    assert!(connections(2 * CONNECTIONS) == 2 * CONNECTIONS);
    let before = server.running.memory("VmRSS");
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut http1 = server.connect();
        server.list(&mut http1);
        let mut http2 = server.connect();
        greet(&mut http2);
        wait_for_pong(&mut http2);
        streams.extend([http1, http2]);
    }
    let each = (server.running.memory("VmRSS") - before) / streams.len();
    assert!(each <= CONNECTION_BYTES, "{each} bytes");
}
