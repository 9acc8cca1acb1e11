from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from whereasync.errors import BadInputError
from whereasync.load.http import now
from whereasync.load.pacing import MIN_WARM_UP_REQUESTS
from whereasync.load.samples import (
    DONE,
    FIRST_BYTE,
    INTENDED,
    SENT,
    SIDE,
    SIZE,
    SLICE,
    STATUS,
    VIEW,
)
from whereasync.load.throughput import measure_side
from whereasync.model import Job, Request, Target, TaskRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Stand

    from whereasync.load.samples import Samples

    Make = Callable[..., Job]
    Run = Callable[[Job], tuple[TaskRecord, Samples]]


def test_a_task_alternates_and_records_every_request(stand: Stand, job: Make, run: Run) -> None:
    """What the server counted is what was recorded, each with its times in order."""
    record, samples = run(job("/a", "/b", slices=4))
    rows = samples.rows()
    assert record.fault is None
    assert [ran.side for ran in record.slices] in ([0, 1, 1, 0], [1, 0, 0, 1])
    assert len(rows) == stand.hits["/a"] + stand.hits["/b"]
    assert (rows[:, SIDE] == 1).sum() == stand.hits["/b"]
    assert set(np.unique(rows[:, SLICE])) == {-1, 0, 1, 2, 3}
    assert (rows[:, STATUS] == 200).all()
    assert (rows[:, VIEW] == -1).all()
    assert (rows[:, SIZE] == 43).all()
    assert (np.diff(rows[:, [INTENDED, SENT, FIRST_BYTE, DONE]], axis=1) >= 0).all()
    assert stand.connections == 6


def test_only_one_side_works_at_a_time(job: Make, run: Run) -> None:
    """A slice is over, drain included, before the next one starts."""
    record, samples = run(job("/a", "/b", slices=4))
    ends = [0]
    for number, ran in enumerate(record.slices):
        mine = samples.rows()[samples.rows()[:, SLICE] == number]
        assert ends[-1] <= ran.start_ns <= ran.window_start_ns
        assert ran.window_start_ns < ran.window_end_ns <= ran.end_ns
        assert ran.start_ns <= mine[:, INTENDED].min()
        assert mine[:, DONE].max() == ran.end_ns
        assert (mine[:, SIDE] == ran.side).all()
        ends.append(ran.end_ns)


def test_the_window_is_full_from_its_start_to_its_end(job: Make, run: Run) -> None:
    """All users are busy, each past its first request, and the tail is under full load."""
    record, samples = run(job("/waits", clients=8, window=0.05))
    for number, ran in enumerate(record.slices):
        mine = samples.rows()[samples.rows()[:, SLICE] == number]
        for moment in (ran.window_start_ns, ran.window_end_ns):
            under_way = (mine[:, INTENDED] <= moment) & (mine[:, DONE] > moment)
            assert under_way.sum() == 8
        finished_before = mine[:, DONE] <= ran.window_start_ns
        assert finished_before.sum() >= 8
        counted = ran.window_end_ns - ran.window_start_ns
        assert counted >= 0.045e9
    for side in (0, 1):
        assert measure_side(samples.rows(), record, side).in_flight == pytest.approx(8, rel=0.001)


def test_a_closed_loop_user_never_rests_within_a_slice(job: Make, run: Run) -> None:
    """One user's next request is intended the moment the last one is done."""
    record, samples = run(job("/", clients=1))
    mine = samples.rows()[samples.rows()[:, SLICE] == 0]
    assert mine[0, INTENDED] == record.slices[0].start_ns
    assert (mine[1:, INTENDED] == mine[:-1, DONE]).all()


def test_a_window_holds_so_many_latencies(job: Make, run: Run) -> None:
    """A slow side gets a longer window than the least one."""
    record, _ = run(job("/waits", clients=2, window=0.001, latencies=5))
    lengths = [(ran.window_end_ns - ran.window_start_ns) * 1e-9 for ran in record.slices]
    assert min(lengths) >= 5 * 0.01 * 0.9


