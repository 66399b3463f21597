"""Capacity: modes, warm throughput, the largest record, and the account's commitment."""

from datetime import timedelta

import pytest

ON_DEMAND = {"StreamMode": "ON_DEMAND"}
PROVISIONED = {"StreamMode": "PROVISIONED"}
KIB = 1024


def summary(kinesis) -> dict:
    return kinesis.describe_stream_summary(StreamName="orders")["StreamDescriptionSummary"]


def commit(kinesis, status: str) -> dict:
    wanted = {"MinimumThroughputBillingCommitment": {"Status": status}}
    return kinesis.update_account_settings(**wanted)["MinimumThroughputBillingCommitment"]


def commitment(kinesis) -> dict:
    return kinesis.describe_account_settings()["MinimumThroughputBillingCommitment"]


def test_commitment_when_made_then_binds_for_a_day(kinesis):
    assert commitment(kinesis) == {"Status": "DISABLED"}
    enabled = commit(kinesis, "ENABLED")
    assert set(enabled) == {"Status", "StartedAt", "EarliestAllowedEndAt"}
    assert enabled["Status"] == "ENABLED"
    assert enabled["EarliestAllowedEndAt"] - enabled["StartedAt"] == timedelta(hours=24)
    assert commit(kinesis, "ENABLED") == enabled
    ending = commit(kinesis, "DISABLED")
    assert ending == enabled | {"Status": "ENABLED_UNTIL_EARLIEST_ALLOWED_END"}
    assert commitment(kinesis) == ending
    assert commit(kinesis, "ENABLED") == enabled == commitment(kinesis)


def test_commitment_when_of_one_account_then_is_not_of_another(server, neighbour, kinesis):
    commit(kinesis, "ENABLED")
    assert commitment(server.client(neighbour)) == {"Status": "DISABLED"}


def test_consumers_when_the_account_is_committed_then_may_be_more_than_twenty(kinesis, arn):
    kinesis.create_stream(StreamName="orders", ShardCount=1)

    def register(name):
        kinesis.register_stream_consumer(StreamARN=arn("orders"), ConsumerName=name)

    for number in range(20):
        register(f"c{number}")
    with pytest.raises(kinesis.exceptions.LimitExceededException):
        register("c20")
    commit(kinesis, "ENABLED")
    register("c20")
    assert summary(kinesis)["ConsumerCount"] == 21


def test_record_size_when_raised_then_takes_larger_records_and_keeps_them_when_lowered(kinesis, arn):
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    assert summary(kinesis)["MaxRecordSizeInKiB"] == 1024
    kinesis.update_max_record_size(StreamARN=arn("orders"), MaxRecordSizeInKiB=2048)
    assert summary(kinesis)["MaxRecordSizeInKiB"] == 2048
    data = b"x" * (2048 * KIB - 1)
    shard = kinesis.put_record(StreamName="orders", PartitionKey="k", Data=data)["ShardId"]
    kinesis.update_max_record_size(StreamARN=arn("orders"), MaxRecordSizeInKiB=1024)
    iterator = kinesis.get_shard_iterator(
        StreamName="orders", ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    assert [it["Data"] for it in kinesis.get_records(ShardIterator=iterator)["Records"]] == [data]


@pytest.mark.parametrize("kib", [1023, 10241])
def test_record_size_when_out_of_bounds_then_is_refused(kinesis, arn, kib):
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    with pytest.raises(kinesis.exceptions.ValidationException, match="maxRecordSizeInKiB"):
        kinesis.update_max_record_size(StreamARN=arn("orders"), MaxRecordSizeInKiB=kib)
    assert summary(kinesis)["MaxRecordSizeInKiB"] == 1024


def test_record_size_when_no_stream_is_named_then_is_refused(kinesis):
    with pytest.raises(kinesis.exceptions.InvalidArgumentException, match="StreamARN must be provided"):
        kinesis.update_max_record_size(MaxRecordSizeInKiB=2048)


def test_mode_when_changed_then_the_shards_stay_and_the_third_change_of_a_day_is_refused(kinesis, arn):
    kinesis.create_stream(StreamName="orders", ShardCount=3)
    kinesis.update_stream_mode(StreamARN=arn("orders"), StreamModeDetails=ON_DEMAND)
    found = summary(kinesis)
    assert (found["StreamModeDetails"], found["OpenShardCount"]) == (ON_DEMAND, 3)
    assert kinesis.describe_limits()["OnDemandStreamCount"] == 1
    with pytest.raises(kinesis.exceptions.InvalidArgumentException, match="already"):
        kinesis.update_stream_mode(StreamARN=arn("orders"), StreamModeDetails=ON_DEMAND)
    kinesis.update_stream_mode(StreamARN=arn("orders"), StreamModeDetails=PROVISIONED)
    with pytest.raises(kinesis.exceptions.LimitExceededException):
        kinesis.update_stream_mode(StreamARN=arn("orders"), StreamModeDetails=ON_DEMAND)
    assert summary(kinesis)["StreamModeDetails"] == PROVISIONED


def test_warm_throughput_when_the_account_is_committed_then_has_its_shards(kinesis, arn):
    kinesis.create_stream(StreamName="orders")
    with pytest.raises(kinesis.exceptions.InvalidArgumentException, match="Commitment"):
        kinesis.update_stream_warm_throughput(StreamName="orders", WarmThroughputMiBps=6)
    assert "WarmThroughput" not in summary(kinesis)
    commit(kinesis, "ENABLED")
    told = kinesis.update_stream_warm_throughput(StreamARN=arn("orders"), WarmThroughputMiBps=6)
    told.pop("ResponseMetadata")
    assert told == {
        "StreamARN": arn("orders"),
        "StreamName": "orders",
        "WarmThroughput": {"TargetMiBps": 6, "CurrentMiBps": 4},
    }
    assert summary(kinesis)["WarmThroughput"] == {"TargetMiBps": 6, "CurrentMiBps": 6}
    with pytest.raises(kinesis.exceptions.InvalidArgumentException, match="warm throughput"):
        commit(kinesis, "DISABLED")
    kinesis.update_stream_warm_throughput(StreamName="orders", WarmThroughputMiBps=0)
    assert commit(kinesis, "DISABLED")["Status"] == "ENABLED_UNTIL_EARLIEST_ALLOWED_END"


def test_stream_when_created_with_a_warm_throughput_then_begins_with_its_shards(kinesis):
    commit(kinesis, "ENABLED")
    kinesis.create_stream(StreamName="orders", StreamModeDetails=ON_DEMAND, WarmThroughputMiBps=9)
    assert summary(kinesis)["WarmThroughput"] == {"TargetMiBps": 9, "CurrentMiBps": 9}


def test_warm_throughput_when_the_stream_is_provisioned_then_is_refused(kinesis):
    commit(kinesis, "ENABLED")
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    with pytest.raises(kinesis.exceptions.ValidationException, match="in Provisioned mode"):
        kinesis.update_stream_warm_throughput(StreamName="orders", WarmThroughputMiBps=6)
    assert "WarmThroughput" not in summary(kinesis)
