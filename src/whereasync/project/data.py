"""Throwaway databases for the user's project: one for each database that its settings have.

A database of the project's is copied, or made empty and migrated; the user's own is only read. A
newcomer's trap: several aliases of the settings may lead to one database (a replica does, in
tests), and then they must do so here too.
"""

from __future__ import annotations

import math
import re
import shlex
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from whereasync import databases
from whereasync.databases.address import Kind, parse_address
from whereasync.databases.copying import copy_sqlite, find_file
from whereasync.databases.postgres import PostgresServer
from whereasync.databases.sqlite import SqliteServer
from whereasync.errors import BadInputError, WhereAsyncError
from whereasync.model import DatabaseFacts, Order, Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from whereasync.databases import DatabaseServer
    from whereasync.model import DatabaseSetting
    from whereasync.processes import Supervisor
    from whereasync.project import Guest

SQLITE, POSTGRESQL = "sqlite", "postgresql"
NAMES = {SQLITE: "SQLite", POSTGRESQL: "PostgreSQL", "mysql": "MySQL", "oracle": "Oracle"}
MIGRATION_DEADLINE = 900.0  # s; hundreds of migrations, on a slow disk
SEED_DEADLINE = 900.0  # s
_HINT = (
    "name settings whose database is PostgreSQL or SQLite, for example ones of your own that "
    "import yours"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One database of the project's, whatever number of aliases leads to it."""

    aliases: tuple[str, ...]  # the first is the one that is migrated
    vendor: str
    file: Path | None = None  # of SQLite: what is copied
    missing: str = ""  # … or the path at which nothing lies yet
    template: str = ""  # of PostgreSQL: what is copied


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """The servers that hold the throwaway databases; ``provide`` makes it."""

    holdings: tuple[Holding, ...]
    servers: Mapping[str, DatabaseServer]  # vendor → server
    made: dict[str, tuple[str, ...]] = field(default_factory=dict)  # name → those on the servers

    @property
    def facts(self) -> DatabaseFacts | None:
        """What answers for the first database, as a rule "default"; None without a database."""
        return self.servers[self.holdings[0].vendor].facts if self.holdings else None

    @property
    def pids(self) -> tuple[int, ...]:
        """Roots of the servers' process trees that are ours."""
        return tuple(pid for server in self.servers.values() for pid in server.pids)

    @property
    def said(self) -> tuple[str, ...]:
        """What was decided and must be said aloud, a sentence each."""
        return tuple(
            f"database “{each.aliases[0]}”: there is no {each.missing}, so it is migrated empty"
            for each in self.holdings
            if each.missing
        )

    @property
    def to_migrate(self) -> tuple[str, ...]:
        """An alias of each database that is no copy of a template: files may be behind the code."""
        return tuple(each.aliases[0] for each in self.holdings if not each.template)

    def create(self, name: str, template: str | None = None) -> dict[str, str]:
        """Make the databases called ``name``; return alias → DSN.

        They are copies of those called ``template``; without it copies of the user's, where
        there is something to copy, or else empty. What fails leaves none behind.
        """
        dsns: dict[str, str] = {}
        self.made[name] = tuple(_name(name, n) for n in range(len(self.holdings)))
        try:
            for number, holding in enumerate(self.holdings):
                source = None if template is None else _name(template, number)
                dsn = self._create(holding, _name(name, number), source)
                dsns |= dict.fromkeys(holding.aliases, dsn)
        except BaseException:
            self.drop(name)
            raise
        return dsns

    def _create(self, holding: Holding, name: str, template: str | None) -> str:
        server = self.servers[holding.vendor]
        if template is None and holding.template:
            assert isinstance(server, PostgresServer)
            return _copy_postgres(server, name, holding.template)
        dsn = server.create(name, template)
        if template is None and holding.file:
            assert isinstance(server, SqliteServer)
            copy_sqlite(holding.file, server.path(name))
        return dsn

    def drop(self, name: str) -> None:
        """Drop the databases called ``name``; what is gone already is fine."""
        for holding, each in zip(self.holdings, self.made.pop(name, ()), strict=False):
            self.servers[holding.vendor].drop(each)

    @contextmanager
    def counting(self) -> Iterator[Callable[[], Mapping[str, int] | None]]:
        """Give a function that counts the connections to the databases of each name.

        A name with none is not in it; None where nothing connects (SQLite).
        """
        with ExitStack() as open_:
            counts = [open_.enter_context(each.counting()) for each in self.servers.values()]

            def count() -> dict[str, int] | None:
                found = [counted for each in counts if (counted := each()) is not None]
                return self._by_name(found) if found else None

            yield count

    def _by_name(self, counted: Sequence[Mapping[str, int]]) -> dict[str, int]:
        sums = {
            name: sum(each.get(one, 0) for each in counted for one in ones)
            for name, ones in self.made.items()
        }
        return {name: number for name, number in sums.items() if number}

    def settle(self, dsns: Mapping[str, str]) -> None:
        """Leave loaded databases at rest, so that none is busy with itself under load."""
        for holding in self.holdings:
            self.servers[holding.vendor].settle(dsns[holding.aliases[0]])


def _name(name: str, number: int) -> str:
    """Return what the database of a holding is called on its server."""
    return f"{name}_{number}" if number else name


@contextmanager
def provide(
    settings: Sequence[DatabaseSetting],
    supervisor: Supervisor,
    *,
    url: str | None = None,
    template: str = "",
) -> Iterator[Data]:
    """Provide throwaway databases for a project with these settings while the context lasts.

    ``url`` is what ``--database`` takes, for those on PostgreSQL; ``template`` a database on that
    server that is copied instead of migrated. BadInputError, with a next step, for a database of
    another kind and for a URL or a template that doesn't fit.
    """
    holdings = plan(settings, url=url, template=template)
    with ExitStack() as up:
        servers: dict[str, DatabaseServer] = {}
        for vendor in {each.vendor: None for each in holdings}:
            if vendor == SQLITE:
                directory = supervisor.directory / "sqlite"
                directory.mkdir(exist_ok=True)
                servers[vendor] = SqliteServer(directory=directory)
            else:
                servers[vendor] = up.enter_context(databases.provision(url or None, supervisor))
        yield Data(holdings=holdings, servers=servers)


def plan(
    settings: Sequence[DatabaseSetting], *, url: str | None = None, template: str = ""
) -> tuple[Holding, ...]:
    """Return which databases are to be made, those of one place once. Looks at files only."""
    groups: dict[tuple[str, ...], list[DatabaseSetting]] = {}
    by_alias = {each.alias: each for each in settings}
    used = [each for each in settings if not each.engine.endswith(".dummy") and each.engine]
    for each in sorted(used, key=lambda each: (bool(each.mirror), each.alias != "default")):
        groups.setdefault(_place(by_alias.get(each.mirror, each)), []).append(each)
    holdings = tuple(_hold(group, template) for group in groups.values())
    _check_url(holdings, url, template)
    return holdings


def _place(setting: DatabaseSetting) -> tuple[str, ...]:
    """Return what two aliases of one database have in common."""
    if setting.vendor == SQLITE and ":memory:" in setting.name:
        return (setting.alias,)
    return setting.vendor, setting.host, setting.port, setting.name


def _hold(group: Sequence[DatabaseSetting], template: str) -> Holding:
    first, aliases = group[0], tuple(each.alias for each in group)
    if first.vendor == POSTGRESQL:
        return Holding(aliases=aliases, vendor=POSTGRESQL, template=template)
    if first.vendor == SQLITE:
        file = find_file(first.name)
        is_missing = file is None and ":memory:" not in first.name
        missing = first.name if is_missing else ""
        return Holding(aliases=aliases, vendor=SQLITE, file=file, missing=missing)
    vendor = NAMES.get(first.vendor) or f"neither PostgreSQL nor SQLite ({first.engine})"
    raise BadInputError(
        f"the project's database “{first.alias}” is {vendor}, which whereasync can't copy yet",
        _HINT,
    )


def _check_url(holdings: Sequence[Holding], url: str | None, template: str) -> None:
    """Refuse a URL or a template that can't serve these databases."""
    address = parse_address(url or None)
    on_postgres = [each for each in holdings if each.vendor == POSTGRESQL]
    if url and holdings and not on_postgres:
        raise BadInputError(
            "the project's database is SQLite, and a database server is named",
            "leave database out: a copy of your file is measured",
        )
    if on_postgres and address.kind is Kind.SQLITE:
        raise BadInputError(
            f"the project's database “{on_postgres[0].aliases[0]}” is PostgreSQL, not SQLite",
            'leave database out, or name a server: database = "postgres://…"',
        )
    if template and not on_postgres:
        raise BadInputError(
            f"there is no PostgreSQL that could hold the template “{template}”",
            "leave template out: a SQLite file is copied anyway",
        )
    if template and address.kind is not Kind.EXTERNAL:
        raise BadInputError(
            f"the template “{template}” needs the server that holds it",
            'name it: database = "postgres://…"',
        )
    if template and len(on_postgres) > 1:
        raise BadInputError(
            f"the project has {len(on_postgres)} PostgreSQL databases, and one template",
            "leave template out, and name seed commands",
        )


def _copy_postgres(server: PostgresServer, name: str, template: str) -> str:
    try:
        return server.copy_from(name, template)
    except WhereAsyncError as error:
        hint = "check its name: psql -l"
        if "being accessed" in error.what:
            hint = f"close what is connected to it, or copy it once: createdb -T {template} …"
        if "permission denied" in error.what:
            hint = f'let its owner type: ALTER DATABASE "{template}" IS_TEMPLATE true'
        raise BadInputError(f"{template} can't be copied: {error.what}", hint) from error


# ---------------------------------------------------------------- ready to be asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Databases that are migrated, seeded and logged in to."""

    databases: dict[str, str]  # alias → DSN
    prepared: Prepared


def make_ready(  # noqa: PLR0913 # what is to be made has that many properties
    data: Data,
    guest: Guest,
    name: str,
    *,
    order: Order | None = None,
    seed: Sequence[str] = (),
    patience: float | None = None,
) -> Ready:
    """Make the databases called ``name``: copied or empty, migrated, seeded, logged in to.

    ``order`` says whom to log in, what to fill and what becomes of tasks. ``seed`` are management
    commands, each as it is typed after manage.py; none is run on a copy of a template.
    BadInputError for a migration, a seed, a user or a fill that fails; then nothing of it is left.
    WhereAsyncError where migrations and seed aren't done within ``patience`` seconds, if given.
    """
    end = math.inf if patience is None else time.monotonic() + patience

    def left(most: float) -> float:
        return max(0.0, min(most, end - time.monotonic()))

    databases_ = data.create(name)
    asked = replace(order or Order(), databases=databases_)
    try:
        if data.to_migrate:
            deadline = left(MIGRATION_DEADLINE)
            guest.ask("migrate", *data.to_migrate, order=asked, deadline=deadline)
        for command in () if _is_template(data) else seed:
            _seed(guest, command, asked, left(SEED_DEADLINE))
        prepared = guest.ask("prepare", order=asked).prepared or Prepared()
        data.settle(databases_)
    except BaseException:
        with suppress(WhereAsyncError):  # the first fault is the one to be told
            data.drop(name)
        raise
    said = tuple(dict.fromkeys((*data.said, *prepared.said)))
    return Ready(databases=databases_, prepared=replace(prepared, said=said))


def _is_template(data: Data) -> bool:
    return any(each.template for each in data.holdings)


def _seed(guest: Guest, command: str, order: Order, deadline: float) -> None:
    try:
        guest.ask("manage", *shlex.split(command), order=order, deadline=deadline)
    except WhereAsyncError as error:
        what = re.sub(rf"^{re.escape(command)} (?=failed|ended)", "it ", error.what)
        raise type(error)(f"seed “{command}”: {what}", error.hint, log=error.log) from error
