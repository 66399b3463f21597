// A registered consumer, and what is pushed to it.

import { check } from "./check.js";
import { SECOND, SECOND_KEY } from "./records.js";
import { StreamName } from "./streams.js";

export async function consume(kinesis, StreamARN) {
  const { Consumer } = await kinesis.registerStreamConsumer({ StreamARN, ConsumerName: "audit" });
  const { ConsumerARN } = Consumer;
  const { ConsumerDescription } = await kinesis.describeStreamConsumer({ ConsumerARN });
  check("RegisterStreamConsumer, DescribeStreamConsumer", ConsumerDescription.ConsumerStatus, "ACTIVE");
  const listed = await kinesis.listStreamConsumers({ StreamARN });
  check("ListStreamConsumers", listed.Consumers, [Consumer]);

  await subscribe(kinesis, ConsumerARN);

  await kinesis.deregisterStreamConsumer({ ConsumerARN });
  check("DeregisterStreamConsumer", (await kinesis.listStreamConsumers({ StreamARN })).Consumers, []);
}

// Reads what is in the second shard, and then what is put while it listens.
async function subscribe(kinesis, ConsumerARN) {
  const start = { ConsumerARN, ShardId: SECOND, StartingPosition: { Type: "TRIM_HORIZON" } };
  const { EventStream } = await kinesis.subscribeToShard(start);
  const pushed = records(EventStream);
  check("SubscribeToShard: what is there", (await pushed.next()).value, "two");

  const Data = Buffer.from("pushed");
  await kinesis.putRecord({ StreamName, PartitionKey: "other", ExplicitHashKey: SECOND_KEY, Data });
  check("SubscribeToShard: what is put", (await pushed.next()).value, "pushed");
  await pushed.return();
}

async function* records(events) {
  for await (const { SubscribeToShardEvent: event } of events) {
    for (const record of event.Records) yield Buffer.from(record.Data).toString();
  }
}
