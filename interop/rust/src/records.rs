//! Records and the shards that they are in.

use crate::{Done, STREAM, check};
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::primitives::{Blob, DateTime};
use aws_sdk_kinesis::types::{
    PutRecordsRequestEntry, Record, ScalingType, ShardFilter, ShardFilterType, ShardIteratorType,
};
use std::time::{Duration, SystemTime};

const FIRST: &str = "shardId-000000000000";
pub const SECOND: &str = "shardId-000000000001";
/// The first hash key of the second shard, and one in the middle of the first.
pub const SECOND_KEY: u128 = 1 << 127;
const MIDDLE_KEY: u128 = 1 << 126;
const MINUTE: Duration = Duration::from_secs(60);

/// Puts records and reads them back; those with hash key 0 are in the first shard.
pub async fn record(client: &Client) -> Done {
    let request = client
        .put_record()
        .stream_name(STREAM)
        .partition_key("customer")
        .explicit_hash_key("0");
    let first = request.data(Blob::new([0, 255, 10])).send().await?;
    check("PutRecord", first.shard_id(), FIRST);

    let entries = [
        entry("customer", 0, "one")?,
        entry("other", SECOND_KEY, "two")?,
    ];
    let put = client
        .put_records()
        .stream_name(STREAM)
        .set_records(Some(entries.into()))
        .send()
        .await?;
    let shards: Vec<_> = put
        .records()
        .iter()
        .flat_map(|record| record.shard_id())
        .collect();
    check(
        "PutRecords",
        (put.failed_record_count(), &shards[..]),
        (Some(0), &[FIRST, SECOND][..]),
    );

    let records = read(client, ShardIteratorType::TrimHorizon, None).await?;
    let data: Vec<_> = records
        .iter()
        .map(|record| record.data().as_ref())
        .collect();
    check(
        "GetShardIterator, GetRecords",
        data,
        [&[0, 255, 10], "one".as_bytes()],
    );
    check(
        "sequence numbers",
        records[0].sequence_number(),
        first.sequence_number(),
    );
    let arrived = SystemTime::try_from(
        *records[0]
            .approximate_arrival_timestamp()
            .ok_or("no time")?,
    )?;
    let hour_ago = SystemTime::now() - 60 * MINUTE;
    check(
        "arrival times",
        arrived > SystemTime::now() - MINUTE && arrived < SystemTime::now() + MINUTE,
        true,
    );
    let since = read(
        client,
        ShardIteratorType::AtTimestamp,
        Some(hour_ago.into()),
    )
    .await?;
    check("AT_TIMESTAMP", since.len(), 2);
    Ok(())
}

fn entry(key: &str, hash_key: u128, data: &str) -> Done<PutRecordsRequestEntry> {
    let entry = PutRecordsRequestEntry::builder()
        .partition_key(key)
        .explicit_hash_key(hash_key.to_string());
    Ok(entry.data(Blob::new(data)).build()?)
}

async fn read(
    client: &Client,
    kind: ShardIteratorType,
    time: Option<DateTime>,
) -> Done<Vec<Record>> {
    let request = client
        .get_shard_iterator()
        .stream_name(STREAM)
        .shard_id(FIRST);
    let start = request
        .shard_iterator_type(kind)
        .set_timestamp(time)
        .send()
        .await?;
    let answer = client
        .get_records()
        .set_shard_iterator(start.shard_iterator)
        .send()
        .await?;
    check("MillisBehindLatest", answer.millis_behind_latest(), Some(0));
    Ok(answer.records)
}

/// Splits a shard, merges its children and doubles the stream.
pub async fn reshard(client: &Client) -> Done {
    let request = client
        .split_shard()
        .stream_name(STREAM)
        .shard_to_split(FIRST);
    request
        .new_starting_hash_key(MIDDLE_KEY.to_string())
        .send()
        .await?;
    let shards = open(client).await?;
    check("SplitShard, ListShards", shards.len(), 3);
    check("children", children(client, FIRST).await?, &shards[1..]);

    let request = client
        .merge_shards()
        .stream_name(STREAM)
        .shard_to_merge(&shards[1]);
    request.adjacent_shard_to_merge(&shards[2]).send().await?;
    check("MergeShards", open(client).await?.len(), 2);

    let request = client
        .update_shard_count()
        .stream_name(STREAM)
        .target_shard_count(4);
    let updated = request
        .scaling_type(ScalingType::UniformScaling)
        .send()
        .await?;
    check(
        "UpdateShardCount",
        (updated.target_shard_count(), open(client).await?.len()),
        (Some(4), 4),
    );
    Ok(())
}

async fn open(client: &Client) -> Done<Vec<String>> {
    let filter = ShardFilter::builder()
        .r#type(ShardFilterType::AtLatest)
        .build()?;
    let listed = client
        .list_shards()
        .stream_name(STREAM)
        .shard_filter(filter)
        .send()
        .await?;
    Ok(listed
        .shards()
        .iter()
        .map(|shard| shard.shard_id().to_owned())
        .collect())
}

/// Reads a closed shard to its end, and answers which shards follow it.
async fn children(client: &Client, shard: &str) -> Done<Vec<String>> {
    let request = client
        .get_shard_iterator()
        .stream_name(STREAM)
        .shard_id(shard);
    let start = request
        .shard_iterator_type(ShardIteratorType::TrimHorizon)
        .send()
        .await?;
    let mut iterator = start.shard_iterator;
    let mut found = Vec::new();
    while iterator.is_some() {
        let answer = client
            .get_records()
            .set_shard_iterator(iterator)
            .send()
            .await?;
        found.extend(
            answer
                .child_shards()
                .iter()
                .map(|child| child.shard_id().to_owned()),
        );
        iterator = answer.next_shard_iterator;
    }
    Ok(found)
}
