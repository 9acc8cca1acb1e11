from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from whereasync import serial
from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.load.drive import drive, drive_singles, read_records, read_singles
from whereasync.load.samples import SLICE, STATUS, load
from whereasync.load.sequence import Question, Sequence
from whereasync.load.throughput import measure_side
from whereasync.model import Job, Request, Single, SliceRules, Target, Task, TaskRecord
from whereasync.processes import Child, Supervisor, supervised

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Stand

RULES = SliceRules(window=0.05, latencies=2, slices=2, warm_up=0.05, timeout=5.0)


@pytest.fixture
def supervising(tmp_path: Path) -> Iterator[Supervisor]:
    """Start a supervisor for one test."""
    with supervised(tmp_path / "log") as supervisor:
        yield supervisor


def make_job(stand: Stand, **paths: str) -> Job:
    """Make a job with one task per keyword: its cell and its path."""
    tasks = tuple(
        Task(
            cell=cell,
            clients=2,
            targets=(0, 0),
            requests=(Request(path=path), Request(path=path)),
            compare=2,
        )
        for cell, path in paths.items()
    )
    return Job(targets=(stand.target,), tasks=tasks, rules=RULES, seed=1)


def ask_for(target: Target, *paths: str) -> Sequence:
    """Make a sequence with one question per path, which is its row as well."""
    questions = tuple(
        Question(row=path, variant="sync", run=run, target=0, request=Request(path=path))
        for run, path in enumerate(paths)
    )
    return Sequence(targets=(target,), questions=questions, timeout=0.5)


def test_a_job_is_done_in_a_process_of_its_own(
    stand: Stand, supervising: Supervisor, tmp_path: Path
) -> None:
    """A fault voids its task only; every task leaves its record and its samples."""
    job = make_job(stand, first="/", bad="/fails", last="/chunked")
    told: list[TaskRecord] = []
    records = drive(job, spawn=supervising.spawn, directory=tmp_path / "out", progress=told.append)
    assert tuple(told) == records == read_records(job, tmp_path / "out")
    assert [record.cell for record in records] == ["first", "bad", "last"]
    assert [record.fault and record.fault.kind for record in records] == [None, "status", None]
    for cell, record in (("first", records[0]), ("last", records[2])):
        rows = load(tmp_path / "out" / "samples" / f"{cell}.npy")
        assert (rows[:, STATUS] == 200).all()
        assert set(rows[:, SLICE].tolist()) == {-1, 0, 1}
        assert record.compared == 2
        for side in (0, 1):
            measured = measure_side(rows, record, side)
            assert measured.in_flight == pytest.approx(2, rel=0.01)
            assert measured.throughput == pytest.approx(
                measured.completions / measured.window, rel=0.2
            )
    assert (tmp_path / "out" / "samples" / "bad.npy").exists()


def test_the_client_prints_nothing(stand: Stand, tmp_path: Path) -> None:
    """Its files are its only words."""
    serial.write(tmp_path / "job.json", make_job(stand, only="/"))
    argv = [sys.executable, "-m", "whereasync.load", str(tmp_path / "job.json"), str(tmp_path)]
    ended = subprocess.run(argv, capture_output=True, timeout=60, check=True)
    assert (ended.stdout, ended.stderr) == (b"", b"")
    assert serial.read(tmp_path / "only.json", TaskRecord).fault is None


def test_the_client_works_on_the_cores_it_is_given(
    stand: Stand, supervising: Supervisor, tmp_path: Path
) -> None:
    """The cores are passed on to whoever spawns."""
    passed: list[Any] = []

    def spawn(argv: list[str], *, name: str, cores: tuple[int, ...] | None) -> Child:
        passed.append(cores)
        return supervising.spawn(argv, name=name, cores=cores)

    core = min(os.sched_getaffinity(0))
    drive(make_job(stand, only="/"), spawn=spawn, directory=tmp_path / "out", cores=(core,))
    assert passed == [(core,)]


