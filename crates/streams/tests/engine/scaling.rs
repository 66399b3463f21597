//! On-demand streams scale by themselves: by rates, by the peak of 30 days, and by the clock.

use super::world::{Caller, Start, World};
use millstream_env::SeededRandom;
use millstream_model::{HashKey, HashRange};
use millstream_protocol::ErrorCode;
use millstream_protocol::RecordSink;
use millstream_protocol::operations::{
    CreateStreamInput, DescribeStreamSummaryInput, ListShardsInput, PutRecordsInput,
};
use millstream_protocol::types::{ShardFilter, ShardFilterType, StreamStatus};
use millstream_store::kafka_like::{Behaviour, Cluster};
use millstream_streams::operations::{CreateStream, DescribeStreamSummary, ListShards, PutRecords};
use millstream_streams::{Limits, RecordArena, ScalingPace, Settings};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);
/// Records that a shard takes in a second.
const TAKEN: usize = 1_000;

fn settings() -> Settings {
    Settings {
        scaling: ScalingPace {
            sample: SECOND,
            merge_after: Duration::from_hours(1),
        },
        ..Settings::default()
    }
}

async fn create(caller: &Caller) {
    let input = CreateStreamInput {
        stream_name: "s".to_owned(),
        ..CreateStreamInput::default()
    };
    caller.call::<CreateStream>(input).await.unwrap();
}

/// Puts records of so many bytes, each at the same place of one of so many even parts of all keys
/// in turn; returns how many were throttled.
async fn put(caller: &Caller, count: usize, parts: u32, bytes: usize) -> usize {
    put_into(caller, "s", count, parts, bytes).await
}

async fn put_into(caller: &Caller, stream: &str, count: usize, parts: u32, bytes: usize) -> usize {
    let starts = HashRange::uniform(NonZeroU32::new(parts).unwrap());
    let mut keys = starts.iter().map(|range| range.start).cycle();
    let mut throttled = 0;
    let mut left = count;
    while left > 0 {
        let batch = left.min(500);
        let mut arena = RecordArena::default();
        for key in keys.by_ref().take(batch) {
            push(&mut arena, key, bytes);
        }
        assert!(arena.end());
        let input = PutRecordsInput {
            records: arena,
            stream_name: Some(stream.to_owned()),
            ..PutRecordsInput::default()
        };
        let answer = caller.call::<PutRecords>(input).await.unwrap();
        throttled += answer.failed_record_count.unwrap_or(0) as usize;
        left -= batch;
    }
    throttled
}

fn push(arena: &mut RecordArena, key: HashKey, bytes: usize) {
    arena.begin_record();
    arena.data().extend(std::iter::repeat_n(b'x', bytes));
    arena.data_done(bytes);
    arena.partition_key(b"k");
    arena.explicit_hash_key(&key.0.to_string());
    arena.end_record();
}

/// The first keys of the open shards, in 64ths of all keys.
async fn open(caller: &Caller) -> Vec<u128> {
    let input = ListShardsInput {
        stream_name: Some("s".to_owned()),
        shard_filter: Some(ShardFilter {
            r#type: ShardFilterType::AtLatest,
            shard_id: None,
            timestamp: None,
        }),
        ..ListShardsInput::default()
    };
    let listed = caller.call::<ListShards>(input).await.unwrap();
    let start = |shard: &millstream_protocol::types::Shard| {
        let key: u128 = shard.hash_key_range.starting_hash_key.parse().unwrap();
        assert_eq!(key % (1 << 122), 0, "it was halved evenly");
        key >> 122
    };
    let mut starts: Vec<u128> = listed.shards.unwrap().iter().map(start).collect();
    starts.sort_unstable();
    starts
}

async fn status(caller: &Caller) -> StreamStatus {
    let input = DescribeStreamSummaryInput {
        stream_name: Some("s".to_owned()),
        ..DescribeStreamSummaryInput::default()
    };
    let described = caller.call::<DescribeStreamSummary>(input).await.unwrap();
    described.stream_description_summary.stream_status
}

/// A world whose on-demand stream is watched from now on.
async fn watched(settings: Settings) -> (World, Caller) {
    let world = World::new(settings);
    let caller = world.open().await;
    create(&caller).await;
    world.pass(SECOND).await;
    assert_eq!(open(&caller).await, [0, 16, 32, 48]);
    (world, caller)
}

