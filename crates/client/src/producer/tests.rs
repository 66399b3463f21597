//! Tests of the order of records, with outcomes drawn at random instead of a server.

mod aggregated;
mod fake;

use super::lanes::Lanes;
use super::outcome::{Attempt, Settled};
use super::packing::{BATCH_BYTES_MAX, Packer, Sent, Unit};
use super::*;
use millstream_env::Monotonic;
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A record of one of few keys, with its place in the order of puts.
fn taken(room: &Arc<Semaphore>, key: u8, place: usize, until: u64) -> (Taken, Receipt) {
    let permit = Arc::clone(room).try_acquire_owned().unwrap();
    let record = ProducerRecord::new(format!("key-{key}"), place.to_string());
    let (mut taken, receipt) = Taken::new(record, permit);
    taken.until = Monotonic(Duration::from_secs(until));
    (taken, receipt)
}

fn throttled() -> Attempt {
    Attempt::Refused {
        code: "ProvisionedThroughputExceededException".to_owned(),
        message: "Rate exceeded".to_owned(),
    }
}

fn stored(place: usize) -> Attempt {
    Attempt::Stored {
        shard_id: "shardId-000000000000".to_owned(),
        sequence_number: place.to_string(),
    }
}

/// Puts records while batches of earlier ones are on their way, until all have an outcome; the
/// places of stored records in the order in which they were stored, by key.
fn play(order: Order, keys: &[u8], choices: &[u8]) -> (BTreeMap<String, Vec<usize>>, Vec<Receipt>) {
    let room = Arc::new(Semaphore::new(keys.len()));
    let mut lanes = Lanes::new(order, None);
    let mut receipts = Vec::new();
    let mut in_flight: VecDeque<Vec<Unit>> = VecDeque::new();
    let mut stored_by_key: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut puts = keys.iter().copied().enumerate();
    let mut choices = choices.iter().copied().cycle();
    let mut clock = 0;
    loop {
        let choice = choices.next().unwrap_or(0);
        let more = if choice & 1 == 1 || lanes.is_empty() {
            puts.next()
        } else {
            None
        };
        if let Some((place, key)) = more {
            let (taken, receipt) = taken(&room, key, place, u64::MAX / 2);
            lanes.push(taken);
            receipts.push(receipt);
        } else if lanes.is_empty() {
            return (stored_by_key, receipts);
        }
        clock += 1;
        let now = Monotonic(Duration::from_secs(clock));
        lanes.wake(now);
        if choice & 2 == 2 || in_flight.is_empty() {
            in_flight.extend(Some(lanes.batch(Packer::plain())).filter(|batch| !batch.is_empty()));
        }
        // Batches may be answered in any order.
        let answered = if choice & 4 == 4 {
            in_flight.pop_back()
        } else {
            in_flight.pop_front()
        };
        let records = answered.into_iter().flatten();
        for Sent { taken, lane } in records.flat_map(|unit| unit.records) {
            let key = taken.record.partition_key.clone().unwrap();
            let place: usize = str::from_utf8(&taken.record.data).unwrap().parse().unwrap();
            let is_stored = taken.attempts > 3 || choices.next().unwrap_or(0) % 3 > 0;
            let attempt = if is_stored {
                stored(place)
            } else {
                throttled()
            };
            match taken.settle(attempt, None, now) {
                Settled::Again(taken) => {
                    let later = Monotonic(Duration::from_secs(clock + u64::from(choice % 5)));
                    lanes.again(lane, vec![taken], later);
                }
                Settled::Stored => {
                    stored_by_key.entry(key.clone()).or_default().push(place);
                    lanes.done(lane, Some(&key));
                }
                Settled::GivenUp => panic!("its time is not up"),
            }
        }
    }
}

proptest! {
    #[test]
    fn records_when_their_order_matters_then_those_of_a_key_are_stored_as_they_were_put(
        keys in proptest::collection::vec(0..4u8, 0..60),
        choices in proptest::collection::vec(any::<u8>(), 1..40),
    ) {
        // Choices that never put and never answer would never end.
        let choices: Vec<u8> = choices.into_iter().chain([7]).collect();
        for order in [Order::OfKeys, Order::Any] {
            let (stored, receipts) = play(order, &keys, &choices);
            let count: usize = stored.values().map(Vec::len).sum();
            prop_assert_eq!(count, keys.len(), "each record has one outcome");
            for mut receipt in receipts {
                let told = Pin::new(&mut receipt).poll(&mut Context::from_waker(Waker::noop()));
                prop_assert!(matches!(told, Poll::Ready(Ok(_))));
            }
            if order == Order::OfKeys {
                for (key, places) in stored {
                    prop_assert!(places.is_sorted(), "{key}: {places:?}");
                }
            }
        }
    }
}

