//! Bodies of all lengths and speeds, under a manual clock.

use super::*;
use crate::receive::budgets::Budgets;
use http_body_util::{Full, StreamBody};
use hyper::body::Frame;
use millstream_env::{ManualClock, Timestamp};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::mpsc;

const LIMITS: fn() -> Limits = || Limits {
    body_bytes: 1000,
    body_bytes_in_flight: 1500,
    body_bytes_of_connection: 1000,
    small_body_bytes: 100,
    small_body_bytes_in_flight: 300,
    small_body_bytes_of_connection: 200,
    body_idle: Duration::from_secs(2),
    body: Duration::from_secs(5),
    body_bytes_per_second_min: 10,
    large_body_bytes_per_second_min: 50,
    body_when_short: Duration::from_secs(3),
    body_bytes_per_second_min_when_short: 1000,
    linger: Duration::from_secs(4),
    linger_idle: Duration::from_secs(1),
    linger_bytes: 500,
    ..Limits::default()
};

/// A connection's receiver, and its server's budgets.
struct World {
    clock: ManualClock,
    limits: Limits,
    activity: Arc<Activity>,
}

impl World {
    fn new() -> Self {
        Self::beside(&Budgets::new(&LIMITS()))
    }

    /// Another connection to the same server.
    fn beside(budgets: &Arc<Budgets>) -> Self {
        Self {
            clock: ManualClock::new(Timestamp(0)),
            limits: LIMITS(),
            activity: Activity::within(Arc::clone(budgets)),
        }
    }

    fn receiver(&self) -> Receiver<'_> {
        Receiver {
            clock: &self.clock,
            limits: &self.limits,
            body_bytes_max: self.limits.body_bytes,
            activity: &self.activity,
        }
    }

    async fn receive(
        &self,
        mut body: impl Body<Data = Bytes, Error = Infallible> + Unpin,
    ) -> Result<Bytes, Refused> {
        let received = self.receiver().receive(&mut body).await?;
        self.activity.holdings.end_body(received.taken);
        Ok(received.bytes)
    }

    /// Bytes held by small and by large bodies.
    fn taken(&self) -> (usize, usize) {
        let budgets = self.activity.holdings.budgets();
        (budgets.small_bodies.taken(), budgets.large_bodies.taken())
    }
}

/// A body without a declared length, in pieces that are sent one by one.
#[expect(clippy::disallowed_methods, reason = "a test sends a handful")]
fn piecewise() -> (
    mpsc::UnboundedSender<Bytes>,
    impl Body<Data = Bytes, Error = Infallible> + Unpin,
) {
    let (sender, mut pieces) = mpsc::unbounded_channel();
    let stream = futures_util::stream::poll_fn(move |cx| {
        pieces
            .poll_recv(cx)
            .map(|piece| piece.map(|piece| Ok::<_, Infallible>(Frame::data(piece))))
    });
    (sender, StreamBody::new(stream))
}

/// A body with a declared length, of which nothing arrives.
struct Promised(u64);

impl Body for Promised {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        hyper::body::SizeHint::with_exact(self.0)
    }
}

#[tokio::test]
async fn body_when_it_was_only_announced_then_takes_nothing() {
    let world = World::new();
    let mut promised = Promised(1000);
    let receiver = world.receiver();
    let mut waiting = Box::pin(receiver.receive(&mut promised));
    let mut cx = Context::from_waker(std::task::Waker::noop());
    assert!(waiting.as_mut().poll(&mut cx).is_pending());
    assert_eq!(world.taken(), (0, 0));
}

