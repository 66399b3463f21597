"""Fixtures of all tests: a shared server, and an account of its own for each test."""

import sys
from itertools import count

import pytest

from long_subscription import LongSubscription
from server import REPOSITORY, Server

# The example programs find each other as scripts do.
sys.path.insert(0, str(REPOSITORY / "examples/python"))

LAST = "test_five_minutes.py"

_accounts = count(100_000_000_001)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """`millstream dev`, with AWS's limits."""
    log = tmp_path_factory.mktemp("server") / "log"
    with Server(["dev", "--listen", "127.0.0.1:0"], log) as server:
        yield server


def pytest_collection_modifyitems(items):
    """Runs the five-minute test last."""
    items.sort(key=lambda item: item.path.name == LAST)


@pytest.fixture(scope="session", autouse=True)
def five_minutes(request, tmp_path_factory):
    """A subscription started before the first test, if a test needs it."""
    if all(item.path.name != LAST for item in request.session.items):
        yield None
        return
    log = tmp_path_factory.mktemp("five-minutes") / "log"
    with Server(["dev", "--listen", "127.0.0.1:0"], log) as server:
        yield LongSubscription(server)


@pytest.fixture
def account():
    """An unused account."""
    return str(next(_accounts))


@pytest.fixture
def kinesis(server, account):
    """A boto3 client in that account."""
    return server.client(account)


@pytest.fixture
def arn(account):
    """Makes the ARN of a stream of that account from its name."""
    return lambda name: f"arn:aws:kinesis:us-east-1:{account}:stream/{name}"


@pytest.fixture(params=[("StreamName",), ("StreamARN",), ("StreamName", "StreamARN")], ids="-".join)
def orders(request, kinesis, arn):
    """How a request names the stream `orders` of one shard: by name, by ARN, by both."""
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    both = {"StreamName": "orders", "StreamARN": arn("orders")}
    return {member: both[member] for member in request.param}
