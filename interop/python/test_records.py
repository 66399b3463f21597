"""PutRecord, PutRecords, GetShardIterator and GetRecords on one open shard."""

from datetime import datetime, timedelta, timezone

import pytest

from reading import ALL_KEYS, SHARD, data, iterator, next_millisecond, put

SERVERS = ["verifying_server", "open_server"]

MIB = 1024 * 1024


def test_record_when_put_then_is_read_as_it_was(kinesis, orders):
    answer = kinesis.put_record(**orders, PartitionKey="clé", Data=bytes(range(256)))
    assert answer["ShardId"] == SHARD
    [record] = kinesis.get_records(ShardIterator=iterator(kinesis, orders))["Records"]
    arrived = record.pop("ApproximateArrivalTimestamp")
    assert abs(datetime.now(timezone.utc) - arrived) < timedelta(minutes=1)
    assert record == {
        "SequenceNumber": answer["SequenceNumber"],
        "PartitionKey": "clé",
        "Data": bytes(range(256)),
    }


def test_records_when_put_one_by_one_then_their_numbers_rise(kinesis, orders):
    first = put(kinesis, orders, b"1")[0]["SequenceNumber"]
    second = put(kinesis, orders, b"2", SequenceNumberForOrdering=first)[0]["SequenceNumber"]
    assert int(second) > int(first)
    assert data(kinesis, orders) == [b"1", b"2"]


def test_records_when_put_together_then_keep_their_order(kinesis, orders):
    sent = [{"PartitionKey": f"key {i}", "Data": b"%d" % i} for i in range(500)]
    answer = kinesis.put_records(**orders, Records=sent)
    assert answer["FailedRecordCount"] == 0
    assert [set(entry) for entry in answer["Records"]] == [{"SequenceNumber", "ShardId"}] * 500
    read = kinesis.get_records(ShardIterator=iterator(kinesis, orders))["Records"]
    assert [(r["PartitionKey"], r["Data"]) for r in read] == [(s["PartitionKey"], s["Data"]) for s in sent]
    assert [r["SequenceNumber"] for r in read] == [e["SequenceNumber"] for e in answer["Records"]]


def test_records_when_put_then_go_where_their_hash_keys_say(kinesis):
    kinesis.create_stream(StreamName="orders", ShardCount=2)
    half = ALL_KEYS // 2
    records = [
        # The MD5 of "a" begins with 0c, that of "b" with 92.
        {"PartitionKey": "b", "Data": b"high"},
        {"PartitionKey": "a", "Data": b"low"},
        {"PartitionKey": "a", "ExplicitHashKey": str(half), "Data": b"high, told"},
        {"PartitionKey": "b", "ExplicitHashKey": str(half - 1), "Data": b"low, told"},
    ]
    answer = kinesis.put_records(StreamName="orders", Records=records)
    low, high = "shardId-000000000000", "shardId-000000000001"
    assert [entry["ShardId"] for entry in answer["Records"]] == [high, low, high, low]
    stream = {"StreamName": "orders"}
    assert data(kinesis, stream, shard=low) == [b"low", b"low, told"]
    assert data(kinesis, stream, shard=high) == [b"high", b"high, told"]
    told = kinesis.put_record(**stream, PartitionKey="b", ExplicitHashKey="0", Data=b"")
    assert told["ShardId"] == low


@pytest.mark.parametrize(
    "bad",
    [{"PartitionKey": "", "Data": b""}, {"PartitionKey": "k", "Data": bytes(MIB)}, {"Data": b""}],
    ids=["empty key", "too large", "no key"],
)
def test_records_when_one_is_malformed_then_none_is_put(kinesis, orders, bad):
    good = {"PartitionKey": "key", "Data": b"good"}
    with pytest.raises(kinesis.exceptions.ClientError) as error:
        kinesis.put_records(**orders, Records=[good, bad, good])
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert data(kinesis, orders) == []


