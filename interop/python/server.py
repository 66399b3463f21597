"""A running `millstream`, and clients of it.

Tests see the server as its users do: a process, one URL, and signals. Nothing here knows more of it.
"""

import os
import select
import signal
import subprocess
from pathlib import Path

import boto3
from botocore.config import Config

REPOSITORY = Path(__file__).resolve().parents[2]
START_SECONDS_MAX = 10
STOP_SECONDS_MAX = 10

_session = boto3.Session()


def binary() -> Path:
    """The binary under test."""
    return Path(os.environ.get("MILLSTREAM_BIN", REPOSITORY / "target/release/millstream")).absolute()


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without what would configure a server or an AWS client."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MILLSTREAM_", "AWS_"))}
    return kept | variables


class Server:
    """A server process. As a context, it is stopped at the end, and must have stopped well."""

    def __init__(self, arguments: list[str], log: Path):
        self.log = log
        with open(log, "wb") as stderr:
            self.process = subprocess.Popen(
                [binary(), *arguments], stdout=subprocess.PIPE, stderr=stderr, env=environment()
            )
        self.url = self._first_line()

    def _first_line(self) -> str:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS_MAX)
        line = self.process.stdout.readline().decode().strip() if ready else ""
        if not line.startswith("http://"):
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"no URL but {line!r}; its log: {self.log.read_text()}")
        return line

    def stop(self) -> int:
        """Asks it to stop, and answers its exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        status = self.stop()
        assert status == 0, f"exit status {status}; its log: {self.log.read_text()}"

    def client(self, account: str, region: str = "us-east-1"):
        """A boto3 client of an account, that neither repeats requests nor checks them itself."""
        config = Config(
            retries={"total_max_attempts": 1},
            parameter_validation=False,
            connect_timeout=5,
            read_timeout=20,
        )
        return _session.client(
            "kinesis",
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="any",
            config=config,
        )
