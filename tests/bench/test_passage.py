"""What a pass asks the project: once, and not for ever."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pytest

from whereasync.bench.passage import ask
from whereasync.model import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whereasync.servers import Endpoint

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


@dataclass
class Place:
    """Where somebody answers: all of an endpoint that is looked at."""

    port: int
    host: str = "127.0.0.1"


@contextmanager
def answering(serve: Callable[[socket.socket], None]) -> Iterator[Endpoint]:
    """Answer one connection."""

    def accept() -> None:
        with server.accept()[0] as way:
            way.recv(65536)
            serve(way)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=accept)
        thread.start()
        yield cast("Endpoint", Place(port=server.getsockname()[1]))
        thread.join(10)
    assert not thread.is_alive()


def stream(way: socket.socket) -> None:
    """Send an answer that doesn't end."""
    way.sendall(HEAD)
    try:
        while True:
            way.sendall(b"x" * 1000)
    except OSError:
        pass


@pytest.mark.parametrize(
    ("serve", "status"),
    [
        (lambda way: way.sendall(HEAD + b"whole"), 200),
        (stream, 200),
        (lambda way: None, 0),
    ],
    ids=["whole", "endless", "nothing"],
)
def test_asked_once(serve: Callable[[socket.socket], None], status: int) -> None:
    """A stream is left after a while; what breaks off is no answer."""
    with answering(serve) as endpoint:
        assert ask(endpoint, Request(path="/"), patience=0.2) == status
