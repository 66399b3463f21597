// A registered consumer.

import { check } from "./check.js";

export async function consume(kinesis, StreamARN) {
  const { Consumer } = await kinesis.registerStreamConsumer({ StreamARN, ConsumerName: "audit" });
  const { ConsumerARN } = Consumer;
  const { ConsumerDescription } = await kinesis.describeStreamConsumer({ ConsumerARN });
  check("RegisterStreamConsumer, DescribeStreamConsumer", ConsumerDescription.ConsumerStatus, "ACTIVE");
  const listed = await kinesis.listStreamConsumers({ StreamARN });
  check("ListStreamConsumers", listed.Consumers, [Consumer]);

  await kinesis.deregisterStreamConsumer({ ConsumerARN });
  check("DeregisterStreamConsumer", (await kinesis.listStreamConsumers({ StreamARN })).Consumers, []);
}