#[tokio::test]
async fn shard_when_above_half_its_records_or_bytes_then_is_halved_and_at_half_of_them_is_not() {
    const HALF: usize = 512 * 1024;
    for (records, bytes, is_halved) in [
        (500, 10, false),
        (501, 10, true),
        (2, HALF / 2 - 1, false),
        (2, HALF / 2, true),
    ] {
        let (world, caller) = watched(settings()).await;
        assert_eq!(put(&caller, records, 1, bytes).await, 0);
        world.pass(SECOND).await;
        let expected: &[u128] = match is_halved {
            true => &[0, 8, 16, 32, 48],
            false => &[0, 16, 32, 48],
        };
        assert_eq!(open(&caller).await, expected, "{records} of {bytes} bytes");
    }
}

#[tokio::test]
async fn stream_when_it_is_hot_from_its_beginning_then_scales_at_the_first_sample() {
    let world = World::new(settings());
    let caller = world.open().await;
    create(&caller).await;
    put(&caller, 501, 1, 10).await;
    world.pass(SECOND).await;
    assert_eq!(open(&caller).await.len(), 5, "with the process");
    let pace = SECOND / 2;
    world.pass(pace).await;
    let input = CreateStreamInput {
        stream_name: "second".to_owned(),
        ..CreateStreamInput::default()
    };
    caller.call::<CreateStream>(input).await.unwrap();
    let hot = put_into(&caller, "second", 501, 1, 10).await;
    assert_eq!(hot, 0);
    world.pass(SECOND).await;
    assert_eq!(caller.shards("second").await.len(), 6, "and while it runs");
}

#[tokio::test]
async fn shard_when_it_throttles_then_what_it_refused_counts_as_demand() {
    let (world, caller) = watched(Settings {
        scaling: ScalingPace {
            sample: SECOND * 10,
            ..settings().scaling
        },
        ..settings()
    })
    .await;
    world.pass(SECOND * 9).await;
    let refused = put(&caller, 5_010, 1, 10).await;
    assert_eq!(
        refused,
        5_010 - TAKEN,
        "a tenth of its limit over the sample"
    );
    world.pass(SECOND * 10).await;
    assert_eq!(open(&caller).await.len(), 5);
}

#[tokio::test]
async fn stream_when_its_load_doubles_step_by_step_then_has_room_each_time_and_loses_nothing() {
    let (world, caller) = watched(settings()).await;
    let mut put_so_far = 0;
    for rate in [1_900, 3_800, 7_600, 15_200] {
        for _ in 0..3 {
            assert_eq!(
                put(&caller, rate, 64, 10).await,
                0,
                "{rate} records a second"
            );
            put_so_far += rate;
            world.pass(SECOND).await;
        }
        assert!(
            open(&caller).await.len() * 500 >= rate,
            "twice the room for {rate}"
        );
    }
    let mut read = 0;
    for shard in caller.shards("s").await {
        world.pass(SECOND).await;
        let (records, _) = read_calmly(&world, &caller, &shard.shard_id).await;
        read += records;
    }
    assert_eq!(read, put_so_far, "each record is in one shard");
}

/// Reads a shard within its limits: the number of its records, and whether it is over.
async fn read_calmly(world: &World, caller: &Caller, shard: &str) -> (usize, bool) {
    let mut iterator = caller.iterator("s", shard, Start::Horizon).await.unwrap();
    let mut count = 0;
    loop {
        world.clock.advance(SECOND);
        let answer = caller.get(&iterator).await.unwrap();
        count += answer.records.len();
        match answer.next_shard_iterator {
            None => return (count, true),
            Some(_) if answer.records.is_empty() => return (count, false),
            Some(next) => iterator = next,
        }
    }
}

#[tokio::test]
async fn stream_while_it_scales_then_is_updating_and_takes_records() {
    let world = World::new(Settings {
        transition_time: SECOND * 3,
        ..settings()
    });
    let caller = world.open().await;
    create(&caller).await;
    world.pass(SECOND * 4).await;
    assert_eq!(status(&caller).await, StreamStatus::Active);
    put(&caller, 501, 1, 10).await;
    world.pass(SECOND).await;
    assert_eq!(status(&caller).await, StreamStatus::Updating);
    assert_eq!(put(&caller, 100, 1, 10).await, 0);
    world.pass(SECOND * 4).await;
    assert_eq!(status(&caller).await, StreamStatus::Active);
    assert_eq!(open(&caller).await, [0, 8, 16, 32, 48]);
}

/// Scales a stream to 16 shards, for a peak that needs 8.
async fn after_a_peak(settings: Settings) -> (World, Caller) {
    let (world, caller) = watched(settings).await;
    put(&caller, 4 * 600, 4, 10).await;
    world.pass(SECOND).await;
    assert_eq!(open(&caller).await.len(), 8);
    put(&caller, 8 * 501, 8, 10).await;
    world.pass(SECOND).await;
    assert_eq!(open(&caller).await.len(), 16);
    (world, caller)
}

