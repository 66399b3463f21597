//! HTTP/2: many subscriptions on one connection, each with its own flow control.

use super::*;
use crate::harness::{connect, in_time};
use futures_util::future::join_all;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::time::Duration;

const SUBSCRIPTIONS: usize = 500;

async fn connect_http2(
    world: &World,
) -> (SendRequest<Full<Bytes>>, impl Future<Output = ()> + use<>) {
    let stream = connect(world.server.address).await;
    stream.set_nodelay(true).unwrap();
    let io = TokioIo::new(stream);
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await;
    let (sender, connection) = handshake.unwrap();
    (sender, async { connection.await.unwrap() })
}

#[tokio::test]
async fn connection_when_it_has_500_subscriptions_then_each_gets_every_record() {
    let world = World::start(Limits::default(), Protocol::Json).await;
    let (mut sender, connection) = connect_http2(&world).await;
    let subscribing = async {
        let mut subscribed = Vec::new();
        for place in 0..SUBSCRIPTIONS {
            let arn = world.consumer(&format!("c{place}")).await;
            let mut frames = Frames::subscribe(&mut sender, &arn).await;
            assert!(
                frames
                    .next()
                    .await
                    .unwrap()
                    .unwrap()
                    .starts_with("{\"Records\":[],")
            );
            subscribed.push(frames);
        }
        for data in ["first", "second"] {
            world.put(data.as_bytes()).await;
            let events = join_all(subscribed.iter_mut().map(Frames::next)).await;
            for event in events {
                let event = event.unwrap().unwrap();
                assert_eq!(event.matches("\"SequenceNumber\"").count(), 1, "{event}");
            }
        }
        let stopped = world.server.stop();
        let ends = join_all(subscribed.iter_mut().map(Frames::next)).await;
        assert!(ends.iter().all(|end| matches!(end, Ok(None))));
        drop(sender);
        stopped.await;
    };
    in_time(async { tokio::join!(subscribing, connection) }).await;
}

#[tokio::test]
async fn subscriber_when_it_takes_nothing_then_is_cut_off_and_holds_up_nobody() {
    let world = World::start(Limits::default(), Protocol::Json).await;
    let (mut sender, connection) = connect_http2(&world).await;
    let subscribing = async {
        let arn = world.consumer("stalled").await;
        let mut stalled = Frames::subscribe(&mut sender, &arn).await;
        let arn = world.consumer("live").await;
        let mut live = Frames::subscribe(&mut sender, &arn).await;
        live.next().await.unwrap();
        // More than the window of the unread stream.
        let data = vec![7; 500_000];
        for _ in 0..10 {
            world.put(&data).await;
            let event = live.next().await.unwrap().unwrap();
            assert!(event.len() > data.len());
        }
        // An idle but live connection continues beyond every idle limit.
        for _ in 0..30 {
            world.clock.advance(Duration::from_secs(4));
            let event = live.next().await.unwrap().unwrap();
            assert!(event.starts_with("{\"Records\":[],"), "{event}");
        }
        let mut received = 0;
        let cut = loop {
            match stalled.next().await {
                Ok(Some(_)) => received += 1,
                Ok(None) => panic!("it ended in good order after {received}"),
                Err(error) => break error,
            }
        };
        assert!(received < 11, "{received} of 11 events, {cut}");
        drop((stalled, live, sender));
        world.server.stop().await;
    };
    in_time(async { tokio::join!(subscribing, connection) }).await;
}
