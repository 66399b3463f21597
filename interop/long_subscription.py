"""A subscription that goes on in the background until the server ends it."""

import threading
import time

SHARD = "shardId-000000000000"
STREAM = {"StreamName": "orders"}


class LongSubscription:
    """One consumer, subscribed from its making; what became of it is known when `wait` answers."""

    ACCOUNT = "500000000005"

    def __init__(self, server):
        self.server = server
        self.kinesis = server.client(self.ACCOUNT)
        self.kinesis.create_stream(**STREAM, ShardCount=1)
        arn = self.kinesis.describe_stream_summary(**STREAM)["StreamDescriptionSummary"]["StreamARN"]
        consumer = self.kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="audit")["Consumer"]
        self.consumer = consumer["ConsumerARN"]
        self.events: list[dict] = []
        self.seconds = 0.0
        self.failure: Exception | None = None
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        # Now, as it may have ended when the test is run.
        self.kinesis.put_record(**STREAM, PartitionKey="key", Data=b"meanwhile")

    def subscribe(self, **position):
        """The events of a subscription from a position."""
        answer = self.kinesis.subscribe_to_shard(
            ConsumerARN=self.consumer, ShardId=SHARD, StartingPosition=position
        )
        for event in answer["EventStream"]:
            yield event["SubscribeToShardEvent"]

    def _read(self) -> None:
        began = time.monotonic()
        try:
            for event in self.subscribe(Type="TRIM_HORIZON"):
                self.events.append(event)
        except Exception as failure:  # Whatever it is, the test shows it.
            self.failure = failure
        self.seconds = time.monotonic() - began

    def wait(self, seconds_max: float) -> bool:
        """Whether it has ended."""
        self.thread.join(seconds_max)
        return not self.thread.is_alive()
