"""The user's own PostgreSQL, in which we make and drop only databases of our own.

Three nets, since nothing may be left there: leaving the context drops them; should the tool die,
the supervisor's finalizer does; should the machine die, the next run on that server does.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from whereasync.databases.address import FORM, check_options, with_database
from whereasync.databases.cleanup import VARIABLE
from whereasync.databases.postgres import (
    PostgresServer,
    connect,
    drop_leftovers,
    drop_run,
    read_facts,
    reason,
    require_psycopg,
)
from whereasync.errors import BadInputError, WhereAsyncError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.processes import Supervisor

OLDEST = 13  # DROP DATABASE … WITH (FORCE)
_MAY_CREATE = "SELECT rolcreatedb OR rolsuper, rolname FROM pg_roles WHERE rolname = current_user"


@contextmanager
def provision_external(url: str, supervisor: Supervisor) -> Iterator[PostgresServer]:
    """Provide the user's server while the context lasts, and drop our databases at its end.

    BadInputError if it can't be reached, is too old, or if the role may not create a database.
    """
    require_psycopg()
    url, where = check_server(url)
    for name in drop_leftovers(url, supervisor.leftovers(where)):
        supervisor.forget_database(where, name)
    finalizer = f"drop databases at {where}"
    supervisor.finalizer(
        [sys.executable, "-m", "whereasync.databases.cleanup", supervisor.token, where],
        name=finalizer,
        env={VARIABLE: url},
    )
    remembered: list[str] = []

    def remember(name: str) -> None:
        remembered.append(name)
        supervisor.remember_database(where, name)

    try:
        yield PostgresServer(
            url=url,
            token=supervisor.token,
            facts=read_facts(url, where),
            remember=remember,
            forget=partial(supervisor.forget_database, where),
        )
    finally:
        # A server gone by now must not cost the run: finalizer and registry still know the names.
        with suppress(WhereAsyncError):
            drop_run(url, supervisor.token)
            for name in remembered:
                supervisor.forget_database(where, name)
            supervisor.undo(finalizer)


def check_server(url: str) -> tuple[str, str]:
    """Return the URL with its maintenance database, and the server as ``host:port``.

    BadInputError for all that would fail later: unknown options, no connection, a wrong password,
    a server too old, a role that may not create databases.
    """
    import psycopg

    check_options(url, _known_options())
    if not urlsplit(url).path.strip("/"):
        url = with_database(url, "postgres")  # libpq would take a database named like the role
    try:
        with connect(url) as connected:
            host, port = connected.info.host, connected.info.port
            refuse_old(connected.info.server_version)
            may_create, role = connected.execute(_MAY_CREATE).fetchall()[0]
    except psycopg.ProgrammingError:
        raise BadInputError(  # its text quotes the part of the URL, which may be the password
            "the database URL is malformed", FORM
        ) from None
    except psycopg.OperationalError as error:
        raise _unreachable(url, reason(error)) from None
    if not may_create:
        raise BadInputError(
            f"the role “{role}” may not create a database on {host}:{port}",
            f'let an administrator type: ALTER ROLE "{role}" CREATEDB',
        )
    return url, f"{host}:{port}"


def _known_options() -> frozenset[str]:
    from psycopg import pq

    return frozenset(option.keyword.decode() for option in pq.Conninfo.get_defaults())


def refuse_old(version: int) -> None:
    """Raise BadInputError for a server older than ``OLDEST``; ``version`` as libpq gives it."""
    if version < OLDEST * 10_000:
        raise BadInputError(
            f"PostgreSQL {version // 10_000} is too old: {OLDEST} is the oldest that works here",
            "leave --database out to measure on an embedded PostgreSQL",
        )


def _unreachable(url: str, why: str) -> BadInputError:
    parts = urlsplit(url)
    where = f"{parts.hostname or 'the default host'}:{parts.port or 5432}"
    if "password" in why:
        return BadInputError(
            f"PostgreSQL at {where} lets nobody in: {why}",
            "check user and password in the URL (: / ? # @ % are written %XX), or PGPASSWORD",
        )
    if 'database "' in why:
        return BadInputError(
            f"PostgreSQL at {where} refuses: {why}",
            "end the URL with a database that exists, as in …/postgres",
        )
    return BadInputError(
        f"PostgreSQL at {where} can't be reached: {why}",
        f"check host and port: pg_isready -h {parts.hostname or ''} -p {parts.port or 5432}",
    )
