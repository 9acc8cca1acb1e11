"""The stand-ins' own process: ``python -m whereasync.upstreams.service JOB``.

It opens its sockets or is handed them, writes its authority beside the job, says that it is ready
by a file, and keeps its account up to date there. One process serves all hosts: a second would
only take CPU from the project.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import uvloop
from aiohttp.web import ServerRunner, SockSite

from whereasync import serial
from whereasync.model import StandInJob, StandInReady
from whereasync.upstreams import doors, recordings, replaying
from whereasync.upstreams.answering import Desk, prepare
from whereasync.upstreams.authority import make_authority
from whereasync.upstreams.forwarding import Forwarder, open_session
from whereasync.upstreams.naming import NameServer
from whereasync.upstreams.places import Places

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import AsyncIterator, Callable, Iterable

    from whereasync.model import Exchange, Listener, StandInAccount
    from whereasync.upstreams.replaying import Replay

_GRACE = 0.5  # s for answers under way
_PAUSE = 0.2  # s between two accounts at least
_NAMELESS = "stand-in.invalid"  # what a client that names no host is shown


@dataclass(slots=True)
class Bookkeeper:
    """Writes the account a moment after it changed, and once more at the end."""

    write: Callable[[], None]
    pending: asyncio.TimerHandle | None = None

    def note(self) -> None:
        """Have it written soon."""
        if self.pending is None:
            self.pending = asyncio.get_running_loop().call_later(_PAUSE, self.close)

    def close(self) -> None:
        """Write it now."""
        if self.pending is not None:
            self.pending.cancel()
        self.pending = None
        self.write()


@contextlib.asynccontextmanager
async def forwarding(job: StandInJob, places: Places) -> AsyncIterator[Forwarder | None]:
    """Give a forwarder that writes down its exchanges, if the job is to record."""
    if not job.is_recording:
        yield None
        return
    async with await open_session(job.addresses, Path(job.trusted or _certifi())) as session:
        with places.recorded.open("ab", buffering=0) as file:

            def keep(exchange: Exchange) -> None:
                file.write(recordings.encode_exchange(exchange) + b"\n")

            yield Forwarder(session=session, keep=keep)


async def run(job: StandInJob, sockets: list[socket.socket]) -> None:
    """Answer on the sockets until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    places = Places(Path(job.directory))
    random = Random(job.seed)  # noqa: S311 # repeatable on purpose
    async with forwarding(job, places) as forwarder:
        desk = Desk(prepare(job.declared), _replay(job, random), forwarder, random)
        names = NameServer(job.names_address)
        books = Bookkeeper(lambda: _write_account(places, desk.account(names.names)))
        desk.changed = desk.refusals.changed = names.changed = books.note
        authority = make_authority(desk.refusals.add)
        serial.write_bytes(places.authority, authority.certificate)
        context = await asyncio.to_thread(authority.build_context, _NAMELESS)
        runner = ServerRunner(desk, shutdown_timeout=_GRACE)
        await runner.setup()
        await _listen(job, sockets, runner, context, names)
        books.close()
        serial.write(places.ready, StandInReady(listeners=tuple(_placed(job, sockets))))
        await stopped.wait()
        await runner.cleanup()
        books.close()


def _write_account(places: Places, account: StandInAccount) -> None:
    """Write it whole, but don't wait for the disk: answers would be late by as much."""
    with serial.put_aside(places.account, durable=False) as file:
        file.write(serial.encode(account))


async def _listen(
    job: StandInJob,
    sockets: list[socket.socket],
    runner: ServerRunner,
    context: ssl.SSLContext,
    names: NameServer,
) -> None:
    for each, listening in zip(job.listeners, sockets, strict=False):  # the names' is beyond
        await SockSite(
            runner, listening, ssl_context=context if each.is_tls else None, backlog=1024
        ).start()
    if job.names_address:
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: names, sock=sockets[-1])


def _placed(job: StandInJob, sockets: Iterable[socket.socket]) -> Iterable[Listener]:
    for each, listening in zip(job.listeners, sockets, strict=False):
        yield replace(each, port=listening.getsockname()[1])


def _replay(job: StandInJob, random: Random) -> Replay | None:
    if not job.recording:
        return None
    return replaying.index(recordings.read(Path(job.recording)).exchanges, random)


def _certifi() -> str:
    import certifi

    return certifi.where()


def obtain(job: StandInJob) -> list[socket.socket]:
    """Open the job's sockets, or fetch them from who opens them in the project's network."""
    return doors.fetch(job.doors) if job.doors else doors.open_all(job)


def main(path: Path) -> None:
    """Do a job."""
    job = serial.read(path, StandInJob)
    uvloop.run(run(job, obtain(job)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