#[test]
fn batches_when_taken_then_are_within_awss_limits_and_never_empty() {
    let room = Arc::new(Semaphore::new(10_000));
    let mut lanes = Lanes::new(Order::Any, None);
    for place in 0..1100 {
        lanes.push(taken(&room, 0, place, 0).0);
    }
    assert!(lanes.is_batch_full());
    let sizes: Vec<_> =
        std::iter::from_fn(|| Some(lanes.batch(Packer::plain()).len()).filter(|n| *n > 0))
            .collect();
    assert_eq!(sizes, [500, 500, 100]);
    for _ in 0..3 {
        let (mut large, _receipt) = taken(&room, 0, 0, 0);
        large.record.data = vec![0; BATCH_BYTES_MAX - 1000].into();
        lanes.push(large);
    }
    let sizes: Vec<_> =
        std::iter::from_fn(|| Some(lanes.batch(Packer::plain()).len()).filter(|n| *n > 0))
            .collect();
    assert_eq!(
        sizes,
        [1, 1, 1],
        "one that is alone too large is sent alone"
    );
}

#[test]
fn record_when_refused_then_is_tried_until_its_time_is_up_and_told_why_at_last() {
    let room = Arc::new(Semaphore::new(10));
    for (attempt, seconds, again) in [
        (throttled(), 9, true),
        (throttled(), 10, false),
        (
            Attempt::Refused {
                code: "AccessDeniedException".to_owned(),
                message: String::new(),
            },
            0,
            false,
        ),
        (
            Attempt::Failed(crate::Error::Transport("reset".to_owned())),
            9,
            true,
        ),
        (
            Attempt::Failed(crate::Error::Transport("reset".to_owned())),
            10,
            false,
        ),
        (stored(1), 20, false),
    ] {
        let (taken, _receipt) = taken(&room, 0, 0, 10);
        let now = Monotonic(Duration::from_secs(seconds));
        assert_eq!(
            matches!(taken.settle(attempt, None, now), Settled::Again(_)),
            again,
            "after {seconds} s"
        );
    }
}

#[test]
fn failure_when_an_attempt_had_no_answer_then_says_that_the_record_may_be_stored() {
    let room = Arc::new(Semaphore::new(10));
    let silent = || Attempt::Failed(crate::Error::Transport("reset".to_owned()));
    let unsent = || Attempt::Failed(crate::Error::NotSent("refused".to_owned()));
    let now = |seconds| Monotonic(Duration::from_secs(seconds));
    for (first, last, may_be_stored) in [
        (throttled(), throttled(), false),
        (throttled(), unsent(), false),
        (unsent(), silent(), true),
        (silent(), throttled(), true),
        (silent(), unsent(), true),
    ] {
        let (taken, mut receipt) = taken(&room, 0, 0, 10);
        let Settled::Again(taken) = taken.settle(first, None, now(1)) else {
            panic!("it is not tried again");
        };
        assert!(matches!(
            taken.settle(last, None, now(10)),
            Settled::GivenUp
        ));
        let told = Pin::new(&mut receipt).poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(Err(failure)) = told else {
            panic!("{told:?}");
        };
        let is_failed = matches!(failure, PutFailure::Failed { .. });
        assert_eq!(is_failed, may_be_stored, "{failure}");
    }
}

#[test]
fn records_when_one_of_their_key_is_given_up_then_those_behind_it_are_taken_off_their_lane() {
    let room = Arc::new(Semaphore::new(10));
    let mut lanes = Lanes::new(Order::OfKeys, None);
    for place in 0..3 {
        lanes.push(taken(&room, 7, place, 0).0);
    }
    lanes.push(taken(&room, 8, 3, 0).0);
    let mut batch = lanes.batch(Packer::plain());
    assert_eq!(batch.len(), 2, "one of each key");
    let first = batch.remove(0).records.remove(0);
    assert_eq!(lanes.rest(first.lane).len(), 2);
    lanes.done(first.lane, Some("key-7"));
    assert!(!lanes.is_any_ready(), "nothing of the key is left");
}

#[test]
fn record_when_it_is_skipped_after_an_attempt_without_an_answer_then_may_be_stored() {
    let room = Arc::new(Semaphore::new(10));
    let silent = Attempt::Failed(crate::Error::Transport("reset".to_owned()));
    let astray = Attempt::Misplaced {
        shard_id: "shardId-000000000000".to_owned(),
    };
    for (attempt, may_be_stored) in [(silent, true), (astray, true), (throttled(), false)] {
        let (taken, mut receipt) = taken(&room, 0, 0, 10);
        let now = Monotonic(Duration::from_secs(1));
        let Settled::Again(taken) = taken.settle(attempt, None, now) else {
            panic!("it is not tried again");
        };
        taken.skip();
        let told = Pin::new(&mut receipt).poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(Err(failure)) = told else {
            panic!("{told:?}");
        };
        let is_failed = matches!(failure, PutFailure::Failed { .. });
        assert_eq!(is_failed, may_be_stored, "{failure}");
    }
}