#[tokio::test]
async fn body_when_small_then_is_of_the_reserve_and_when_it_grows_is_not() {
    let world = World::new();
    let receiver = world.receiver();
    let full = |length| Full::new(Bytes::from(vec![7; length]));
    let held = receiver.receive(&mut full(100)).await.unwrap();
    assert_eq!((held.bytes.len(), world.taken()), (100, (100, 0)));
    world.activity.holdings.end_body(held.taken);
    let held = receiver.receive(&mut full(101)).await.unwrap();
    assert_eq!((held.bytes.len(), world.taken()), (101, (0, 101)));
    world.activity.holdings.end_body(held.taken);

    let (sender, body) = piecewise();
    for piece in [60, 40, 1] {
        sender.send(Bytes::from(vec![7; piece])).unwrap();
    }
    drop(sender);
    assert_eq!(world.receive(body).await.unwrap(), vec![7; 101]);
    assert_eq!(world.taken(), (0, 0));
}

#[tokio::test]
async fn body_when_in_pieces_then_is_charged_with_what_it_holds_and_bounded_while_it_comes() {
    let world = World::new();
    let (sender, mut body) = piecewise();
    let receiver = world.receiver();
    let mut receiving = Box::pin(receiver.receive(&mut body));
    let mut poll = || {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        receiving.as_mut().poll(&mut cx)
    };
    for (piece, taken) in [
        ("abcdefghij", (10, 0)),
        ("k", (40, 0)),
        ("", (40, 0)),
        ("lm", (40, 0)),
    ] {
        sender.send(Bytes::from(piece)).unwrap();
        assert!(poll().is_pending());
        assert_eq!(world.taken(), taken, "{piece}");
    }
    sender.send(Bytes::from(vec![b'x'; 487])).unwrap();
    assert!(poll().is_pending());
    assert_eq!(world.taken(), (0, 500));
    drop(sender);
    let Poll::Ready(Ok(received)) = poll() else {
        panic!("it has ended");
    };
    assert_eq!(&received.bytes[..13], b"abcdefghijklm");
    assert_eq!(received.bytes.len(), 500);
    world.activity.holdings.end_body(received.taken);

    let (sender, body) = piecewise();
    for _ in 0..1001 {
        sender.send(Bytes::from("a")).unwrap();
    }
    assert_eq!(world.receive(body).await, Err(Refused::TooLarge));
    assert_eq!(world.taken(), (0, 0));
}

#[tokio::test]
async fn bodies_when_large_ones_fill_the_budget_then_small_ones_have_room_all_the_same() {
    let budgets = Budgets::new(&LIMITS());
    let worlds: Vec<World> = (0..4).map(|_| World::beside(&budgets)).collect();
    let full = |length| Full::new(Bytes::from(vec![7; length]));
    let mut held = Vec::new();
    for (world, length) in worlds.iter().zip([1000, 200]) {
        let received = world.receiver().receive(&mut full(length)).await.unwrap();
        held.push((world, received.taken));
    }
    assert_eq!(worlds[0].taken(), (0, 1200), "all that is for large ones");
    for world in &worlds[1..] {
        assert_eq!(world.receive(full(101)).await, Err(Refused::Overload));
        assert_eq!(world.receive(full(100)).await.unwrap().len(), 100);
    }
    let refusals = [&budgets.small_bodies, &budgets.large_bodies].map(|budget| budget.refused());
    assert_eq!(refusals, [0, 3]);
    for (world, taken) in held {
        world.activity.holdings.end_body(taken);
    }
    assert_eq!(worlds[0].taken(), (0, 0));
}

#[tokio::test]
async fn body_when_it_stalls_then_is_given_up() {
    let world = World::new();
    let (_sender, body) = piecewise();
    let advance = async { world.clock.advance(Duration::from_secs(2)) };
    let (received, ()) = tokio::join!(world.receive(body), advance);
    assert_eq!(received, Err(Refused::Gone));
    assert_eq!(world.taken(), (0, 0));
}

