"""Sockets opened by one, answered by another."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from whereasync import serial
from whereasync.model import Listener, StandInJob
from whereasync.upstreams import doors

if TYPE_CHECKING:
    from pathlib import Path


def test_handed_out(tmp_path: Path) -> None:
    """In the job's order, IPv6 too, and they listen."""
    addresses = ("127.0.0.1", "::1")
    job = StandInJob(
        directory=str(tmp_path),
        listeners=tuple(Listener(address=each, port=0, is_tls=False) for each in addresses),
        doors=str(tmp_path / "doors"),
    )
    serial.write(tmp_path / "job.json", job)
    thread = threading.Thread(target=doors.main, args=(tmp_path / "job.json",))
    thread.start()
    sockets = doors.fetch(job.doors)
    thread.join()
    for address, each in zip(addresses, sockets, strict=True):
        with each, socket.create_connection((address, each.getsockname()[1]), 5) as client:
            each.settimeout(5)
            accepted, peer = each.accept()
            accepted.close()
            assert peer[:2] == client.getsockname()[:2]


def test_nobody_hands_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then waiting ends."""
    monkeypatch.setattr(doors, "_PATIENCE", 0.0)
    with pytest.raises(TimeoutError, match="nobody opened sockets"):
        doors.fetch(str(tmp_path / "doors"))


def test_one_fails(tmp_path: Path) -> None:
    """Then none stays open."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        job = StandInJob(
            directory=str(tmp_path),
            listeners=(
                Listener(address="127.0.0.1", port=0, is_tls=False),
                Listener(address="127.0.0.1", port=taken.getsockname()[1], is_tls=False),
            ),
        )
        with pytest.raises(OSError, match="already in use"):
            doors.open_all(job)