def test_long_slices_are_done_once_a_side(job: Make, run: Run) -> None:
    """Where a slice would last over `long`, two take the place of four."""
    record, _ = run(job("/", slices=4, window=0.02, long=0.01))
    assert len(record.slices) == 2


@pytest.mark.parametrize(
    "path", ["/says-close", "/closes", "/http10", "/chunked", "/dribbles", "/hints"]
)
def test_servers_that_close_or_dawdle_are_no_fault(
    stand: Stand, job: Make, run: Run, path: str
) -> None:
    """A connection that the server closed is made again; every answer is recorded as good."""
    record, samples = run(job(path, clients=4))
    assert record.fault is None
    rows = samples.rows()
    assert (rows[:, STATUS] == 200).all()
    assert len(rows) <= stand.hits[path]
    if path == "/says-close":
        assert stand.connections == stand.hits[path] == len(rows)


def test_reconnecting_within_a_slice_counts_in_the_latency(job: Make, run: Run) -> None:
    """`sent` is after the connection was made, `intended` before."""
    _, samples = run(job("/says-close", clients=1))
    mine = samples.rows()[samples.rows()[:, SLICE] == 0]
    making = (mine[:, SENT] - mine[:, INTENDED])[1:]
    _, samples = run(job("/", clients=1))
    mine = samples.rows()[samples.rows()[:, SLICE] == 0]
    kept = (mine[:, SENT] - mine[:, INTENDED])[1:]
    assert np.median(making) > 2 * np.median(kept)


def test_an_idle_connection_that_says_408_is_replaced(stand: Stand, job: Make, run: Run) -> None:
    """What a server says to nobody, between two slices of this side, is no answer."""
    stand.patience = 0.03
    record, samples = run(job("/", "/waits", clients=2, window=0.1, slices=4))
    assert stand.hits["said 408"] > 0
    assert record.fault is None
    assert (samples.rows()[:, STATUS] == 200).all()


@pytest.mark.parametrize(
    ("path", "kind", "status"),
    [
        ("/resets", "connection", 0),
        ("/resets-midway", "connection", 0),
        ("/ends-midway", "connection", 0),
        ("/babbles", "malformed", 0),
        ("/hangs", "timeout", 0),
        ("/fails", "status", 500),
        ("/fails-later", "status", 500),
    ],
)
def test_any_fault_voids_the_task_and_is_recorded(  # noqa: PLR0917 # fixtures are arguments
    stand: Stand, job: Make, run: Run, path: str, kind: str, status: int
) -> None:
    """Nothing is retried or counted, and the task ends there."""
    record, samples = run(job(path, timeout=1.0))  # ample to connect on a loaded machine
    assert record.fault is not None
    assert record.fault.kind == kind
    assert status in samples.rows()[:, STATUS]
    assert (samples.rows()[:, STATUS] != 200).sum() <= 3
    assert stand.hits[path] <= len(samples) + 3


def test_a_server_that_is_gone_is_a_fault_without_requests(
    job: Make, run: Run, free_port: int
) -> None:
    """A refused connection is a fault with the port in it; there was no request to record."""
    target = Target(host="127.0.0.1", port=free_port, server_pids=())
    record, samples = run(dataclasses.replace(job("/"), targets=(target,)))
    assert record.fault is not None
    assert record.fault.kind == "connection"
    assert str(free_port) in record.fault.detail
    assert len(samples) == 0


def test_a_target_beyond_loopback_is_refused(job: Make, run: Run) -> None:
    """Whoever made the job."""
    target = Target(host="192.0.2.1", port=80, server_pids=())
    with pytest.raises(BadInputError, match="loopback"):
        run(dataclasses.replace(job("/"), targets=(target,)))


def test_equal_answers_are_counted(stand: Stand, job: Make, run: Run) -> None:
    """So many of each side, asked for in turns, before any load."""
    record, _ = run(job("/a", "/b", compare=5))
    assert record.compared == 5
    assert record.fault is None
    asked = [head.split()[1] for head in stand.heads[:10]]
    assert asked == [b"/a", b"/b"] * 5


