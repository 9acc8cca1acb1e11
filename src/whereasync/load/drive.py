"""The host's side of the load client: starts it, waits for it, and reads what it recorded.

The client is a process of its own on its own core, so that the tool's bookkeeping never shares a
core with the load. A newcomer would hand results over a pipe: files survive whoever is killed.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Protocol

from whereasync import serial
from whereasync.errors import WhereAsyncError
from whereasync.load.bursts import BURSTS, Volleys
from whereasync.load.http import check_loopback, compose
from whereasync.load.idle import IDLE
from whereasync.load.sequence import SINGLES, Sequence
from whereasync.model import Burst, IdleJob, IdleRecord, Job, Single, TaskRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from whereasync.model import Request, Target

NAME = "load"  # of the client process, and of its log
_POLL = 0.05  # s between two looks
_HINT = "Run it again; if it happens again, report it with this log"


class Child(Protocol):
    """What ``drive`` needs of a supervised process (``whereasync.processes.Child``)."""

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""

    def stop(self) -> None:
        """End it."""

    def tail(self) -> str:
        """Return the last lines of its log."""


class Spawn(Protocol):
    """Starts a supervised process (``whereasync.processes.Supervisor.spawn``)."""

    def __call__(self, argv: list[str], *, name: str, cores: tuple[int, ...] | None) -> Child:
        """Start ``argv``, on ``cores`` only if they are given."""


def drive(
    job: Job,
    *,
    spawn: Spawn,
    directory: Path,
    cores: tuple[int, ...] | None = None,
    progress: Callable[[TaskRecord], None] = lambda _: None,
) -> tuple[TaskRecord, ...]:
    """Run a job in a client process and return its records, in the order of its tasks.

    ``directory`` (made if need be) gets ``<cell>.json`` and ``samples/<cell>.npy`` of each task as
    it finishes, and ``progress`` its record within 0.1 s. A faulty task is a record with a fault.
    Raises BadInputError before anything starts if load would leave loopback or a request can't be
    sent, and WhereAsyncError, with the tail of its log, if the client dies; ``read_records`` has
    what it finished by then. Whatever is raised here or in ``progress``, the client is stopped.
    """
    _check(job.targets, (request for task in job.tasks for request in task.requests))
    seen: list[TaskRecord] = []

    def look() -> None:
        for task in job.tasks[len(seen) :]:
            path = directory / f"{task.cell}.json"
            if not path.exists():
                break
            seen.append(serial.read(path, TaskRecord))
            progress(seen[-1])

    _forget(directory / f"{task.cell}.json" for task in job.tasks)
    _run([], job, spawn=spawn, directory=directory, cores=cores, look=look)
    return tuple(seen)


def drive_singles(
    sequence: Sequence,
    *,
    spawn: Spawn,
    directory: Path,
    cores: tuple[int, ...] | None = None,
    progress: Callable[[Single], None] = lambda _: None,
) -> tuple[Single, ...]:
    """Ask a sequence's questions in a client process; return the answers in their order.

    ``progress`` gets each answer within 0.1 s. Raises what ``drive`` raises; ``read_singles`` has
    what was answered by then.
    """
    _check(sequence.targets, (question.request for question in sequence.questions))
    seen: list[Single] = []

    def look() -> None:
        for single in read_singles(directory)[len(seen) :]:
            seen.append(single)
            progress(single)

    _forget([directory / SINGLES])
    _run(["--singles"], sequence, spawn=spawn, directory=directory, cores=cores, look=look)
    return tuple(seen)


def drive_idle(job: IdleJob, *, spawn: Spawn, directory: Path) -> IdleRecord:
    """Hold a job's clients in a client process; return its record.

    ``samples_path(directory, IDLE)`` has the clients' own times. Raises what ``drive`` raises.
    """
    _check([job.target], [job.request, job.visitor])
    path = directory / f"{IDLE}.json"
    _forget([path])
    _run(["--idle"], job, spawn=spawn, directory=directory, cores=None, look=lambda: None)
    return serial.read(path, IdleRecord)


def drive_bursts(
    volleys: Volleys, *, spawn: Spawn, directory: Path, cores: tuple[int, ...] | None = None
) -> tuple[Burst, ...]:
    """Send all bursts from a client process; return them, timed, in their order.

    Raises what ``drive`` raises.
    """
    _check(volleys.targets, (volley.request for volley in volleys.volleys))
    path = directory / BURSTS
    _forget([path])
    _run(["--bursts"], volleys, spawn=spawn, directory=directory, cores=cores, look=lambda: None)
    return serial.read(path, tuple[Burst, ...])


def read_records(job: Job, directory: Path) -> tuple[TaskRecord, ...]:
    """Return the records of the tasks that have finished, in the order of the job."""
    paths = [directory / f"{task.cell}.json" for task in job.tasks]
    return tuple(serial.read(path, TaskRecord) for path in paths if path.exists())


def samples_path(directory: Path, cell: str) -> Path:
    """Return where the client leaves a task's samples."""
    return directory / "samples" / f"{cell}.npy"


def read_singles(directory: Path) -> tuple[Single, ...]:
    """Return the questions' answers so far."""
    path = directory / SINGLES
    return serial.read(path, tuple[Single, ...]) if path.exists() else ()


def _check(targets: Iterable[Target], requests: Iterable[Request]) -> None:
    every = tuple(targets)
    for target in every:
        check_loopback(target.host)
    for request in requests:
        compose(request, every[0])


def _forget(paths: Iterable[Path]) -> None:
    """Remove what an earlier client left in the same directory."""
    for path in paths:
        path.unlink(missing_ok=True)


def _run(  # noqa: PLR0913 # what all that drive have in common
    flags: list[str],
    work: Job | Sequence | Volleys | IdleJob,
    *,
    spawn: Spawn,
    directory: Path,
    cores: tuple[int, ...] | None,
    look: Callable[[], None],
) -> None:
    directory = directory.absolute()  # a supervised process runs elsewhere
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{NAME}-work.json"
    serial.write(path, work)
    argv = [sys.executable, "-m", "whereasync.load", *flags, str(path), str(directory)]
    child = spawn(argv, name=NAME, cores=cores)
    try:
        while (code := child.poll()) is None:
            look()
            time.sleep(_POLL)
        look()
    finally:
        if child.poll() is None:
            child.stop()
    if code:
        raise WhereAsyncError(f"The load client ended with code {code}.", _HINT, log=child.tail())
