"""Streams of different accounts and regions never meet: by name, ARN, iterator, token, list, count."""

import pytest
from botocore.exceptions import ClientError

from reading import SHARD, data, iterator, put

SERVERS = ["verifying_server", "open_server"]

OURS = {"StreamName": "orders"}


@pytest.fixture(params=["another account", "another region"])
def others(request, server, account, neighbour):
    """A client that must not see what `kinesis` has."""
    if request.param == "another account":
        return server.client(neighbour)
    return server.client(account, region="eu-west-1")


@pytest.fixture
def ours(kinesis):
    """A client with two streams; `orders` has two shards, a record, and two consumers."""
    for name in ("orders", "stock"):
        kinesis.create_stream(StreamName=name, ShardCount=2, Tags={"owner": "us"})
    put(kinesis, OURS, b"ours", ExplicitHashKey="0")
    arn = kinesis.describe_stream_summary(**OURS)["StreamDescriptionSummary"]["StreamARN"]
    for name in ("audit", "backup"):
        kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=name)
    return kinesis


@pytest.fixture
def not_theirs(server, ours, others):
    """The code of what they get who name a stream or a consumer of ours.

    Where users have policies, nothing of another account is known to them, not even whether it is there.
    """
    is_ours = ours.meta.region_name != others.meta.region_name
    return "AccessDeniedException" if server.verifies and not is_ours else "ResourceNotFoundException"


@pytest.fixture
def our_arn(ours, arn):
    return arn("orders")


def test_streams_when_of_others_then_are_neither_listed_nor_counted(ours, others):
    assert ours.list_streams()["StreamNames"] == ["orders", "stock"]
    assert ours.describe_limits()["OpenShardCount"] == 4
    assert others.list_streams()["StreamNames"] == []
    assert others.describe_limits()["OpenShardCount"] == 0


def test_name_when_it_is_taken_by_others_then_is_free(ours, others):
    others.create_stream(**OURS, ShardCount=1)
    assert others.describe_limits()["OpenShardCount"] == 1
    assert others.list_tags_for_stream(**OURS)["Tags"] == []
    put(others, OURS, b"theirs")
    assert (data(ours, OURS), data(others, OURS)) == ([b"ours"], [b"theirs"])
    others.delete_stream(**OURS)
    assert data(ours, OURS) == [b"ours"]


# Every operation that takes a stream's ARN, with what else it needs.
BY_ARN = {
    "add_tags_to_stream": {"Tags": {"a": "b"}},
    "decrease_stream_retention_period": {"RetentionPeriodHours": 24},
    "delete_stream": {"EnforceConsumerDeletion": True},
    "deregister_stream_consumer": {"ConsumerName": "audit"},
    "describe_stream": {},
    "describe_stream_consumer": {"ConsumerName": "audit"},
    "describe_stream_summary": {},
    "disable_enhanced_monitoring": {"ShardLevelMetrics": ["ALL"]},
    "enable_enhanced_monitoring": {"ShardLevelMetrics": ["ALL"]},
    "get_shard_iterator": {"ShardId": SHARD, "ShardIteratorType": "TRIM_HORIZON"},
    "increase_stream_retention_period": {"RetentionPeriodHours": 48},
    "list_shards": {},
    "list_stream_consumers": {},
    "list_tags_for_stream": {},
    "merge_shards": {"ShardToMerge": SHARD, "AdjacentShardToMerge": "shardId-000000000001"},
    "put_record": {"PartitionKey": "key", "Data": b"theirs"},
    "put_records": {"Records": [{"PartitionKey": "key", "Data": b"theirs"}]},
    "register_stream_consumer": {"ConsumerName": "theirs"},
    "remove_tags_from_stream": {"TagKeys": ["owner"]},
    "split_shard": {"ShardToSplit": SHARD, "NewStartingHashKey": "9"},
    "start_stream_encryption": {"EncryptionType": "KMS", "KeyId": "alias/a"},
    "stop_stream_encryption": {"EncryptionType": "KMS", "KeyId": "alias/a"},
    "update_max_record_size": {"MaxRecordSizeInKiB": 2048},
    "update_shard_count": {"TargetShardCount": 4, "ScalingType": "UNIFORM_SCALING"},
    "update_stream_mode": {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}},
    "update_stream_warm_throughput": {"WarmThroughputMiBps": 8},
}


