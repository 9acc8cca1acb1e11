"""Databases on a PostgreSQL server, embedded or external: made, settled, dropped.

The server is reached through its maintenance URL, one short connection an operation. ``drop_own``
is the only place that drops, and it refuses every name that isn't ours.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, LiteralString

from whereasync.databases.address import database_of, is_ours, name_database, with_database
from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.model import DatabaseFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import psycopg

CONNECT_TIMEOUT = 5  # s; libpq takes whole ones, from 2

_TABLES: LiteralString = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""
_FACTS: LiteralString = """
    SELECT split_part(current_setting('server_version'), ' ', 1),
           current_setting('fsync'), current_setting('synchronous_commit')
"""

_OTHERS: LiteralString = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'
"""
_CONNECTIONS: LiteralString = """
    SELECT datname::text, count(*)::int FROM pg_stat_activity
    WHERE starts_with(datname::text, %s) AND backend_type = 'client backend' GROUP BY 1
"""


def require_psycopg() -> None:
    """Raise BadInputError, with the command to type, where psycopg isn't installed."""
    try:
        import psycopg  # noqa: F401 # only whether it can be imported
    except ImportError as error:
        raise BadInputError(
            f"PostgreSQL can't be reached: psycopg can't be imported ({error})",
            "pip install 'whereasync[demo]'",
        ) from error


def connect(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """Return an autocommitting connection; what fails is psycopg's error."""
    import psycopg

    return psycopg.connect(
        url,
        autocommit=True,
        connect_timeout=CONNECT_TIMEOUT,
        client_encoding="UTF8",  # psycopg gives bytes for text where a server is SQL_ASCII
        application_name="whereasync",
    )


@contextmanager
def connection(url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Give an autocommitting connection; what PostgreSQL refuses becomes a WhereAsyncError."""
    import psycopg

    try:
        with connect(url) as connected:
            yield connected
    except psycopg.Error as error:
        raise WhereAsyncError(
            f"PostgreSQL refused: {reason(error)}", "look at the server's log"
        ) from error


def reason(error: psycopg.Error) -> str:
    """Return PostgreSQL's own words on one line; they never hold a password."""
    line = str(error).strip().partition("\n")[0]
    return line.rpartition("failed: ")[2] or type(error).__name__


def read_facts(url: str, where: str) -> DatabaseFacts:
    """Ask the server for its version and the settings that decide how fast it writes."""
    with connection(url) as connected:
        version, fsync, synchronous = connected.execute(_FACTS).fetchall()[0]
    return DatabaseFacts(
        vendor="PostgreSQL",
        version=version,
        where=where,
        fsync=fsync,
        synchronous_commit=synchronous,
    )


def drop_own(connected: psycopg.Connection[tuple[Any, ...]], full: str) -> None:
    """Drop a database of ours, open connections or not; ValueError for any other name."""
    from psycopg import sql

    if not is_ours(full):
        raise ValueError(full)
    connected.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(full))
    )


def drop_leftovers(url: str, names: Iterable[str]) -> tuple[str, ...]:
    """Drop what dead runs left on the server; return the names that are gone now.

    Names that aren't ours, and databases that this role may not drop, are left alone.
    """
    import psycopg

    gone = []
    with connection(url) as connected:
        for full in filter(is_ours, names):
            try:
                drop_own(connected, full)
            except psycopg.Error:
                continue  # another role's; whoever may will clear it
            gone.append(full)
    return tuple(gone)


def drop_run(url: str, token: str) -> tuple[str, ...]:
    """Drop all databases of one run; return their names."""
    prefix = name_database(token, "_")[:-1]
    with connection(url) as connected:
        rows = connected.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname::text, %s)", [prefix]
        ).fetchall()
    return drop_leftovers(url, [row[0] for row in rows])


def _keep_no_record(full: str) -> None:
    """Leave the registry alone: an embedded server goes with its directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresServer:
    """A running PostgreSQL, and the databases of this run on it."""

    url: str = field(repr=False)  # of the maintenance database; it may hold a password
    token: str
    facts: DatabaseFacts
    pids: tuple[int, ...] = ()
    remember: Callable[[str], None] = field(default=_keep_no_record, repr=False)
    forget: Callable[[str], None] = field(default=_keep_no_record, repr=False)

    def create(self, name: str, template: str | None = None) -> str:
        """Make the run's database ``name``, from the run's ``template`` if given; its DSN.

        PostgreSQL waits 5 s for the template's last connection to end; then WhereAsyncError.
        """
        from psycopg import sql

        full = name_database(self.token, name)
        source = "template0" if template is None else name_database(self.token, template)
        self.remember(full)  # before it exists: a power cut in between leaves a name too many
        with connection(self.url) as connected:
            connected.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'").format(
                    sql.Identifier(full), sql.Identifier(source)
                )
            )
        return with_database(self.url, full)

    def copy_from(self, name: str, source: str) -> str:
        """Make the run's database ``name`` as a copy of the user's ``source``; its DSN.

        The source is only read. WhereAsyncError where it isn't there, may not be copied, or where
        somebody is connected to it: PostgreSQL would wait 5 s for each of them to leave.
        """
        from psycopg import sql

        full = name_database(self.token, name)
        self.remember(full)
        with connection(self.url) as connected:
            if others := connected.execute(_OTHERS, [source]).fetchall()[0][0]:
                raise WhereAsyncError(f"it is being accessed by {others} other connections")
            connected.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(full), sql.Identifier(source)
                )
            )
        return with_database(self.url, full)

    def drop(self, name: str) -> None:
        """Drop the run's database of that name or DSN; one that is gone already is fine."""
        full = database_of(name) if "://" in name else name_database(self.token, name)
        with connection(self.url) as connected:
            drop_own(connected, full)
        self.forget(full)

    @contextmanager
    def counting(self) -> Iterator[Callable[[], Mapping[str, int] | None]]:
        """Give a function that counts the connections to each database of this run by its name."""
        import psycopg

        prefix = name_database(self.token, "_")[:-1]
        with connection(self.url) as connected:

            def count() -> dict[str, int]:
                try:
                    rows = connected.execute(_CONNECTIONS, [prefix]).fetchall()
                except psycopg.Error:  # the server died: what that does to the run is told there
                    return {}
                return {full.removeprefix(prefix): number for full, number in rows}

            yield count

    def settle(self, dsn: str) -> None:
        """Switch autovacuum off on each table, and have a checkpoint done where we may."""
        import psycopg
        from psycopg import sql

        with connection(dsn) as connected:
            for names in connected.execute(_TABLES).fetchall():
                connected.execute(
                    sql.SQL(
                        "ALTER TABLE {} SET (autovacuum_enabled = false,"
                        " toast.autovacuum_enabled = false)"
                    ).format(sql.Identifier(*names))
                )
            # An ordinary role may not: then the server's own rhythm hits both arms alike.
            with suppress(psycopg.errors.InsufficientPrivilege):
                connected.execute("CHECKPOINT")
