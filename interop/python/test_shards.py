"""SplitShard, MergeShards, UpdateShardCount, ListShards, and reading across them."""

from datetime import datetime, timedelta, timezone

import pytest

from reading import ALL_KEYS, SHARD, data, iterator, next_millisecond, put, ranges, shard_ids

HALF = ALL_KEYS // 2


def shard(number: int) -> str:
    return f"shardId-{number:012}"


def listed(kinesis, stream, **options) -> list[str]:
    return shard_ids(kinesis.list_shards(**stream, **options)["Shards"])


def open_shards(kinesis, stream) -> list[dict]:
    return kinesis.list_shards(**stream, ShardFilter={"Type": "AT_LATEST"})["Shards"]


def assert_every_key_has_one_shard(shards):
    in_order = sorted(ranges(shards))
    assert in_order[0][0] == 0
    assert in_order[-1][1] == ALL_KEYS - 1
    for (_, end), (start, _) in zip(in_order, in_order[1:]):
        assert start == end + 1


@pytest.fixture
def split(kinesis, orders):
    """`orders` after shard 0 was split into 1 and 2; a record before, one in each child."""
    put(kinesis, orders, b"parent")
    kinesis.split_shard(**orders, ShardToSplit=SHARD, NewStartingHashKey=str(HALF))
    put(kinesis, orders, b"low", ExplicitHashKey=str(HALF - 1))
    put(kinesis, orders, b"high", ExplicitHashKey=str(HALF))
    return orders


def test_split_when_done_then_two_children_share_the_keys(kinesis, split):
    parent, low, high = kinesis.list_shards(**split)["Shards"]
    assert ranges([low, high]) == [(0, HALF - 1), (HALF, ALL_KEYS - 1)]
    for child in (low, high):
        assert child["ParentShardId"] == parent["ShardId"]
        assert "AdjacentParentShardId" not in child
        assert "EndingSequenceNumber" not in child["SequenceNumberRange"]
        start = int(child["SequenceNumberRange"]["StartingSequenceNumber"])
        assert start > int(parent["SequenceNumberRange"]["EndingSequenceNumber"])
    assert kinesis.describe_limits()["OpenShardCount"] == 2


def test_split_when_done_then_each_shard_keeps_its_records(kinesis, split):
    read = [data(kinesis, split, shard=shard(number)) for number in range(3)]
    assert read == [[b"parent"], [b"low"], [b"high"]]


def test_closed_shard_when_read_to_its_end_then_names_its_children(kinesis, split):
    last = kinesis.get_records(ShardIterator=iterator(kinesis, split))
    assert [record["Data"] for record in last["Records"]] == [b"parent"]
    assert "ChildShards" not in last
    end = kinesis.get_records(ShardIterator=last["NextShardIterator"])
    assert end["Records"] == []
    assert end["MillisBehindLatest"] == 0
    assert "NextShardIterator" not in end
    assert [child["ShardId"] for child in end["ChildShards"]] == [shard(1), shard(2)]
    assert [child["ParentShards"] for child in end["ChildShards"]] == [[SHARD], [SHARD]]
    assert ranges(end["ChildShards"]) == [(0, HALF - 1), (HALF, ALL_KEYS - 1)]


def test_iterator_of_a_closed_shard_when_at_its_record_then_reads_it(kinesis, split):
    [record] = kinesis.get_records(ShardIterator=iterator(kinesis, split))["Records"]
    number, arrived = record["SequenceNumber"], record["ApproximateArrivalTimestamp"]
    at_number = data(kinesis, split, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=number)
    assert at_number == [b"parent"]
    assert data(kinesis, split, "AT_TIMESTAMP", Timestamp=arrived) == [b"parent"]


