"""A copy of the user's SQLite file, through which nothing of the user's changes.

A newcomer would open it with ``mode=ro`` and be done. In WAL mode that makes a -wal and a -shm file
beside it and leaves them there, or writes into the -shm of a program that has it open.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LOCKED = 10.0  # s that somebody else may keep the file locked
TRIES = 5
_SOURCES = ("", "-wal", "-journal")  # what holds data
_BESIDE = ("", "-wal", "-shm", "-journal")
_HEADER = b"SQLite format 3\0"
_WAL = 2  # at offset 18 of the header: https://www.sqlite.org/fileformat2.html
_HINT = "stop what writes to it, and try again"


def find_file(name: str) -> Path | None:
    """Return the file that a NAME of Django's settings leads to; None: memory, or no such file."""
    if name.startswith("file:"):
        parts = urlsplit(name)
        if "mode=memory" in parts.query:
            return None
        name = unquote(parts.path)
    path = Path(name)
    return path if name and ":memory:" not in name and path.is_file() else None


def copy_sqlite(source: Path, target: Path, *, patience: float = LOCKED) -> None:
    """Copy what a SQLite file and its -wal hold; neither they nor their directory change.

    BadInputError where it can't be read, is no database, stays locked for ``patience`` seconds, or
    keeps changing meanwhile.
    """
    for _ in range(TRIES):
        before = _look(source)
        try:
            is_whole = _copy(source, target, patience)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise BadInputError(f"{source} can't be read: {reason}", f"ls -l {source}") from error
        except sqlite3.Error as error:
            raise BadInputError(f"{source} can't be copied: {error}", _HINT) from error
        if is_whole or _look(source) == before:
            return
    raise BadInputError(f"{source} keeps changing while it is copied", _HINT)


def _copy(source: Path, target: Path, patience: float) -> bool:
    """Copy by the way that leaves no trace; return whether SQLite's locks kept the copy whole."""
    wal, shm = Path(f"{source}-wal"), Path(f"{source}-shm")
    if is_wal(source) and not wal.exists():  # nobody has it open
        _back_up(source, target, "mode=ro&immutable=1", patience)
        return False
    if wal.exists() and not shm.exists():  # what had it open has crashed
        _copy_bytes(source, target)
        return False
    try:
        _back_up(source, target, "mode=ro&readonly_shm=1", patience)
    except sqlite3.OperationalError:
        if not Path(f"{source}-journal").exists() and not wal.exists():
            raise
        _copy_bytes(source, target)
        return False
    return True


def is_wal(source: Path) -> bool:
    """Return whether the file is in WAL mode, which its header says."""
    with source.open("rb") as file:
        header = file.read(20)
    return header.startswith(_HEADER) and header[18] == _WAL


def _back_up(source: Path, target: Path, how: str, patience: float) -> None:
    url = f"{source.absolute().as_uri()}?{how}"
    with (
        closing(sqlite3.connect(url, uri=True, timeout=0)) as opened,
        closing(sqlite3.connect(target)) as copied,
    ):
        opened.backup(copied, sleep=0.05, progress=_give_up_after(patience))


def _give_up_after(patience: float) -> Callable[[int, int, int], None]:
    """Return what ends a copy that is still refused then; by itself it tries for ever."""
    end = time.monotonic() + patience

    def progress(status: int, _remaining: int, _total: int) -> None:
        if status not in {sqlite3.SQLITE_OK, sqlite3.SQLITE_DONE} and time.monotonic() > end:
            raise sqlite3.OperationalError("somebody keeps it locked")

    return progress


def _copy_bytes(source: Path, target: Path) -> None:
    """Copy the files themselves: after a crash SQLite must mend them first, so it mends the copy.

    That is so with a -journal, and with a -wal that has no -shm.
    """
    for suffix in _BESIDE:
        Path(f"{target}{suffix}").unlink(missing_ok=True)
    for suffix in _SOURCES:
        if (each := Path(f"{source}{suffix}")).exists():
            shutil.copyfile(each, f"{target}{suffix}")
    with closing(sqlite3.connect(target)) as copied:
        copied.execute("PRAGMA quick_check(1)").fetchall()


def _look(source: Path) -> Sequence[tuple[int, int] | None]:
    return [_status(Path(f"{source}{suffix}")) for suffix in _SOURCES]


def _status(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
