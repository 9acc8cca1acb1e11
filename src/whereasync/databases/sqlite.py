"""SQLite in a temporary file, with Django's own settings.

Good for GET at any concurrency; for POST with one client only, since two writers get "database is
locked". The version reported is that of this Python; the project's may carry another.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from whereasync.errors import WhereAsyncError
from whereasync.model import DatabaseFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_BESIDE = ("", "-wal", "-shm", "-journal")  # the files of one database
_PREFIX = "sqlite:///"


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteServer:
    """A directory of SQLite files that stands in for a server; it has no process."""

    directory: Path
    pids: tuple[int, ...] = ()

    @property
    def facts(self) -> DatabaseFacts:
        """What answers."""
        return DatabaseFacts(
            vendor="SQLite", version=sqlite3.sqlite_version, where="a temporary file"
        )

    def create(self, name: str, template: str | None = None) -> str:
        """Make a file, empty or a copy of the one created as ``template``; return its DSN."""
        path = self.path(name)
        path.touch(exist_ok=False)
        if template is not None:
            self._copy(self.path(template), path)
        return f"{_PREFIX}{path}"

    def drop(self, name: str) -> None:
        """Delete the file of that name or DSN; one that is gone already is fine."""
        path = Path(name.removeprefix(_PREFIX)) if name.startswith(_PREFIX) else self.path(name)
        if path.parent != self.directory:
            raise ValueError(name)  # only files of this run are ever deleted
        for suffix in _BESIDE:
            Path(f"{path}{suffix}").unlink(missing_ok=True)

    @contextmanager
    def counting(self) -> Iterator[Callable[[], Mapping[str, int] | None]]:
        """Give what counts nothing: SQLite has no connections."""
        yield lambda: None

    def settle(self, dsn: str) -> None:
        """Do nothing: SQLite has no background work."""

    def path(self, name: str) -> Path:
        """Return where the database of that name lies."""
        return self.directory / f"{name}.sqlite3"

    def _copy(self, source: Path, target: Path) -> None:
        try:
            with (
                closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as opened,
                closing(sqlite3.connect(target)) as copied,
            ):
                opened.backup(copied)  # a plain copy would miss what still lies in a -wal file
        except sqlite3.Error as error:
            raise WhereAsyncError(f"SQLite can't copy {source.name}: {error}") from error
