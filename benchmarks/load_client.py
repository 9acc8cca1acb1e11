"""Our load client beside wrk, h2load and Locust's FastHttpUser: requests/s, and CPU a request.

Each works alone on one core with 50 connections, the server on another, in rounds of random order,
so that a slow spell of the machine hits them all. Two servers: a trivial ASGI app below uvicorn
(what DESIGN.md's budget speaks of; the server may be the limit), and a bare responder on uvloop
that does nothing but answer (so that the client is the limit).

    python benchmarks/load_client.py [--seconds 3] [--rounds 3] [--locust PYTHON]
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONNECTIONS = 50
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!"
BUDGET = "budget: at least 20,000 requests/s, at most 25 µs CPU a request, at least 5 x Locust"
LOCUSTFILE = """
import json, time
from locust import FastHttpUser, events, task

begun = {}

class Reader(FastHttpUser):
    @task
    def read(self):
        self.client.get("/")

@events.init.add_listener
def listen(environment, **_):
    def read():  # looked up each time: Locust replaces its totals
        total = environment.runner.stats.total
        return dict(
            requests=total.num_requests, failures=total.num_failures,
            cpu=time.process_time(), seconds=time.perf_counter())

    @environment.events.spawning_complete.add_listener
    def begin(**_):
        begun.update(read())

    @environment.events.test_stopping.add_listener
    def end(**_):
        figures = {name: value - begun[name] for name, value in read().items()}
        print("FIGURES", json.dumps(figures), flush=True)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one client reached in one round."""

    throughput: float  # requests/s
    cpu: float  # s a request


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where and how long a client works."""

    port: int
    seconds: float
    core: int
    locust: str | None = None


# ---------------------------------------------------------------- servers


class Responder(asyncio.Protocol):
    """Answers whatever it is sent: small requests come in one piece."""

    def connection_made(self, transport: Any) -> None:
        """Keep the transport's write."""
        self.write = transport.write

    def data_received(self, data: bytes) -> None:
        """Answer."""
        del data
        self.write(ANSWER)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer any HTTP request: the trivial ASGI app."""
    del scope, receive
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"13")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"Hello, world!"})


def respond(sock: socket.socket) -> None:
    """Run the bare responder until killed."""
    import uvloop

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Responder, sock=sock)
        await server.serve_forever()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())


def serve_asgi(sock: socket.socket) -> None:
    """Run uvicorn with the app until killed."""
    import uvicorn

    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", lifespan="off", log_level="error", access_log=False
    )
    uvicorn.Server(config).run(sockets=[sock])


SERVERS: dict[str, Callable[[socket.socket], None]] = {
    "uvicorn, trivial ASGI app": serve_asgi,
    "bare responder": respond,
}


@contextmanager
def beside(core: int, work: Callable[[], None]) -> Iterator[None]:
    """Run ``work`` in a forked process on ``core``."""
    pid = os.fork()
    if pid == 0:
        os.sched_setaffinity(0, {core})
        try:
            work()
        finally:
            os._exit(0)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@contextmanager
def serving(serve: Callable[[socket.socket], None], core: int) -> Iterator[int]:
    """Run a server on ``core``; yield its port."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(512)
        with beside(core, lambda: serve(sock)):
            yield int(sock.getsockname()[1])


# ---------------------------------------------------------------- clients


def run_pinned(argv: list[str], setting: Setting) -> tuple[str, float]:
    """Run a client on its core; return what it printed and its CPU seconds."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            argv,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: os.sched_setaffinity(0, {setting.core}),  # noqa: PLW1509
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if process.returncode:
        raise SystemExit(f"{argv[0]} failed with code {process.returncode}:\n{text}")
    return text, usage.ru_utime + usage.ru_stime


def run_ours(setting: Setting) -> Figure:
    """Run the client process with one long window for each of two sides, as a block would."""
    from whereasync import serial
    from whereasync.load.samples import load
    from whereasync.load.throughput import measure_side, merge
    from whereasync.model import Job, Request, SliceRules, Target, Task, TaskRecord

    target = Target(host="127.0.0.1", port=setting.port, server_pids=())
    request = Request(path="/")
    task = Task(cell="hello", clients=CONNECTIONS, targets=(0, 0), requests=(request, request))
    rules = SliceRules(window=setting.seconds / 2, slices=2)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        serial.write(
            directory / "job.json", Job(targets=(target,), tasks=(task,), rules=rules, seed=1)
        )
        argv = [sys.executable, "-m", "whereasync.load", str(directory / "job.json"), name]
        run_pinned(argv, setting)
        record = serial.read(directory / "hello.json", TaskRecord)
        rows = load(directory / "samples" / "hello.npy")
    if record.fault:
        raise SystemExit(f"ours: {record.fault.detail}")
    both = merge(measure_side(rows, record, side) for side in (0, 1))
    return Figure(throughput=both.throughput, cpu=both.client_cpu / both.answered)


def run_wrk(setting: Setting) -> Figure:
    """Run wrk with one thread."""
    argv = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{setting.seconds:.0f}"]
    text, cpu = run_pinned([*argv, f"http://127.0.0.1:{setting.port}/"], setting)
    found = re.search(r"(\d+) requests in", text)
    speed = re.search(r"Requests/sec:\s*([\d.]+)", text)
    assert found
    assert speed
    return Figure(throughput=float(speed[1]), cpu=cpu / int(found[1]))


def run_h2load(setting: Setting) -> Figure:
    """Run h2load with one thread, HTTP/1.1."""
    argv = ["h2load", "--h1", "-t1", f"-c{CONNECTIONS}", f"-D{setting.seconds:.0f}"]
    text, cpu = run_pinned([*argv, f"http://127.0.0.1:{setting.port}/"], setting)
    found = re.search(r"(\d+) succeeded", text)
    speed = re.search(r"([\d.]+) req/s", text)
    assert found
    assert speed
    return Figure(throughput=float(speed[1]), cpu=cpu / int(found[1]))


def run_locust(setting: Setting) -> Figure:
    """Run one Locust process with FastHttpUsers; its start is not counted."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "locustfile.py"
        path.write_text(LOCUSTFILE)
        argv = [str(setting.locust), "-m", "locust", "-f", str(path), "--headless"]
        argv += [f"-u{CONNECTIONS}", f"-r{CONNECTIONS}", f"-t{setting.seconds:.0f}s"]
        argv += ["--host", f"http://127.0.0.1:{setting.port}", "--only-summary"]
        text, _ = run_pinned(argv, setting)
    figures = json.loads(text.partition("FIGURES")[2].splitlines()[0])
    if figures["failures"]:
        raise SystemExit(f"locust: {figures['failures']} requests failed")
    requests = figures["requests"]
    return Figure(throughput=requests / figures["seconds"], cpu=figures["cpu"] / requests)