#[tokio::test]
async fn shards_when_quiet_for_long_then_merge_but_keep_room_for_the_peak_until_day_thirty_one() {
    let (world, caller) = after_a_peak(settings()).await;
    world.pass(Duration::from_mins(59)).await;
    assert_eq!(open(&caller).await.len(), 16, "not for long yet");
    world.pass(Duration::from_mins(5)).await;
    // The peak was 4008 records a second: 9 shards have room for twice as much.
    assert_eq!(open(&caller).await.len(), 9);
    for _ in 0..29 {
        world.pass(DAY).await;
    }
    assert_eq!(open(&caller).await.len(), 9, "the peak is 29 days old");
    for _ in 0..2 {
        world.pass(DAY).await;
    }
    assert_eq!(open(&caller).await, [0, 16, 32, 48], "four always stay");
}

#[tokio::test]
async fn peak_when_the_server_restarts_then_is_remembered() {
    let (world, caller) = after_a_peak(settings()).await;
    drop(caller);
    let caller = world.open().await;
    for _ in 0..5 {
        world.pass(Duration::from_hours(2)).await;
    }
    assert_eq!(open(&caller).await.len(), 9);
}

#[tokio::test]
async fn shards_when_the_clock_jumps_a_year_then_stay_until_it_is_believed() {
    let (world, caller) = after_a_peak(settings()).await;
    let year = DAY * 365;
    world.pass(Duration::from_mins(50)).await;
    let ahead = millstream_env::Clock::now(&*world.clock).plus(year);
    world.clock.set_wall(ahead);
    world.pass(Duration::from_mins(50)).await;
    assert_eq!(open(&caller).await.len(), 16, "somebody may set it right");
    world.pass(Duration::from_mins(20)).await;
    assert_eq!(open(&caller).await.len(), 8, "half of them at a time");
}

#[tokio::test]
async fn stream_when_limits_are_off_or_it_is_provisioned_then_does_not_scale() {
    let off = Settings {
        limits: Limits::Off,
        ..settings()
    };
    let (world, caller) = watched(off).await;
    put(&caller, 3 * TAKEN, 1, 10).await;
    world.pass(SECOND * 3).await;
    assert_eq!(open(&caller).await.len(), 4);

    let world = World::new(settings());
    let caller = world.open().await;
    caller.create("s", 4).await.unwrap();
    world.pass(SECOND).await;
    put(&caller, 3 * TAKEN, 1, 10).await;
    world.pass(SECOND * 3).await;
    assert_eq!(open(&caller).await.len(), 4);
}

#[tokio::test]
async fn shards_of_on_demand_streams_when_they_scale_then_leave_the_accounts_quota_to_others() {
    let (world, caller) = watched(Settings {
        shard_limit: Some(5),
        ..settings()
    })
    .await;
    put(&caller, 4 * 600, 4, 10).await;
    world.pass(SECOND).await;
    assert_eq!(open(&caller).await.len(), 8, "more than the quota");
    caller.create("provisioned", 5).await.unwrap();
    let error = caller.create("more", 1).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::LimitExceededException);
    let told = "Current shard count for the account: 5. Limit: 5.";
    assert!(error.message.unwrap().contains(told));
}

#[tokio::test]
async fn shard_when_two_nodes_both_find_it_hot_then_is_halved_once() {
    let world = World::new(settings());
    let random = Arc::new(SeededRandom::new(1));
    let cluster = Cluster::new(world.clock.clone(), random, Behaviour::default());
    let nodes = [
        world.open_on(cluster.node()).await,
        world.open_on(cluster.node()).await,
    ];
    create(&nodes[0]).await;
    world.pass(SECOND).await;
    for node in &nodes {
        assert_eq!(put(node, 501, 1, 10).await, 0);
    }
    world.pass(SECOND).await;
    for node in &nodes {
        assert_eq!(open(node).await, [0, 8, 16, 32, 48]);
        assert_eq!(node.shards("s").await.len(), 6);
    }
}

#[tokio::test]
async fn hot_key_when_no_split_cools_it_then_its_stream_gets_a_bounded_number_of_shards() {
    let (world, caller) = watched(settings()).await;
    for _ in 0..60 {
        put(&caller, TAKEN, 1, 10).await;
        world.pass(SECOND).await;
    }
    let most = caller.shards("s").await.len();
    put(&caller, TAKEN, 1, 10).await;
    world.pass(SECOND).await;
    let shards = caller.shards("s").await;
    assert_eq!(shards.len(), most, "it ends");
    let is_open = |shard: &&millstream_protocol::types::Shard| {
        shard.sequence_number_range.ending_sequence_number.is_none()
    };
    assert_eq!(shards.iter().filter(is_open).count(), 32);
}
