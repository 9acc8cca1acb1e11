"""Does the open loop send on time, and what does that cost? Beside what a busy core does to it.

The client asks a bare responder at a few rates. Send lag is from a request's intended time to its
sending; the limit is 1 ms at p99. Then the same with a process beside the client on its core that
works and rests by turns, 1 ms each, as a PostgreSQL on a shared core would. No peer is at hand to
set beside it: neither vegeta nor wrk2 is in Debian. So wrk, a closed loop, says what latency one
connection can have here at all (ours counts from the intended time, so its lag is in it).

``--ways`` compares ways to wait for a moment instead, without any request: why load/alarm.py is
what it is.

    python benchmarks/send_lag.py [--seconds 4] [--ways]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from load_client import beside, respond, serving

from whereasync import serial
from whereasync.load import punctuality
from whereasync.load.alarm import Alarm
from whereasync.load.samples import load
from whereasync.load.scheduling import ask_for_short_turns
from whereasync.load.throughput import latencies, measure_side, merge
from whereasync.model import Job, Request, SliceRules, Target, Task, TaskRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

RATES = (50, 500, 3000)  # requests/s
CONNECTIONS = 50
LIMIT = 1000  # us of send lag at p99

now = time.monotonic_ns


# ---------------------------------------------------------------- what runs beside


def work_and_rest() -> None:
    """Use half of a core until killed."""
    while True:
        end = time.perf_counter() + 0.001
        while time.perf_counter() < end:
            pass
        time.sleep(0.001)


# ---------------------------------------------------------------- clients


def run_ours(port: int, rate: int, seconds: float, core: int) -> str:
    """Run the client process with one long window for each of two sides; return its row."""
    request = Request(path="/")
    task = Task(
        cell="lag",
        clients=CONNECTIONS,
        targets=(0, 0),
        requests=(request, request),
        rate=float(rate),
    )
    target = Target(host="127.0.0.1", port=port, server_pids=())
    rules = SliceRules(window=seconds / 2, slices=2)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        serial.write(place / "job.json", Job(targets=(target,), tasks=(task,), rules=rules, seed=1))
        argv = [sys.executable, "-m", "whereasync.load", str(place / "job.json"), name]
        pin = lambda: os.sched_setaffinity(0, {core})  # noqa: E731
        subprocess.run(argv, check=True, preexec_fn=pin)
        record = serial.read(place / "lag.json", TaskRecord)
        rows = load(place / "samples" / "lag.npy")
    if record.fault:
        raise SystemExit(f"ours: {record.fault.detail}")
    both = punctuality.merge(punctuality.measure(rows, record, side) for side in (0, 1))
    cost = merge(measure_side(rows, record, side) for side in (0, 1))
    seen = np.concatenate([latencies(rows, record, side) for side in (0, 1)])
    lag = (both.lag_p50, both.lag_p99, *np.quantile(seen, [0.5, 0.99]))
    figures = "".join(f" {figure * 1e6:>9.0f}" for figure in lag)
    return (
        f"{figures} {cost.client_cpu / cost.answered * 1e6:>8.1f} {cost.client_share:>7.1%}"
        f" {both.blocked:>8.2%} {both.sustained:>9.1%} {'!' if both.lag_p99 * 1e6 > LIMIT else ''}"
    )


def run_wrk(port: int, seconds: float, core: int) -> str:
    """Run wrk with one connection; return the latencies that it prints."""
    argv = ["taskset", "-c", str(core), "wrk", "-t1", "-c1", f"-d{max(1, round(seconds))}"]
    argv += ["--latency", f"http://127.0.0.1:{port}/"]
    text = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    found = dict(re.findall(r"(50|99)%\s+(\S+)", text))
    return f"wrk, closed loop, 1 connection: latency p50 {found['50']}, p99 {found['99']}"


def measure(seconds: float, cores: list[int]) -> None:
    """Print a row for each rate, on a core of its own and on a shared one."""
    names = ("lag p50", "lag p99", "p50", "p99")
    heads = "".join(f" {name:>9}" for name in names)
    print(
        f"{'core':<7} {'rate':>5}{heads} {'CPU':>8} {'of core':>7} {'blocked':>8} {'sustained':>9}"
    )
    with serving(respond, cores[-1]) as port:
        for rate in RATES:
            print(f"{'own':<7} {rate:>5}{run_ours(port, rate, seconds, cores[0])}")
        with beside(cores[0], work_and_rest):
            for rate in RATES:
                print(f"{'shared':<7} {rate:>5}{run_ours(port, rate, seconds, cores[0])}")
        print(f"us, and us of CPU a request; ! is a lag p99 above the limit of {LIMIT} us")
        if shutil.which("wrk") and shutil.which("taskset"):
            print(run_wrk(port, seconds, cores[0]))
        else:
            print("wrk is missing: apt-get install wrk util-linux")


# ---------------------------------------------------------------- ways to wait


class Ticks:
    """Slots at a rate, taken as they pass; notes how late each was."""

    def __init__(self, loop: asyncio.AbstractEventLoop, rate: int, count: int) -> None:
        self.loop = loop
        self.lags: list[int] = []
        self.over = loop.create_future()
        self._start, self._rate, self._count = now() + 20_000_000, rate, count

    @property
    def next(self) -> int:
        """Return when the next slot is (ns)."""
        return self._start + len(self.lags) * 1_000_000_000 // self._rate

    def take(self) -> bool:
        """Take all that is due; return whether more is to come."""
        moment = now()
        while len(self.lags) < self._count and self.next <= moment:
            self.lags.append(moment - self.next)
        if len(self.lags) == self._count and not self.over.done():
            self.over.set_result(None)
        return len(self.lags) < self._count


def by_timer(ticks: Ticks) -> Callable[[], None]:
    """Wait by call_later, which is early by up to 1 ms, and spin then."""

    def look() -> None:
        if ticks.take():
            ticks.loop.call_later((ticks.next - now()) * 1e-9, look)

    look()
    return lambda: None


def by_spinning(ticks: Ticks) -> Callable[[], None]:
    """Wait by call_later for all but 1.5 ms, and spin for those."""

    def look() -> None:
        if ticks.take():
            early = (ticks.next - now()) * 1e-9
            if early > 0.002:
                ticks.loop.call_later(early - 0.0015, look)
            else:
                ticks.loop.call_soon(look)

    look()
    return lambda: None


def by_thread(ticks: Ticks) -> Callable[[], None]:
    """Let a thread sleep, which wakes the loop."""
    is_due = threading.Semaphore(0)

    def sleep() -> None:
        while is_due.acquire() and not ticks.over.done():
            time.sleep(max(0.0, (ticks.next - now()) * 1e-9))
            ticks.loop.call_soon_threadsafe(look)

    def look() -> None:
        ticks.take()
        is_due.release()

    thread = threading.Thread(target=sleep)
    thread.start()
    look()
    return thread.join


def by_signal(ticks: Ticks) -> Callable[[], None]:
    """Let the kernel send SIGALRM: pytest-timeout, for one, wants it too."""

    def look() -> None:
        if ticks.take():
            signal.setitimer(signal.ITIMER_REAL, max(1e-6, (ticks.next - now()) * 1e-9))

    ticks.loop.add_signal_handler(signal.SIGALRM, look)
    look()
    return lambda: None


def by_alarm(ticks: Ticks) -> Callable[[], None]:
    """Wait by a timerfd, as the client does."""

    def look() -> None:
        if ticks.take():
            alarm.set(ticks.next)

    alarm = Alarm(ticks.loop, look)
    look()
    return alarm.close


WAYS = {
    "call_later": by_timer,
    "call_soon": by_spinning,
    "a thread": by_thread,
    "SIGALRM": by_signal,
    "a timerfd": by_alarm,
}


def wait(way: str, rate: int, seconds: float) -> str:
    """Wait for slots in one way; return its row."""
    import uvloop

    async def run() -> tuple[list[int], float]:
        ticks = Ticks(asyncio.get_running_loop(), rate, max(10, round(rate * seconds)))
        before = time.process_time()
        end = WAYS[way](ticks)
        await ticks.over
        cpu = time.process_time() - before
        end()
        return ticks.lags, cpu / len(ticks.lags)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        lags, cpu = runner.run(run())
    p50, p99 = np.quantile(lags, [0.5, 0.99]) / 1e3
    return f"{p50:>9.0f} {p99:>9.0f} {cpu * 1e6:>8.1f} {cpu * rate:>7.1%}"


def compare_ways(seconds: float, cores: list[int]) -> None:
    """Print a row for each way to wait at each rate, on a core of its own and on a shared one."""
    os.sched_setaffinity(0, {cores[0]})
    print(
        f"{'core':<7} {'rate':>5} {'way':<24} {'lag p50':>9} {'lag p99':>9} {'CPU':>8} {'core':>7}"
    )

    def compare(ways: Iterable[str], note: str = "") -> None:
        for place, neighbour in (
            ("own", nullcontext()),
            ("shared", beside(cores[0], work_and_rest)),
        ):
            with neighbour:
                for rate in RATES:
                    for way in ways:
                        print(f"{place:<7} {rate:>5} {way + note:<24} {wait(way, rate, seconds)}")

    compare(WAYS)
    ask_for_short_turns()  # for good, so last
    compare(["a timerfd"], ", short turns")


def main() -> None:
    """Measure the client, or the ways to wait."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4.0, help="of the windows of each row")
    parser.add_argument("--ways", action="store_true", help="compare ways to wait instead")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("Two cores are needed: one for the server, one for the client")
    (compare_ways if options.ways else measure)(options.seconds, cores)


if __name__ == "__main__":
    main()
