"""What is running or temporary, written down, so that the next start can clear it.

One file a run below ``$XDG_STATE_HOME/whereasync/live``. The supervisor removes it when all is
cleared; a file whose supervisor is dead is what a power cut left. It never holds a password.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import psutil

TOKEN_VARIABLE = "WHEREASYNC_TOKEN"  # noqa: S105 # a run's name, no secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One run's traces."""

    token: str
    directory: str
    owner: int  # pid of its supervisor; of the tool until that has started
    owner_started: float  # its start time, since pids are used again
    databases: tuple[tuple[str, str], ...] = ()  # (server as "host:port", name of the database)


def entry(token: str, directory: Path, *, owner: int) -> Entry:
    """Return the entry of a run that the process ``owner`` answers for."""
    started = psutil.Process(owner).create_time()
    return Entry(token=token, directory=str(directory), owner=owner, owner_started=started)


def home() -> Path:
    """Return where the entries lie."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "whereasync" / "live"


def write(known: Entry) -> None:
    """Write or overwrite an entry, atomically."""
    home().mkdir(parents=True, exist_ok=True)
    aside = home() / f".{known.token}.{os.getpid()}"
    aside.write_bytes(msgspec.json.encode(known))
    aside.replace(home() / f"{known.token}.json")


def read(token: str) -> Entry | None:
    """Return the entry of that name, or None if it is gone or damaged."""
    try:
        return msgspec.json.decode((home() / f"{token}.json").read_bytes(), type=Entry)
    except (OSError, msgspec.MsgspecError):
        return None


def remove(token: str) -> None:
    """Forget an entry."""
    (home() / f"{token}.json").unlink(missing_ok=True)


def remember_database(token: str, where: str, name: str) -> None:
    """Note that this run made a database on a server that isn't ours."""
    known = read(token)
    if known:
        write(replace(known, databases=(*known.databases, (where, name))))


def forget_database(where: str, name: str) -> None:
    """Note that a database is gone, whichever run made it."""
    for known in _entries():
        if (where, name) in known.databases:
            kept = tuple(other for other in known.databases if other != (where, name))
            write(replace(known, databases=kept))


def leftovers(where: str) -> tuple[str, ...]:
    """Return the databases that dead runs left on a server."""
    return tuple(
        name
        for dead in _entries()
        if not is_alive(dead)
        for place, name in dead.databases
        if place == where
    )


def is_alive(known: Entry) -> bool:
    """Tell whether an entry's owner still lives."""
    try:
        owner = psutil.Process(known.owner)
        same = abs(owner.create_time() - known.owner_started) < 1.0
        return same and bool(owner.status() != psutil.STATUS_ZOMBIE)
    except (psutil.Error, ValueError):
        return False


def clear_dead() -> None:
    """Kill what dead runs left running and delete their directories.

    An entry that still names databases stays, until somebody connects to that server again.
    """
    for dead in _entries():
        if not is_alive(dead):
            kill_strays(dead)
            shutil.rmtree(dead.directory, ignore_errors=True)
            if not dead.databases:
                remove(dead.token)


def kill_strays(dead: Entry) -> None:
    """Kill every process that carries the run's token, or works in its directory.

    Both are looked at because PostgreSQL writes its title over its environment.
    """
    marker = f"{TOKEN_VARIABLE}={dead.token}".encode()
    for process in psutil.process_iter():
        try:
            mine = Path(process.cwd()).is_relative_to(dead.directory)
            mine = mine or marker in Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
            if mine and process.pid != os.getpid():
                process.kill()
        except (psutil.Error, OSError):
            continue


def _entries() -> list[Entry]:
    try:
        names = [path.stem for path in home().glob("*.json")]
    except OSError:
        return []
    return [known for known in map(read, names) if known]
