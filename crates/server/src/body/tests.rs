//! Bodies of all lengths and speeds, under a clock that moves when told.

use super::*;
use env::{ManualClock, Timestamp};
use http_body_util::{Full, StreamBody};
use hyper::body::Frame;
use std::convert::Infallible;
use tokio::sync::mpsc;

const LIMITS: fn() -> Limits = || Limits {
    body_bytes: 100,
    body_idle: Duration::from_secs(2),
    body: Duration::from_secs(5),
    body_bytes_per_second_min: 10,
    ..Limits::default()
};

/// A body without a declared length, of pieces that are sent one by one.
fn piecewise() -> (
    mpsc::UnboundedSender<Bytes>,
    impl Body<Data = Bytes> + Unpin,
) {
    let (sender, mut pieces) = mpsc::unbounded_channel();
    let stream = futures_util::stream::poll_fn(move |cx| {
        pieces
            .poll_recv(cx)
            .map(|piece| piece.map(|piece| Ok::<_, Infallible>(Frame::data(piece))))
    });
    (sender, StreamBody::new(stream))
}

async fn receive(
    clock: &ManualClock,
    budget: &Arc<Budget>,
    body: impl Body<Data = Bytes> + Unpin,
) -> Result<Received, Refused> {
    Receiver {
        clock,
        limits: &LIMITS(),
        budget,
        timer: &SpareTimer::default(),
    }
    .receive(body)
    .await
}

#[tokio::test]
async fn body_when_declared_then_is_bounded_before_it_comes() {
    let clock = ManualClock::new(Timestamp(0));
    let budget = Budget::new(150);
    let full = |length| Full::new(Bytes::from(vec![7; length]));
    let held = receive(&clock, &budget, full(100)).await.unwrap();
    assert_eq!((held.bytes.len(), budget.taken()), (100, 100));
    assert_eq!(
        receive(&clock, &budget, full(101)).await.unwrap_err(),
        Refused::TooLarge
    );
    assert_eq!(
        receive(&clock, &budget, full(51)).await.unwrap_err(),
        Refused::Overload
    );
    drop(held);
    assert_eq!(
        receive(&clock, &budget, full(51)).await.unwrap().bytes,
        vec![7; 51]
    );
    assert_eq!(budget.taken(), 0);
}

#[tokio::test]
async fn body_when_in_pieces_then_is_put_together_and_bounded_while_it_comes() {
    let clock = ManualClock::new(Timestamp(0));
    let budget = Budget::new(STEP_BYTES);
    let (sender, body) = piecewise();
    for piece in ["ab", "", "c", "def"] {
        sender.send(Bytes::from(piece)).unwrap();
    }
    drop(sender);
    let received = receive(&clock, &budget, body).await.unwrap();
    assert_eq!(
        (&received.bytes[..], budget.taken()),
        (&b"abcdef"[..], STEP_BYTES)
    );

    let (sender, body) = piecewise();
    sender.send(Bytes::from("a")).unwrap();
    drop(sender);
    assert_eq!(
        receive(&clock, &budget, body).await.unwrap_err(),
        Refused::Overload
    );
    drop(received);

    let (sender, body) = piecewise();
    for _ in 0..101 {
        sender.send(Bytes::from("a")).unwrap();
    }
    assert_eq!(
        receive(&clock, &budget, body).await.unwrap_err(),
        Refused::TooLarge
    );
}

#[tokio::test]
async fn body_when_it_stalls_then_is_given_up() {
    let clock = ManualClock::new(Timestamp(0));
    let budget = Budget::new(STEP_BYTES);
    let (_sender, body) = piecewise();
    let advance = async { clock.advance(Duration::from_secs(2)) };
    let (received, ()) = tokio::join!(receive(&clock, &budget, body), advance);
    assert_eq!(received.unwrap_err(), Refused::Gone);
    assert_eq!(budget.taken(), 0);
}

#[tokio::test]
async fn body_when_it_drips_then_is_given_up_though_it_never_stalls() {
    let clock = ManualClock::new(Timestamp(0));
    let budget = Budget::new(STEP_BYTES);
    let (sender, body) = piecewise();
    let drip = async {
        for second in 0.. {
            if sender.send(Bytes::from("a")).is_err() {
                return second;
            }
            tokio::task::yield_now().await;
            clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
        unreachable!("the numbers do not end")
    };
    let (received, seconds) = tokio::join!(receive(&clock, &budget, body), drip);
    assert_eq!(received.unwrap_err(), Refused::Gone);
    assert_eq!(seconds, 5);
}
