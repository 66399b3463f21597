//! A client that sends GOAWAY once it has the response's head, and reads on, as the JavaScript SDK
//! does.

use super::*;
use crate::frames::{DATA, END_STREAM, GOAWAY, HEADERS_FRAME, frame, post, preface, read_frame};
use crate::harness::connect;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn goaway_when_a_client_sends_it_then_its_subscription_goes_on() {
    let world = World::start(Limits::default(), Protocol::Json).await;
    let arn = world.consumer("c").await;
    let mut stream = connect(world.server.address).await;
    let request = [preface(65_535), post(1, &HEADERS, &body_of(&latest(&arn)))];
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
