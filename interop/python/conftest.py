"""What tests are given: a server for all of them, and an account of its own for each."""

import sys
from itertools import count
from pathlib import Path

import pytest

from server import Server

# The example programs find each other as scripts do.
sys.path.insert(0, str(Path(__file__).parent / "packages"))

_accounts = count(100_000_000_001)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """`millstream dev`, with AWS's limits."""
    log = tmp_path_factory.mktemp("server") / "log"
    with Server(["dev", "--listen", "127.0.0.1:0"], log) as server:
        yield server


@pytest.fixture
def account():
    """An account that nobody used before."""
    return str(next(_accounts))


@pytest.fixture
def kinesis(server, account):
    """A boto3 client in that account."""
    return server.client(account)


@pytest.fixture
def arn(account):
    """The ARN of a stream of that account, from its name."""
    return lambda name: f"arn:aws:kinesis:us-east-1:{account}:stream/{name}"


@pytest.fixture(params=[("StreamName",), ("StreamARN",), ("StreamName", "StreamARN")], ids="-".join)
def orders(request, kinesis, arn):
    """How a request names the stream `orders` of one shard: by name, by ARN, by both."""
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    both = {"StreamName": "orders", "StreamARN": arn("orders")}
    return {member: both[member] for member in request.param}
