//! Stalled subscribers beside one that drains.

use super::*;
use millstream_protocol::event_stream::Frame;

/// Streams whose subscribers stall, and how many each has.
const STREAMS: usize = 4;
const STALLED: usize = 80;
/// As an event, two thirds of a MiB: together far more than there is room for.
const RECORD_BYTES: usize = 500_000;

/// A subscriber that keeps what it is given, as its transport does while the client takes nothing.
struct Held {
    subscriber: Subscriber,
    frame: Option<Frame>,
}

impl Held {
    async fn take(mut subscriber: Subscriber) -> Self {
        let frame = tokio::select! {
            biased;
            frame = subscriber.frames.next() => frame,
            () = turns() => None,
        };
        Self { subscriber, frame }
    }

    /// Whether it has records, and not only an event that says that there are none.
    fn has_records(&self) -> bool {
        let parts = self.frame.iter().flat_map(|frame| &frame.parts);
        parts.map(Bytes::len).sum::<usize>() > RECORD_BYTES
    }
}

struct Crowd {
    world: World,
    caller: Caller,
    stalled: Vec<Held>,
}

impl Crowd {
    /// As many stalled subscribers, each at a record of its own, so that they share nothing.
    async fn new(streams: usize) -> Self {
        let world = World::without_limits();
        let caller = world.open().await;
        let record = "x".repeat(RECORD_BYTES);
        let mut stalled = Vec::new();
        for stream in 0..streams {
            let stream = format!("stalled-{stream}");
            caller.create(&stream, 2).await.unwrap();
            for place in 0..STALLED {
                let put = caller.put(&stream, "k", &record).await.unwrap();
                let arn = caller.consumer(&stream, &format!("c{place}")).await;
                let at = Start::At(&put.sequence_number);
                let subscriber = caller.subscribe(&arn, &put.shard_id, at).await;
                stalled.push(Held::take(subscriber).await);
            }
        }
        Self {
            world,
            caller,
            stalled,
        }
    }

    fn served(&self) -> usize {
        self.stalled
            .iter()
            .filter(|held| held.has_records())
            .count()
    }
}

/// Puts records of all sizes, and sees that each is there without any time passing.
async fn check_is_served(caller: &Caller, subscriber: &mut Subscriber, stream: &str, key: &str) {
    for bytes in [1, 1_000, 30_000, 300_000, 900_000, 10] {
        let data = "y".repeat(bytes);
        caller.put(stream, key, &data).await.unwrap();
        let mut event = subscriber.at_once().await;
        if matches!(&event, Some(Pushed::Event(event)) if event.records.is_empty()) {
            event = subscriber.at_once().await;
        }
        let Some(Pushed::Event(event)) = event else {
            panic!("{bytes} bytes have to wait: {event:?}");
        };
        assert_eq!(event.records.len(), 1, "{bytes}");
        assert_eq!(event.records[0].data.len(), bytes);
    }
}

#[tokio::test]
async fn subscribers_when_hundreds_stall_then_one_that_drains_waits_for_nothing() {
    let crowd = Crowd::new(STREAMS).await;
    let caller = &crowd.caller;
    let served = crowd.served();
    assert!(served > 80 && served < STREAMS * STALLED / 2, "{served}");
    caller.create("healthy", 1).await.unwrap();
    let arn = caller.consumer("healthy", "c").await;
    let mut healthy = caller.subscribe(&arn, FIRST, Start::Latest).await;
    check_is_served(caller, &mut healthy, "healthy", "k").await;
    // A newcomer, and one of another account.
    let other = caller.of("222222222222", "us-east-1");
    for caller in [caller, &other] {
        caller.create("new", 1).await.unwrap();
        let arn = caller.consumer("new", "c").await;
        let mut new = caller.subscribe(&arn, FIRST, Start::Horizon).await;
        check_is_served(caller, &mut new, "new", "k").await;
    }
}

#[tokio::test]
async fn subscriber_when_others_of_its_stream_stall_then_is_served_once_it_has_drained() {
    let world = World::without_limits();
    let caller = world.open().await;
    let record = "x".repeat(RECORD_BYTES);
    caller.create("s", 2).await.unwrap();
    let arn = caller.consumer("s", "healthy").await;
    let before = caller.put("s", "k", &record).await.unwrap();
    let mut healthy = caller
        .subscribe(&arn, &before.shard_id, Start::Horizon)
        .await;
    assert_eq!(healthy.event().await.records.len(), 1);
    assert_eq!(healthy.at_once().await, None);
    let mut stalled = Vec::new();
    for place in 0..STALLED {
        let put = caller.put("s", "k", &record).await.unwrap();
        let arn = caller.consumer("s", &format!("c{place}")).await;
        let at = Start::At(&put.sequence_number);
        let subscriber = caller.subscribe(&arn, &put.shard_id, at).await;
        stalled.push(Held::take(subscriber).await);
    }
    assert!(!stalled.iter().all(Held::has_records));
    for _ in 0..STALLED {
        let Some(Pushed::Event(event)) = healthy.at_once().await else {
            panic!("it has to wait");
        };
        assert_eq!(event.records.len(), 1);
    }
}

#[tokio::test]
async fn subscriber_when_it_waits_for_room_then_hears_something_and_keeps_its_place() {
    let crowd = Crowd::new(1).await;
    let Crowd {
        world, mut stalled, ..
    } = crowd;
    // The first that had to wait: it has heard that there is nothing, and now waits.
    let place = stalled.iter().position(|held| !held.has_records()).unwrap();
    let mut waiting = stalled.remove(place);
    let later = stalled.remove(place);
    assert!(!later.has_records());
    let mut later = later.subscriber;
    assert_eq!(waiting.subscriber.at_once().await, None);
    assert_eq!(later.at_once().await, None);
    for _ in 0..3 {
        let heard = waiting.subscriber.within(&world, seconds(5)).await;
        let Pushed::Event(event) = heard else {
            panic!("no event: {heard:?}");
        };
        assert!(event.records.is_empty());
        assert_eq!(waiting.subscriber.at_once().await, None, "it waits again");
    }
    // Somebody's client has taken its event.
    drop(stalled.remove(0));
    let Some(Pushed::Event(event)) = waiting.subscriber.at_once().await else {
        panic!("there is room");
    };
    assert_eq!(event.records.len(), 1);
}