def test_a_client_that_is_killed_is_our_error_and_finished_tasks_survive(
    stand: Stand, supervising: Supervisor, tmp_path: Path
) -> None:
    """Whatever it had finished is there to be read."""
    job = make_job(stand, first="/", second="/hangs", third="/")
    children: list[Child] = []

    def spawn(argv: list[str], *, name: str, cores: tuple[int, ...] | None) -> Child:
        children.append(supervising.spawn(argv, name=name, cores=cores))
        return children[0]

    def kill(record: TaskRecord) -> None:
        del record
        os.kill(children[0].pid, signal.SIGKILL)

    with pytest.raises(WhereAsyncError, match="ended with code -9"):
        drive(job, spawn=spawn, directory=tmp_path / "out", progress=kill)
    assert [record.cell for record in read_records(job, tmp_path / "out")] == ["first"]


def test_a_client_that_fails_shows_the_end_of_its_log(
    stand: Stand, supervising: Supervisor, tmp_path: Path
) -> None:
    """The reason is in the error, not only in a file."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "samples").write_text("in the way")
    with pytest.raises(WhereAsyncError, match="ended with code 1") as caught:
        drive(make_job(stand, only="/"), spawn=supervising.spawn, directory=tmp_path / "out")
    assert "FileExistsError" in caught.value.log


def test_ctrl_c_stops_the_client(stand: Stand, supervising: Supervisor, tmp_path: Path) -> None:
    """Also in the middle of a task."""
    children: list[Child] = []

    def spawn(argv: list[str], *, name: str, cores: tuple[int, ...] | None) -> Child:
        children.append(supervising.spawn(argv, name=name, cores=cores))
        return children[0]

    def interrupt(record: TaskRecord) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drive(
            make_job(stand, first="/", second="/hangs"),
            spawn=spawn,
            directory=tmp_path / "out",
            progress=interrupt,
        )
    assert children[0].poll() is not None


def test_what_an_earlier_client_left_is_not_taken_for_new(
    stand: Stand, supervising: Supervisor, tmp_path: Path
) -> None:
    """A directory may be used twice."""
    job = make_job(stand, only="/")
    serial.write(tmp_path / "only.json", TaskRecord(cell="only", clients=99))
    told: list[TaskRecord] = []
    drive(job, spawn=supervising.spawn, directory=tmp_path, progress=told.append)
    assert [record.clients for record in told] == [2]


def test_bad_input_is_refused_before_anything_starts(stand: Stand, tmp_path: Path) -> None:
    """Neither a target beyond loopback nor a request that isn't HTTP gets a process."""

    def spawn(argv: list[str], *, name: str, cores: tuple[int, ...] | None) -> Child:
        raise AssertionError(argv)

    far = Target(host="192.0.2.1", port=80, server_pids=())
    with pytest.raises(BadInputError, match="loopback"):
        drive_singles(ask_for(far, "/"), spawn=spawn, directory=tmp_path)
    with pytest.raises(BadInputError, match="valid HTTP"):
        drive(make_job(stand, only="no slash"), spawn=spawn, directory=tmp_path)


def test_singles_are_asked_one_after_another_with_both_clocks(
    stand: Stand, supervising: Supervisor, tmp_path: Path
) -> None:
    """A fault stays in its own single; a connection is kept for the others."""
    told: list[Single] = []
    singles = drive_singles(
        ask_for(stand.target, "/times", "/", "/fails", "/resets", "/times"),
        spawn=supervising.spawn,
        directory=tmp_path,
        progress=told.append,
    )
    assert tuple(told) == singles == read_singles(tmp_path)
    assert [single.in_view for single in singles] == [
        pytest.approx(0.00125),
        None,
        None,
        None,
        pytest.approx(0.00125),
    ]
    assert [single.fault and single.fault.kind for single in singles] == [
        None,
        None,
        "status",
        "connection",
        None,
    ]
    assert all((single.client or 0) > 0 for single in singles if single.fault is None)
    assert [(single.row, single.run) for single in singles][-1] == ("/times", 4)
    assert stand.connections == 3  # the reset looked stale at first, and was tried once more
    assert stand.hits["/resets"] == 2
    assert read_singles(tmp_path / "nowhere") == ()
