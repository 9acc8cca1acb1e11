"""Copies of SQLite files in every state that a user's may be in: nothing of theirs changes."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from whereasync.databases.copying import copy_sqlite, find_file, is_wal
from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Holds a database in WAL mode open until its stdin closes: at rest, or in a transaction.
HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("INSERT INTO bread VALUES ('committed')")
if sys.argv[2] == "writing":
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO bread VALUES ('half')")
print("ready", flush=True)
sys.stdin.read()
"""


def make(path: Path, *, mode: str = "delete") -> Path:
    """Make a database of two rows; closed, so that nothing lies beside it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA journal_mode={mode}")
        connection.execute("CREATE TABLE bread (name TEXT)")
        connection.execute("INSERT INTO bread VALUES ('a'), ('b')")
    return path


def read(path: Path) -> list[str]:
    """Return the rows of a copy."""
    with closing(sqlite3.connect(path)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM bread ORDER BY 1")]


def fingerprint(directory: Path) -> dict[str, str]:
    """Return name → hash of all that lies in a directory."""
    return {
        each.name: hashlib.sha256(each.read_bytes()).hexdigest()
        for each in sorted(directory.iterdir())
    }


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """Return the user's directory."""
    directory = tmp_path / "theirs"
    directory.mkdir()
    return directory


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return where the copy goes."""
    return tmp_path / "ours.sqlite3"


@pytest.mark.parametrize("mode", ["delete", "persist", "wal"])
def test_closed(mode: str, theirs: Path, target: Path) -> None:
    """A file that nobody has open is copied, and nothing comes or changes beside it."""
    source = make(theirs / "db.sqlite3", mode=mode)
    before = fingerprint(theirs)
    copy_sqlite(source, target)
    assert fingerprint(theirs) == before
    assert read(target) == ["a", "b"]
    assert is_wal(target) == (mode == "wal")


@pytest.fixture(params=["writing", "resting"])
def holder(theirs: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """Give a database that another process has open in WAL mode, in a transaction or at rest."""
    source = make(theirs / "db.sqlite3", mode="wal")
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(source), request.param],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    yield source
    process.kill()
    process.communicate()


def test_open_in_wal_mode(holder: Path, theirs: Path, target: Path) -> None:
    """What is committed but still in the -wal is copied; file, -wal and -shm stay identical."""
    before = fingerprint(theirs)
    assert len(before) == 3
    copy_sqlite(holder, target)
    assert fingerprint(theirs) == before
    assert read(target) == ["a", "b", "committed"]


def test_left_by_a_crash(holder: Path, tmp_path: Path, target: Path) -> None:
    """A -wal without its -shm, as a copied backup has, is mended in the copy only."""
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(f"{holder}{suffix}", crashed)
    before = fingerprint(crashed)
    copy_sqlite(crashed / holder.name, target)
    assert fingerprint(crashed) == before
    assert read(target) == ["a", "b", "committed"]


def test_hot_journal(theirs: Path, tmp_path: Path, target: Path) -> None:
    """A transaction that a power cut left half written is rolled back in the copy only."""
    source = make(theirs / "db.sqlite3")
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size=1")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO bread VALUES (?)", [("x" * 900,)] * 500)
        for suffix in ("", "-journal"):
            shutil.copy(f"{source}{suffix}", crashed)
    before = fingerprint(crashed)
    copy_sqlite(crashed / source.name, target)
    assert fingerprint(crashed) == before
    assert read(target) == ["a", "b"]


def test_locked(theirs: Path, target: Path) -> None:
    """A file that somebody keeps locked is refused after a while, in one line."""
    source = make(theirs / "db.sqlite3")
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(BadInputError, match="somebody keeps it locked") as caught:
            copy_sqlite(source, target, patience=0.1)
    assert "stop what writes" in caught.value.hint


def test_changing(theirs: Path, target: Path) -> None:
    """A file that changes at every look, without SQLite's locks, is refused."""
    source = make(theirs / "db.sqlite3", mode="wal")
    with closing(sqlite3.connect(source)) as connection, connection:  # it takes a while to copy
        connection.executemany("INSERT INTO bread VALUES (?)", [("x" * 4000,)] * 5000)
    done = threading.Event()

    def touch() -> None:
        moment = 0
        while not done.is_set():
            moment += 1
            os.utime(source, ns=(moment, moment))

    thread = threading.Thread(target=touch)
    thread.start()
    try:
        with pytest.raises(BadInputError, match="keeps changing"):
            copy_sqlite(source, target)
    finally:
        done.set()
        thread.join()


def test_no_database(theirs: Path, target: Path) -> None:
    """What is no database, or can't be read, is refused in one line."""
    (theirs / "notes.txt").write_text("no database, however long this text may be" * 20)
    with pytest.raises(BadInputError, match="file is not a database"):
        copy_sqlite(theirs / "notes.txt", target)
    with pytest.raises(BadInputError, match="can't be read: is a directory"):
        copy_sqlite(theirs, target)


def test_find_file(tmp_path: Path) -> None:
    """Paths and URIs lead to a file; memory, and what isn't there, to none."""
    file = tmp_path / "a b.sqlite3"
    file.touch()
    assert find_file(str(file)) == file
    assert find_file(f"{file.as_uri()}?mode=ro") == file
    assert find_file("file:shop?mode=memory&cache=shared") is None
    assert find_file("file::memory:?cache=shared") is None
    assert find_file(":memory:") is None
    assert find_file("") is None
    assert find_file(str(tmp_path / "missing.sqlite3")) is None
