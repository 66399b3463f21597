"""Third-party clients, most in other languages: each a program in its own directory below `interop`.

A program does not know that it is a test: its directory's `run` builds and runs it, with an endpoint and an access
key in its environment. The server verifies what it signs. Without credentials, over `millstream dev`, some of them are
run once more.
"""

import os
import subprocess
import urllib.request

import pytest
from moto.server import ThreadedMotoServer

from server import REPOSITORY, Server, binary
from users import ACCOUNT, ANYWHERE, Policy, User, Users

# How long it may take to fetch and to build what is not there yet, and to run.
SECONDS_MAX = 900
# As many as a program has that calls every operation.
CHECKS_MIN = 25
SDKS = ["go", "javascript", "rust", "java"]
# boto 2 knows only half of the operations, and calls each once.
BOTO2_CHECKS = 21
CLI2_CHECKS = 10
KPL_CHECKS = 9
STORE_PASSWORD = "no-secret"


def user(name: str, *policies: Policy) -> User:
    """A user who may do what its policies say; without any, everything."""
    user = User(ACCOUNT, name, f"AKID{name.upper()}")
    return user._replace(policies=policies) if policies else user


# Each program is a user. Those that call every operation may; the others may do what they cannot do without, and
# the operator makes and changes their streams.
SDK, BOTO2, CLI2 = map(user, ["sdk", "boto2", "cli2"])
KCL = {
    "POLLING": user("polling", Policy("kinesis-client-library", "kcl-polling")),
    "FANOUT": user("fanout", Policy("kinesis-client-library-fan-out", "kcl-fanout")),
}
KPL = user("kpl", Policy("kinesis-producer-library", "kpl-orders"))
PROFILES = [user("operator"), user("reader", Policy("kinesis-client-library", "kpl-orders"))]
USERS = [SDK, BOTO2, CLI2, *KCL.values(), KPL, *PROFILES]

# What the clients are run against, with the options of `serve` where users are verified and of `dev` otherwise: in
# `./test` the first, in `./test full` each of them.
SERVERS = {
    "verified": (USERS, []),
    "open": (None, []),
    "verified, small files": (USERS, ["--segment-size", "1MiB"]),
    "open, small files": (None, ["--segment-size", "1MiB"]),
}
IS_MATRIX = os.environ.get("MILLSTREAM_CLIENT_MATRIX") == "1"
EACH_SERVER = list(SERVERS) if IS_MATRIX else ["verified"]
# For the client that takes no time.
VERIFIED_AND_OPEN = list(SERVERS) if IS_MATRIX else ["verified", "open"]


