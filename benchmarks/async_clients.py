"""Which async HTTP client should a view keep? Four libraries, 50 callers, one client each.

Every library runs in a process of its own, one event loop, one shared client, against a stand-in of
known latency in another process. Rounds take the libraries in turn, each round in a new order, so
that a slow spell of the machine hits them all; a round's figures are ratios to httpx in that round.

    python benchmarks/async_clients.py [--seconds 2.5] [--rounds 4]
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.metadata
import importlib.util
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

LIBRARIES = ("httpx", "httpx2", "aiohttp", "niquests")
CALLERS = 50
LATENCY = 0.02  # s
BODY_SIZE = 30_000  # bytes
WARM_UP = 0.7  # s


# ---------------------------------------------------------------- the four, asked alike


async def drive(library: str, url: str, seconds: float) -> dict[str, float]:
    """Let the callers ask for so many seconds; return requests/s and CPU seconds a request."""
    async with open_client(library) as client:
        ask = asker(library, client, url)
        await run_callers(ask, WARM_UP)
        begin, cpu = time.perf_counter(), time.process_time()
        done = await run_callers(ask, seconds)
        elapsed, cpu = time.perf_counter() - begin, time.process_time() - cpu
    return {"throughput": done / elapsed, "cpu": cpu / done}


def open_client(library: str) -> Any:
    """Return a client that keeps a connection for each caller."""
    if library == "aiohttp":
        import aiohttp

        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CALLERS))
    if library == "niquests":
        import niquests

        return niquests.AsyncSession(pool_connections=1, pool_maxsize=CALLERS)
    httpx = importlib.import_module(library)
    limits = httpx.Limits(max_connections=CALLERS, max_keepalive_connections=CALLERS)
    return httpx.AsyncClient(limits=limits)


def asker(library: str, client: Any, url: str) -> Callable[[], Awaitable[Any]]:
    """Return a function that makes one call and parses the answer, as a view would."""

    async def ask_aiohttp() -> Any:
        async with client.get(url) as response:
            response.raise_for_status()
            return await response.json()

    async def ask_the_others() -> Any:
        response = await client.get(url)
        response.raise_for_status()
        return response.json()

    return ask_aiohttp if library == "aiohttp" else ask_the_others


async def run_callers(ask: Callable[[], Awaitable[Any]], seconds: float) -> int:
    """Return how many calls all callers finished; none stops in the middle of one."""
    end = time.perf_counter() + seconds

    async def call() -> int:
        done = 0
        while time.perf_counter() < end:
            answer = await ask()
            if len(answer["rates"]) == 0:
                raise SystemExit("the stand-in answered nothing")
            done += 1
        return done

    return sum(await asyncio.gather(*(call() for _ in range(CALLERS))))


# ---------------------------------------------------------------- the stand-in


def serve() -> None:
    """Answer every GET after the latency with a time series; print the port first."""
    from aiohttp import web

    body = json.dumps(time_series()).encode()

    async def answer(_request: web.Request) -> web.Response:
        await asyncio.sleep(LATENCY)
        return web.Response(body=body, content_type="application/json")

    async def main() -> None:
        application = web.Application()
        application.router.add_get("/", answer)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.to_thread(sys.stdin.read)  # ends with the pipe, so also if its parent dies

    asyncio.run(main())


def time_series() -> dict[str, Any]:
    """Return days of 170 rates each, as many as make up the size."""
    day = {f"C{number:02}": round(0.37 + number * 1.618, 6) for number in range(170)}
    count = max(1, BODY_SIZE // len(json.dumps(day)))
    return {"base": "EUR", "rates": {f"2016-01-{number + 1:02}": day for number in range(count)}}


@contextmanager
def stand_in() -> Iterator[str]:
    """Run the stand-in in its own process; give its URL."""
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/"
        finally:
            server.stdin.close()


# ---------------------------------------------------------------- rounds and table


def measure(library: str, url: str, seconds: float) -> dict[str, float]:
    """Drive one library in a fresh process."""
    command = [sys.executable, __file__, "--drive", library, "--url", url]
    # A proxy in the environment would be what some of the libraries measure.
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    finished = subprocess.run(
        [*command, "--seconds", str(seconds)],
        check=True,
        capture_output=True,
        env=environment,
        text=True,
    )
    figures: dict[str, float] = json.loads(finished.stdout)
    return figures


def race(libraries: list[str], rounds: int, seconds: float) -> dict[str, list[dict[str, float]]]:
    """Return each library's figures, a dict a round."""
    results: dict[str, list[dict[str, float]]] = {library: [] for library in libraries}
    order = random.Random(2022)
    with stand_in() as url:
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
            for library in order.sample(libraries, len(libraries)):
                results[library].append(measure(library, url, seconds))
    return results


def table(results: dict[str, list[dict[str, float]]]) -> Iterator[str]:
    """Yield the lines of a Markdown table: medians, and ratios to httpx with their extremes."""
    yield "| client | requests/s | CPU ms a request | requests/s ÷ httpx | CPU ÷ httpx |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for library, rounds in results.items():
        name = f"{library} {importlib.metadata.version(library)}"
        throughput = statistics.median(figures["throughput"] for figures in rounds)
        cpu = statistics.median(figures["cpu"] for figures in rounds) * 1000
        ratios = [ratio(rounds, results["httpx"], key) for key in ("throughput", "cpu")]
        yield f"| {name} | {throughput:,.0f} | {cpu:.2f} | {ratios[0]} | {ratios[1]} |"


def ratio(rounds: list[dict[str, float]], reference: list[dict[str, float]], key: str) -> str:
    """Return the median of the rounds' ratios, with the smallest and the largest."""
    ratios = [a[key] / b[key] for a, b in zip(rounds, reference, strict=True)]
    return f"{statistics.median(ratios):.2f} [{min(ratios):.2f} to {max(ratios):.2f}]"


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=2.5, help="how long each library runs")
    parser.add_argument("--rounds", type=int, default=4)
    for hidden in ("--drive", "--url"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
    elif options.drive:
        print(json.dumps(asyncio.run(drive(options.drive, options.url, options.seconds))))
    else:
        compare(options.rounds, options.seconds)


def compare(rounds: int, seconds: float) -> None:
    """Race the libraries that are installed, and name those that aren't."""
    found = [library for library in LIBRARIES if importlib.util.find_spec(library)]
    missing = [library for library in LIBRARIES if library not in found]
    if missing:
        print(f"left out, not installed: pip install {' '.join(missing)}\n")
    if not {"httpx", "aiohttp"} <= set(found):
        raise SystemExit("httpx is the reference and aiohttp serves: pip install httpx aiohttp")
    print(f"{CALLERS} callers, {LATENCY * 1000:.0f} ms, {len(json.dumps(time_series())):,} bytes,")
    print(f"{rounds} rounds of {seconds} s, Python {platform.python_version()}\n")
    print("\n".join(table(race(found, rounds, seconds))))


if __name__ == "__main__":
    main()
