"""A run as a directory: ``run.json``, ``samples/<cell>-<block>.npy`` and ``log/``.

Every file is written aside and renamed, so a run that is killed keeps all that was saved before.
A newcomer would build these paths elsewhere: only this room knows where a run's files lie.
"""

from __future__ import annotations

import errno
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from whereasync import serial
from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.model import SCHEMA_VERSION, Run

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    import numpy.typing as npt

T = TypeVar("T")

RUNS = Path(".whereasync") / "runs"  # below the current directory

_RUN_FILE = "run.json"
_PROBE_SIZE = 64 * 1024  # a run.json of a few blocks: a disk without that much room is full
_ANOTHER = "Name another directory: --out DIR"
_MEASURE_AGAIN = "Measure again, or look at the other cells of the run"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDirectory:
    """One run on the disk. ``create`` makes one, ``open_run`` finds one."""

    path: Path

    @property
    def log_directory(self) -> Path:
        """Where servers and databases write their logs."""
        return self.path / "log"

    def save(self, run: Run) -> None:
        """Replace run.json; after an error (a full disk, say) the earlier one is still whole."""
        serial.write(self.path / _RUN_FILE, run)

    def load(self) -> Run:
        """Read run.json, or raise a BadInputError that says what is wrong with it."""
        return _load(self.path / _RUN_FILE)

    def discard(self) -> None:
        """Delete the whole run: for one that ended before anything was measured."""
        shutil.rmtree(self.path, ignore_errors=True)

    def attach(self, name: str, data: bytes) -> None:
        """Put a file beside run.json: afterwards it is whole, or what it was before."""
        serial.write_bytes(self.path / name, data)

    def adopt(self, cell: str, block: int, path: Path) -> None:
        """Move a finished .npy file in as the samples of a cell's block."""
        target = self._samples_path(cell, block)
        try:
            target.parent.mkdir(exist_ok=True)
            _move(path, target)
        except OSError as error:
            what = f"The samples of {cell}, block {block}, can't be kept in {self.path}"
            raise serial.explain(error, what) from error

    def samples(self, cell: str, block: int) -> npt.NDArray[np.int64]:
        """Load the samples of a cell's block: int64, shape (n, columns), times in ns.

        Missing or damaged samples are a WhereAsyncError: the rest of the run can still be shown.
        """
        import numpy as np

        path = self._samples_path(cell, block)
        try:
            array = np.load(path, allow_pickle=False)
        except FileNotFoundError as error:
            raise WhereAsyncError(f"{path} is missing.", _MEASURE_AGAIN) from error
        except (OSError, ValueError, EOFError) as error:
            raise WhereAsyncError(f"{path} is damaged: {error}.", _MEASURE_AGAIN) from error
        if not isinstance(array, np.ndarray) or array.dtype != np.int64 or array.ndim != 2:
            raise WhereAsyncError(f"{path} holds no table of int64.", _MEASURE_AGAIN)
        return array

    def _samples_path(self, cell: str, block: int) -> Path:
        if not cell or cell.startswith(".") or "/" in cell or "\0" in cell:
            raise WhereAsyncError(f"{cell!r} names no cell: it can't be a file name.")
        return self.path / "samples" / f"{cell}-{block}.npy"


# ---------------------------------------------------------------- a new run


def create(command: str, out: Path | None, now: datetime) -> RunDirectory:
    """Make the directory of a new run: ``out``, or ``.whereasync/runs/<UTC>-<command>``.

    ``now`` is an aware datetime. Two runs in the same second get different names. A file in the
    way, a directory that holds something, one that can't be written and a full disk are each a
    BadInputError, raised now rather than after minutes of measuring.
    """
    try:
        path = _make_default(command, now) if out is None else _make(out)
        _furnish(path)
    except OSError as error:
        named = RUNS if out is None else out
        cause = serial.explain(error, f"{named} can't hold a run")
        raise BadInputError(cause.what, cause.hint) from error
    return RunDirectory(path=path)


def _make_default(command: str, now: datetime) -> Path:
    RUNS.mkdir(parents=True, exist_ok=True)
    name = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{command}"
    path, number = RUNS / name, 1
    while True:
        try:
            path.mkdir()  # this decides, so that two runs at once can't share a directory
        except FileExistsError:
            number += 1
            path = RUNS / f"{name}-{number}"
        else:
            return path.absolute()


def _make(out: Path) -> Path:
    if out.exists() and not out.is_dir():
        raise BadInputError(f"{out} is a file, not a directory.", _ANOTHER)
    out.mkdir(parents=True, exist_ok=True)
    if next(out.iterdir(), None) is not None:
        raise BadInputError(f"{out} isn't empty, and a run overwrites nothing.", _ANOTHER)
    return out.absolute()


def _furnish(path: Path) -> None:
    """Make what is inside and try out the disk; after an OSError all of it is gone again."""
    made = (path / "log", path / "samples")
    probe = path / ".probe"
    try:
        for directory in made:
            directory.mkdir()
        probe.write_bytes(b"\0" * _PROBE_SIZE)
    except OSError:
        for directory in made:
            with suppress(OSError):
                directory.rmdir()
        raise
    finally:
        probe.unlink(missing_ok=True)


# ---------------------------------------------------------------- an old run


def open_run(path: Path | None) -> RunDirectory:
    """Find a run by its directory or its run.json; None is the newest below ``.whereasync/runs``.

    It is read once, so a missing, foreign, half-written or damaged run, and one written by a newer
    whereasync, is a BadInputError here.
    """
    path = _find_newest() if path is None else path
    if path.name == _RUN_FILE and not path.is_dir():
        path = path.parent
    if not path.exists():
        raise BadInputError(f"There is no run at {path}.", _list_runs())
    if not path.is_dir():
        raise BadInputError(f"{path} is no run: a run is a directory.", _list_runs())
    directory = RunDirectory(path=path.absolute())
    directory.load()
    return directory


def _find_newest() -> Path:
    runs = [path for path in RUNS.glob("*") if (path / _RUN_FILE).exists()]
    if not runs:
        raise BadInputError(f"There is no run below {RUNS}.", "Measure one: whereasync demo")
    return max(runs, key=_age)


def _age(run: Path) -> tuple[str, int, str]:
    stamp, _, rest = run.name.partition("-")
    return stamp, len(rest), rest  # demo-10 is newer than demo-9


@dataclass(frozen=True, slots=True, kw_only=True)
class _Imprint:
    """As much of a run.json as every schema has."""

    schema: int
    tool: str


def _load(path: Path) -> Run:
    if not path.exists():
        what = f"{path.parent} holds no {_RUN_FILE}: it is no run, or was stopped before its start."
        raise BadInputError(what, _list_runs())
    imprint = _read(path, _Imprint)
    if imprint.schema > SCHEMA_VERSION:
        raise BadInputError(
            f"{path} was written by whereasync {imprint.tool}, whose schema {imprint.schema} "
            f"is newer than ours, {SCHEMA_VERSION}.",
            "Upgrade: pip install --upgrade whereasync",
        )
    return _read(path, Run)


def _read(path: Path, kind: type[T]) -> T:
    try:
        return serial.read(path, kind, "run")
    except WhereAsyncError as error:
        raise BadInputError(error.what, error.hint or _list_runs()) from error


def _list_runs() -> str:
    return f"Name another run, one of: ls -d {RUNS}/*"


# ---------------------------------------------------------------- files


def _move(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(source, target)
        source.unlink()


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as old, serial.put_aside(target, durable=True) as new:
        shutil.copyfileobj(old, new)