def test_different_answers_void_the_task_before_any_load(stand: Stand, job: Make, run: Run) -> None:
    """The first difference is shown with its place."""
    record, samples = run(job("/", "/counts", compare=5))
    assert record.fault is not None
    assert record.fault.kind == "answers differ"
    assert "at byte 0" in record.fault.detail
    assert "hello" in record.fault.detail
    assert "number 1" in record.fault.detail
    assert len(samples) == 0
    assert sum(stand.hits.values()) == 2


def test_volatile_parts_are_masked(job: Make, run: Run) -> None:
    """What a request declares volatile may differ, and nothing else."""
    counting = Request(path="/counts", volatile=(r"\d+",))
    record, _ = run(job(counting, compare=5))
    assert (record.fault, record.compared) == (None, 5)


def test_an_answer_that_varies_by_itself_differs(job: Make, run: Run) -> None:
    """Also where only one side's answers differ from each other."""
    record, _ = run(job("/counts", compare=2))
    assert record.fault is not None
    assert "at byte 7" in record.fault.detail


def test_a_shorter_answer_differs_at_its_end(job: Make, run: Run) -> None:
    """A body that is the beginning of the other is not the same."""
    masked = Request(path="/", volatile=("lo",))
    record, _ = run(job(masked, "/", compare=1))
    assert record.fault is not None
    assert "at byte 3" in record.fault.detail


def test_a_pattern_that_is_none_is_a_fault_with_its_reason(job: Make, run: Run) -> None:
    """The recipe is named, not a traceback shown."""
    record, _ = run(job(Request(path="/", volatile=("(",)), compare=1))
    assert record.fault is not None
    assert record.fault.kind == "recipe"


def test_a_side_that_never_settles_is_noted_and_measured(
    job: Make, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unsteady warm-up is a caveat, not a fault."""
    monkeypatch.setattr("whereasync.load.slices.SETTLED", -1.0)
    record, _ = run(job("/"))
    assert record.fault is None
    assert record.settled is False
    assert len(record.slices) == 2


def test_a_steady_side_settles_with_requests_enough(job: Make, run: Run) -> None:
    """The warm-up is recorded as slice -1; the same request on the same server needs one only."""
    record, samples = run(job("/waits", clients=2))
    warm_up = samples.rows()[samples.rows()[:, SLICE] == -1]
    assert record.settled is True
    assert sorted((warm_up[:, SIDE] == side).sum() > 0 for side in (0, 1)) == [False, True]
    assert len(warm_up) >= MIN_WARM_UP_REQUESTS
    _, samples = run(job("/waits", "/", clients=2))
    warm_up = samples.rows()[samples.rows()[:, SLICE] == -1]
    assert min((warm_up[:, SIDE] == side).sum() for side in (0, 1)) >= MIN_WARM_UP_REQUESTS


def test_cpu_is_that_of_the_slice(stand: Stand, job: Make, run: Run) -> None:
    """Server and client here are one process, so their CPU is nearly the same; no database."""
    target = dataclasses.replace(stand.target, server_pids=(os.getpid(),))
    record, _ = run(dataclasses.replace(job("/"), targets=(target,)))
    for ran in record.slices:
        assert ran.database_cpu is None
        assert ran.client_cpu > 0
        assert ran.server_cpu == pytest.approx(ran.client_cpu, rel=0.1, abs=0.005)
    target = dataclasses.replace(target, database_pids=(os.getpid(),))
    record, _ = run(dataclasses.replace(job("/"), targets=(target,)))
    assert all(ran.database_cpu for ran in record.slices)


def test_the_clock_is_the_monotonic_one(job: Make, run: Run) -> None:
    """A sample can be set beside any other monotonic time of this machine."""
    before = now()
    rows = run(job("/"))[1].rows()
    assert before < rows[:, INTENDED].min() <= rows[:, DONE].max() < now()


def test_nothing_is_imported_while_load_runs() -> None:
    """A late import of numpy between two windows once stalled every user for 35 ms."""
    code = "import sys, whereasync.load.slices; sys.exit('numpy' not in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
