"""Many clients that ask once and then only listen, as browsers do with server-sent events.

Each is a protocol of its own and no coroutine: ten thousand cost the client next to nothing. A
newcomer would connect them all at once: then the server's backlog is what is measured. What comes
is counted by the blank lines that end an event or a comment; the head has none of that kind.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import numpy as np  # not late: it would stall the loop while the clients are held

from whereasync.load.http import Asker, LostAnswerError, check_loopback, compose, now
from whereasync.load.users import NS
from whereasync.model import IdleRecord
from whereasync.processes import accounting

if TYPE_CHECKING:
    from collections.abc import Callable

    from whereasync.model import Fault, IdleJob

IDLE = "idle"  # of the record, and of the samples
COLUMNS = ("begun", "connected", "status", "first", "events", "closed")  # ns; 0: never came
BEGUN, CONNECTED, STATUS, FIRST, EVENTS, CLOSED = range(len(COLUMNS))
_BASELINE_VISITS = 3  # so that what a first request loads is loaded
_TURN = 0.005  # s between two looks whether clients are due
_END = b"\n\n"  # of an event


class Listener(asyncio.Protocol):
    """One client: sends its request as soon as it is connected, and listens."""

    __slots__ = (
        "_last",
        "_message",
        "_tell",
        "_transport",
        "begun",
        "closed",
        "connected",
        "events",
        "first",
        "status",
    )

    def __init__(self, message: bytes, tell: Callable[[], None]) -> None:
        """Take the bytes to send, and whom to tell of the first event."""
        self._message = message
        self._tell = tell
        self.begun = now()
        self.connected = self.status = self.first = self.events = self.closed = 0
        self._last = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the request."""
        self.connected = now()
        self._transport = transport  # type: ignore[assignment] # a TCP transport writes
        transport.write(self._message)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Count the events that end in it."""
        if not self.status:
            self.status = int(data[9:12]) if data[9:12].isdigit() else -1
        ended = (self._last + data).count(_END)
        self._last = data[-1:]
        if ended and not self.first:
            self.first = now()
            self._tell()
        self.events += ended

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the server has closed, unless it was the client who left."""
        del exc
        if self._transport is not None:
            self.closed = now()

    def leave(self) -> None:
        """Close the connection, as a browser does whose page is left."""
        if self._transport is not None:
            transport, self._transport = self._transport, None
            transport.close()

    def row(self) -> tuple[int, ...]:
        """Return what ``COLUMNS`` name."""
        return self.begun, self.connected, self.status, self.first, self.events, self.closed


async def hold(job: IdleJob) -> tuple[IdleRecord, np.ndarray[tuple[int, int], np.dtype[np.int64]]]:
    """Connect the clients, hold them, look at the server, leave; return record and samples.

    Samples are int64, a row a client, as ``COLUMNS`` says. A client that isn't served is no error:
    that is what is asked. BadInputError is raised for a target or a request that can't be had.
    """
    check_loopback(job.target.host)
    roots = job.target.server_pids
    await _visit(job, _BASELINE_VISITS)
    baseline = accounting.count_threads(roots), accounting.rss(roots)
    crowd = _Crowd(job)
    try:
        await crowd.connect()
        await crowd.settle()
        before, since = accounting.tree_cpu(roots), now()
        await asyncio.sleep(job.hold)
        cpu, held = accounting.tree_cpu(roots) - before, (now() - since) * NS
        threads, rss = accounting.count_threads(roots), accounting.rss(roots)
        visits, fault = await _visit(job, job.visits)
        rows = crowd.rows()
    finally:
        crowd.leave()
    await asyncio.sleep(job.afterwards)
    record = IdleRecord(
        asked=job.clients,
        baseline_threads=baseline[0],
        baseline_rss=baseline[1],
        threads=threads,
        rss=rss,
        hold=held,
        cpu=cpu,
        visits=tuple(visits),
        visit_fault=fault,
        kept=accounting.count_connections(roots, job.target.port),
    )
    return record, rows


async def _visit(job: IdleJob, times: int) -> tuple[list[float], Fault | None]:
    """Visit so many times, each on a fresh connection; stop at the first that isn't answered."""
    taken: list[float] = []
    for _ in range(times):
        asker = Asker(job.target, job.timeout)
        begun = now()
        try:
            answer = await asker.ask(job.visitor)
        except LostAnswerError as lost:
            return taken, lost.fault
        finally:
            asker.close()
        taken.append((answer.done - begun) * NS)
    return taken, None


class _Crowd:
    """All the clients of a job."""

    def __init__(self, job: IdleJob) -> None:
        self._job = job
        self._message = compose(job.request, job.target)
        self._listeners: list[Listener] = []
        self._connecting: set[asyncio.Task[None]] = set()
        self._unserved = job.clients
        self._all_served = asyncio.Event()

    async def connect(self) -> None:
        """Begin to connect all, so many a second; whoever is refused stays unconnected."""
        start = now()
        while len(self._listeners) < self._job.clients:
            due = 1 + int((now() - start) * NS * self._job.rate)
            for _ in range(min(due, self._job.clients) - len(self._listeners)):
                listener = Listener(self._message, self._serve)
                self._listeners.append(listener)
                task = asyncio.create_task(self._connect(listener))
                self._connecting.add(task)
                task.add_done_callback(self._connecting.discard)
            await asyncio.sleep(_TURN)

    async def _connect(self, listener: Listener) -> None:
        target = self._job.target
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: listener, target.host, target.port
            )
        except OSError:
            return  # its row says so

    async def settle(self) -> None:
        """Wait until each has had its first event, or patience ends."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._job.patience):
                await self._all_served.wait()

    def _serve(self) -> None:
        self._unserved -= 1
        if not self._unserved:
            self._all_served.set()

    def rows(self) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
        """Return the samples."""
        rows = np.array([each.row() for each in self._listeners], dtype=np.int64)
        return rows.reshape(-1, len(COLUMNS))

    def leave(self) -> None:
        """Close all connections, and give up those that aren't made yet."""
        for task in self._connecting:
            task.cancel()
        for each in self._listeners:
            each.leave()
