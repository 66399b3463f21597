"""A durable server that keeps its address and its data while its processes come and go."""

import socket
import time
from contextlib import contextmanager
from pathlib import Path

from server import Server, environment


class Service:
    """A durable server at one address, whatever happens to its process."""

    def __init__(self, folder: Path, *options: str):
        self.folder = folder
        self.port = unused_port()
        self.options = [*options, "--listen", f"127.0.0.1:{self.port}"]
        self.processes = 0
        self.server = self._start()

    def _start(self) -> Server:
        self.processes += 1
        places = ["--data-dir", str(self.folder / "data"), "--admin-listen", "127.0.0.1:0"]
        return Server(["serve", *places, *self.options], self.folder / f"log-{self.processes}")

    def kill_and_start(self) -> float:
        """Answers how many seconds nobody answered."""
        began = time.monotonic()
        self.server.kill()
        self.server = self._start()
        return time.monotonic() - began

    def variables(self, account: str) -> dict[str, str]:
        """The environment of a program that has this service as its Kinesis."""
        return environment(
            AWS_ENDPOINT_URL=self.server.url,
            AWS_DEFAULT_REGION="us-east-1",
            AWS_ACCESS_KEY_ID=account,
            AWS_SECRET_ACCESS_KEY="any",
        )


def unused_port() -> int:
    """One below those that connections are made from: none of them takes it while the server is away."""
    for port in range(20_000, 32_768):
        with socket.socket() as candidate:
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("every port is in use")


@contextmanager
def service(folder: Path, *options: str):
    running = Service(folder, *options)
    try:
        yield running
    except BaseException:
        running.server.kill()
        raise
    status = running.server.stop()
    assert status == 0, f"exit status {status}; its log: {running.server.log.read_text()}"
