// Streams, from their creation to their end, and what is refused.

import {
  InvalidArgumentException,
  paginateListStreams,
  ResourceInUseException,
  ResourceNotFoundException,
  waitUntilStreamExists,
  waitUntilStreamNotExists,
} from "@aws-sdk/client-kinesis";
import { check } from "./check.js";

export const StreamName = "javascript-orders";
const WAIT_SECONDS_MAX = 30;
// The key of the service itself.
const KeyId = "alias/aws/kinesis";

// Makes the stream, with two shards, and answers its ARN.
export async function create(kinesis) {
  await kinesis.createStream({ StreamName, ShardCount: 2 });
  await waitUntilStreamExists({ client: kinesis, maxWaitTime: WAIT_SECONDS_MAX }, { StreamName });
  const { StreamDescription } = await kinesis.describeStream({ StreamName });
  check("CreateStream, DescribeStream", StreamDescription.Shards.length, 2);
  return StreamDescription.StreamARN;
}

export async function describe(kinesis, StreamARN) {
  const { StreamDescriptionSummary: summary } = await kinesis.describeStreamSummary({ StreamARN });
  check("DescribeStreamSummary", [summary.StreamName, summary.OpenShardCount], [StreamName, 2]);
  check("creation time", Math.abs(Date.now() - summary.StreamCreationTimestamp) < 60_000, true);

  const names = [];
  for await (const page of paginateListStreams({ client: kinesis, pageSize: 1 }, {})) names.push(...page.StreamNames);
  check("ListStreams", names, [StreamName]);

  const limits = await kinesis.describeLimits({});
  check("DescribeLimits", limits.OpenShardCount, 2);
}

export async function tag(kinesis) {
  await kinesis.addTagsToStream({ StreamName, Tags: { team: "sales", stage: "test" } });
  await kinesis.removeTagsFromStream({ StreamName, TagKeys: ["stage"] });
  const { Tags, HasMoreTags } = await kinesis.listTagsForStream({ StreamName });
  const shown = [Tags, HasMoreTags];
  check("AddTagsToStream, RemoveTagsFromStream, ListTagsForStream", shown, [[{ Key: "team", Value: "sales" }], false]);
}

export async function retain(kinesis) {
  await kinesis.increaseStreamRetentionPeriod({ StreamName, RetentionPeriodHours: 48 });
  check("IncreaseStreamRetentionPeriod", await retention(kinesis), 48);
  await kinesis.decreaseStreamRetentionPeriod({ StreamName, RetentionPeriodHours: 24 });
  check("DecreaseStreamRetentionPeriod", await retention(kinesis), 24);
}

async function retention(kinesis) {
  const { StreamDescriptionSummary } = await kinesis.describeStreamSummary({ StreamName });
  return StreamDescriptionSummary.RetentionPeriodHours;
}

export async function monitor(kinesis) {
  const ShardLevelMetrics = ["IncomingBytes"];
  const enabled = await kinesis.enableEnhancedMonitoring({ StreamName, ShardLevelMetrics });
  check("EnableEnhancedMonitoring", enabled.DesiredShardLevelMetrics, ShardLevelMetrics);
  const disabled = await kinesis.disableEnhancedMonitoring({ StreamName, ShardLevelMetrics });
  check("DisableEnhancedMonitoring", disabled.DesiredShardLevelMetrics, []);
}

// Has what is put from now on encrypted, by a key that is there without being made.
export async function encrypt(kinesis) {
  await kinesis.startStreamEncryption({ StreamName, EncryptionType: "KMS", KeyId });
  check("StartStreamEncryption", await encryption(kinesis), ["KMS", KeyId]);
}

export async function decrypt(kinesis) {
  await kinesis.stopStreamEncryption({ StreamName, EncryptionType: "KMS", KeyId });
  check("StopStreamEncryption", await encryption(kinesis), ["NONE", null]);
}

// Waits until the stream is active, and answers how it is encrypted.
async function encryption(kinesis) {
  await waitUntilStreamExists({ client: kinesis, maxWaitTime: WAIT_SECONDS_MAX }, { StreamName });
  const { StreamDescriptionSummary: summary } = await kinesis.describeStreamSummary({ StreamName });
  return [summary.EncryptionType, summary.KeyId ?? null];
}

// Asks for what is refused: errors arrive as the SDK's classes.
export async function refuse(kinesis) {
  const lost = { StreamName: "none", PartitionKey: "key", Data: Buffer.from("lost") };
  await refused(ResourceNotFoundException, kinesis.putRecord(lost));
  await refused(ResourceInUseException, kinesis.createStream({ StreamName, ShardCount: 1 }));
  await refused(InvalidArgumentException, kinesis.getRecords({ ShardIterator: "made-up" }));
}

async function refused(exception, request) {
  const error = await request.then(() => undefined, (error) => error);
  check(exception.name, [error instanceof exception, error?.message.length > 0], [true, true]);
}

export async function remove(kinesis) {
  await kinesis.deleteStream({ StreamName });
  const { state } = await waitUntilStreamNotExists({ client: kinesis, maxWaitTime: WAIT_SECONDS_MAX }, { StreamName });
  check("DeleteStream", state, "SUCCESS");
}