def test_iterators_when_of_each_type_then_start_where_they_say(kinesis, orders):
    first, second, third = (entry["SequenceNumber"] for entry in put(kinesis, orders, b"1", b"2", b"3"))

    def read(kind, **position):
        return data(kinesis, orders, kind, **position)

    assert read("TRIM_HORIZON") == [b"1", b"2", b"3"]
    assert read("AT_SEQUENCE_NUMBER", StartingSequenceNumber=second) == [b"2", b"3"]
    assert read("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=first) == [b"2", b"3"]
    assert read("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=third) == []
    latest = iterator(kinesis, orders, "LATEST")
    put(kinesis, orders, b"4")
    assert [r["Data"] for r in kinesis.get_records(ShardIterator=latest)["Records"]] == [b"4"]


def test_iterator_when_at_a_timestamp_then_starts_with_what_arrived_since(kinesis, orders):
    put(kinesis, orders, b"before")
    [before] = kinesis.get_records(ShardIterator=iterator(kinesis, orders))["Records"]
    arrived = before["ApproximateArrivalTimestamp"]
    later = next_millisecond(arrived)
    put(kinesis, orders, b"after")
    assert data(kinesis, orders, "AT_TIMESTAMP", Timestamp=later) == [b"after"]
    assert data(kinesis, orders, "AT_TIMESTAMP", Timestamp=arrived) == [b"before", b"after"]
    assert data(kinesis, orders, "AT_TIMESTAMP", Timestamp=datetime(1980, 1, 1)) == [b"before", b"after"]


def test_iterator_when_followed_then_goes_through_all_records_once(kinesis, orders):
    put(kinesis, orders, b"1", b"2", b"3")
    first = kinesis.get_records(ShardIterator=iterator(kinesis, orders), Limit=2)
    assert [record["Data"] for record in first["Records"]] == [b"1", b"2"]
    second = kinesis.get_records(ShardIterator=first["NextShardIterator"], Limit=2)
    assert [record["Data"] for record in second["Records"]] == [b"3"]
    third = kinesis.get_records(ShardIterator=second["NextShardIterator"])
    assert third["Records"] == []
    assert third["NextShardIterator"] not in (first["NextShardIterator"], second["NextShardIterator"])


def test_iterator_when_quoted_or_of_a_short_shard_id_then_is_taken(kinesis, orders):
    put(kinesis, orders, b"1")
    start = iterator(kinesis, orders, shard="0")
    [record] = kinesis.get_records(ShardIterator=f'"{start}"')["Records"]
    assert record["Data"] == b"1"


def test_get_records_when_given_the_arn_then_it_must_be_the_iterators(kinesis, arn):
    for name in ["orders", "audit"]:
        kinesis.create_stream(StreamName=name, ShardCount=1)
    start = iterator(kinesis, {"StreamName": "orders"})
    assert kinesis.get_records(ShardIterator=start, StreamARN=arn("orders"))["Records"] == []
    with pytest.raises(kinesis.exceptions.InvalidArgumentException):
        kinesis.get_records(ShardIterator=start, StreamARN=arn("audit"))


def test_millis_behind_latest_when_records_wait_then_says_for_how_long(kinesis, orders):
    put(kinesis, orders, b"1")
    [first] = kinesis.get_records(ShardIterator=iterator(kinesis, orders))["Records"]
    put(kinesis, orders, b"2")
    next_millisecond(datetime.now(timezone.utc))
    read = kinesis.get_records(ShardIterator=iterator(kinesis, orders), Limit=1)
    age = datetime.now(timezone.utc) - first["ApproximateArrivalTimestamp"]
    assert 1 <= read["MillisBehindLatest"] <= age.total_seconds() * 1000 + 1
    rest = kinesis.get_records(ShardIterator=read["NextShardIterator"])
    assert rest["MillisBehindLatest"] == 0


def test_record_when_larger_than_its_stream_takes_then_is_refused(kinesis):
    kinesis.create_stream(StreamName="small", ShardCount=1)
    fitting = bytes(MIB - 1)
    kinesis.put_record(StreamName="small", PartitionKey="k", Data=fitting)
    too_long = "Value at 'data' failed to satisfy constraint: Member must have length less than or equal to"
    with pytest.raises(kinesis.exceptions.ClientError, match=f"{too_long} {MIB}$"):
        kinesis.put_record(StreamName="small", PartitionKey="k", Data=fitting + b"!")


def test_record_of_ten_mebibytes_when_its_stream_takes_it_then_is_read_as_it_was(kinesis):
    kinesis.create_stream(StreamName="large", ShardCount=1, MaxRecordSizeInKiB=10240)
    large = bytes(range(256)) * (10 * MIB // 256)
    kinesis.put_record(StreamName="large", PartitionKey="k", Data=large[:-1])
    [read] = data(kinesis, {"StreamName": "large"})
    assert read == large[:-1]


DRY = [
    ("put_record", {"PartitionKey": "key", "Data": b"dry"}),
    ("put_records", {"Records": [{"PartitionKey": "key", "Data": b"dry"}]}),
    ("get_shard_iterator", {"ShardId": SHARD, "ShardIteratorType": "LATEST"}),
]


@pytest.mark.parametrize("operation, members", DRY, ids=[operation for operation, _ in DRY])
def test_dry_run_when_the_request_is_good_then_says_so_and_does_nothing(kinesis, orders, operation, members):
    call = getattr(kinesis, operation)
    with pytest.raises(kinesis.exceptions.DryRunOperationException):
        call(**orders, **members, DryRun=True)
    assert data(kinesis, orders) == []
    call(**orders, **members, DryRun=False)


def test_dry_run_when_the_request_is_bad_then_says_what_is_wrong(kinesis, orders):
    with pytest.raises(kinesis.exceptions.InvalidArgumentException, match="Invalid ExplicitHashKey"):
        kinesis.put_record(
            **orders, PartitionKey="key", Data=b"dry", ExplicitHashKey=str(ALL_KEYS), DryRun=True
        )
    with pytest.raises(kinesis.exceptions.InvalidArgumentException, match="Invalid ShardIterator"):
        kinesis.get_records(ShardIterator="AAAA", DryRun=True)


def test_dry_run_of_get_records_when_good_then_answers_no_records(kinesis, orders):
    put(kinesis, orders, b"there")
    with pytest.raises(kinesis.exceptions.DryRunOperationException):
        kinesis.get_records(ShardIterator=iterator(kinesis, orders), DryRun=True)
