//! Resident memory of the real binary while clients request as much as they can.

use crate::place::Place;
use crate::scene::{STREAM, Scene, within};
use bytes::Bytes;
use millstream_crash::{Durability, Endpoint};
use millstream_env::Env;
use millstream_protocol::operations::{
    GetRecords, GetRecordsInput, GetShardIterator, GetShardIteratorInput, PutRecord, PutRecordInput,
};
use millstream_protocol::types::ShardIteratorType;

const MIB: u64 = 1024 * 1024;
/// Small records in one shard, each followed by a large one in the other.
const RECORDS: usize = 400;
const LARGE_BYTES: usize = 1_000_000;
/// Calls at once, each for all of the small records.
const CALLS: usize = 8;
/// What the server may take for that beside what it has when it has started: the cache of cold
/// windows, a window for each call, and what the allocator keeps of either.
const PEAK_BYTES_MAX: u64 = 160 * MIB;

async fn put(at: &Endpoint, scene: &mut Scene, hash_key: u128, data: &Bytes) {
    let input = PutRecordInput {
        stream_name: Some(scene.recorder.name(STREAM).to_owned()),
        partition_key: Some("k".to_owned()),
        explicit_hash_key: Some(hash_key.to_string()),
        data: data.clone(),
        ..PutRecordInput::default()
    };
    let client = at.client(&mut scene.worker.rng);
    client.call::<PutRecord>(&input).await.unwrap();
}

async fn iterator(at: &Endpoint, scene: &mut Scene) -> String {
    let input = GetShardIteratorInput {
        stream_name: Some(scene.recorder.name(STREAM).to_owned()),
        shard_id: "shardId-000000000000".to_owned(),
        shard_iterator_type: ShardIteratorType::TrimHorizon,
        starting_sequence_number: None,
        timestamp: None,
        stream_arn: None,
        stream_id: None,
        dry_run: None,
    };
    let client = at.client(&mut scene.worker.rng);
    let answer = client.call::<GetShardIterator>(&input).await.unwrap();
    answer.shard_iterator.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quiet_shard_when_read_beside_a_busy_one_then_takes_no_more_memory_than_its_records() {
    let env = Env::real();
    let place = Place::new(&env, "memory");
    let mut launch = place.launch("128MiB");
    launch.durability = Durability::Os;
    let mut scene = Scene::new(&env, launch, &["quiet"]);
    let (process, at) = scene.start().await.unwrap();
    scene.create(&at, STREAM).await;
    let (small, large) = (
        Bytes::from_static(b"a"),
        Bytes::from(vec![b'x'; LARGE_BYTES]),
    );
    for _ in 0..RECORDS {
        put(&at, &mut scene, 0, &small).await;
        put(&at, &mut scene, u128::MAX, &large).await;
    }
    scene.kill(process);
    let (process, at) = scene.start().await.unwrap();
    let iterator = iterator(&at, &mut scene).await;
    let before = process.memory().unwrap();

    // The second time block lists are in memory, and records come in many small parts.
    for _ in 0..2 {
        let calls: Vec<_> = (0..CALLS)
            .map(|_| call(&at, &mut scene, &iterator))
            .collect();
        for call in calls {
            within(&env, call).await;
        }
    }
    let after = process.memory().unwrap();
    println!("before {before:?}, after {after:?}");
    let taken = after.peak_bytes.saturating_sub(before.resident_bytes);
    assert!(taken <= PEAK_BYTES_MAX, "{} MiB were taken", taken / MIB);
    scene.kill(process);
    place.remove();
}

/// One GetRecords for all, beside others.
fn call(at: &Endpoint, scene: &mut Scene, iterator: &str) -> impl Future<Output = ()> + use<> {
    let client = at.client(&mut scene.worker.rng).clone();
    let input = GetRecordsInput {
        shard_iterator: iterator.to_owned(),
        limit: Some(10_000),
        ..GetRecordsInput::default()
    };
    scene.release(async move {
        let answer = client.call::<GetRecords>(&input).await.unwrap();
        assert_eq!(answer.records.len(), RECORDS);
    })
}
