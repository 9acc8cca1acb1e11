"""A small server that misbehaves on demand, in a thread of the test."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
import uvloop
from tests.loopback import Server

from whereasync.load.slices import run_task
from whereasync.model import Job, Request, SliceRules, Target, Task, TaskRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whereasync.load.samples import Samples

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
SHORT = SliceRules(window=0.02, latencies=2, slices=2, warm_up=0.02, timeout=5.0)


class Stand(Server):
    """Answers each path in its own bad or good way; ``hits`` counts the requests it read."""

    def __init__(self) -> None:
        super().__init__()
        self.hits: Counter[str] = Counter()
        self.bodies: list[bytes] = []
        self.heads: list[bytes] = []
        self.patience: float | None = None  # s until an idle connection hears a 408
        self.turn = asyncio.Lock()

    @property
    def target(self) -> Target:
        """Return the server as the load client sees it."""
        return Target(host="127.0.0.1", port=self.port, server_pids=())

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """As ``ANSWERS`` says for the path."""
        try:
            async with asyncio.timeout(self.patience):
                head = await reader.readuntil(b"\r\n\r\n")
        except TimeoutError:
            self.hits["said 408"] += 1
            writer.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return False
        length = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-l")]
        body = await reader.readexactly(int(length[0].split(b":")[1])) if length else b""
        path = head.split()[1].decode()
        self.hits[path] += 1
        self.heads.append(head)
        self.bodies.append(body)
        answer = ANSWERS.get(path.partition("?")[0], _fine)
        stays = await answer(self, writer, path)
        if stays or not writer.transport.is_closing():
            await writer.drain()
        if not stays and not writer.transport.is_closing():
            writer.close()
            await writer.wait_closed()
        return stays


async def _fine(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    del stand, path
    writer.write(OK)
    return True


async def _say_close(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    del stand, path
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
    return False


async def _close_unsaid(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    del stand, path
    writer.write(OK)
    return False


async def _chunk(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    del stand, path
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n")
    await asyncio.sleep(0)
    writer.write(b"2\r\nlo\r\n0\r\n\r\n")
    return True


async def _dribble(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    del stand, path
    for byte in (OK[:3], OK[3:20], OK[20:-3], OK[-3:]):
        writer.write(byte)
        await writer.drain()
        await asyncio.sleep(0.002)
    return True


async def _end_by_closing(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    del stand, path
    writer.write(b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\nhello")
    return False


async def _give_hints(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    del stand, path
    writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK)
    return True


async def _reset(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    del stand, path
    _kill(writer)
    return False


async def _reset_midway(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    del stand, path
    writer.write(OK[:-2])
    await writer.drain()
    await asyncio.sleep(0.01)
    _kill(writer)
    return False


async def _end_midway(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    del stand, path
    writer.write(OK[:-2])
    return False


async def _babble(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    del stand, path
    writer.write(b"SMTP ready\r\n\r\n")
    return True


async def _fail(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    del stand, path
    writer.write(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")
    return True


async def _fail_later(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    return await (_fail if stand.hits[path] > 100 else _fine)(stand, writer, path)


async def _hang(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    del stand, writer, path
    await asyncio.sleep(60)
    return False


async def _time(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    del stand, path
    writer.write(b"HTTP/1.1 200 OK\r\nserver-timing: db;dur=9, view;dur=1.25\r\n" + OK[17:])
    return True


async def _count(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    body = f"number {stand.hits[path]}".encode()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    return True


async def _wait(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    await asyncio.sleep(0.01)
    return await _fine(stand, writer, path)


async def _stall(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    """Answer nobody for 300 ms, as a garbage collection would, every 400th time."""
    if stand.hits[path] % 400 == 50:
        time.sleep(0.3)  # noqa: ASYNC251 # stalls everyone, which is the point
    return await _fine(stand, writer, path)


async def _queue(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    """Answer one after another, 20 ms each: at most 50 requests/s."""
    async with stand.turn:
        await asyncio.sleep(0.02)
    return await _fine(stand, writer, path)


async def _send_head_first(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    del stand, path
    head, end, body = OK.partition(b"\r\n\r\n")
    writer.write(head + end)
    await writer.drain()
    await asyncio.sleep(0.02)
    writer.write(body)
    return True


async def _say_nothing(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    del stand, path
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    return True


async def _reset_after_head(stand: Stand, writer: asyncio.StreamWriter, path: str) -> bool:
    if stand.hits[path] == 1:
        return await _fine(stand, writer, path)
    writer.write(OK[:-5])
    await writer.drain()
    await asyncio.sleep(0.01)
    _kill(writer)
    return False


def _kill(writer: asyncio.StreamWriter) -> None:
    """Close with a reset instead of an end: a zero linger throws everything away."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


ANSWERS = {
    "/says-close": _say_close,
    "/closes": _close_unsaid,
    "/chunked": _chunk,
    "/dribbles": _dribble,
    "/http10": _end_by_closing,
    "/hints": _give_hints,
    "/resets": _reset,
    "/resets-midway": _reset_midway,
    "/ends-midway": _end_midway,
    "/babbles": _babble,
    "/fails": _fail,
    "/fails-later": _fail_later,
    "/hangs": _hang,
    "/times": _time,
    "/counts": _count,
    "/waits": _wait,
    "/stalls": _stall,
    "/head-first": _send_head_first,
    "/empty": _say_nothing,
    "/resets-after-head": _reset_after_head,
    "/queues": _queue,
}


@pytest.fixture
def stand() -> Iterator[Stand]:
    """Start a server in a thread, to be stopped after the test."""
    server = Stand()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture
def job(stand: Stand) -> Callable[..., Job]:
    """Make a job of one task against the stand: two paths (or requests), and changed rules."""

    def make(
        *asked: str | Request,
        clients: int = 3,
        compare: int = 0,
        rate: float | None = None,
        **rules: float,
    ) -> Job:
        requests = tuple(
            Request(path=each) if isinstance(each, str) else each for each in asked * 2
        )[:2]
        task = Task(
            cell="cell",
            clients=clients,
            targets=(0, 0),
            requests=(requests[0], requests[1]),
            compare=compare,
            rate=rate,
        )
        fields = {name: getattr(SHORT, name) for name in SHORT.__slots__} | rules
        return Job(targets=(stand.target,), tasks=(task,), rules=SliceRules(**fields), seed=7)

    return make


@pytest.fixture
def run() -> Callable[[Job], tuple[TaskRecord, Samples]]:
    """Run a job's only task here, on the loop that the client process uses."""

    def work(job: Job) -> tuple[TaskRecord, Samples]:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(run_task(job, job.tasks[0], set()))

    return work
