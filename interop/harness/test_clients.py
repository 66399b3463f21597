"""Third-party clients, most in other languages: each a program in its own directory below `interop`.

A program does not know that it is a test: its directory's `run` builds and runs it, with an endpoint in its
environment.
"""

import json
import os
import subprocess
import urllib.request

import pytest
from moto.server import ThreadedMotoServer

from server import REPOSITORY, Server, binary, environment

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


# What the clients are run against: in `./test` the first, in `./test full` each of them.
SERVERS = {
    "dev": ["dev"],
    "durable": ["serve", "--data-dir", "data", "--admin-listen", "127.0.0.1:0"],
    "small files": ["dev", "--segment-size", "1MiB"],
}
IS_MATRIX = os.environ.get("MILLSTREAM_CLIENT_MATRIX") == "1"


@pytest.fixture(params=SERVERS if IS_MATRIX else ["dev"])
def own_server(request, tmp_path):
    """A fresh server."""
    arguments = [str(tmp_path / word) if word == "data" else word for word in SERVERS[request.param]]
    with Server([*arguments, "--listen", "127.0.0.1:0"], tmp_path / "log") as server:
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
    """A fresh `millstream serve` with TLS, which verifies signatures by one access key."""
    keys = tmp_path / "keys.toml"
    create = [binary(), "credentials", "create", keys, "--user", "client", "--json"]
    created = subprocess.run(create, env=environment(), capture_output=True, check=True)
    key = json.loads(created.stdout)["AccessKey"]
    files = ["--tls-cert", str(certificate / "cert.pem"), "--tls-key", str(certificate / "key.pem")]
    data = ["--data-dir", str(tmp_path / "data"), "--admin-listen", "127.0.0.1:0"]
    arguments = ["serve", "--listen", "127.0.0.1:0", "--credentials", str(keys), *data, *files]
    with Server(arguments, tmp_path / "log") as server:
        server.key = (key["AccessKeyId"], key["SecretAccessKey"])
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


def run(folder: str, server: Server, *arguments: str, **more: str) -> list[str]:
    """What a program has found to be as it should."""
    id, secret = server.key
    variables = environment(
        AWS_ENDPOINT_URL=server.url,
        AWS_REGION="us-east-1",
        AWS_ACCESS_KEY_ID=id,
        AWS_SECRET_ACCESS_KEY=secret,
        **more,
    )
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


@pytest.mark.parametrize("folder", SDKS)
def test_sdk_when_given_nothing_but_the_endpoint_then_works_unchanged(folder, own_server, capfd):
    checks = run(folder, own_server)
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
    checks = run(folder, tls_server, **trust)
    say(capfd, f"{folder} over TLS, verified", checks)
    assert len(checks) >= CHECKS_MIN


def test_boto2_when_given_host_and_port_then_works_unchanged(own_server, capfd):
    checks = run("boto2", own_server)
    say(capfd, "boto2", checks)
    assert len(checks) == BOTO2_CHECKS


def test_cli2_when_given_the_endpoint_by_option_then_works_unchanged(own_server, capfd):
    checks = run("cli2", own_server)
    say(capfd, "AWS CLI 2", checks)
    assert len(checks) == CLI2_CHECKS


@pytest.mark.parametrize("retrieval", ["POLLING", "FANOUT"])
def test_kcl_when_shards_and_workers_change_then_sees_every_record_in_order(
    retrieval, own_server, dynamodb_url, capfd
):
    checks = run("java", own_server, "KclSession", retrieval, AWS_ENDPOINT_URL_DYNAMODB=dynamodb_url)
    say(capfd, f"Kinesis Client Library, {retrieval}", checks)
    assert checks


def test_kpl_when_shards_change_then_all_its_records_are_read_back(tls_server, dynamodb_url, capfd):
    # The producer connects by TLS, all others to the same port without.
    tls_server.url = tls_server.url.replace("https://", "http://")
    checks = run("java", tls_server, "KplSession", AWS_ENDPOINT_URL_DYNAMODB=dynamodb_url)
    say(capfd, "Kinesis Producer Library", checks)
    assert len(checks) == KPL_CHECKS
