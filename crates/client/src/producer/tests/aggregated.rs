//! Tests of a producer that aggregates, in a simulated world with a stream that is resharded.

use super::super::service::Service;
use super::fake::{FakeStream, Faults, Found, Reshard};
use super::*;
use crate::aggregation::Aggregator;
use millstream_env::{DiskSpeed, MemoryDisk, Simulation, Timestamp};
use std::collections::BTreeSet;

const AGGREGATING: ProducerSettings = ProducerSettings {
    order: Order::Any,
    aggregation: Some(Aggregation {
        bytes_max: 50 * 1024,
    }),
    linger: Duration::from_millis(100),
    batches_in_flight: 4,
    bytes_max: 1 << 20,
    record_ttl: Duration::from_secs(30),
    backoff: crate::Retries::none().backoff(Duration::from_millis(20), Duration::from_secs(1)),
};

type Outcomes = Vec<Result<Stored, PutFailure>>;

fn world(seed: u64) -> Simulation {
    Simulation::new(seed, Timestamp(1_000_000))
}

fn producer(world: &Simulation, stream: &FakeStream, settings: ProducerSettings) -> Producer {
    let speed = DiskSpeed::new(Duration::ZERO);
    let env = world
        .life()
        .env(&MemoryDisk::new(), &speed, Arc::new(|_, _| ()));
    let service: Arc<dyn Service> = Arc::new(stream.clone());
    Producer::start(env, service, settings)
}

/// Puts all records, flushes, and waits for all outcomes.
fn put_all(
    world: &Simulation,
    stream: &FakeStream,
    settings: ProducerSettings,
    records: Vec<ProducerRecord>,
) -> Outcomes {
    let producer = producer(world, stream, settings);
    let clock = world.life().clock();
    let pauses = world.clone();
    world.run(async move {
        let mut receipts = Vec::new();
        for record in records {
            if pauses.below(20) == 0 {
                let pause = pauses.between(Duration::ZERO, Duration::from_millis(150));
                clock.sleep(pause).await;
            }
            receipts.push(producer.put(record).await.unwrap());
        }
        producer.flush().await;
        let mut outcomes = Vec::new();
        for receipt in receipts {
            outcomes.push(receipt.await);
        }
        outcomes
    })
}

/// Records of so many keys, told apart by their data.
fn numbered(count: usize, keys: usize, padding: usize) -> Vec<ProducerRecord> {
    let record = |number: usize| {
        let data = format!("{number}:{}", "x".repeat(padding));
        ProducerRecord::new(format!("key-{}", number % keys), data)
    };
    (0..count).map(record).collect()
}

fn place(stored: &Stored) -> (&str, &str, Option<u64>) {
    let sub = stored.sub_sequence_number;
    (&stored.shard_id, &stored.sequence_number, sub)
}

fn found_at(found: &Found) -> (&str, &str, Option<u64>) {
    (&found.shard_id, &found.sequence_number, found.sub)
}

/// Asserts that readers find each stored record where its outcome says, and no record whose outcome
/// says that it is not stored. Returns how many user records readers find.
fn check(stream: &FakeStream, records: &[ProducerRecord], outcomes: &Outcomes) -> usize {
    let found = stream.found();
    let by_place: BTreeMap<_, _> = found.iter().map(|one| (found_at(one), one)).collect();
    let all_data: BTreeSet<&[u8]> = found.iter().map(|one| one.data.as_slice()).collect();
    for (record, outcome) in records.iter().zip(outcomes) {
        match outcome {
            Ok(stored) => {
                let read = by_place.get(&place(stored));
                let read = read.unwrap_or_else(|| panic!("readers leave out {stored:?}"));
                assert_eq!(read.data, record.data);
                assert_eq!(read.partition_key, record.partition_key);
            }
            Err(PutFailure::Failed { .. }) => {}
            Err(failure) => assert!(!all_data.contains(&record.data[..]), "{failure}"),
        }
    }
    let put: BTreeSet<&[u8]> = records.iter().map(|record| &record.data[..]).collect();
    assert!(all_data.is_subset(&put));
    found.len()
}

