"""SubscribeToShard over HTTP/1.1, as botocore reads it: events, continuation, and every way to end."""

from contextlib import closing

import pytest
from botocore.exceptions import EventStreamError

from reading import SHARD, put
from server import Server

STREAM = {"StreamName": "orders"}


@pytest.fixture
def stream(kinesis, arn):
    """The ARN of a stream of one shard."""
    kinesis.create_stream(**STREAM, ShardCount=1)
    return arn("orders")


def register(kinesis, stream: str, name: str = "audit") -> str:
    consumer = kinesis.register_stream_consumer(StreamARN=stream, ConsumerName=name)["Consumer"]
    return consumer["ConsumerARN"]


def subscribe(kinesis, consumer: str, kind: str = "LATEST", shard: str = SHARD, **position):
    """A subscription, to be closed."""
    start = {"Type": kind, **position}
    answer = kinesis.subscribe_to_shard(ConsumerARN=consumer, ShardId=shard, StartingPosition=start)
    return closing(answer["EventStream"])


def events(subscription):
    """What comes, without the envelope."""
    for event in subscription:
        assert list(event) == ["SubscribeToShardEvent"]
        yield event["SubscribeToShardEvent"]


def data(subscription, count: int) -> list[bytes]:
    """The data of the next records."""
    received = []
    for event in events(subscription):
        received += [record["Data"] for record in event["Records"]]
        if len(received) >= count:
            return received
    raise AssertionError(f"it ended after {received}")


def test_records_when_there_or_put_later_then_are_pushed_from_each_position(kinesis, stream):
    first, _ = put(kinesis, STREAM, b"1", b"2")
    number = {"SequenceNumber": first["SequenceNumber"]}
    for kind, position, expected in [
        ("TRIM_HORIZON", {}, [b"1", b"2"]),
        ("AT_SEQUENCE_NUMBER", number, [b"1", b"2"]),
        ("AFTER_SEQUENCE_NUMBER", number, [b"2"]),
        ("AT_TIMESTAMP", {"Timestamp": 1.5}, [b"1", b"2"]),
    ]:
        with subscribe(kinesis, register(kinesis, stream, kind), kind, **position) as subscription:
            assert data(subscription, len(expected)) == expected
    with subscribe(kinesis, register(kinesis, stream, "LATEST")) as subscription:
        put(kinesis, STREAM, b"3")
        assert data(subscription, 1) == [b"3"]


def test_record_when_pushed_then_is_as_get_records_gives_it(kinesis, stream):
    answer = put(kinesis, STREAM, b"payload")[0]
    with subscribe(kinesis, register(kinesis, stream), "TRIM_HORIZON") as subscription:
        event = next(events(subscription))
    record = event["Records"][0]
    iterator = kinesis.get_shard_iterator(**STREAM, ShardId=SHARD, ShardIteratorType="TRIM_HORIZON")
    assert record == kinesis.get_records(ShardIterator=iterator["ShardIterator"])["Records"][0]
    assert event["ContinuationSequenceNumber"] == answer["SequenceNumber"]
    assert event["MillisBehindLatest"] == 0
    assert "ChildShards" not in event


def test_subscription_when_nothing_comes_then_says_where_it_stands_and_can_be_resumed(kinesis, stream):
    consumer = register(kinesis, stream)
    put(kinesis, STREAM, b"before")
    with subscribe(kinesis, consumer) as subscription:
        received = events(subscription)
        # At once, and then every few seconds: after the third it may be taken over.
        idle = [next(received) for _ in range(3)]
    assert [event["Records"] for event in idle] == [[], [], []]
    put(kinesis, STREAM, b"after")
    number = idle[-1]["ContinuationSequenceNumber"]
    with subscribe(kinesis, consumer, "AFTER_SEQUENCE_NUMBER", SequenceNumber=number) as subscription:
        assert data(subscription, 1) == [b"after"]


def test_shard_when_split_then_its_subscription_ends_with_the_children(kinesis, stream):
    with subscribe(kinesis, register(kinesis, stream)) as subscription:
        put(kinesis, STREAM, b"last")
        kinesis.split_shard(**STREAM, ShardToSplit=SHARD, NewStartingHashKey=str(2**127))
        received = list(events(subscription))
    assert [record["Data"] for event in received for record in event["Records"]] == [b"last"]
    *before, end = received
    assert all("ContinuationSequenceNumber" in event and "ChildShards" not in event for event in before)
    assert "ContinuationSequenceNumber" not in end
    assert end["Records"] == []
    assert end["MillisBehindLatest"] == 0
    children = {child["ShardId"]: child["ParentShards"] for child in end["ChildShards"]}
    assert children == {"shardId-000000000001": [SHARD], "shardId-000000000002": [SHARD]}


def test_subscription_when_made_again_then_is_in_use_and_later_takes_over(kinesis, stream):
    consumer = register(kinesis, stream)
    with subscribe(kinesis, consumer) as first:
        received = events(first)
        with pytest.raises(kinesis.exceptions.ResourceInUseException, match="Another active subscription"):
            subscribe(kinesis, consumer)
        for _ in range(3):
            next(received)
        with subscribe(kinesis, consumer) as second:
            with pytest.raises(EventStreamError, match="ResourceInUseException"):
                next(received)
            put(kinesis, STREAM, b"1")
            assert data(second, 1) == [b"1"]


def test_consumer_when_deregistered_then_its_subscription_ends_with_not_found(kinesis, stream):
    consumer = register(kinesis, stream)
    with subscribe(kinesis, consumer) as subscription:
        kinesis.deregister_stream_consumer(ConsumerARN=consumer)
        with pytest.raises(EventStreamError, match=f"ResourceNotFoundException.*Consumer {consumer}, account [0-9]+ not found"):
            list(subscription)


def test_stream_when_deleted_then_its_subscriptions_end_with_not_found(kinesis, stream):
    with subscribe(kinesis, register(kinesis, stream)) as subscription:
        kinesis.delete_stream(**STREAM, EnforceConsumerDeletion=True)
        with pytest.raises(EventStreamError, match="ResourceNotFoundException.*Stream orders under account"):
            list(subscription)


def test_server_when_it_stops_then_subscriptions_end_and_are_counted(tmp_path):
    arguments = ["dev", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]
    with Server(arguments, tmp_path / "log") as server:
        kinesis = server.client("000000000000")
        kinesis.create_stream(**STREAM, ShardCount=1)
        consumer = register(kinesis, "arn:aws:kinesis:us-east-1:000000000000:stream/orders")
        subscription = subscribe(kinesis, consumer)
        with subscription as pushed:
            put(kinesis, STREAM, b"12345")
            assert data(pushed, 1) == [b"12345"]
            with pytest.raises(kinesis.exceptions.ResourceInUseException):
                subscribe(kinesis, consumer)
            labels = 'account="000000000000",region="us-east-1",StreamName="orders"'
            series = server.series()
            expected = {
                "SubscribeToShard_Success_total": 1,
                "SubscribeToShard_RateExceeded_total": 1,
                "SubscribeToShardEvent_Bytes_total": 5 + len("key"),
                "SubscribeToShardEvent_Records_total": 1,
                "SubscribeToShardEvent_MillisBehindLatest": 0,
            }
            shown = {name: series[f"millstream_kinesis_{name}{{{labels}}}"] for name in expected}
            assert shown == expected
            server.process.terminate()
            assert list(pushed) == []
