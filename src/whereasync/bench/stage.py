"""Where a run plays: supervisor, database, project, and the cores that each may use.

Everything here is an effect behind a context manager or a command of the project's manage.py.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from whereasync import servers, upstreams

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whereasync.bench.ledger import Ledger
    from whereasync.databases import DatabaseServer
    from whereasync.model import Arm, Machine, Target, Upstream
    from whereasync.processes import Supervisor

KEY = "whereasync"  # any key will do for the stand-in
COMMAND_DEADLINE = 300.0  # s; a large --objects loads for minutes
MIGRATED = "migrated"  # the name of the database that all others are made from
RACE = "race"  # … and of the one that holds the race's data


class Observer(Protocol):
    """Whoever watches a run: the terminal, or nobody."""

    def stage(self, what: str) -> None:
        """Hear what is being done now."""

    def expect(self, seconds: float) -> None:
        """Hear how long the whole run will take."""

    def notice(self, what: str) -> None:
        """Hear something to be said before it starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Where the project finds the exchange rates: a stand-in, or the user's own account.

    A real one gets one client and a handful of calls, never load.
    """

    url: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The demo's project, its commands and its data."""

    app: servers.App  # makes and loads the databases
    apps: Mapping[str, servers.App] = field(default_factory=dict)  # role → where it runs instead
    supervisor: Supervisor
    database: DatabaseServer

    def prepare(self) -> None:
        """Make the database that all others are copied from: migrated and empty."""
        self._manage(self.database.create(MIGRATED), "migrate", "--verbosity=0")

    def make_database(self, name: str, objects: int) -> str:
        """Make a database that holds so many objects of each model; return its DSN."""
        dsn = self.database.create(name, template=MIGRATED)
        self.load(dsn, objects)
        return dsn

    def load(self, dsn: str, objects: int) -> None:
        """Replace a database's content by so many objects of each model, and let it rest."""
        self._manage(dsn, "load_cars", str(objects))
        self.database.settle(dsn)

    def environment(self, dsn: str, service: Service) -> dict[str, str]:
        """Return what the project's settings read."""
        return {"DATABASE_URL": dsn, "RATES_URL": service.url, "RATES_KEY": service.key}

    def _manage(self, dsn: str, *arguments: str) -> None:
        self.supervisor.run(
            [self.app.python, "manage.py", *arguments],
            name=arguments[0],
            deadline=COMMAND_DEADLINE,
            env={"DATABASE_URL": dsn},
            cwd=self.app.directory,
        )


@contextlib.contextmanager
def stand_in(upstream: Upstream, supervisor: Supervisor) -> Iterator[Service]:
    """Run the stand-in for the other service's API while the context lasts."""
    with upstreams.serve(upstream, supervisor) as url:
        yield Service(url=url, key=KEY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """All that is up while a run is measured."""

    project: Project
    machine: Machine
    ledger: Ledger
    observer: Observer

    @property
    def supervisor(self) -> Supervisor:
        """The owner of every process."""
        return self.project.supervisor

    @property
    def database(self) -> DatabaseServer:
        """The server on which every arm gets a database of its own."""
        return self.project.database

    def stand_in(self, upstream: Upstream) -> contextlib.AbstractContextManager[Service]:
        """Run the stand-in for the other service's API."""
        return stand_in(upstream, self.supervisor)

    def launch(
        self, arm: Arm, dsn: str, service: Service, role: str = ""
    ) -> contextlib.AbstractContextManager[servers.Endpoint]:
        """Serve the project by one arm, on the core of the server under test."""
        app = self.project.apps.get(role, self.project.app)
        return servers.launch(
            arm,
            app,
            self.supervisor,
            env={**self.project.environment(dsn, service), **app.env},
            cores=self.machine.server_cores,
        )

    @contextlib.contextmanager
    def launch_all(
        self, arms: Mapping[str, Arm], name: str, service: Service
    ) -> Iterator[dict[str, servers.Endpoint]]:
        """Start each role's arm fresh, on a copy of the race's data of its own."""
        with contextlib.ExitStack() as up:
            endpoints = {}
            for role, arm in arms.items():
                database = self.database_of(role, name)
                dsn = self.database.create(database, template=RACE)
                up.callback(self.database.drop, database)
                endpoints[role] = up.enter_context(self.launch(arm, dsn, service, role))
            yield endpoints
            for endpoint in endpoints.values():  # so that they end side by side
                endpoint.child.ask_to_stop()

    def database_of(self, role: str, name: str) -> str:
        """Return the name of a role's own database below ``launch_all(…, name, …)``."""
        return f"{name}_{role}"

    def targets(self, endpoints: Mapping[str, servers.Endpoint]) -> tuple[Target, ...]:
        """Return the endpoints as the load client sees them, in their order."""
        return tuple(each.target(self.database.pids) for each in endpoints.values())
