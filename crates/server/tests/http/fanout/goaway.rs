//! A client that says GOAWAY as soon as it has the answer's head, and reads on: JavaScript's does.
//! Frames of HTTP/2 by hand, since no client library lets one do that.

use super::*;
use crate::harness::{connect, in_time};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const DATA: u8 = 0;
const HEADERS_FRAME: u8 = 1;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head[..], payload].concat()
}

/// Headers as literals that are not indexed and not compressed.
fn headers(pairs: &[(&str, &str)]) -> Vec<u8> {
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

async fn read_frame(stream: &mut TcpStream) -> (u8, u8, Vec<u8>) {
    let mut head = [0; 9];
    in_time(stream.read_exact(&mut head)).await.unwrap();
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; length as usize];
    in_time(stream.read_exact(&mut payload)).await.unwrap();
    (head[3], head[4], payload)
}

#[tokio::test]
async fn goaway_when_a_client_sends_it_then_its_subscription_goes_on() {
    let world = World::start(Limits::default(), Protocol::Json).await;
    let arn = world.consumer("c").await;
    let mut stream = connect(world.server.address).await;
    let pairs = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", "localhost"),
        HEADERS[0],
        HEADERS[1],
    ];
    let request = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(SETTINGS, 0, 0, &[]),
        frame(HEADERS_FRAME, END_HEADERS, 1, &headers(&pairs)),
        frame(DATA, END_STREAM, 1, &body_of(&latest(&arn))),
    ];
    stream.write_all(&request.concat()).await.unwrap();
    while read_frame(&mut stream).await.0 != HEADERS_FRAME {}
    let goaway = frame(GOAWAY, 0, 0, &[0; 8]);
    stream.write_all(&goaway).await.unwrap();
    let mut received = Vec::new();
    for data in ["one", "two"] {
        world.put(data.as_bytes()).await;
        let encoded: &[u8] = match data {
            "one" => b"b25l",
            _ => b"dHdv",
        };
        while !received.windows(4).any(|window| window == encoded) {
            let (kind, flags, payload) = read_frame(&mut stream).await;
            if kind == DATA {
                assert_eq!(flags & END_STREAM, 0, "it goes on");
                received.extend_from_slice(&payload);
            }
        }
    }
    let stopped = world.server.stop();
    loop {
        let (kind, flags, _) = read_frame(&mut stream).await;
        if kind == DATA && flags & END_STREAM != 0 {
            break;
        }
    }
    drop(stream);
    stopped.await;
}
