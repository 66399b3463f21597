"""What a shard refuses because it would be too much, with `--limits aws`."""

import pytest

from reading import ALL_KEYS, SHARD, iterator, put
from server import Server

KIB = 1024
MIB = 1024 * KIB


@pytest.fixture
def refusal(account):
    return lambda shard=SHARD: f"Rate exceeded for shard {shard} in stream orders under account {account}."


@pytest.fixture
def refused_read(account):
    return f"Rate exceeded for Shard - {account}/orders/{SHARD}"


def test_put_records_when_over_a_mebibyte_then_those_that_do_not_fit_are_refused(kinesis, refusal, orders):
    sizes = [400, 400, 400, 100, 100, 400]
    records = [{"PartitionKey": "k", "Data": bytes(size * KIB)} for size in sizes]
    answer = kinesis.put_records(**orders, Records=records)
    refused = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": refusal()}
    assert [entry == refused for entry in answer["Records"]] == [False, False, True, False, False, True]
    assert answer["FailedRecordCount"] == 2
    read = kinesis.get_records(ShardIterator=iterator(kinesis, orders))["Records"]
    assert [len(record["Data"]) // KIB for record in read] == [400, 400, 100, 100]
    stored = [e["SequenceNumber"] for e in answer["Records"] if "SequenceNumber" in e]
    assert [record["SequenceNumber"] for record in read] == stored


def test_put_records_when_one_shard_is_full_then_the_others_still_take_theirs(kinesis, refusal):
    kinesis.create_stream(StreamName="orders", ShardCount=2)
    low, high = {"ExplicitHashKey": "0"}, {"ExplicitHashKey": str(ALL_KEYS - 1)}
    record = {"PartitionKey": "k", "Data": bytes(600 * KIB)}
    answer = kinesis.put_records(
        StreamName="orders", Records=[record | low, record | low, record | high, record | high]
    )
    messages = [entry.get("ErrorMessage") for entry in answer["Records"]]
    assert messages == [None, refusal(), None, refusal("shardId-000000000001")]


def test_put_records_when_over_a_thousand_then_the_rest_are_refused(kinesis, refusal, orders):
    records = [{"PartitionKey": "k", "Data": b"1"}] * 500
    refused = []
    calls = 0
    while not refused:
        answer = kinesis.put_records(**orders, Records=records)
        calls += 1
        assert calls < 50, "nothing was refused"
        refused = [entry for entry in answer["Records"] if "ErrorCode" in entry]
    assert calls > 2
    assert {entry["ErrorMessage"] for entry in refused} == {refusal()}
    assert answer["FailedRecordCount"] == len(refused)


def test_put_record_when_the_shard_is_full_then_is_refused_until_it_is_paid_off(kinesis, refusal):
    kinesis.create_stream(StreamName="orders", ShardCount=1, MaxRecordSizeInKiB=10240)
    # Such a shard accepts a burst of ten mebibytes, and refills one a second.
    put(kinesis, {"StreamName": "orders"}, bytes(10 * MIB - 3))
    with pytest.raises(kinesis.exceptions.ProvisionedThroughputExceededException) as error:
        put(kinesis, {"StreamName": "orders"}, bytes(10 * MIB - 3))
    assert error.value.response["Error"]["Message"] == refusal()


def test_get_records_when_called_too_often_then_is_refused(kinesis, refused_read, orders):
    start = iterator(kinesis, orders)
    calls = 0
    with pytest.raises(kinesis.exceptions.ProvisionedThroughputExceededException) as error:
        while calls < 50:
            kinesis.get_records(ShardIterator=start)
            calls += 1
    assert calls >= 5
    assert error.value.response["Error"]["Message"] == refused_read


def test_get_records_when_an_answer_was_large_then_the_shard_rests(kinesis, refused_read):
    kinesis.create_stream(StreamName="orders", ShardCount=1, MaxRecordSizeInKiB=10240)
    put(kinesis, {"StreamName": "orders"}, bytes(10 * MIB - 3))
    read = kinesis.get_records(ShardIterator=iterator(kinesis, {"StreamName": "orders"}))
    with pytest.raises(kinesis.exceptions.ProvisionedThroughputExceededException) as error:
        kinesis.get_records(ShardIterator=read["NextShardIterator"])
    assert error.value.response["Error"]["Message"] == refused_read


def test_limits_when_off_then_nothing_is_refused(tmp_path, account):
    arguments = ["dev", "--listen", "127.0.0.1:0", "--limits", "off"]
    with Server(arguments, tmp_path / "log") as server:
        kinesis = server.client(account)
        kinesis.create_stream(StreamName="orders", ShardCount=1)
        records = [{"PartitionKey": "k", "Data": bytes(MIB - 1)}] * 5
        assert kinesis.put_records(StreamName="orders", Records=records)["FailedRecordCount"] == 0
        start = iterator(kinesis, {"StreamName": "orders"})
        for _ in range(10):
            assert len(kinesis.get_records(ShardIterator=start, Limit=1)["Records"]) == 1
