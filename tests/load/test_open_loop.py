from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import uvloop

from whereasync import serial
from whereasync.load import punctuality
from whereasync.load.pacing import count_slots
from whereasync.load.samples import DONE, INTENDED, SENT, SLICE, STATUS, Samples, load
from whereasync.load.throughput import is_intended_in, latencies, measure_side
from whereasync.model import Job, TaskRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Stand

    Make = Callable[..., Job]
    Run = Callable[[Job], tuple[TaskRecord, Samples]]

pytestmark = pytest.mark.alone


@pytest.fixture(autouse=True)
def short_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten what a rate that is never sustained would prolong: it never settles."""
    monkeypatch.setattr("whereasync.load.slices.MOST_WARM_UP_WINDOWS", 3)


def test_requests_are_intended_at_exact_intervals_on_both_sides(job: Make, run: Run) -> None:
    """Start + k / rate, each k once, whatever the server and the machine did."""
    record, samples = run(job("/", "/waits", rate=300.0, clients=8, requests=20, slices=4))
    assert (record.fault, record.rate, len(record.slices)) == (None, 300.0, 4)
    rows = samples.rows()
    assert {ran.side for ran in record.slices} == {0, 1}
    for number, ran in enumerate(record.slices):
        intended = np.sort(rows[rows[:, SLICE] == number, INTENDED]) - ran.start_ns
        assert intended.tolist() == [k * 10**9 // 300 for k in range(len(intended))]
    assert (rows[:, SENT] >= rows[:, INTENDED]).all()


def test_the_offered_rate_is_met(job: Make, run: Run) -> None:
    """Nothing that was intended in a window is missing, and as much was done as was offered."""
    record, samples = run(job("/", rate=500.0, clients=16, requests=100))
    rows = samples.rows()
    for side in (0, 1):
        punctual = punctuality.measure(rows, record, side)
        assert punctual.intended == punctual.answered == len(latencies(rows, record, side))
        assert punctual.lost == 0.0
        [ran] = [each for each in record.slices if each.side == side]
        window = (ran.window_end_ns - ran.window_start_ns) * 1e-9
        assert window >= 0.9 * 100 / 500
        assert punctual.intended == pytest.approx(500 * window, abs=1)
        assert measure_side(rows, record, side).completions == punctual.completions


def test_a_stall_is_in_the_latency_of_all_that_was_intended_meanwhile(job: Make, run: Run) -> None:
    """Four connections see a stall as four slow requests; the open loop omits none of the rest."""
    stalls = []
    for _ in range(8):  # until one begins and ends within a slice
        record, samples = run(job("/stalls", rate=500.0, clients=4, requests=400))
        for number, ran in enumerate(record.slices):
            mine = samples.rows()[samples.rows()[:, SLICE] == number]
            done = np.sort(mine[:, DONE])
            at = int(np.argmax(np.diff(done)))
            begun, over = int(done[at]), int(done[at + 1])
            if over < mine[:, INTENDED].max() and over - begun > 0.2e9:
                stalls.append((mine, ran, begun, over))
        if stalls:
            break
    mine, ran, begun, over = max(stalls, key=lambda stall: stall[3] - stall[2])
    meanwhile = mine[(mine[:, INTENDED] > begun) & (mine[:, INTENDED] <= over)]
    slots = [count_slots(moment - ran.start_ns, 500.0) for moment in (begun, over)]
    assert len(meanwhile) == slots[1] - slots[0] > 50
    latency = meanwhile[:, DONE] - meanwhile[:, INTENDED]
    assert (latency >= over - meanwhile[:, INTENDED]).all()
    since_sent = meanwhile[:, DONE] - meanwhile[:, SENT]
    assert (since_sent > 0.1e9).sum() <= 4
    assert (latency > 0.1e9).sum() > 25


@pytest.mark.parametrize("rate", [100.0, 2000.0])
def test_a_rate_beyond_the_server_is_seen_and_ends(job: Make, run: Run, rate: float) -> None:
    """The slice gives a hopeless backlog up; time-outs count from sending, so there is none."""
    record, samples = run(job("/queues", rate=rate, clients=2, requests=20, timeout=0.6))
    assert (record.fault, len(record.slices)) == (None, 2)
    rows = samples.rows()
    punctual = punctuality.measure(rows, record, 0)
    assert punctual.blocked > 0.5
    assert punctual.sustained < 0.8
    assert measure_side(rows, record, 0).in_flight == pytest.approx(2, rel=0.05)
    if rate == 2000.0:
        assert punctual.lost > 0.5
        assert record.settled is False
        assert (rows[:, DONE] - rows[:, INTENDED]).max() > 0.6e9


def test_connections_are_made_only_as_they_are_needed(stand: Stand, job: Make, run: Run) -> None:
    """A server that keeps up needs few, and its one is used again and again."""
    record, samples = run(job("/", rate=200.0, clients=40, requests=40))
    assert record.fault is None
    assert 2 <= stand.connections < 20
    assert len(samples) > 80


@pytest.mark.parametrize("path", ["/says-close", "/closes", "/http10"])
def test_a_server_that_closes_gets_new_connections(
    stand: Stand, job: Make, run: Run, path: str
) -> None:
    """Whose making is in the latency: `sent` is after it."""
    record, samples = run(job(path, rate=200.0, clients=4, requests=20))
    assert record.fault is None
    assert (samples.rows()[:, STATUS] == 200).all()
    assert len(samples) <= stand.hits[path]
    assert stand.connections >= len(samples)


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/resets", "connection"), ("/hangs", "timeout"), ("/fails-later", "status")],
)
def test_any_fault_ends_the_task(job: Make, run: Run, path: str, kind: str) -> None:
    """As in the closed loop."""
    record, _ = run(job(path, rate=300.0, clients=8, requests=100, timeout=0.3))
    assert record.fault is not None
    assert record.fault.kind == kind


def test_a_low_rate_has_requests_to_judge_by(job: Make, run: Run) -> None:
    """Warm-up and ramp wait for a few requests, though their time has passed long before."""
    record, samples = run(job("/", rate=20.0, clients=2, requests=5, warm_up=0.001))
    assert record.fault is None
    rows = samples.rows()
    assert (rows[:, SLICE] == -1).sum() >= 5
    for number, ran in enumerate(record.slices):
        mine = rows[rows[:, SLICE] == number]
        assert (mine[:, INTENDED] <= ran.window_start_ns).sum() >= 5


def test_nothing_is_left(stand: Stand, job: Make, run: Run) -> None:
    """No thread, and no file descriptor: of a socket, or of a timer."""
    uvloop.new_event_loop().close()  # libuv keeps a pipe from the process's first loop on
    threads, files = threading.active_count(), count_open()
    run(job("/", rate=500.0, clients=4, requests=20))
    run(job("/fails-later", rate=500.0, clients=4, requests=100))
    assert threading.active_count() == threads
    deadline = time.monotonic() + 10  # the stand has its ends of the connections to close
    while count_open() > files and time.monotonic() < deadline:
        time.sleep(0.01)
    assert count_open() <= files
    assert len(stand.hits) == 2


def test_a_client_that_was_stopped_shows_a_send_lag(
    stand: Stand, job: Make, tmp_path: Path
) -> None:
    """Its requests were intended while it slept; no connection was missing."""
    serial.write(tmp_path / "job.json", job("/", rate=500.0, clients=64, requests=400))
    argv = [sys.executable, "-m", "whereasync.load", str(tmp_path / "job.json"), str(tmp_path)]
    with subprocess.Popen(argv) as client:
        try:
            while (seen := stand.hits["/"]) or client.poll() is None:
                if not doze(client, until=lambda seen=seen: stand.hits["/"] >= seen + 150):
                    break
                os.kill(client.pid, signal.SIGSTOP)
                doze(client, until=lambda: False, seconds=0.2)
                os.kill(client.pid, signal.SIGCONT)
        finally:
            client.kill()
    record = serial.read(tmp_path / "cell.json", TaskRecord)
    rows = load(tmp_path / "samples" / "cell.npy")
    assert record.fault is None
    punctual = [punctuality.measure(rows, record, side) for side in (0, 1)]
    both = punctuality.merge(punctual)
    assert both.lag_p99 > 0.05
    assert both.lag_p99 > 10 * both.lag_p50 or both.lag_p50 > 0.001
    assert both.blocked < 0.1
    assert both.lost == 0.0


def test_the_tail_ends_when_the_last_of_the_window_is_done(job: Make, run: Run) -> None:
    """Under full load until then: later requests are under way when the last one ends."""
    record, samples = run(job("/queues", rate=70.0, clients=2, requests=20))
    for number, ran in enumerate(record.slices):
        mine = samples.rows()[samples.rows()[:, SLICE] == number]
        last = mine[is_intended_in(mine, ran), DONE].max()
        assert last > ran.window_end_ns
        assert ((mine[:, INTENDED] > ran.window_end_ns) & (mine[:, SENT] < last)).any()
    assert punctuality.measure(samples.rows(), record, 0).lost == 0.0


def doze(
    client: subprocess.Popen[bytes], *, until: Callable[[], bool], seconds: float = 30.0
) -> bool:
    """Poll until so; return False if the client ended first or the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and client.poll() is None:
        if until():
            return True
        time.sleep(0.005)
    return False


def count_open() -> int:
    """Return how many file descriptors this process has."""
    return len(list(Path("/dev/fd").iterdir()))
