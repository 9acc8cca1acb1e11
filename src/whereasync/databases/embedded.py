"""A PostgreSQL of our own: made, started and thrown away within one run.

It listens on a Unix socket in the run's directory only, with nobody but our user let in. It stops
by SIGQUIT, at once: its data are thrown away, but its shared memory it must remove itself, so a
plain kill would leave a segment behind until the next boot.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from whereasync.databases.binaries import find_binaries, make_reachable
from whereasync.databases.postgres import PostgresServer, connect, read_facts, require_psycopg
from whereasync.errors import WhereAsyncError
from whereasync.processes import wait_ready

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.processes import Child, Supervisor

ROLE = "whereasync"
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC"}  # its messages in English, and no search for a zone
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",  # it trusts whoever can connect
    "max_connections": "300",  # 64 clients, and Django leaves connections open
    "autovacuum": "off",
    "logging_collector": "off",  # the log is the child's
}
_STARTED = 60.0  # s; a slow disk recovers nothing here, so this is ample
_STOPPED = 6.0  # s; PostgreSQL itself kills its backends after 5


@contextmanager
def provision_embedded(supervisor: Supervisor, *, system: bool) -> Iterator[PostgresServer]:
    """Provide a fresh PostgreSQL while the context lasts.

    BadInputError where there is none to start, WhereAsyncError, in PostgreSQL's words, where it
    doesn't start.
    """
    require_psycopg()
    user = choose_user()
    home = Path(tempfile.mkdtemp(prefix="postgres-", dir=supervisor.directory))
    if user is not None:
        os.chown(home, *user)
    binaries = make_reachable(find_binaries(system=system), user, supervisor)
    with _explained():
        _initialise(binaries, home, user, supervisor)
        child = _start(binaries, home, user, supervisor)
    url = f"postgres://{ROLE}@/postgres?host={quote(str(home))}"
    try:
        with _explained():
            wait_ready(child, lambda: is_ready(url), deadline=_STARTED)
        yield PostgresServer(
            url=url,
            token=supervisor.token,
            facts=read_facts(url, "embedded"),
            pids=(child.pid,),
        )
    finally:
        with suppress(WhereAsyncError):  # the supervisor is dead, and the server with it
            child.stop(_STOPPED)
        shutil.rmtree(home, ignore_errors=True)


def choose_user() -> tuple[int, int] | None:
    """Return whom to run PostgreSQL as: None for ourselves; as root, ``nobody``."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise WhereAsyncError(
            "PostgreSQL refuses to run as root, and there is no user “nobody” to run it as",
            "run whereasync as an ordinary user, or give a postgres:// URL",
        ) from error
    return nobody.pw_uid, nobody.pw_gid


def _initialise(
    binaries: Path, home: Path, user: tuple[int, int] | None, supervisor: Supervisor
) -> None:
    supervisor.run(
        [
            binaries / "initdb",
            f"--pgdata={home / 'data'}",
            f"--username={ROLE}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ],
        name="initdb",
        deadline=_STARTED,
        env=_ENVIRONMENT,
        user=user,
    )


def _start(
    binaries: Path, home: Path, user: tuple[int, int] | None, supervisor: Supervisor
) -> Child:
    settings = {**_SETTINGS, "unix_socket_directories": f'"{home}"'}
    return supervisor.spawn(
        [
            binaries / "postgres",
            "-D",
            home / "data",
            *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
        ],
        name="postgres",
        env=_ENVIRONMENT,
        user=user,
        stop_signal=signal.SIGQUIT,
    )


def is_ready(url: str) -> bool:
    """Return whether the server takes connections."""
    import psycopg

    try:
        connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def _explained() -> Iterator[None]:
    """Say why PostgreSQL can't start, in its own words."""
    try:
        yield
    except WhereAsyncError as error:
        raise WhereAsyncError(
            f"the embedded PostgreSQL can't start: {telling_line(error.log) or error.what}",
            f"mend that, or give a postgres:// URL (this is {sys.platform}, uid {os.geteuid()})",
            log=error.log,
        ) from error


def telling_line(log: str) -> str:
    """Return the last line of PostgreSQL's log that says what was fatal, or nothing."""
    for line in reversed(log.splitlines()):
        for mark in ("FATAL:", "PANIC:", "initdb: error:"):
            if mark in line:
                return line.partition(mark)[2].strip()
    return ""
