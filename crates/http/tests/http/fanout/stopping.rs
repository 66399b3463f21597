//! A stopping server gives stalled subscribers a moment, by the test's clock, and no more.

use super::{HEADERS, World, body_of, latest};
use crate::frames::{HEADERS_FRAME, post, preface, read_frame};
use crate::harness::{connect, in_time};
use millstream_env::Clock;
use millstream_http::Limits;
use millstream_protocol::Protocol;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn server_when_it_stops_then_does_not_wait_for_subscribers_that_take_nothing() {
    let limits = Limits {
        drain: HOUR,
        write_idle: HOUR,
        ping_interval: HOUR,
        ..Limits::default()
    };
    let world = World::start(limits, Protocol::Json).await;
    let mut stalled = Vec::new();
    for number in 0..5 {
        let arn = world.consumer(&format!("c{number}")).await;
        let mut stream = connect(world.server.address).await;
        let request = post(1, &HEADERS, &body_of(&latest(&arn)));
        stream.write_all(&preface(0)).await.unwrap();
        stream.write_all(&request).await.unwrap();
        while read_frame(&mut stream).await.0 != HEADERS_FRAME {}
        stalled.push(stream);
    }
    let World { server, clock, .. } = world;
    let began = clock.monotonic();
    let time_passes = async {
        loop {
            clock.advance(Duration::from_millis(25));
            for _ in 0..64 {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::select! {
        biased;
        () = in_time(server.stop()) => (),
        () = time_passes => (),
    }
    let waited = clock.monotonic().since(began);
    assert!(waited <= Duration::from_secs(2), "{waited:?}");
}
