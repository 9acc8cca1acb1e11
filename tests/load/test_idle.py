from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.loopback import Server

from whereasync.errors import BadInputError
from whereasync.load.drive import drive_idle, samples_path
from whereasync.load.idle import BEGUN, CLOSED, CONNECTED, EVENTS, FIRST, IDLE, STATUS, hold
from whereasync.load.samples import load
from whereasync.model import IdleJob, Request, Target
from whereasync.processes import supervised

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
MOST = 6  # clients that /few serves


class Events(Server):
    """Sends events in its own good or bad way, and says hello to visitors."""

    def __init__(self) -> None:
        super().__init__()
        self.streams = 0
        self.gone = 0
        self.is_silent = False  # to visitors, once somebody streams

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Stream to every path but ``/hello``."""
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        if path == "/hello" and not (self.streams and self.is_silent):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            return True
        if path == "/hello":
            await asyncio.sleep(60)
        self.streams += 1
        if path == "/fails":
            writer.write(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")
        elif path != "/few" or self.streams <= MOST:
            await self._send(writer, split=path == "/split")
        if path == "/closes":
            return False
        await reader.read()  # until the client leaves
        self.gone += 1
        return False

    async def _send(self, writer: asyncio.StreamWriter, *, split: bool) -> None:
        writer.write(HEAD)
        parts = (b"data: 1\n", b"\n", b": still here\n\n") if split else (b"data: 1\n\n: x\n\n",)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.005)


@pytest.fixture
def events() -> Iterator[Events]:
    """Start the server in a thread."""
    server = Events()
    server.start()
    yield server
    server.stop()


def job(server: Events, path: str, **changes: float) -> IdleJob:
    """Make a short job for ten clients."""
    return IdleJob(
        target=Target(host="127.0.0.1", port=server.port, server_pids=(os.getpid(),)),
        request=Request(path=path),
        visitor=Request(path="/hello"),
        **{  # type: ignore[arg-type]
            "clients": 10,
            "rate": 500.0,
            "patience": 0.2,
            "hold": 0.1,
            "timeout": 0.2,
            "afterwards": 0.1,
            **changes,
        },
    )


@pytest.mark.parametrize("path", ["/events", "/split"])
def test_all_are_served_and_held(events: Events, path: str) -> None:
    """Each has its event and its comment, whatever packets they come in, and then leaves."""
    record, rows = asyncio.run(hold(job(events, path)))
    assert rows.shape == (10, 6)
    assert (rows[:, STATUS] == 200).all()
    assert (rows[:, EVENTS] == 2).all()
    assert (rows[:, CLOSED] == 0).all()
    assert (rows[:, BEGUN] <= rows[:, CONNECTED]).all()
    assert (rows[:, CONNECTED] <= rows[:, FIRST]).all()
    assert record.asked == 10
    assert len(record.visits) == 3
    assert record.visit_fault is None
    assert record.hold >= 0.1
    assert record.threads >= record.baseline_threads > 0
    assert record.rss > 0
    assert record.cpu >= 0
    assert record.kept == 0
    assert events.gone == 10


def test_who_gets_nothing_is_seen(events: Events) -> None:
    """Patience ends, and the others are held all the same."""
    record, rows = asyncio.run(hold(job(events, "/few")))
    assert (rows[:, FIRST] > 0).sum() == MOST
    assert (rows[:, CONNECTED] > 0).all()
    assert ((rows[:, STATUS] == 200) == (rows[:, FIRST] > 0)).all()
    assert record.asked == 10


def test_a_server_that_closes_or_fails_is_seen(events: Events) -> None:
    """By when it closed, and by the status; a head is no event."""
    _, rows = asyncio.run(hold(job(events, "/closes")))
    assert (rows[:, CLOSED] > rows[:, FIRST]).all()
    _, rows = asyncio.run(hold(job(events, "/fails")))
    assert (rows[:, STATUS] == 500).all()
    assert (rows[:, EVENTS] == 0).all()


def test_a_visitor_who_gets_no_answer_is_a_fault(events: Events) -> None:
    """Of the visit only; the clients' times are there."""
    events.is_silent = True
    record, rows = asyncio.run(hold(job(events, "/events")))
    assert record.visits == ()
    assert record.visit_fault is not None
    assert record.visit_fault.kind == "timeout"
    assert (rows[:, FIRST] > 0).all()


def test_clients_come_no_faster_than_they_shall(events: Events) -> None:
    """The last of ten at 50 a second begins 0.18 s after the first, at the earliest."""
    _, rows = asyncio.run(hold(job(events, "/events", rate=50.0)))
    assert int(rows[-1, BEGUN] - rows[0, BEGUN]) >= 170_000_000


def test_nobody_to_connect_to_is_no_error(events: Events, free_port: int) -> None:
    """Every row says that the client never was connected."""
    nobody = Target(host="127.0.0.1", port=free_port, server_pids=())
    work = job(events, "/events")
    record, rows = asyncio.run(hold(replace(work, target=nobody)))
    assert (rows[:, CONNECTED] == 0).all()
    assert record.visit_fault is not None
    assert record.visit_fault.kind == "connection"


def test_idle_clients_never_leave_loopback(events: Events) -> None:
    """As all load."""
    away = Target(host="10.0.0.1", port=80, server_pids=())
    work = replace(job(events, "/events"), target=away)
    with pytest.raises(BadInputError, match="never leaves loopback"):
        asyncio.run(hold(work))


def test_a_job_is_done_in_a_process_of_its_own(events: Events, tmp_path: Path) -> None:
    """It leaves its record and its samples."""
    with supervised(tmp_path / "log") as supervisor:
        record = drive_idle(
            job(events, "/events"), spawn=supervisor.spawn, directory=tmp_path / "out"
        )
    rows = load(samples_path(tmp_path / "out", IDLE))
    assert record.asked == len(rows) == 10
    assert (rows[:, FIRST] > 0).all()