/// Asserts that the records of each key are stored in their order; those that are there twice by
/// their first places.
fn check_order(stream: &FakeStream) {
    let mut of_key: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut found = stream.found();
    found.sort_by_key(|one| (one.sequence_number.parse::<u64>().unwrap(), one.sub));
    for found in found {
        let text = str::from_utf8(&found.data).unwrap();
        let number: usize = text.split_once(':').unwrap().0.parse().unwrap();
        let numbers = of_key.entry(found.partition_key.unwrap()).or_default();
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    for (key, numbers) in of_key {
        assert!(numbers.is_sorted(), "{key}: {numbers:?}");
    }
}

fn any_faults() -> impl Strategy<Value = Faults> {
    let often = |most: u64| prop_oneof![Just(0), 0..most];
    (often(60), often(20), often(50), 0..40_u64).prop_map(
        |(refused, unanswered, unlisted, resharded)| Faults {
            refused,
            unanswered,
            unlisted,
            resharded,
        },
    )
}

proptest! {
    #[test]
    fn records_when_aggregated_while_shards_change_then_are_read_as_their_outcomes_say(
        seed in any::<u64>(),
        shards in 1..5_u32,
        faults in any_faults(),
        (count, keys, padding) in (0..300_usize, 1..40_usize, 0..300_usize),
        is_ordered in any::<bool>(),
        ttl_millis in prop_oneof![Just(30_000), 100..2000_u64],
        aggregated_bytes in prop_oneof![Just(50 * 1024), 50..2000_usize],
        bytes_max in prop_oneof![Just(1 << 20), 1000..50_000_usize],
    ) {
        let world = world(seed);
        let stream = FakeStream::new(&world, shards, faults);
        let settings = ProducerSettings {
            order: if is_ordered { Order::OfKeys } else { Order::Any },
            aggregation: Some(Aggregation { bytes_max: aggregated_bytes }),
            record_ttl: Duration::from_millis(ttl_millis),
            bytes_max,
            ..AGGREGATING
        };
        let mut records = numbered(count, keys, padding);
        for (number, record) in records.iter_mut().enumerate() {
            let key = number % keys;
            if key % 7 == 3 {
                // They move between shards.
                let hash_key = u128::MAX / 3 * (number as u128 % 4);
                record.explicit_hash_key = Some(hash_key.to_string());
            }
        }
        let outcomes = put_all(&world, &stream, settings, records.clone());
        let found = check(&stream, &records, &outcomes);
        if faults.unanswered == 0 && faults.unlisted == 0 {
            let stored = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
            prop_assert_eq!(found, stored, "nothing is stored twice");
        }
        if is_ordered {
            check_order(&stream);
        }
    }
}

/// A stream without faults, and its world.
fn quiet(shards: u32) -> (Simulation, FakeStream) {
    let world = world(7);
    let stream = FakeStream::new(&world, shards, Faults::default());
    (world, stream)
}

/// Puts one record after the other, without a pause, and waits for their outcomes.
fn put_at_once(world: &Simulation, producer: Producer, records: Vec<ProducerRecord>) -> Outcomes {
    world.run(async move {
        let mut receipts = Vec::new();
        for record in records {
            receipts.push(producer.put(record).await.unwrap());
        }
        let mut outcomes = Vec::new();
        for receipt in receipts {
            outcomes.push(receipt.await);
        }
        outcomes
    })
}

#[test]
fn records_when_aggregated_then_share_one_record_for_each_shard_that_is_foreseen() {
    let (world, stream) = quiet(3);
    let records = numbered(100, 100, 10);
    // They wait for the first listing nevertheless.
    let settings = ProducerSettings {
        linger: Duration::ZERO,
        ..AGGREGATING
    };
    let producer = producer(&world, &stream, settings);
    let outcomes = put_at_once(&world, producer, records.clone());
    assert_eq!(check(&stream, &records, &outcomes), 100);
    assert_eq!(stream.stored().len(), 3);
    let mut places: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for stored in outcomes.into_iter().map(Result::unwrap) {
        assert_eq!(stored.attempts, 1);
        let of_shard = places.entry(stored.shard_id).or_default();
        of_shard.push(stored.sub_sequence_number.unwrap());
    }
    for (shard_id, places) in places {
        let expected: Vec<u64> = (0..).take(places.len()).collect();
        assert_eq!(places, expected, "{shard_id}");
    }
}

#[test]
fn records_when_they_fill_an_aggregated_one_then_go_into_the_next() {
    let (world, stream) = quiet(1);
    let settings = ProducerSettings {
        aggregation: Some(Aggregation { bytes_max: 2000 }),
        ..AGGREGATING
    };
    // Nine of 191 bytes fill one, and one of 3000 goes by itself.
    let mut records = numbered(100, 1, 188);
    records[50] = ProducerRecord::new("key-0", vec![b'x'; 3000]);
    let producer = producer(&world, &stream, settings);
    let outcomes = put_at_once(&world, producer, records.clone());
    assert_eq!(check(&stream, &records, &outcomes), 100);
    assert_eq!(outcomes[50].as_ref().unwrap().sub_sequence_number, None);
    let stored = stream.stored();
    let sizes: Vec<usize> = stored.iter().map(|record| record.data.len()).collect();
    assert_eq!(sizes.len(), 12, "{sizes:?}");
    assert!(
        sizes.iter().all(|size| *size <= 2000 || *size == 3000),
        "{sizes:?}"
    );
}

#[test]
fn records_when_nothing_else_makes_them_go_then_wait_as_long_as_they_may() {
    let (world, stream) = quiet(1);
    let producer = producer(&world, &stream, AGGREGATING);
    let clock = world.life().clock();
    let (first, flushed) = world.run(async move {
        // Until the shards are known.
        clock.sleep(Duration::from_secs(1)).await;
        let first = clock.monotonic();
        let mut receipts = Vec::new();
        for record in numbered(3, 3, 0) {
            receipts.push(producer.put(record).await.unwrap());
            clock.sleep(Duration::from_millis(30)).await;
        }
        for receipt in receipts {
            receipt.await.unwrap();
        }
        let receipt = producer.put(numbered(1, 1, 0).remove(0)).await.unwrap();
        let flushed = clock.monotonic();
        producer.flush().await;
        receipt.await.unwrap();
        (first, flushed)
    });
    let [(lingered, 1), (at_once, 1)] = stream.puts()[..] else {
        panic!("{:?}", stream.puts());
    };
    assert_eq!(stream.stored().len(), 2);
    assert!(lingered.since(first) >= Duration::from_millis(100));
    assert!(at_once.since(flushed) < Duration::from_millis(100));
}

#[test]
fn records_when_refused_to_the_last_then_all_say_why_and_none_behind_them_is_sent() {
    let world = world(7);
    let always = Faults {
        refused: 100,
        ..Faults::default()
    };
    let stream = FakeStream::new(&world, 1, always);
    let settings = ProducerSettings {
        order: Order::OfKeys,
        aggregation: Some(Aggregation { bytes_max: 200 }),
        record_ttl: Duration::from_secs(3),
        ..AGGREGATING
    };
    let producer = producer(&world, &stream, settings);
    let outcomes = put_at_once(&world, producer, numbered(30, 1, 10));
    let is_refused = |outcome: &Result<Stored, PutFailure>| {
        let Err(PutFailure::Refused { code, attempts, .. }) = outcome else {
            return false;
        };
        code == "ProvisionedThroughputExceededException" && *attempts > 2
    };
    let refused = outcomes.iter().take_while(|one| is_refused(one)).count();
    assert!((2..30).contains(&refused), "{refused} share the first");
    for outcome in &outcomes[refused..] {
        assert_eq!(outcome, &Err(PutFailure::Skipped));
    }
    assert!(world.now().0 >= Duration::from_secs(3));
}

#[test]
fn records_when_their_shard_is_split_unforeseen_then_are_put_again_where_they_belong() {
    for order in [Order::Any, Order::OfKeys] {
        let (world, stream) = quiet(1);
        stream.reshard_before_the_next_put(Reshard::Split);
        let settings = ProducerSettings {
            order,
            ..AGGREGATING
        };
        let records = numbered(100, 10, 10);
        let producer = producer(&world, &stream, settings);
        let outcomes = put_at_once(&world, producer, records.clone());
        // One is stored where readers leave it out, then one in each half.
        assert_eq!(stream.stored().len(), 3);
        assert_eq!(check(&stream, &records, &outcomes), 100);
        check_order(&stream);
        for stored in outcomes.into_iter().map(Result::unwrap) {
            assert_eq!(stored.attempts, 2);
            assert_ne!(stored.shard_id, "shardId-000000000000");
        }
        let [first, second] = stream.listings()[..] else {
            panic!("{:?}", stream.listings());
        };
        assert!(second.since(first) >= Duration::from_secs(1));
    }
}

#[test]
fn records_when_their_shards_are_merged_unforeseen_then_are_stored_and_not_put_again() {
    let (world, stream) = quiet(2);
    stream.reshard_before_the_next_put(Reshard::Merge);
    let records = numbered(100, 10, 10);
    let producer = producer(&world, &stream, AGGREGATING);
    let outcomes = put_at_once(&world, producer, records.clone());
    assert_eq!(stream.stored().len(), 2);
    assert_eq!(check(&stream, &records, &outcomes), 100);
    for stored in outcomes.into_iter().map(Result::unwrap) {
        assert_eq!(stored.attempts, 1);
        assert_eq!(stored.shard_id, "shardId-000000000002");
    }
}

#[test]
fn records_when_another_stream_has_the_name_meanwhile_then_go_where_its_shards_are() {
    let (world, stream) = quiet(2);
    stream.reshard_before_the_next_put(Reshard::CreateAnew);
    let records = numbered(100, 10, 10);
    let producer = producer(&world, &stream, AGGREGATING);
    let outcomes = put_at_once(&world, producer, records.clone());
    assert_eq!(check(&stream, &records, &outcomes), 100);
    assert_eq!(stream.listings().len(), 2);
}

#[test]
fn records_when_shards_cannot_be_listed_then_go_by_themselves() {
    let world = world(7);
    let never = Faults {
        unlisted: 100,
        ..Faults::default()
    };
    let stream = FakeStream::new(&world, 2, never);
    let records = numbered(20, 5, 10);
    let producer = producer(&world, &stream, AGGREGATING);
    let outcomes = put_at_once(&world, producer, records.clone());
    assert_eq!(check(&stream, &records, &outcomes), 20);
    assert_eq!(stream.stored().len(), 20);
}

#[test]
fn records_when_they_cannot_share_then_go_by_themselves() {
    let (world, stream) = quiet(1);
    let mut aggregator = Aggregator::new();
    aggregator.add("k", None, b"1").unwrap();
    aggregator.add("k", None, b"2").unwrap();
    let aggregated = aggregator.finish().unwrap();
    let mut records = numbered(4, 1, 10);
    records.push(ProducerRecord::new("k", aggregated.data.clone()));
    records.push(ProducerRecord {
        partition_key: None,
        ..ProducerRecord::new("k", "without a key")
    });
    records.push(ProducerRecord::new("", "with an empty key"));
    let producer = producer(&world, &stream, AGGREGATING);
    let outcomes = put_at_once(&world, producer, records);
    let subs = outcomes
        .iter()
        .map(|one| one.as_ref().unwrap().sub_sequence_number);
    let shared = [Some(0), Some(1), Some(2), Some(3)];
    assert_eq!(subs.collect::<Vec<_>>(), [&shared[..], &[None; 3]].concat());
    let found = stream.found();
    assert!(
        found
            .iter()
            .any(|one| one.data == b"1" && one.sub == Some(0))
    );
}

#[test]
fn records_when_refused_together_then_only_those_at_fault_are_not_stored() {
    let (world, stream) = quiet(1);
    let stream = stream.with_record_bytes_max(1000);
    let mut records = numbered(20, 4, 100);
    records[7] = ProducerRecord::new("key-3", vec![b'x'; 2000]);
    let settings = ProducerSettings {
        order: Order::OfKeys,
        ..AGGREGATING
    };
    let producer = producer(&world, &stream, settings);
    let outcomes = put_at_once(&world, producer, records.clone());
    // Of the key of the one at fault, those before it are stored, and none behind it.
    check(&stream, &records, &outcomes);
    check_order(&stream);
    for (number, outcome) in outcomes.iter().enumerate() {
        let is_stored = number % 4 != 3 || number < 7;
        assert_eq!(outcome.is_ok(), is_stored, "{number}: {outcome:?}");
    }
    let Err(PutFailure::Refused { code, .. }) = &outcomes[7] else {
        panic!("{:?}", outcomes[7]);
    };
    assert_eq!(code, "ValidationException");
}

#[test]
fn lane_when_it_fills_an_aggregated_record_then_does_not_wait_for_others() {
    let (world, stream) = quiet(1);
    let settings = ProducerSettings {
        order: Order::OfKeys,
        aggregation: Some(Aggregation { bytes_max: 1000 }),
        linger: Duration::from_secs(3600),
        ..AGGREGATING
    };
    let producer = producer(&world, &stream, settings);
    // Those of the last one linger until the flush.
    let records = numbered(50, 1, 98);
    let put = records.clone();
    let outcomes = world.run(async move {
        let mut receipts = Vec::new();
        for record in put {
            receipts.push(producer.put(record).await.unwrap());
        }
        let mut outcomes = Vec::new();
        for receipt in receipts.drain(..40) {
            outcomes.push(receipt.await);
        }
        producer.flush().await;
        for receipt in receipts {
            outcomes.push(receipt.await);
        }
        outcomes
    });
    assert_eq!(check(&stream, &records, &outcomes), 50);
    check_order(&stream);
    assert!(world.now().0 < Duration::from_secs(10));
}

#[test]
fn records_of_a_key_when_they_have_waited_for_those_before_them_then_wait_for_no_others() {
    let (world, stream) = quiet(1);
    let settings = ProducerSettings {
        order: Order::OfKeys,
        aggregation: None,
        linger: Duration::from_secs(1),
        ..AGGREGATING
    };
    let producer = producer(&world, &stream, settings);
    let clock = world.life().clock();
    let told_at = world.run(async move {
        let mut receipts = Vec::new();
        for record in numbered(20, 1, 0) {
            receipts.push(producer.put(record).await.unwrap());
        }
        let others = async {
            loop {
                let other = ProducerRecord::new("other", "other");
                drop(producer.put(other).await.unwrap());
                clock.sleep(Duration::from_millis(50)).await;
            }
        };
        let all = async {
            for receipt in receipts {
                receipt.await.unwrap();
            }
        };
        tokio::select! {
            biased;
            () = all => {}
            () = others => {}
        }
        clock.monotonic()
    });
    // Twenty calls of 60 ms at most, after one second.
    assert!(told_at.0 < Duration::from_secs(3), "{told_at:?}");
}