@pytest.mark.parametrize("operation", BY_ARN)
def test_operation_when_given_an_arn_of_others_then_finds_and_changes_nothing(
    ours, others, our_arn, not_theirs, operation
):
    # They have the same names themselves, and what these name must not be taken for it.
    others.create_stream(**OURS, ShardCount=2)
    their_arn = others.describe_stream_summary(**OURS)["StreamDescriptionSummary"]["StreamARN"]
    others.register_stream_consumer(StreamARN=their_arn, ConsumerName="audit")
    before = everything_of(ours, our_arn), everything_of(others, their_arn)
    with pytest.raises(ClientError) as refused:
        getattr(others, operation)(StreamARN=our_arn, **BY_ARN[operation])
    assert refused.value.response["Error"]["Code"] == not_theirs
    assert (everything_of(ours, our_arn), everything_of(others, their_arn)) == before


def everything_of(kinesis, arn):
    return (
        kinesis.describe_stream(StreamARN=arn)["StreamDescription"],
        kinesis.list_tags_for_stream(StreamARN=arn)["Tags"],
        kinesis.list_stream_consumers(StreamARN=arn)["Consumers"],
        data(kinesis, OURS),
    )


def test_consumer_when_given_by_an_arn_of_others_then_is_not_theirs(ours, others, our_arn, not_theirs):
    [audit, _] = ours.list_stream_consumers(StreamARN=our_arn)["Consumers"]
    for operation in (others.describe_stream_consumer, others.deregister_stream_consumer):
        with pytest.raises(ClientError) as refused:
            operation(ConsumerARN=audit["ConsumerARN"])
        assert refused.value.response["Error"]["Code"] == not_theirs
    assert len(ours.list_stream_consumers(StreamARN=our_arn)["Consumers"]) == 2


@pytest.mark.parametrize("operation", ["list_streams", "list_shards", "list_stream_consumers"])
def test_next_token_when_of_others_then_is_invalid(ours, others, our_arn, operation):
    others.create_stream(**OURS, ShardCount=2)
    their_arn = others.describe_stream_summary(**OURS)["StreamDescriptionSummary"]["StreamARN"]
    first, then, theirs = {
        "list_streams": ({"Limit": 1}, {}, {}),
        "list_shards": ({"StreamARN": our_arn, "MaxResults": 1}, {}, {}),
        "list_stream_consumers": (
            {"StreamARN": our_arn, "MaxResults": 1},
            {"StreamARN": our_arn},
            {"StreamARN": their_arn},
        ),
    }[operation]
    token = getattr(ours, operation)(**first)["NextToken"]
    with pytest.raises(others.exceptions.InvalidArgumentException):
        getattr(others, operation)(NextToken=token, **theirs)
    assert getattr(ours, operation)(NextToken=token, **then)


def test_iterator_when_of_others_then_is_invalid(ours, others):
    others.create_stream(**OURS, ShardCount=2)
    start = iterator(ours, OURS)
    with pytest.raises(others.exceptions.InvalidArgumentException, match="Invalid ShardIterator"):
        others.get_records(ShardIterator=start)
    assert [record["Data"] for record in ours.get_records(ShardIterator=start)["Records"]] == [b"ours"]


def test_access_key_when_anyone_may_bring_it_and_it_is_no_account_then_the_account_is_all_zeros(open_server):
    kinesis = open_server.client("AKIDEXAMPLE")
    kinesis.create_stream(StreamName="of-no-account", ShardCount=1)
    summary = open_server.client("000000000000").describe_stream_summary(StreamName="of-no-account")
    arn = summary["StreamDescriptionSummary"]["StreamARN"]
    assert arn == "arn:aws:kinesis:us-east-1:000000000000:stream/of-no-account"
