"""CreateStream, DeleteStream, DescribeStream, DescribeStreamSummary, ListStreams, DescribeLimits."""

from datetime import datetime, timedelta, timezone

import pytest

from reading import ALL_KEYS, data, put, ranges, shard_ids


def describe(kinesis, stream):
    return kinesis.describe_stream(**stream)["StreamDescription"]


def summarize(kinesis, stream):
    return kinesis.describe_stream_summary(**stream)["StreamDescriptionSummary"]


def test_stream_when_described_then_is_as_created(kinesis, arn, orders):
    found = describe(kinesis, orders)
    created = found.pop("StreamCreationTimestamp")
    [shard] = found.pop("Shards")
    assert found == {
        "StreamName": "orders",
        "StreamARN": arn("orders"),
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "HasMoreShards": False,
        "RetentionPeriodHours": 24,
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE",
    }
    assert abs(datetime.now(timezone.utc) - created) < timedelta(minutes=1)
    assert shard["ShardId"] == "shardId-000000000000"
    assert shard["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(ALL_KEYS - 1)}
    assert list(shard["SequenceNumberRange"]) == ["StartingSequenceNumber"]


def test_stream_when_summarized_then_counts_shards_and_consumers(kinesis, arn, orders):
    kinesis.register_stream_consumer(StreamARN=arn("orders"), ConsumerName="audit")
    found = summarize(kinesis, orders)
    created = found.pop("StreamCreationTimestamp")
    assert created == describe(kinesis, orders)["StreamCreationTimestamp"]
    assert found == {
        "StreamName": "orders",
        "StreamARN": arn("orders"),
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "RetentionPeriodHours": 24,
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE",
        "OpenShardCount": 1,
        "ConsumerCount": 1,
        "MaxRecordSizeInKiB": 1024,
    }


def test_stream_when_created_with_shards_then_they_share_the_keys_evenly(kinesis):
    kinesis.create_stream(StreamName="orders", ShardCount=3)
    third = ALL_KEYS // 3
    assert ranges(describe(kinesis, {"StreamName": "orders"})["Shards"]) == [
        (0, third - 1),
        (third, 2 * third - 1),
        (2 * third, ALL_KEYS - 1),
    ]


@pytest.mark.parametrize("mode", [{}, {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}])
def test_stream_when_no_shards_are_asked_then_is_on_demand_with_four(kinesis, mode):
    kinesis.create_stream(StreamName="orders", **mode)
    found = summarize(kinesis, {"StreamName": "orders"})
    assert found["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert found["OpenShardCount"] == 4
    assert found["RecordDistributionStrategy"] == "USER_PARTITION_KEY"
    assert kinesis.describe_limits()["OnDemandStreamCount"] == 1


def test_stream_when_created_with_tags_then_has_them(kinesis):
    kinesis.create_stream(StreamName="orders", ShardCount=1, Tags={"team": "sales", "env": "test"})
    tags = kinesis.list_tags_for_stream(StreamName="orders")["Tags"]
    assert tags == [{"Key": "env", "Value": "test"}, {"Key": "team", "Value": "sales"}]


def test_stream_when_deleted_then_is_gone_and_its_name_is_free(kinesis, orders):
    put(kinesis, orders, b"old")
    kinesis.delete_stream(**orders)
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        describe(kinesis, orders)
    assert kinesis.list_streams()["StreamNames"] == []
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    assert data(kinesis, orders) == []


def test_stream_when_it_has_consumers_then_is_deleted_only_if_told(kinesis, arn, orders):
    kinesis.register_stream_consumer(StreamARN=arn("orders"), ConsumerName="audit")
    with pytest.raises(kinesis.exceptions.ResourceInUseException):
        kinesis.delete_stream(**orders)
    kinesis.delete_stream(**orders, EnforceConsumerDeletion=True)
    assert kinesis.list_streams()["StreamNames"] == []


def test_waiters_when_the_stream_comes_and_goes_then_return_at_once(kinesis, orders):
    kinesis.get_waiter("stream_exists").wait(**orders)
    kinesis.delete_stream(**orders)
    kinesis.get_waiter("stream_not_exists").wait(**orders)


def test_list_streams_when_paged_then_each_is_listed_once_by_name(kinesis, arn):
    for name in "cadbe":
        kinesis.create_stream(StreamName=name, ShardCount=1)
    pages = list(kinesis.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 2}))
    assert [page["StreamNames"] for page in pages] == [["a", "b"], ["c", "d"], ["e"]]
    assert [page["HasMoreStreams"] for page in pages] == [True, True, False]
    summaries = [summary for page in pages for summary in page["StreamSummaries"]]
    assert [summary["StreamARN"] for summary in summaries] == [arn(name) for name in "abcde"]
    assert {summary["StreamStatus"] for summary in summaries} == {"ACTIVE"}


def test_list_streams_when_started_after_a_name_then_goes_on_behind_it(kinesis):
    for name in "abc":
        kinesis.create_stream(StreamName=name, ShardCount=1)
    found = kinesis.list_streams(ExclusiveStartStreamName="a", Limit=1)
    assert (found["StreamNames"], found["HasMoreStreams"]) == (["b"], True)
    found = kinesis.list_streams(ExclusiveStartStreamName="b")
    assert (found["StreamNames"], found["HasMoreStreams"]) == (["c"], False)


def test_describe_stream_when_paged_then_each_shard_is_described_once(kinesis):
    kinesis.create_stream(StreamName="orders", ShardCount=5)
    paginator = kinesis.get_paginator("describe_stream")
    pages = paginator.paginate(StreamName="orders", PaginationConfig={"PageSize": 2})
    shards = [shard_ids(page["StreamDescription"]["Shards"]) for page in pages]
    assert shards == [["0", "1"], ["2", "3"], ["4"]]


def test_limits_when_described_then_count_open_shards_and_on_demand_streams(kinesis):
    before = kinesis.describe_limits()
    kinesis.create_stream(StreamName="orders", ShardCount=3)
    kinesis.create_stream(StreamName="audit")
    after = kinesis.describe_limits()
    assert (before["OpenShardCount"], before["OnDemandStreamCount"]) == (0, 0)
    assert (after["OpenShardCount"], after["OnDemandStreamCount"]) == (7, 1)
    assert (after["ShardLimit"], after["OnDemandStreamCountLimit"]) == (20000, 50)
