//! The full five minutes of a subscription, over every transport.

use super::*;
use crate::harness::{connect, in_time};
use crate::tls::{BOTH, connect_tls, identity};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use millstream_env::Clock;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

const IDLE: Duration = Duration::from_secs(4);
const WHOLE: Duration = Duration::from_secs(300);

/// Expects, without any puts, an event every four seconds until the subscription ends by itself.
async fn check_five_minutes(world: &World, mut frames: Frames) {
    let begun = world.clock.monotonic();
    let mut events = 0;
    while let Some(event) = frames.next().await.unwrap() {
        assert!(event.starts_with("{\"Records\":[],"), "{event}");
        events += 1;
        world.clock.advance(IDLE);
    }
    assert_eq!(events, 75);
    assert_eq!(world.clock.monotonic().since(begun), WHOLE);
}

async fn check_http1<T>(world: &World, name: &str, stream: T)
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let arn = world.consumer(name).await;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    let subscribing = async {
        let answer = sender.send_request(request_for(&arn)).await.unwrap();
        assert_eq!(answer.version(), http::Version::HTTP_11);
        assert_eq!(answer.headers()["transfer-encoding"], "chunked");
        check_five_minutes(world, Frames::of(answer).await).await;
        drop(sender);
    };
    let (ended, ()) = in_time(async { tokio::join!(connection, subscribing) }).await;
    ended.unwrap();
}

async fn check_http2<T>(world: &World, name: &str, stream: T)
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let arn = world.consumer(name).await;
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.unwrap();
    let subscribing = async {
        let frames = Frames::subscribe(&mut sender, &arn).await;
        check_five_minutes(world, frames).await;
        drop(sender);
    };
    let (ended, ()) = in_time(async { tokio::join!(connection, subscribing) }).await;
    ended.unwrap();
}

#[tokio::test]
async fn subscription_when_over_any_transport_then_lasts_five_minutes_and_ends_by_itself() {
    let identity = identity();
    let tls = Some(Tls::new(&identity).unwrap());
    let world = World::start_with_tls(Limits::default(), Protocol::Json, tls).await;
    let server = &world.server;
    check_http1(&world, "http1", connect(server.address).await).await;
    check_http2(&world, "prior-knowledge", connect(server.address).await).await;
    let http1: &[&[u8]] = &[b"http/1.1"];
    let stream = connect_tls(server, &identity, BOTH, http1).await.unwrap();
    check_http1(&world, "http1-tls", stream).await;
    let http2: &[&[u8]] = &[b"h2", b"http/1.1"];
    for (name, alpn) in [("alpn", http2), ("no-alpn", &[])] {
        let stream = connect_tls(server, &identity, BOTH, alpn).await.unwrap();
        check_http2(&world, name, stream).await;
    }
    let stopped = world.server.stop();
    world.clock.advance(Duration::from_secs(60));
    stopped.await;
}
