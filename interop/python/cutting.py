"""A relay in front of a server that cuts answers off: some after their head, some before its end.

It is what a client meets when a server dies while it answers, as often as a test likes.
"""

import socket
import threading
from contextlib import contextmanager
from itertools import count

PIECE_BYTES = 65_536
CUT_EVERY = 4


class CuttingRelay:
    """Passes bytes on in both directions; of every few pieces of answers one is cut and ends its connection."""

    def __init__(self, port: int):
        self.cuts = 0
        self._server = port
        self._pieces = count(1)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._server))
            for source, target, change in ((client, server, bytes), (server, client, self._cut)):
                threading.Thread(target=pass_on, args=(source, target, change), daemon=True).start()

    def _cut(self, piece: bytes) -> bytes:
        """What is left of a piece of an answer."""
        number = next(self._pieces)
        head = piece.find(b"\r\n\r\n")
        if number % CUT_EVERY or head < 0:
            return piece
        self.cuts += 1
        ends = head + 4, piece.find(b"content-length")
        return piece[: ends[self.cuts % len(ends)]]


def pass_on(source: socket.socket, target: socket.socket, change) -> None:
    """Until one of both ends, or a piece was cut."""
    try:
        while piece := source.recv(PIECE_BYTES):
            passed = change(piece)
            target.sendall(passed)
            if len(passed) < len(piece):
                break
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


@contextmanager
def cutting_relay(port: int):
    relay = CuttingRelay(port)
    try:
        yield relay
    finally:
        relay.close()