/// Sends `first` bytes at once, then one per second until the body is rejected; returns the
/// rejection and the seconds.
async fn drip(world: &World, first: usize) -> (Refused, u64) {
    let (sender, body) = piecewise();
    sender.send(Bytes::from(vec![b'a'; first])).unwrap();
    let dripping = async {
        for second in 0.. {
            if sender.send(Bytes::from("a")).is_err() {
                return second;
            }
            tokio::task::yield_now().await;
            world.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
        unreachable!("the numbers do not end")
    };
    let (received, seconds) = tokio::join!(world.receive(body), dripping);
    assert_eq!(world.taken(), (0, 0));
    (received.unwrap_err(), seconds)
}

#[tokio::test]
async fn body_when_it_drips_then_is_given_up_though_it_never_stalls() {
    for (first, expected) in [(1, 5), (50, 11), (100, 15), (250, 18)] {
        let (refused, seconds) = drip(&World::new(), first).await;
        assert_eq!(refused, Refused::Gone);
        assert_eq!(seconds, expected, "after {first} at once");
    }
}

#[tokio::test]
async fn body_when_it_drips_while_memory_is_short_then_makes_room_sooner_and_is_answered() {
    let budgets = Budgets::new(&LIMITS());
    let (one, other) = (World::beside(&budgets), World::beside(&budgets));
    let mut body = BodyBytes::default();
    assert!(other.activity.holdings.grow_body(&mut body, 301));
    let (refused, seconds) = {
        let (sender, slow) = piecewise();
        sender.send(Bytes::from(vec![b'a'; 350])).unwrap();
        let dripping = async {
            for second in 0..60 {
                if sender.send(Bytes::from("a")).is_err() {
                    return second;
                }
                tokio::task::yield_now().await;
                one.clock.advance(Duration::from_secs(1));
                tokio::task::yield_now().await;
            }
            60
        };
        let (received, seconds) = tokio::join!(one.receive(slow), dripping);
        (received.unwrap_err(), seconds)
    };
    assert_eq!((refused, seconds), (Refused::Overload, 3));
    other.activity.holdings.end_body(body);
    assert_eq!(one.taken(), (0, 0));
}

#[tokio::test]
async fn body_when_memory_becomes_short_while_it_waits_then_hears_of_it() {
    let budgets = Budgets::new(&LIMITS());
    let (mut one, other) = (World::beside(&budgets), World::beside(&budgets));
    one.limits.body_idle = Duration::from_secs(3600);
    one.limits.body = Duration::from_secs(3600);
    let (sender, slow) = piecewise();
    sender.send(Bytes::from(vec![b'a'; 400])).unwrap();
    let mut body = BodyBytes::default();
    let becoming_short = async {
        tokio::task::yield_now().await;
        one.clock.advance(Duration::from_secs(100));
        tokio::task::yield_now().await;
        assert!(other.activity.holdings.grow_body(&mut body, 500));
        one.clock.advance(LOOK_EVERY);
    };
    let (received, ()) = tokio::join!(one.receive(slow), becoming_short);
    assert_eq!(received, Err(Refused::Overload));
    other.activity.holdings.end_body(body);
    assert_eq!(one.taken(), (0, 0));
}

#[tokio::test]
async fn body_when_refused_then_is_read_on_for_so_much_and_so_long() {
    let world = World::new();
    let receiver = world.receiver();
    let (sender, body) = piecewise();
    sender.send(Bytes::from(vec![7; 500])).unwrap();
    let closing = async {
        tokio::task::yield_now().await;
        drop(sender);
    };
    tokio::join!(receiver.discard(body), closing);

    let (sender, body) = piecewise();
    sender.send(Bytes::from(vec![7; 501])).unwrap();
    receiver.discard(body).await;
    assert!(sender.is_closed());

    let (sender, body) = piecewise();
    let advance = async { world.clock.advance(Duration::from_secs(1)) };
    tokio::join!(receiver.discard(body), advance);
    assert!(sender.is_closed(), "nothing has come for too long");

    let (sender, body) = piecewise();
    let dripping = async {
        let mut halves = 0;
        while sender.send(Bytes::from("a")).is_ok() {
            world.clock.advance(Duration::from_millis(500));
            tokio::task::yield_now().await;
            halves += 1;
        }
        halves
    };
    let ((), halves) = tokio::join!(receiver.discard(body), dripping);
    assert_eq!(halves, 8);
}