@dataclass(slots=True)
class Peers:
    """The clients that can be had here, and how to get the others."""

    run: dict[str, Callable[[Setting], Figure]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def find_peers(locust: str | None) -> Peers:
    """Look for each client; ours is always there."""
    peers = Peers(run={"ours": run_ours})
    for name, run, package in (
        ("wrk", run_wrk, "wrk"),
        ("h2load", run_h2load, "nghttp2-client"),
    ):
        if shutil.which(name):
            peers.run[name] = run
        else:
            peers.missing.append(f"{name} is missing: apt-get install {package}")
    if locust:
        peers.run["locust"] = run_locust
    else:
        peers.missing.append(
            "locust is missing: python3 -m venv /tmp/locust && /tmp/locust/bin/pip install locust, "
            "then --locust /tmp/locust/bin/python"
        )
    return peers


# ---------------------------------------------------------------- rounds and table


def measure(server: str, peers: Peers, setting: Setting, rounds: int) -> dict[str, list[Figure]]:
    """Let each client work once a round, in random order."""
    figures: dict[str, list[Figure]] = {name: [] for name in peers.run}
    for _ in range(rounds):
        for name in random.sample(sorted(peers.run), len(peers.run)):
            figures[name].append(peers.run[name](setting))
            print(f"  {server}: {name} {figures[name][-1].throughput:,.0f}/s", file=sys.stderr)
    return figures


def show(server: str, figures: dict[str, list[Figure]]) -> None:
    """Print a server's table: medians, ranges, and each client's ratio to ours."""
    print(f"\n{server}, {CONNECTIONS} connections, {len(figures['ours'])} rounds, medians")
    print(f"{'client':<8} {'requests/s':>10} {'range':>17} {'/ours':>6} {'CPU us':>7} {'/ours':>6}")
    ours = summarise(figures["ours"])
    for name, rounds in figures.items():
        speed, cpu = summarise(rounds)
        low, high = (pick(each.throughput for each in rounds) for pick in (min, max))
        spread = f"{low:,.0f}-{high:,.0f}"
        print(
            f"{name:<8} {speed:>10,.0f} {spread:>17} {speed / ours[0]:>6.2f}"
            f" {cpu * 1e6:>7.1f} {cpu / ours[1]:>6.2f}"
        )


def summarise(rounds: list[Figure]) -> tuple[float, float]:
    """Return median requests/s and median CPU seconds a request."""
    return (
        statistics.median(each.throughput for each in rounds),
        statistics.median(each.cpu for each in rounds),
    )


def main() -> None:
    """Measure both servers and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="of each client's turn")
    parser.add_argument("--rounds", type=int, default=3)
    importable = sys.executable if importlib.util.find_spec("locust") else None
    parser.add_argument("--locust", default=importable, help="an interpreter that has Locust")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("Two cores are needed: one for the server, one for the client")
    peers = find_peers(options.locust)
    started = time.perf_counter()
    for server, serve in SERVERS.items():
        with serving(serve, cores[1]) as port:
            setting = Setting(
                port=port, seconds=options.seconds, core=cores[0], locust=options.locust
            )
            show(server, measure(server, peers, setting, options.rounds))
    print(f"\n{BUDGET} ({time.perf_counter() - started:.0f} s)")
    for line in peers.missing:
        print(line)


if __name__ == "__main__":
    main()
