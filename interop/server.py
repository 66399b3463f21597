"""A running `millstream`, and clients of it.

Tests see the server as its users do: a process, one URL, and signals. Nothing here knows more of it.
"""

import os
import re
import select
import signal
import subprocess
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

REPOSITORY = Path(__file__).resolve().parents[1]
START_SECONDS_MAX = 10
STOP_SECONDS_MAX = 10
AT_ONCE = Config(
    retries={"total_max_attempts": 1},
    parameter_validation=False,
    connect_timeout=5,
    read_timeout=20,
)

# A call that came too soon may come again after so long: most rates are five a second.
PACE_SECONDS = 0.2

_session = boto3.Session()


def binary() -> Path:
    """The binary under test."""
    return Path(os.environ.get("MILLSTREAM_BIN", REPOSITORY / "target/release/millstream")).absolute()


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without what would configure a server or an AWS client."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MILLSTREAM_", "AWS_"))}
    return kept | variables


def keys(command: str, keyring: Path, *arguments: str) -> str:
    """What `millstream keys` says of a keyring."""
    done = subprocess.run(
        [binary(), "keys", command, keyring, *arguments],
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def came_too_soon(operation: str, error: dict) -> bool:
    """Whether an error is about the rate of calls, not about how much a shard takes in and gives out."""
    is_shard = operation == "GetShardIterator" and error.get("Code") == "ProvisionedThroughputExceededException"
    text = error.get("Message") or ""
    return is_shard or text.startswith(("Rate exceeded for stream ", "Rate exceeded for account "))


def _pace(response, operation, **_) -> float | None:
    """Tells botocore to send a request again that came too soon."""
    error = response[1].get("Error", {}) if response else {}
    return PACE_SECONDS if came_too_soon(operation.name, error) else None


class Server:
    """A server process. As a context, it is stopped at the end, and must have stopped well and told no secrets."""

    def __init__(
        self, arguments: list[str], log: Path, secrets: dict[str, str] | None = None, **variables: str
    ):
        """`secrets` are those of the access keys that it knows, if it verifies signatures."""
        self.log = log
        self._secrets = secrets
        with open(log, "wb") as stderr:
            self.process = subprocess.Popen(
                [binary(), *arguments], stdout=subprocess.PIPE, stderr=stderr, env=environment(**variables)
            )
        self.url = self._first_line()

    def _first_line(self) -> str:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS_MAX)
        line = self.process.stdout.readline().decode().strip() if ready else ""
        if not line.startswith(("http://", "https://")):
            self.kill()
            raise AssertionError(f"no URL but {line!r}; its log: {self.log.read_text()}")
        return line

    @property
    def verifies(self) -> bool:
        """Whether it serves only requests that are signed with a key that it knows."""
        return self._secrets is not None

    def secret(self, key_id: str) -> str:
        """What requests with an access key are signed with: anything, unless the server verifies."""
        return "any" if self._secrets is None else self._secrets[key_id]

    def variables(self, key_id: str, **more: str) -> dict[str, str]:
        """The environment of a program that has this server as its Kinesis, and an access key."""
        return environment(
            AWS_ENDPOINT_URL=self.url,
            AWS_REGION="us-east-1",
            AWS_DEFAULT_REGION="us-east-1",
            AWS_ACCESS_KEY_ID=key_id,
            AWS_SECRET_ACCESS_KEY=self.secret(key_id),
            **more,
        )

    def stop(self) -> int:
        """Asks it to stop, and answers its exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """Ends it at once, whatever it is doing."""
        self.process.kill()
        self.process.wait()

    def series(self) -> dict[str, float]:
        """The values of the operator's page, by name and labels."""
        page = re.search(r"operator's pages on (\S+)", self.log.read_text())
        assert page, self.log.read_text()
        with urllib.request.urlopen(f"{page[1]}/metrics", timeout=5) as answer:
            lines = [line for line in answer.read().decode().splitlines() if line[:1] != "#"]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        status = self.stop()
        log = self.log.read_text()
        assert status == 0, f"exit status {status}; its log: {log}"
        assert not [key_id for key_id, secret in (self._secrets or {}).items() if secret in log]

    def client(self, account: str, region: str = "us-east-1", config: Config = AT_ONCE):
        """A boto3 client with an account's key, that by default neither checks requests nor repeats them, unless they came
        faster than AWS lets anyone call."""
        client = self.hasty_client(account, region, config)
        client.meta.events.register("needs-retry.kinesis", _pace)
        return client

    def hasty_client(self, account: str, region: str = "us-east-1", config: Config = AT_ONCE):
        """The same, without any pace of its own."""
        return _session.client(
            "kinesis",
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key=self.secret(account),
            config=config,
        )
