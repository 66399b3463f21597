//! An on-demand stream of the real binary follows a producer that doubles its rate again and again.
//!
//! `MILLSTREAM_DOUBLING_SECONDS=60` lets each rate last a minute; docs/performance.md has what came
//! out.

use crate::calls::client;
use crate::lifecycle::dev;
use crate::process::Running;
use bytes::Bytes;
use millstream_client::Client;
use millstream_env::Env;
use millstream_protocol::operations::*;
use millstream_protocol::types::PutRecordsRequestEntry;
use std::time::Duration;

const STREAM: &str = "growing";
/// Records per second at first: half of what four shards are split for.
const RATE: usize = 1_000;
const DOUBLINGS: u32 = 4;
/// How long each rate lasts, unless the variable says otherwise.
const SECONDS: usize = 5;
const TICKS_PER_SECOND: usize = 20;
/// Records of one call.
const CALL_MAX: usize = 500;

/// What a producer that never retries was told.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    put: usize,
    refused: usize,
}

fn seconds() -> usize {
    let variable = std::env::var("MILLSTREAM_DOUBLING_SECONDS");
    variable.map_or(SECONDS, |seconds| seconds.parse().unwrap())
}

/// Puts records, each with a key of its own.
async fn put(client: &Client, count: usize, key: &mut u64, told: &mut Told) {
    let entry = |_| {
        *key += 1;
        PutRecordsRequestEntry {
            data: Bytes::from_static(b"a record"),
            explicit_hash_key: None,
            partition_key: Some(key.to_string()),
        }
    };
    let input = PutRecordsInput {
        records: (0..count).map(entry).collect::<Vec<_>>(),
        stream_name: Some(STREAM.to_owned()),
        ..PutRecordsInput::default()
    };
    let output = client.call::<PutRecords>(&input).await.unwrap();
    told.put += count;
    told.refused += output.failed_record_count.unwrap_or(0) as usize;
}

async fn open_shards(client: &Client) -> usize {
    let input = DescribeStreamSummaryInput {
        stream_name: Some(STREAM.to_owned()),
        ..DescribeStreamSummaryInput::default()
    };
    let output = client.call::<DescribeStreamSummary>(&input).await.unwrap();
    output.stream_description_summary.open_shard_count as usize
}

#[tokio::test]
async fn on_demand_stream_when_its_rate_doubles_again_and_again_then_refuses_less_than_a_hundredth()
{
    let folder = tempfile::tempdir().unwrap();
    let mut command = dev(folder.path());
    let server = Running::start(command.args(["--scaling-pace", "1s"]));
    let client = client(&server.url);
    let create = CreateStreamInput {
        stream_name: STREAM.to_owned(),
        ..CreateStreamInput::default()
    };
    client.call::<CreateStream>(&create).await.unwrap();
    let clock = Env::real().clock;
    let tick = Duration::from_secs(1) / TICKS_PER_SECOND as u32;
    let (mut total, mut key) = (Told::default(), 0);
    for doubling in 0..=DOUBLINGS {
        let rate = RATE << doubling;
        let mut told = Told::default();
        for _ in 0..seconds() * TICKS_PER_SECOND {
            // A producer that was held up does not make up for it: its rate is at most this.
            let next = clock.sleep(tick);
            let mut left = rate / TICKS_PER_SECOND;
            while left > 0 {
                let count = left.min(CALL_MAX);
                put(&client, count, &mut key, &mut told).await;
                left -= count;
            }
            next.await;
        }
        let open = open_shards(&client).await;
        println!("{rate} records a second: {told:?}, then {open} open shards");
        assert!(open > 4 || doubling == 0, "it has grown");
        total = Told {
            put: total.put + told.put,
            refused: total.refused + told.refused,
        };
    }
    assert!(total.refused * 100 < total.put, "{total:?}");
}
