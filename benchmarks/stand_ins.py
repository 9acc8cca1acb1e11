"""What does a stand-in cost beside the project that asks it? CPU of both sides of one request.

Libraries ask the stand-ins' process over TLS, one request after another on a kept connection, then
each on a connection of its own. A stand-in that took as much CPU as the client would slow the
project on a machine of two cores.

    python benchmarks/stand_ins.py [--requests 2000]
"""

from __future__ import annotations

import argparse
import http.client
import os
import ssl
import sys
import time
from contextlib import closing
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from whereasync.model import Exchange, Listener, Recording, StandIn, StandInRoute, StandIns
from whereasync.processes import supervised
from whereasync.processes.accounting import tree_cpu
from whereasync.upstreams import recordings
from whereasync.upstreams.company import Wanted, keep_company

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOST = "api.example.com"
HEADERS = {"Host": HOST}
NEW = 50  # requests on connections of their own
ROUTES = tuple(
    StandInRoute(
        path=f"/{name}/{{id}}", body=b"x" * size, headers=(("Content-Type", "text/plain"),)
    )
    for name, size in {"small": 500, "large": 100_000}.items()
)
DECLARED = StandIn(origin=f"https://{HOST}", routes=ROUTES)


def ask_by_http_client(url: str) -> tuple[Callable[[str], Any], Callable[[], None]]:
    """Keep a connection of the standard library."""
    port = int(url.rpartition(":")[2])
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    connection = http.client.HTTPSConnection("localhost", port, context=context)

    def ask(path: str) -> int:
        connection.request("GET", path, headers=HEADERS)
        return len(connection.getresponse().read())

    return ask, connection.close


def ask_by_httpx(url: str) -> tuple[Callable[[str], Any], Callable[[], None]]:
    """Keep a client."""
    import httpx

    client = httpx.Client(headers=HEADERS)
    return lambda path: len(client.get(url + path).content), client.close


def ask_by_urllib3(url: str) -> tuple[Callable[[str], Any], Callable[[], None]]:
    """Keep a pool."""
    import urllib3

    pool = urllib3.PoolManager(ca_certs=os.environ["SSL_CERT_FILE"])
    return lambda path: len(pool.request("GET", url + path, headers=HEADERS).data), pool.clear


def ask_by_requests(url: str) -> tuple[Callable[[str], Any], Callable[[], None]]:
    """Keep a session."""
    import requests

    session = requests.Session()
    return lambda path: len(session.get(url + path, headers=HEADERS).content), session.close


LIBRARIES = {
    "http.client": ("http", ask_by_http_client),
    "urllib3": ("urllib3", ask_by_urllib3),
    "requests": ("requests", ask_by_requests),
    "httpx": ("httpx", ask_by_httpx),
}


def measure(name: str, path: str, count: int, url: str, pid: int) -> None:
    """Print one row: CPU of client and stand-in for each request, in µs."""
    _, connect = LIBRARIES[name]
    ask, close = connect(url)
    try:
        ask(path)
        begun = time.process_time(), tree_cpu([pid])
        for _ in range(count):
            ask(path)
        ended = time.process_time(), tree_cpu([pid])
    finally:
        close()
    ours, theirs = ((ended[side] - begun[side]) / count * 1e6 for side in (1, 0))
    report(f"{name} {path}", theirs, ours)


def measure_new(url: str, pid: int) -> None:
    """Print the row of requests on connections of their own, the TLS context made once."""
    port = int(url.rpartition(":")[2])
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    begun = time.process_time(), tree_cpu([pid])
    for _ in range(NEW):
        with closing(http.client.HTTPSConnection("localhost", port, context=context)) as each:
            each.request("GET", "/small/1", headers=HEADERS)
            each.getresponse().read()
    ended = time.process_time(), tree_cpu([pid])
    ours, theirs = ((ended[side] - begun[side]) / NEW * 1e6 for side in (1, 0))
    report("http.client, new connection", theirs, ours)


def report(what: str, theirs: float, ours: float) -> None:
    """Print one row."""
    print(f"{what:34} client {theirs:7.0f} µs   stand-in {ours:6.0f} µs   {ours / theirs:5.0%}")


def keep_recording(directory: Path) -> Path:
    """Write a recording to be replayed beside what is declared."""
    exchange = Exchange(
        method="GET", url=f"https://{HOST}/replayed?a=1", status=200, text="x" * 500, latency=0.0
    )
    path = directory / "calls.jsonl"
    recordings.write(path, Recording(made="", exchanges=(exchange,)))
    return path


def main() -> None:
    """Measure each library that is installed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    count = parser.parse_args().requests
    listeners = (Listener(address="127.0.0.1", port=0, is_tls=True),)
    with supervised() as supervisor:
        wanted = Wanted(
            stand_ins=StandIns(declared=(DECLARED,)), recording=keep_recording(supervisor.directory)
        )
        with keep_company(wanted, supervisor, listeners=listeners) as company:
            os.environ.update(company.surroundings.environment)
            url = f"https://localhost:{company.listeners[0].port}"
            for name, (module, _) in LIBRARIES.items():
                for path in ("/small/1", "/replayed?a=1", "/large/1"):
                    if find_spec(module):
                        measure(name, path, count, url, company.child.pid)
            measure_new(url, company.child.pid)


if __name__ == "__main__":
    sys.exit(main())
