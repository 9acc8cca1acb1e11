"""Sockets that listen in one network and are answered from another.

A socket belongs to the network in which it was made. So a process inside the project's network
opens them, hands them out through a Unix socket, and ends; whoever answers them has the real
network at his back. A newcomer would relay packets, or have the outside listen at the Unix socket:
whoever enters the network covers those that were there before.
"""

from __future__ import annotations

import socket
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from whereasync import serial
from whereasync.model import StandInJob
from whereasync.upstreams.naming import PORT

if TYPE_CHECKING:
    from collections.abc import Sequence

_BACKLOG = 1024
_PATIENCE = 20.0  # s
_POLL = 0.01  # s
_ROOM = 250  # descriptors in one message, fewer than the kernel's 253


def open_all(job: StandInJob) -> list[socket.socket]:
    """Open the job's sockets in the network of this process: TCP in its order, then the names'."""
    with ExitStack() as opened:
        found = []
        for each in job.listeners:
            family = socket.AF_INET6 if ":" in each.address else socket.AF_INET
            place = (each.address, each.port)
            found.append(socket.create_server(place, family=family, backlog=_BACKLOG))
            opened.callback(found[-1].close)
        if job.names_address:
            found.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            opened.callback(found[-1].close)
            found[-1].bind((job.names_address, PORT))
        opened.pop_all()  # none failed: they stay open
        return found


def hand_out(sockets: Sequence[socket.socket], path: str) -> None:
    """Give the sockets to the one who comes for them to ``path``."""
    aside = f"{path}.aside"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.bind(aside)
        door.listen(1)
        door.settimeout(_PATIENCE)
        Path(aside).rename(path)  # there only once it listens
        way, _ = door.accept()
        with way:
            socket.send_fds(way, [b"doors"], [each.fileno() for each in sockets])


def fetch(path: str) -> list[socket.socket]:
    """Return the sockets that are handed out at ``path``, once they are; TimeoutError if never."""
    end = time.monotonic() + _PATIENCE
    while not Path(path).exists():
        if time.monotonic() > end:
            raise TimeoutError("nobody opened sockets in the project's network")
        time.sleep(_POLL)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as way:
        way.settimeout(_PATIENCE)
        way.connect(path)
        _, descriptors, _, _ = socket.recv_fds(way, 16, _ROOM)
    return [socket.socket(fileno=each) for each in descriptors]


def main(path: Path) -> None:
    """Open a job's sockets here, and hand them out."""
    job = serial.read(path, StandInJob)
    with ExitStack() as opened:
        sockets = [opened.enter_context(each) for each in open_all(job)]
        hand_out(sockets, job.doors)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
