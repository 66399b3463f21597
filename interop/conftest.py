"""Fixtures of all tests: shared servers, and an account of its own for each test.

Tests see a server that verifies signatures. A module whose `SERVERS` says so has its tests run against each of those
that it names.
"""

import sys
from itertools import count

import pytest

from long_subscription import LongSubscription
from server import REPOSITORY, Server
from users import Users, user_of

# The example programs find each other as scripts do.
sys.path.insert(0, str(REPOSITORY / "examples/python"))

LAST = "test_five_minutes.py"

FIRST_ACCOUNT = 100_000_000_001
# From an account to the one that its test knows beside it.
NEIGHBOUR = 500_000_000_000
# Those that modules share among their tests.
SHARED_ACCOUNTS = range(900_000_000_001, 900_000_000_011)

_accounts = count(FIRST_ACCOUNT)


@pytest.fixture(scope="session")
def verifying_server(request, tmp_path_factory):
    """`millstream serve` with AWS's limits and with a user in each account that a test has."""
    folder = tmp_path_factory.mktemp("verifying")
    own = range(FIRST_ACCOUNT, FIRST_ACCOUNT + len(request.session.items))
    accounts = [*own, *(account + NEIGHBOUR for account in own), *SHARED_ACCOUNTS]
    users = Users(folder, (user_of(str(account)) for account in accounts))
    # What survives a power loss is another matter.
    with users.server(folder, "--durability", "os") as server:
        yield server


@pytest.fixture(scope="session")
def open_server(tmp_path_factory):
    """`millstream dev`, with AWS's limits: it takes any credentials."""
    log = tmp_path_factory.mktemp("open") / "log"
    with Server(["dev", "--listen", "127.0.0.1:0"], log) as server:
        yield server


@pytest.fixture(scope="session")
def server(request):
    """The server of a test."""
    return request.getfixturevalue(getattr(request, "param", "verifying_server"))


def pytest_generate_tests(metafunc):
    """Runs the tests of a module against all of its `SERVERS`."""
    servers = getattr(metafunc.module, "SERVERS", None)
    if servers and "server" in metafunc.fixturenames:
        metafunc.parametrize("server", servers, indirect=True)


def pytest_collection_modifyitems(items):
    """Runs the five-minute test last."""
    items.sort(key=lambda item: item.path.name == LAST)


@pytest.fixture(scope="session", autouse=True)
def five_minutes(request, tmp_path_factory):
    """A subscription started before the first test, if a test needs it."""
    if all(item.path.name != LAST for item in request.session.items):
        yield None
        return
    folder = tmp_path_factory.mktemp("five-minutes")
    users = Users(folder, [user_of(LongSubscription.ACCOUNT)])
    with users.server(folder) as server:
        yield LongSubscription(server)


@pytest.fixture
def account():
    """An unused account."""
    return str(next(_accounts))


@pytest.fixture
def neighbour(account):
    """Another one, that the test may use."""
    return str(int(account) + NEIGHBOUR)


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
