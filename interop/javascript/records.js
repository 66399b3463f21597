// Records and the shards that they are in.

import { check } from "./check.js";
import { StreamName } from "./streams.js";

const FIRST = "shardId-000000000000";
export const SECOND = "shardId-000000000001";
// The first hash key of the second shard, and one in the middle of the first.
export const SECOND_KEY = String(2n ** 127n);
const MIDDLE_KEY = String(2n ** 126n);

// Puts records and reads them back; those with hash key 0 are in the first shard.
export async function record(kinesis) {
  const bytes = Uint8Array.of(0, 255, 10);
  const first = await kinesis.putRecord({ StreamName, PartitionKey: "customer", ExplicitHashKey: "0", Data: bytes });
  check("PutRecord", first.ShardId, FIRST);

  const put = await kinesis.putRecords({
    StreamName,
    Records: [
      { PartitionKey: "customer", ExplicitHashKey: "0", Data: Buffer.from("one") },
      { PartitionKey: "other", ExplicitHashKey: SECOND_KEY, Data: Buffer.from("two") },
    ],
  });
  const shards = put.Records.map((record) => record.ShardId);
  check("PutRecords", [put.FailedRecordCount, ...shards], [0, FIRST, SECOND]);

  const [one, two] = await read(kinesis, { ShardIteratorType: "TRIM_HORIZON" });
  check("GetShardIterator, GetRecords", [[...one.Data], Buffer.from(two.Data).toString()], [[0, 255, 10], "one"]);
  check("sequence numbers", one.SequenceNumber, first.SequenceNumber);
  check("arrival times", Math.abs(Date.now() - one.ApproximateArrivalTimestamp) < 60_000, true);
  const hourAgo = new Date(Date.now() - 3_600_000);
  const since = await read(kinesis, { ShardIteratorType: "AT_TIMESTAMP", Timestamp: hourAgo });
  check("AT_TIMESTAMP", since.length, 2);
}

async function read(kinesis, position) {
  const { ShardIterator } = await kinesis.getShardIterator({ StreamName, ShardId: FIRST, ...position });
  const { Records, MillisBehindLatest } = await kinesis.getRecords({ ShardIterator });
  check("MillisBehindLatest", MillisBehindLatest, 0);
  return Records;
}

// Splits a shard, merges its children and doubles the stream.
export async function reshard(kinesis) {
  await kinesis.splitShard({ StreamName, ShardToSplit: FIRST, NewStartingHashKey: MIDDLE_KEY });
  const [, left, right] = await open(kinesis);
  check("SplitShard, ListShards", (await open(kinesis)).length, 3);
  check("children", await children(kinesis, FIRST), [left, right]);

  await kinesis.mergeShards({ StreamName, ShardToMerge: left, AdjacentShardToMerge: right });
  check("MergeShards", (await open(kinesis)).length, 2);

  const scaling = { StreamName, TargetShardCount: 4, ScalingType: "UNIFORM_SCALING" };
  const updated = await kinesis.updateShardCount(scaling);
  check("UpdateShardCount", [updated.TargetShardCount, (await open(kinesis)).length], [4, 4]);
}

async function open(kinesis) {
  const { Shards } = await kinesis.listShards({ StreamName, ShardFilter: { Type: "AT_LATEST" } });
  return Shards.map((shard) => shard.ShardId);
}

// Reads a closed shard to its end, and answers which shards follow it.
async function children(kinesis, ShardId) {
  const start = { StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" };
  let { ShardIterator } = await kinesis.getShardIterator(start);
  const found = [];
  while (ShardIterator) {
    const answer = await kinesis.getRecords({ ShardIterator });
    found.push(...(answer.ChildShards ?? []).map((child) => child.ShardId));
    ShardIterator = answer.NextShardIterator;
  }
  return found;
}
