//! A client that never opens its window: its subscription is still cut off.

use super::*;
use crate::frames::{HEADERS_FRAME, RST_STREAM, post, preface, read_frame};
use crate::harness::connect;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn subscription_when_its_client_opens_no_window_then_its_stream_is_reset() {
    let world = World::start(Limits::default(), Protocol::Json).await;
    let arn = world.consumer("c").await;
    let mut stream = connect(world.server.address).await;
    let request = post(1, &HEADERS, &body_of(&latest(&arn)));
    stream.write_all(&preface(0)).await.unwrap();
    stream.write_all(&request).await.unwrap();
    while read_frame(&mut stream).await.0 != HEADERS_FRAME {}
    let time_passes = async {
        loop {
            world.clock.advance(Duration::from_secs(5));
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        () = async { while read_frame(&mut stream).await.0 != RST_STREAM {} } => (),
        () = time_passes => (),
    }
    drop(stream);
    world.server.stop().await;
}
