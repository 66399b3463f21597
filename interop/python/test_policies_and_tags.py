"""Resource policies and tags by ARN, of streams and of consumers, as boto3 sees them."""

import json

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def stream(kinesis, arn):
    """The ARN of a stream of one shard, tagged at its creation."""
    kinesis.create_stream(StreamName="orders", ShardCount=1, Tags={"team": "sales"})
    return arn("orders")


@pytest.fixture
def consumer(kinesis, stream):
    """The ARN of a consumer of that stream, tagged at its registration."""
    registered = kinesis.register_stream_consumer(
        StreamARN=stream, ConsumerName="audit", Tags={"team": "audit"}
    )
    return registered["Consumer"]["ConsumerARN"]


def tags(kinesis, arn: str) -> dict:
    """The tags of a resource, which come sorted by key."""
    found = kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert [tag["Key"] for tag in found] == sorted(tag["Key"] for tag in found)
    return {tag["Key"]: tag["Value"] for tag in found}


def policy(arn: str, *actions: str, **changed) -> str:
    """A policy as `json.dumps` writes it, with some members of its statement replaced."""
    statement = {
        "Sid": "shared",
        "Effect": "Allow",
        "Principal": {"AWS": ["arn:aws:iam::222222222222:role/readers/r-1", "333333333333"]},
        "Action": list(actions),
        "Resource": arn,
        "Condition": {"Bool": {"aws:SecureTransport": "true"}},
    }
    document = {"Version": "2012-10-17", "Id": "größe", "Statement": [statement | changed]}
    return json.dumps(document, indent=2, ensure_ascii=False)


READS = ("kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords")
SUBSCRIBES = ("kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard")


def test_tags_when_set_by_arn_then_streams_share_theirs_and_consumers_have_their_own(
    kinesis, stream, consumer
):
    assert (tags(kinesis, stream), tags(kinesis, consumer)) == ({"team": "sales"}, {"team": "audit"})
    kinesis.tag_resource(ResourceARN=stream, Tags={"cost:centre": "a:b", "Größe": ""})
    kinesis.add_tags_to_stream(StreamName="orders", Tags={"team": "stock"})
    by_name = kinesis.list_tags_for_stream(StreamName="orders")["Tags"]
    of_stream = {"cost:centre": "a:b", "Größe": "", "team": "stock"}
    assert tags(kinesis, stream) == {tag["Key"]: tag["Value"] for tag in by_name} == of_stream
    kinesis.tag_resource(ResourceARN=consumer, Tags={"team": "finance", "a": "b"})
    kinesis.untag_resource(ResourceARN=consumer, TagKeys=["a", "absent"])
    assert (tags(kinesis, stream), tags(kinesis, consumer)) == (of_stream, {"team": "finance"})
    kinesis.untag_resource(ResourceARN=stream, TagKeys=["team"])
    kinesis.remove_tags_from_stream(StreamName="orders", TagKeys=["Größe"])
    assert tags(kinesis, stream) == {"cost:centre": "a:b"}


@pytest.mark.parametrize("tag", [{"a\tb": "1"}, {"a": "1\n"}, {";": "1"}, {"aws:a": "1"}, {"AWS:a": "1"}])
def test_tag_when_not_allowed_then_no_operation_takes_it(kinesis, stream, consumer, tag):
    for call in (
        lambda: kinesis.tag_resource(ResourceARN=stream, Tags=tag),
        lambda: kinesis.tag_resource(ResourceARN=consumer, Tags=tag),
        lambda: kinesis.add_tags_to_stream(StreamName="orders", Tags=tag),
        lambda: kinesis.create_stream(StreamName="stock", ShardCount=1, Tags=tag),
        lambda: kinesis.register_stream_consumer(StreamARN=stream, ConsumerName="stock", Tags=tag),
    ):
        with pytest.raises(kinesis.exceptions.InvalidArgumentException):
            call()
    assert (tags(kinesis, stream), tags(kinesis, consumer)) == ({"team": "sales"}, {"team": "audit"})


def test_policy_when_put_then_comes_back_byte_for_byte_until_it_is_deleted(kinesis, stream, consumer):
    for arn, actions in ((stream, READS), (consumer, SUBSCRIBES)):
        reference = {"ResourceARN": arn}
        assert kinesis.get_resource_policy(**reference)["Policy"] == "{}"
        for text in (policy(arn, *actions), policy(arn, actions[0], Effect="Deny")):
            kinesis.put_resource_policy(**reference, Policy=text)
            assert kinesis.get_resource_policy(**reference)["Policy"] == text
        kinesis.delete_resource_policy(**reference)
        assert kinesis.get_resource_policy(**reference)["Policy"] == "{}"
        with pytest.raises(kinesis.exceptions.ResourceNotFoundException) as caught:
            kinesis.delete_resource_policy(**reference)
        expected = f"No resource policy found for resource ARN {arn}"
        assert caught.value.response["Error"]["Message"] == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"Principal": "*"},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"Service": "lambda.amazonaws.com"}},
        {"Action": "*"},
        {"Action": "kinesis:*"},
        {"Action": "kinesis:DeleteStream"},
        {"Action": "kinesis:SubscribeToShard"},
        {"Resource": "*"},
        {"Effect": "Maybe"},
        {"Condition": {"StringIsh": {"a": "b"}}},
        {"NotAction": "kinesis:PutRecord"},
    ],
    ids=str,
)
def test_policy_when_not_allowed_then_is_refused_and_the_present_one_stays(kinesis, stream, changed):
    sound = policy(stream, *READS)
    kinesis.put_resource_policy(ResourceARN=stream, Policy=sound)
    for bad in (policy(stream, *READS, **changed), sound[:-1], sound + " " * 20_480):
        with pytest.raises(kinesis.exceptions.InvalidArgumentException):
            kinesis.put_resource_policy(ResourceARN=stream, Policy=bad)
    assert kinesis.get_resource_policy(ResourceARN=stream)["Policy"] == sound


# Every operation that takes the ARN of a resource, with what else it needs.
BY_ARN = {
    "put_resource_policy": {"Policy": "{}"},
    "get_resource_policy": {},
    "delete_resource_policy": {},
    "tag_resource": {"Tags": {"a": "b"}},
    "untag_resource": {"TagKeys": ["team"]},
    "list_tags_for_resource": {},
}


@pytest.mark.parametrize("operation", BY_ARN)
def test_resource_when_of_others_or_of_another_kind_then_is_refused(
    kinesis, stream, consumer, server, neighbour, operation
):
    call = BY_ARN[operation]
    others = server.client(neighbour)
    for arn in (stream, consumer):
        with pytest.raises(others.exceptions.AccessDeniedException):
            getattr(others, operation)(ResourceARN=arn, **call)
    for arn in (stream + "2", consumer + "0", stream.replace("stream/", "queue/")):
        with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
            getattr(kinesis, operation)(ResourceARN=arn, **call)
    with pytest.raises(ClientError) as caught:
        getattr(kinesis, operation)(ResourceARN=stream.replace("stream/", "table/"), **call)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert tags(kinesis, stream) == {"team": "sales"}
