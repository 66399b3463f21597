"""Calls that come faster than AWS allows: what a program without retries is told, and that one with them is not."""

import time

import botocore.endpoint
import pytest
from botocore.config import Config

from reading import SHARD
from server import Server

# A bucket of any rate is full again after so long.
REFILL_SECONDS = 1
# More than a bucket holds, and more than flows in while so many are called.
MANY = 200


@pytest.fixture
def kinesis(server, account):
    """A client that calls as fast as it can."""
    return server.hasty_client(account)


def until_refused(call, **request) -> dict:
    """The error that ends a row of calls."""
    for _ in range(MANY):
        try:
            call(**request)
        except call.__self__.exceptions.ClientError as error:
            return error.response["Error"]
    raise AssertionError("nothing was refused")


def limit_exceeded(text: str) -> dict:
    return {"Code": "LimitExceededException", "Message": text}


def test_list_streams_when_called_too_often_then_names_the_account(kinesis, account):
    refused = until_refused(kinesis.list_streams)
    assert refused == limit_exceeded(f"Rate exceeded for account {account}.")


@pytest.mark.parametrize("operation", ["describe_stream", "list_tags_for_stream"])
def test_stream_when_asked_about_too_often_then_is_named(operation, kinesis, account, orders):
    refused = until_refused(getattr(kinesis, operation), **orders)
    assert refused == limit_exceeded(f"Rate exceeded for stream orders under account {account}.")


def test_shard_when_asked_for_too_many_iterators_then_is_named(kinesis, account, orders):
    request = {"ShardId": SHARD, "ShardIteratorType": "LATEST"}
    assert until_refused(kinesis.get_shard_iterator, **orders, **request) == {
        "Code": "ProvisionedThroughputExceededException",
        "Message": f"Rate exceeded for shard {SHARD} in stream orders under account {account}.",
    }


def test_create_stream_when_refused_then_made_nothing(kinesis, account):
    made = []
    with pytest.raises(kinesis.exceptions.LimitExceededException) as error:
        for number in range(MANY):
            kinesis.create_stream(StreamName=f"s{number}", ShardCount=1)
            made.append(f"s{number}")
    assert len(made) >= 5
    text = f"Rate exceeded for stream s{len(made)} under account {account}."
    assert error.value.response["Error"]["Message"] == text
    assert sorted(made) == kinesis.list_streams()["StreamNames"]


def test_program_with_default_retries_when_it_calls_too_fast_then_does_not_notice(server, account, monkeypatch):
    # Its pauses are by chance. They last until there is a call again at least, so that chance decides nothing.
    pauses, really_sleep = [], time.sleep

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        really_sleep(max(seconds, REFILL_SECONDS))

    monkeypatch.setattr(botocore.endpoint.time, "sleep", sleep)
    kinesis = server.hasty_client(account, config=Config())
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    stream = {"StreamName": "orders"}
    for _ in range(12):
        assert kinesis.list_streams()["StreamNames"] == ["orders"]
        assert kinesis.get_shard_iterator(**stream, ShardId=SHARD, ShardIteratorType="LATEST")
    assert pauses, "nothing was refused"


def test_limits_when_off_then_no_call_is_too_often(tmp_path, account):
    with Server(["dev", "--listen", "127.0.0.1:0", "--limits", "off"], tmp_path / "log") as server:
        kinesis = server.hasty_client(account)
        kinesis.create_stream(StreamName="orders", ShardCount=1)
        for _ in range(30):
            kinesis.list_streams()
            kinesis.list_tags_for_stream(StreamName="orders")
            kinesis.describe_limits()
