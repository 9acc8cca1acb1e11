"""The demo's project on the bench: its commands, its data, where it finds exchange rates."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whereasync import databases
from whereasync.bench.stage import RACE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from whereasync.bench.stage import Service
    from whereasync.databases import DatabaseServer
    from whereasync.model import DatabaseFacts, Experiment, Fault
    from whereasync.processes import Supervisor
    from whereasync.servers import App

COMMAND_DEADLINE = 300.0  # s; a large --objects loads for minutes
MIGRATED = "migrated"  # the name of the database that all others are made from


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The demo's project, and what it is played with."""

    app: App
    apps: Mapping[str, App] = field(default_factory=dict)  # of roles that run on another stack
    database: str | None = None  # as ``databases.provision`` takes it
    real: Service | None = None

    @contextlib.contextmanager
    def bring_up(self, supervisor: Supervisor) -> Iterator[DemoProject]:
        """Provide the project with a database server while the context lasts."""
        with databases.provision(self.database, supervisor) as server:
            yield DemoProject(app=self.app, apps=self.apps, supervisor=supervisor, database=server)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoProject:
    """A ``Project`` whose settings read one DATABASE_URL, and whose data are made to size."""

    app: App  # makes and loads the databases
    apps: Mapping[str, App] = field(default_factory=dict)  # role → where it runs instead
    supervisor: Supervisor
    database: DatabaseServer

    @property
    def title(self) -> str:
        """What a reader calls it."""
        return "the demo's project"

    @property
    def catalogue(self) -> str:
        """The command that shows what can be asked for."""
        return "whereasync demo --serve"

    @property
    def facts(self) -> DatabaseFacts:
        """The database that answers."""
        return self.database.facts

    @property
    def pids(self) -> tuple[int, ...]:
        """Roots of the database's process trees, where they are ours."""
        return self.database.pids

    def app_of(self, role: str) -> App:
        """Return what is served in that role."""
        return self.apps.get(role, self.app)

    @property
    def said(self) -> tuple[str, ...]:
        """Nothing is replaced."""
        return ()

    def first_path(self, role: str) -> str:
        """Return the index, which every variant has."""
        del role
        return "/"

    @property
    def is_trusted(self) -> bool:
        """Yes: a view of it that fails tells of the server or of what it runs on."""
        return True

    def complete(self, experiment: Experiment) -> Experiment:
        """Return it as it is."""
        return experiment

    def prepare(self, patience: float | None = None) -> None:
        """Make the database that all others are copied from: migrated and empty, in seconds."""
        del patience
        self._manage(self.database.create(MIGRATED), "migrate", "--verbosity=0")

    def load_race(self, objects: int) -> None:
        """Make a database that holds so many objects of each model."""
        self.make_database(RACE, objects)

    def make_database(self, name: str, objects: int) -> str:
        """Make a database that holds so many objects of each model; return its DSN."""
        dsn = self.database.create(name, template=MIGRATED)
        self.load(dsn, objects)
        return dsn

    def load(self, dsn: str, objects: int) -> None:
        """Replace a database's content by so many objects of each model, and let it rest."""
        self._manage(dsn, "load_cars", str(objects))
        self.database.settle(dsn)

    def copy(self, role: str, name: str) -> dict[str, str]:
        """Copy the race's data; return the environment that leads a server there."""
        del role  # all serve the same
        return self.lead_to(self.database.create(name, template=RACE))

    def drop(self, name: str) -> None:
        """Drop the copy of that name."""
        self.database.drop(name)

    def counting(
        self,
    ) -> contextlib.AbstractContextManager[Callable[[], Mapping[str, int] | None]]:
        """Give a function that counts the connections to each copy by its name."""
        return self.database.counting()

    def lead_to(self, dsn: str) -> dict[str, str]:
        """Return what the project's settings read of a database."""
        return {"DATABASE_URL": dsn}

    def reach(self, service: Service | None) -> dict[str, str]:
        """Return what the project's settings read of the stand-in."""
        return {"RATES_URL": service.url, "RATES_KEY": service.key} if service else {}

    def find_caveats(self) -> tuple[Fault, ...]:
        """Return nothing: it calls nobody but the stand-in."""
        return ()

    def _manage(self, dsn: str, *arguments: str) -> None:
        self.supervisor.run(
            [self.app.python, "manage.py", *arguments],
            name=arguments[0],
            deadline=COMMAND_DEADLINE,
            env=self.lead_to(dsn),
            cwd=self.app.directory,
        )
