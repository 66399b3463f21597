"""TLS as users set it up: `millstream cert`, two flags, and a bundle that the clients trust."""

import os
import shutil
import ssl
import subprocess
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import SSLError

from server import AT_ONCE, Server, binary, environment

LOOKS_MAX = 10_000


def make(folder: Path, *options: str) -> list[str]:
    """Makes a certificate, and answers the flags that use it."""
    command = [binary(), "cert", "--out", folder, *options]
    made = subprocess.run(command, capture_output=True, text=True, env=environment(), check=True)
    return made.stdout.split()


def client(url: str, bundle: Path | None):
    return boto3.client(
        "kinesis",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="000000000001",
        aws_secret_access_key="any",
        verify=str(bundle) if bundle else None,
        config=AT_ONCE.merge(Config(max_pool_connections=1)),
    )


@pytest.fixture
def files(tmp_path):
    """The folder of a certificate and its key."""
    make(tmp_path / "tls")
    return tmp_path / "tls"


@pytest.fixture
def server(tmp_path, files):
    flags = ["--tls-cert", files / "cert.pem", "--tls-key", files / "key.pem"]
    with Server(["dev", "--listen", "127.0.0.1:0", *flags], tmp_path / "log") as server:
        yield server


def test_server_when_it_has_a_certificate_then_serves_whoever_trusts_it_and_whoever_wants_no_tls(server, files):
    assert server.url.startswith("https://127.0.0.1:")
    trusting = client(server.url, files / "cert.pem")
    trusting.create_stream(StreamName="orders", ShardCount=1)
    put = trusting.put_record(StreamName="orders", PartitionKey="a", Data=b"1")
    assert put["ShardId"] == "shardId-000000000000"
    plain = client(server.url.replace("https", "http", 1), None)
    assert plain.list_streams()["StreamNames"] == ["orders"]
    by_name = client(server.url.replace("127.0.0.1", "localhost", 1), files / "cert.pem")
    assert by_name.list_streams()["StreamNames"] == ["orders"]
    with pytest.raises(SSLError):
        client(server.url, None).list_streams()


def test_certificate_when_its_files_change_then_new_connections_get_the_new_one(server, files, tmp_path):
    _, address = server.url.split("//")
    host, port = address.split(":")
    old = client(server.url, files / "cert.pem")
    old.list_streams()
    shutil.copy(files / "cert.pem", tmp_path / "old.pem")

    def greeted_with() -> str:
        return ssl.get_server_certificate((host, int(port)))

    def wait_for(is_there) -> None:
        for _ in range(LOOKS_MAX):
            greeted = greeted_with()
            if is_there(greeted):
                return
        raise AssertionError(server.log.read_text())

    make(tmp_path / "new")
    before = greeted_with()
    # The key alone does not fit: it is refused, and the old certificate stays.
    os.replace(tmp_path / "new/key.pem", files / "key.pem")
    wait_for(lambda _: "keeping the previous certificate" in server.log.read_text())
    assert greeted_with() == before
    os.replace(tmp_path / "new/cert.pem", files / "cert.pem")
    wait_for(lambda greeted: greeted != before)
    client(server.url, files / "cert.pem").list_streams()
    with pytest.raises(SSLError):
        client(server.url, tmp_path / "old.pem").list_streams()
    # Its one connection was greeted before, and goes on.
    old.list_streams()


def test_cert_when_files_are_there_or_a_host_is_none_then_changes_nothing(tmp_path):
    make(tmp_path / "tls", "--host", "kinesis.internal,10.0.0.1", "--days", "2")
    files = {file.name: file.read_bytes() for file in (tmp_path / "tls").iterdir()}
    assert files.keys() == {"cert.pem", "key.pem"}
    assert (tmp_path / "tls/key.pem").stat().st_mode & 0o777 == 0o600
    for options, said in [
        (["--out", tmp_path / "tls"], "already exists"),
        (["--out", tmp_path / "new", "--host", "a b"], "--host"),
    ]:
        refused = subprocess.run([binary(), "cert", *options], capture_output=True, text=True, env=environment())
        assert refused.returncode != 0 and said in refused.stderr
    assert {file.name: file.read_bytes() for file in (tmp_path / "tls").iterdir()} == files
    assert not (tmp_path / "new").exists()
