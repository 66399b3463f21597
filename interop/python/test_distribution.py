"""Records that the service distributes, with and without keys."""

from collections import Counter

import pytest

from reading import iterator

STREAM = {"StreamName": "spread"}
SHARDS = [f"shardId-{index:012}" for index in range(4)]


@pytest.fixture
def spread(kinesis):
    kinesis.create_stream(**STREAM, RecordDistributionStrategy="AUTO")
    kinesis.get_waiter("stream_exists").wait(**STREAM)


def read(kinesis):
    """The records of all shards, as boto3 gives them."""
    for shard in SHARDS:
        start = iterator(kinesis, STREAM, shard=shard)
        yield from kinesis.get_records(ShardIterator=start)["Records"]


def test_records_when_put_without_keys_then_are_spread_and_read_without_any(kinesis, spread):
    placed = Counter()
    for index in range(6):
        record = {"PartitionKey": "given"} if index % 3 == 0 else {}
        placed[kinesis.put_record(**STREAM, Data=b"one", **record)["ShardId"]] += 1
    entries = [{"Data": b"of many"}, {"Data": b"of many", "PartitionKey": "given"}] * 9
    answer = kinesis.put_records(**STREAM, Records=entries)
    assert answer["FailedRecordCount"] == 0
    placed.update(entry["ShardId"] for entry in answer["Records"])
    assert sorted(placed) == SHARDS
    assert set(placed.values()) == {6}
    found = Counter(record.get("PartitionKey") for record in read(kinesis))
    assert found == {None: 4 + 9, "given": 2 + 9}
    members = {frozenset(record) for record in read(kinesis)}
    without_key = {"SequenceNumber", "ApproximateArrivalTimestamp", "Data"}
    assert members == {frozenset(without_key), frozenset(without_key | {"PartitionKey"})}


def test_records_when_put_without_keys_then_are_pushed_without_any(kinesis, arn, spread):
    kinesis.put_records(**STREAM, Records=[{"Data": b"x"}] * 4 + [{"Data": b"x", "PartitionKey": "k"}] * 4)
    consumer = kinesis.register_stream_consumer(StreamARN=arn("spread"), ConsumerName="audit")
    consumer_arn = consumer["Consumer"]["ConsumerARN"]
    while (
        kinesis.describe_stream_consumer(ConsumerARN=consumer_arn)["ConsumerDescription"]["ConsumerStatus"]
        != "ACTIVE"
    ):
        pass
    pushed = kinesis.subscribe_to_shard(
        ConsumerARN=consumer_arn, ShardId=SHARDS[0], StartingPosition={"Type": "TRIM_HORIZON"}
    )
    records = []
    for event in pushed["EventStream"]:
        records += event["SubscribeToShardEvent"]["Records"]
        if len(records) == 2:
            break
    pushed["EventStream"].close()
    assert [record.get("PartitionKey") for record in records] == [None, "k"]
    assert "PartitionKey" not in records[0]


def test_strategy_when_switched_then_keys_are_needed_or_not_at_once(kinesis, arn, spread):
    for _ in range(2):
        kinesis.put_record(**STREAM, Data=b"x")
        with pytest.raises(kinesis.exceptions.InvalidArgumentException, match="RecordDistributionStrategy=AUTO"):
            kinesis.put_record(**STREAM, Data=b"x", PartitionKey="k", SequenceNumberForOrdering="1")
        kinesis.update_stream_record_distribution_strategy(
            StreamARN=arn("spread"), RecordDistributionStrategy="USER_PARTITION_KEY"
        )
        summary = kinesis.describe_stream_summary(**STREAM)["StreamDescriptionSummary"]
        assert summary["RecordDistributionStrategy"] == "USER_PARTITION_KEY"
        assert summary["StreamStatus"] == "ACTIVE"
        with pytest.raises(kinesis.exceptions.InvalidArgumentException, match="PartitionKey is required"):
            kinesis.put_record(**STREAM, Data=b"x")
        shards = {kinesis.put_record(**STREAM, Data=b"x", PartitionKey="k")["ShardId"] for _ in range(4)}
        assert len(shards) == 1
        kinesis.update_stream_record_distribution_strategy(
            StreamARN=arn("spread"), RecordDistributionStrategy="AUTO"
        )
    keys = Counter(record.get("PartitionKey") for record in read(kinesis))
    assert keys == {None: 2, "k": 8}