@pytest.fixture
def own_server(request, tmp_path):
    """A fresh server."""
    users, options = SERVERS[request.param]
    if users:
        server = Users(tmp_path, users).server(tmp_path, *options)
    else:
        server = Server(["dev", "--listen", ANYWHERE, *options], tmp_path / "log")
    with server:
        yield server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A folder with a certificate, its key, and a store for Java that trusts the certificate."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run([binary(), "cert", "--out", folder], check=True, capture_output=True)
    store = ["-keystore", "trust.p12", "-storepass", STORE_PASSWORD]
    trust = ["keytool", "-importcert", "-noprompt", "-alias", "millstream", "-file", "cert.pem", *store]
    subprocess.run(trust, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def tls_server(tmp_path, certificate):
    """A fresh `millstream serve` with TLS, which verifies signatures."""
    files = ["--tls-cert", str(certificate / "cert.pem"), "--tls-key", str(certificate / "key.pem")]
    with Users(tmp_path, USERS).server(tmp_path, *files) as server:
        yield server


@pytest.fixture
def dynamodb_url():
    """A DynamoDB in memory, made by others for tests; empty, though all of a process share their tables."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    url = f"http://{host}:{port}"
    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST")).close()
    yield url
    moto.stop()


@pytest.fixture
def profiles(tmp_path):
    """Makes a shared credentials file with a profile for each user that a program calls as beside its own."""

    def profiles(server: Server) -> dict[str, str]:
        keys = [(user, user.key_id, server.secret(user.key_id)) for user in PROFILES]
        file = tmp_path / "profiles"
        file.write_text(
            "".join(
                f"[{user.name}]\naws_access_key_id = {key_id}\naws_secret_access_key = {secret}\n"
                for user, key_id, secret in keys
            )
        )
        return {"AWS_SHARED_CREDENTIALS_FILE": str(file)}

    return profiles


def run(folder: str, server: Server, user: User, *arguments: str, **more: str) -> list[str]:
    """What a user's program has found to be as it should."""
    variables = server.variables(user.key_id, **more)
    ran = subprocess.run(
        [REPOSITORY / "interop" / folder / "run", *arguments],
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=SECONDS_MAX,
    )
    assert ran.returncode == 0, f"{ran.stdout}\nthe server's log: {server.log.read_text()}"
    return [line for line in ran.stdout.splitlines() if line.startswith("ok: ")]


def say(capfd, folder: str, checks: list[str]) -> None:
    """Shows them in the gate's output."""
    with capfd.disabled():
        print(f"\n{folder}:", *checks, sep="\n  ")


@pytest.mark.parametrize("own_server", EACH_SERVER, indirect=True)
@pytest.mark.parametrize("folder", SDKS)
def test_sdk_when_given_nothing_but_endpoint_and_key_then_works_unchanged(folder, own_server, capfd):
    checks = run(folder, own_server, SDK)
    say(capfd, folder, checks)
    assert len(checks) >= CHECKS_MIN


# After the test above, which fetches what the programs need: here they trust nobody but the server.
@pytest.mark.parametrize("folder", SDKS)
def test_sdk_when_it_trusts_the_certificate_and_has_a_key_then_works_over_tls(folder, tls_server, certificate, capfd):
    store = f"-Djavax.net.ssl.trustStore={certificate}/trust.p12"
    trust = {
        "SSL_CERT_FILE": f"{certificate}/cert.pem",
        "NODE_EXTRA_CA_CERTS": f"{certificate}/cert.pem",
        "JAVA_TOOL_OPTIONS": f"{store} -Djavax.net.ssl.trustStorePassword={STORE_PASSWORD}",
    }
    assert tls_server.url.startswith("https://")
    checks = run(folder, tls_server, SDK, **trust)
    say(capfd, f"{folder} over TLS", checks)
    assert len(checks) >= CHECKS_MIN


@pytest.mark.parametrize("own_server", VERIFIED_AND_OPEN, indirect=True)
def test_boto2_when_given_host_and_port_then_works_unchanged(own_server, capfd):
    checks = run("boto2", own_server, BOTO2)
    say(capfd, "boto2", checks)
    assert len(checks) == BOTO2_CHECKS


@pytest.mark.parametrize("own_server", EACH_SERVER, indirect=True)
def test_cli2_when_given_the_endpoint_by_option_then_works_unchanged(own_server, capfd):
    checks = run("cli2", own_server, CLI2)
    say(capfd, "AWS CLI 2", checks)
    assert len(checks) == CLI2_CHECKS


@pytest.mark.parametrize("own_server", EACH_SERVER, indirect=True)
@pytest.mark.parametrize("retrieval", ["POLLING", "FANOUT"])
def test_kcl_when_shards_and_workers_change_then_sees_every_record_in_order(
    retrieval, own_server, dynamodb_url, profiles, capfd
):
    more = profiles(own_server) | {"AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url}
    checks = run("java", own_server, KCL[retrieval], "KclSession", retrieval, **more)
    say(capfd, f"Kinesis Client Library, {retrieval}", checks)
    assert checks


def test_kpl_when_shards_change_then_all_its_records_are_read_back(tls_server, dynamodb_url, profiles, capfd):
    # The producer connects by TLS, all others to the same port without.
    tls_server.url = tls_server.url.replace("https://", "http://")
    more = profiles(tls_server) | {"AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url}
    checks = run("java", tls_server, KPL, "KplSession", **more)
    say(capfd, "Kinesis Producer Library", checks)
    assert len(checks) == KPL_CHECKS
