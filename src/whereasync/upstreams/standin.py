"""The exchange-rate stand-in's own process: aiohttp on uvloop.

It writes its port to a file once it listens, and ends cleanly on SIGTERM. Waits have the event
loop's resolution, one millisecond: 1 ms lasts 1.3 on average, 5 ms 5.4. A real API that
computes its answer row by row sends it over time, which alone makes streaming worth anything: so
it can send in pieces, with a pause between.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from dataclasses import dataclass
from pathlib import Path
from random import Random

import uvloop
from aiohttp import web

from whereasync.upstreams.latency import LONGEST, Latency, parse_latency
from whereasync.upstreams.rates import FIRST, LAST, PATH, SIZES, build_body

_KEEP_ALIVE = 3600.0  # s: it must never be the stand-in that closes
_GRACE = 0.5  # s for answers under way


@dataclass(frozen=True, slots=True)
class Standin:
    """One answer in its pieces, how late it comes, and the generator that decides it."""

    pieces: tuple[bytes, ...]
    pause: float  # s between two pieces
    latency: Latency
    random: Random

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer the year asked for: 401 without a key, 400 for any other dates, or no wait.

        ``wait`` in the query, in ms, is how late this one answer comes.
        """
        if not request.headers.get("apikey"):
            return web.json_response({"message": "No API key found in request"}, status=401)
        given = request.query.get("wait")
        wait = self.latency.draw(self.random) if given is None else _read_wait(given)
        if wait is None:
            info = f"wait takes milliseconds from 0 to {1000 * LONGEST:.0f}"
            return web.json_response(
                {"success": False, "error": {"code": 400, "info": info}}, status=400
            )
        await asyncio.sleep(wait)
        asked = request.query.get("start_date"), request.query.get("end_date")
        if asked != (FIRST.isoformat(), LAST.isoformat()):
            info = f"this stand-in knows start_date={FIRST} and end_date={LAST} only"
            return web.json_response(
                {"success": False, "error": {"code": 504, "info": info}}, status=400
            )
        return await self.send(request)

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Send all pieces; the length is known beforehand, so the framing doesn't depend on them.

        The first comes with the head.
        """
        first, *others = self.pieces
        if not others:
            return web.Response(body=first, content_type="application/json")
        response = web.StreamResponse()
        response.content_type = "application/json"
        response.content_length = sum(map(len, self.pieces))
        await response.prepare(request)
        await response.write(first)
        for piece in others:
            await asyncio.sleep(self.pause)
            await response.write(piece)
        await response.write_eof()
        return response


def cut(body: bytes, pieces: int) -> tuple[bytes, ...]:
    """Return the body in so many pieces of the same size, the last of which may be smaller."""
    size = -(-len(body) // pieces)
    return tuple(body[start : start + size] for start in range(0, len(body), size))


def _read_wait(text: str) -> float | None:
    """Return milliseconds as seconds; None for what is no such wait."""
    try:
        wait = float(text) / 1000
    except ValueError:
        return None
    return wait if 0 <= wait <= LONGEST else None  # so written, it refuses nan too


async def run(standin: Standin, port_file: Path) -> None:
    """Listen on a free port, write it to the file, and answer until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    app = web.Application()
    app.router.add_get(PATH, standin.answer)
    runner = web.AppRunner(
        app, access_log=None, keepalive_timeout=_KEEP_ALIVE, shutdown_timeout=_GRACE
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    aside = port_file.with_suffix(".aside")
    aside.write_text(str(runner.addresses[0][1]))
    aside.replace(port_file)
    await stopped.wait()
    await runner.cleanup()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m whereasync.upstreams.standin")
    parser.add_argument("--rates", choices=SIZES, required=True)
    parser.add_argument("--latency", type=parse_latency, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--pieces", type=int, default=1)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--port-file", type=Path, required=True)
    given = parser.parse_args()
    standin = Standin(
        cut(build_body(given.rates, given.seed), given.pieces),
        given.pause,
        given.latency,
        Random(given.seed),  # noqa: S311 # repeatable on purpose
    )
    uvloop.run(run(standin, given.port_file))


if __name__ == "__main__":
    main()
