"""A durable server that keeps its address, its data and its users while its processes come and go."""

import socket
import time
from contextlib import contextmanager
from pathlib import Path

from server import Server
from users import Users


class Service:
    """A durable server at one address, whatever happens to its process."""

    def __init__(self, folder: Path, users: Users, *options: str):
        self.folder = folder
        self.users = users
        self.port = unused_port()
        self.options = [*options, "--listen", f"127.0.0.1:{self.port}"]
        self.processes = 0
        self.server = self._start()

    def _start(self) -> Server:
        self.processes += 1
        return self.users.server(self.folder, *self.options, log=f"log-{self.processes}")

    def kill_and_start(self) -> float:
        """Answers how many seconds nobody answered."""
        began = time.monotonic()
        self.server.kill()
        self.server = self._start()
        return time.monotonic() - began


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
def service(folder: Path, users: Users, *options: str):
    running = Service(folder, users, *options)
    try:
        yield running
    except BaseException:
        running.server.kill()
        raise
    with running.server:
        pass
