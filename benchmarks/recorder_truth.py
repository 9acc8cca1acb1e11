"""Does the load client record what happened? A stand-in with scripted delays knows the truth.

Recorded latencies must agree with the scripted delays within 1 ms at p50 and p99, and none may be
lost; exits 1 otherwise. The stand-in notes the delays it kept as well: where "kept" is off too, its
own timer was late (a busy machine), and where only "recorded" is off, it is the recorder.

    python benchmarks/recorder_truth.py [--seconds 4]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import socket
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whereasync.load.drive import drive
from whereasync.load.samples import DONE, INTENDED, STATUS, load
from whereasync.model import Job, Request, SliceRules, Target, Task
from whereasync.processes import supervised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Script = Callable[[random.Random], float]  # the next delay, s

LIMIT = 1.0  # ms
TIMER = 0.001  # s, the grain of the stand-in's timers
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SCRIPTS: dict[str, Script] = {
    "constant 5 ms": lambda _: 0.005,
    "uniform 2-20 ms": lambda chance: chance.uniform(0.002, 0.020),
    "one in fifty 200 ms, else 3 ms": lambda chance: 0.2 if chance.random() < 0.02 else 0.003,
    "lognormal, median 10 ms": lambda chance: min(0.3, chance.lognormvariate(-4.6, 0.6)),
}


class Scripted(asyncio.Protocol):
    """Answers each request after the script's next delay; notes that delay and the one it kept."""

    def __init__(self, script: Script, kept: list[tuple[int, int]]) -> None:
        self.loop = asyncio.get_running_loop()
        self.script, self.kept = script, kept
        self.chance = random.Random(len(kept))

    def connection_made(self, transport: Any) -> None:
        """Keep the transport."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer later."""
        del data
        self.answer(time.monotonic_ns(), round(self.script(self.chance) * 1e9))

    def answer(self, began: int, scripted: int) -> None:
        """Answer when due: libuv's timers count whole ms, so the last of them are spun away."""
        early = (began + scripted - time.monotonic_ns()) * 1e-9
        if early > 2 * TIMER:
            self.loop.call_later(early - TIMER, self.answer, began, scripted)
        elif early > 0:
            self.loop.call_soon(self.answer, began, scripted)
        else:
            self.transport.write(ANSWER)
            self.kept.append((scripted, time.monotonic_ns() - began))


def serve(sock: socket.socket, name: str, path: Path) -> None:
    """Serve until SIGTERM, then write the delays."""
    import uvloop

    kept: list[tuple[int, int]] = []

    async def run() -> None:
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, over.set)
        server = await loop.create_server(lambda: Scripted(SCRIPTS[name], kept), sock=sock)
        await over.wait()
        server.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
    np.save(path, np.array(kept, dtype=np.int64))


@contextmanager
def serving(name: str, path: Path, core: int) -> Iterator[int]:
    """Run the stand-in in a forked process on ``core``; yield its port."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(512)
        port = sock.getsockname()[1]
        pid = os.fork()
        if pid == 0:
            os.sched_setaffinity(0, {core})
            try:
                serve(sock, name, path)
            finally:
                os._exit(0)
    try:
        yield port
    finally:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)


def check(name: str, clients: int, seconds: float, cores: list[int]) -> bool:
    """Run one script at one concurrency, print its row, and say whether it holds."""
    with tempfile.TemporaryDirectory() as place, supervised() as supervisor:
        directory = Path(place)
        with serving(name, directory / "kept.npy", cores[-1]) as port:
            target = Target(host="127.0.0.1", port=port, server_pids=())
            request = Request(path="/")
            requests = (request, request)
            task = Task(cell="truth", clients=clients, targets=(0, 0), requests=requests)
            rules = SliceRules(window=seconds / 2, slices=2)
            job = Job(targets=(target,), tasks=(task,), rules=rules, seed=1)
            [record] = drive(job, spawn=supervisor.spawn, directory=directory, cores=(cores[0],))
        rows = load(directory / "samples" / "truth.npy")
        kept = np.load(directory / "kept.npy") / 1e6
    seen = (rows[:, DONE] - rows[:, INTENDED]) / 1e6
    lost = len(kept) - int((rows[:, STATUS] == 200).sum())
    scripted, timed, recorded = (
        np.percentile(each, [50, 99]) for each in (kept[:, 0], kept[:, 1], seen)
    )
    good = lost == 0 and record.fault is None and (abs(recorded - scripted) <= LIMIT).all()
    pairs = "".join(
        f" {a:9.3f} {b - a:+7.3f} {c - a:+9.3f}"
        for a, b, c in zip(scripted, timed, recorded, strict=True)
    )
    print(f"{name:<31} {clients:>7} {pairs} {lost:>5} {len(seen):>6}  {'ok' if good else 'WRONG'}")
    return bool(good)


def main() -> None:
    """Check every script at 1 and at 50 clients."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4.0, help="of each script's windows")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    times = "".join(f" {name:>9} {'kept':>7} {'recorded':>9}" for name in ("p50 ms", "p99 ms"))
    print(f"{'script':<31} {'clients':>7} {times} {'lost':>5} {'of':>6}")
    good = [check(name, clients, options.seconds, cores) for name in SCRIPTS for clients in (1, 50)]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