def test_iterator_of_a_closed_shard_when_behind_its_records_then_is_at_the_end(kinesis, split):
    [record] = kinesis.get_records(ShardIterator=iterator(kinesis, split))["Records"]
    parent = kinesis.list_shards(**split)["Shards"][0]
    after = {"kind": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": record["SequenceNumber"]}
    assert_at_end(kinesis, iterator(kinesis, split, **after))
    ending = parent["SequenceNumberRange"]["EndingSequenceNumber"]
    at = {"kind": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": ending}
    assert_at_end(kinesis, iterator(kinesis, split, **at))
    assert_at_end(kinesis, iterator(kinesis, split, "LATEST"))
    later = next_millisecond(record["ApproximateArrivalTimestamp"])
    assert_at_end(kinesis, iterator(kinesis, split, "AT_TIMESTAMP", Timestamp=later))


def assert_at_end(kinesis, start):
    end = kinesis.get_records(ShardIterator=start)
    assert (end["Records"], len(end["ChildShards"])) == ([], 2)
    assert "NextShardIterator" not in end


def test_merge_when_done_then_one_child_has_the_keys_of_both(kinesis, split):
    kinesis.merge_shards(**split, ShardToMerge=shard(1), AdjacentShardToMerge=shard(2))
    merged = kinesis.list_shards(**split)["Shards"][3]
    assert merged["ParentShardId"] == shard(1)
    assert merged["AdjacentParentShardId"] == shard(2)
    assert ranges([merged]) == [(0, ALL_KEYS - 1)]
    put(kinesis, split, b"merged")
    read = [data(kinesis, split, shard=shard(number)) for number in range(4)]
    assert read == [[b"parent"], [b"low"], [b"high"], [b"merged"]]


def test_merged_shard_when_read_to_its_end_then_names_the_child_of_both(kinesis, split):
    kinesis.merge_shards(**split, ShardToMerge=shard(1), AdjacentShardToMerge=shard(2))
    for number in (1, 2):
        end = kinesis.get_records(ShardIterator=iterator(kinesis, split, "LATEST", shard(number)))
        [child] = end["ChildShards"]
        assert (child["ShardId"], child["ParentShards"]) == (shard(3), [shard(1), shard(2)])


def test_iterator_when_made_before_a_split_then_still_goes_to_the_shards_end(kinesis, orders):
    before = iterator(kinesis, orders, "LATEST")
    put(kinesis, orders, b"last")
    kinesis.split_shard(**orders, ShardToSplit=SHARD, NewStartingHashKey=str(HALF))
    read = kinesis.get_records(ShardIterator=before)
    assert [record["Data"] for record in read["Records"]] == [b"last"]
    assert_at_end(kinesis, read["NextShardIterator"])


def test_update_shard_count_when_doubled_and_halved_then_ranges_are_uniform(kinesis, arn, orders):
    answer = kinesis.update_shard_count(**orders, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    assert (answer["CurrentShardCount"], answer["TargetShardCount"]) == (1, 2)
    assert (answer["StreamName"], answer["StreamARN"]) == ("orders", arn("orders"))
    assert ranges(open_shards(kinesis, orders)) == [(0, HALF - 1), (HALF, ALL_KEYS - 1)]
    kinesis.update_shard_count(**orders, TargetShardCount=3, ScalingType="UNIFORM_SCALING")
    shards = open_shards(kinesis, orders)
    assert_every_key_has_one_shard(shards)
    assert all(abs((end - start) - ALL_KEYS // 3) < 3 for start, end in ranges(shards))
    kinesis.update_shard_count(**orders, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    assert len(open_shards(kinesis, orders)) == 2
    assert kinesis.describe_stream_summary(**orders)["StreamDescriptionSummary"]["OpenShardCount"] == 2


def test_list_shards_when_filtered_then_lists_the_shards_of_that_time(kinesis, orders):
    before = next_millisecond(datetime.now(timezone.utc))
    next_millisecond(before)
    kinesis.split_shard(**orders, ShardToSplit=SHARD, NewStartingHashKey=str(HALF))
    # Children open a millisecond after their parent closed.
    between = next_millisecond(datetime.now(timezone.utc) + timedelta(milliseconds=1))
    next_millisecond(between)
    kinesis.merge_shards(**orders, ShardToMerge=shard(1), AdjacentShardToMerge=shard(2))

    def those(kind, **members):
        return listed(kinesis, orders, ShardFilter={"Type": kind, **members})

    assert listed(kinesis, orders) == ["0", "1", "2", "3"]
    assert those("AT_LATEST") == ["3"]
    assert those("AT_TRIM_HORIZON") == ["0"]
    assert those("FROM_TRIM_HORIZON") == ["0", "1", "2", "3"]
    assert those("AT_TIMESTAMP", Timestamp=before) == ["0"]
    assert those("AT_TIMESTAMP", Timestamp=between) == ["1", "2"]
    assert those("FROM_TIMESTAMP", Timestamp=between) == ["1", "2", "3"]
    assert those("AFTER_SHARD_ID", ShardId=shard(1)) == ["2", "3"]


@pytest.mark.parametrize("member", ["StreamName", "StreamARN"])
def test_list_shards_when_paged_by_name_or_arn_then_each_is_listed_once(kinesis, arn, member):
    kinesis.create_stream(StreamName="orders", ShardCount=5)
    stream = {member: {"StreamName": "orders", "StreamARN": arn("orders")}[member]}
    first = kinesis.list_shards(**stream, MaxResults=3)
    rest = kinesis.list_shards(NextToken=first["NextToken"])
    assert shard_ids(first["Shards"] + rest["Shards"]) == ["0", "1", "2", "3", "4"]
    assert "NextToken" not in rest
    # A paginator repeats what it was given, and AWS takes neither beside a token.
    pages = kinesis.get_paginator("list_shards").paginate(**stream, PaginationConfig={"PageSize": 2})
    with pytest.raises(kinesis.exceptions.InvalidArgumentException, match=f"NextToken and {member}"):
        list(pages)
    first = kinesis.list_shards(StreamName="orders", MaxResults=1)
    rest = kinesis.list_shards(NextToken=first["NextToken"])
    assert shard_ids(rest["Shards"]) == ["1", "2", "3", "4"], "each page says its own size"


def test_list_shards_when_paged_across_a_split_then_goes_on_with_the_new_ones(kinesis):
    kinesis.create_stream(StreamName="orders", ShardCount=2)
    first = kinesis.list_shards(StreamName="orders", MaxResults=1)
    kinesis.split_shard(StreamName="orders", ShardToSplit=SHARD, NewStartingHashKey="9")
    rest = listed(kinesis, {"NextToken": first["NextToken"]}, MaxResults=10)
    assert rest == ["1", "2", "3"]


def test_list_shards_when_started_after_a_shard_then_goes_on_behind_it(kinesis):
    kinesis.create_stream(StreamName="orders", ShardCount=3)
    assert listed(kinesis, {"StreamName": "orders"}, ExclusiveStartShardId=SHARD) == ["1", "2"]


def test_list_shards_when_given_a_creation_time_then_it_must_be_the_streams(kinesis, orders):
    summary = kinesis.describe_stream_summary(**orders)["StreamDescriptionSummary"]
    created = summary["StreamCreationTimestamp"]
    assert listed(kinesis, orders, StreamCreationTimestamp=created) == ["0"]
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        kinesis.list_shards(**orders, StreamCreationTimestamp=created - timedelta(days=1))


def test_on_demand_stream_when_resharded_by_hand_then_refuses(kinesis):
    kinesis.create_stream(StreamName="orders")
    with pytest.raises(kinesis.exceptions.ValidationException):
        kinesis.split_shard(StreamName="orders", ShardToSplit=SHARD, NewStartingHashKey="9")
    assert len(open_shards(kinesis, {"StreamName": "orders"})) == 4
