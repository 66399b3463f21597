//! Hand-made HTTP/2 frames, for clients whose behaviour no library allows.

use crate::harness::in_time;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

pub const DATA: u8 = 0;
pub const HEADERS_FRAME: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;
pub const END_STREAM: u8 = 1;
pub const ACKNOWLEDGED: u8 = 1;
pub const END_HEADERS: u8 = 4;

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head[..], payload].concat()
}

/// Headers as literals, neither indexed nor compressed.
pub fn headers(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in pairs {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

pub async fn read_frame(stream: &mut TcpStream) -> (u8, u8, Vec<u8>) {
    let frame = try_read_frame(stream).await.unwrap();
    (frame.kind, frame.flags, frame.payload)
}

/// A frame of the server's.
#[derive(Debug)]
pub struct Received {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

/// Reads a frame; an error if the connection has ended.
pub async fn try_read_frame(stream: &mut TcpStream) -> std::io::Result<Received> {
    let mut head = [0; 9];
    in_time(stream.read_exact(&mut head)).await?;
    let [a, b, c, kind, flags, number @ ..] = head;
    let length = u32::from_be_bytes([0, a, b, c]);
    let mut payload = vec![0; length as usize];
    in_time(stream.read_exact(&mut payload)).await?;
    Ok(Received {
        kind,
        flags,
        stream: u32::from_be_bytes(number),
        payload,
    })
}

/// The start of an HTTP/2 connection whose client opens a window of this size.
pub fn preface(window: u32) -> Vec<u8> {
    let initial_window_size = [&4_u16.to_be_bytes()[..], &window.to_be_bytes()].concat();
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(SETTINGS, 0, 0, &initial_window_size),
    ]
    .concat()
}

/// A POST.
pub fn post(stream: u32, pairs: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let own = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", "localhost"),
    ];
    let head = headers(&[&own, pairs].concat());
    [
        frame(HEADERS_FRAME, END_HEADERS, stream, &head),
        frame(DATA, END_STREAM, stream, body),
    ]
    .concat()
}
