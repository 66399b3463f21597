"""Registered consumers: RegisterStreamConsumer and what comes after it."""

from datetime import datetime, timedelta, timezone

import pytest


@pytest.fixture
def stream(kinesis, arn):
    """The ARN of a stream of one shard."""
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    return arn("orders")


def register(kinesis, stream, name):
    return kinesis.register_stream_consumer(StreamARN=stream, ConsumerName=name)["Consumer"]


def test_consumer_when_registered_then_is_active_with_an_arn_of_its_own(kinesis, stream):
    consumer = register(kinesis, stream, "audit")
    created = consumer["ConsumerCreationTimestamp"]
    assert abs(datetime.now(timezone.utc) - created) < timedelta(minutes=1)
    assert consumer == {
        "ConsumerName": "audit",
        "ConsumerARN": f"{stream}/consumer/audit:{int(created.timestamp())}",
        "ConsumerStatus": "ACTIVE",
        "ConsumerCreationTimestamp": created,
    }


def test_consumer_when_described_by_name_or_arn_then_is_as_registered(kinesis, stream):
    consumer = register(kinesis, stream, "audit")
    by_name = {"StreamARN": stream, "ConsumerName": "audit"}
    by_arn = {"ConsumerARN": consumer["ConsumerARN"]}
    for reference in (by_name, by_arn, by_name | by_arn):
        described = kinesis.describe_stream_consumer(**reference)["ConsumerDescription"]
        assert described == consumer | {"StreamARN": stream}


@pytest.mark.parametrize("by", ["name", "arn"])
def test_consumer_when_deregistered_then_is_gone(kinesis, stream, by):
    consumer = register(kinesis, stream, "audit")
    register(kinesis, stream, "stays")
    by_name = {"StreamARN": stream, "ConsumerName": "audit"}
    by_arn = {"ConsumerARN": consumer["ConsumerARN"]}
    kinesis.deregister_stream_consumer(**by_name if by == "name" else by_arn)
    for reference in (by_name, by_arn):
        with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
            kinesis.describe_stream_consumer(**reference)
    left = kinesis.list_stream_consumers(StreamARN=stream)["Consumers"]
    assert [consumer["ConsumerName"] for consumer in left] == ["stays"]


def test_consumer_when_registered_again_then_its_arn_is_another(kinesis, stream):
    first = register(kinesis, stream, "audit")
    kinesis.deregister_stream_consumer(ConsumerARN=first["ConsumerARN"])
    second = register(kinesis, stream, "audit")
    assert second["ConsumerARN"] != first["ConsumerARN"]
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        kinesis.describe_stream_consumer(ConsumerARN=first["ConsumerARN"])


def test_consumer_when_the_name_is_taken_then_is_refused(kinesis, stream):
    register(kinesis, stream, "audit")
    with pytest.raises(kinesis.exceptions.ResourceInUseException):
        register(kinesis, stream, "audit")


def test_consumers_when_twenty_then_no_more_are_registered(kinesis, stream):
    for number in range(20):
        register(kinesis, stream, f"consumer-{number}")
    with pytest.raises(kinesis.exceptions.LimitExceededException, match=r"registered consumers for the stream .* Limit: 20\."):
        register(kinesis, stream, "one-more")


def test_consumers_when_paged_then_each_is_listed_once(kinesis, stream):
    registered = [register(kinesis, stream, name) for name in "abcde"]
    paginator = kinesis.get_paginator("list_stream_consumers")
    pages = list(paginator.paginate(StreamARN=stream, PaginationConfig={"PageSize": 2}))
    assert [len(page["Consumers"]) for page in pages] == [2, 2, 1]
    listed = [consumer for page in pages for consumer in page["Consumers"]]
    assert listed == registered
