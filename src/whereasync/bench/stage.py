"""Where a run plays: supervisor, database, project, and the cores that each may use.

Everything here is an effect behind a context manager or a command of the project's manage.py.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from whereasync import servers, upstreams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from whereasync.bench.demonstration import DemoProject
    from whereasync.bench.ledger import Ledger
    from whereasync.model import Arm, DatabaseFacts, Experiment, Fault, Machine, Target, Upstream
    from whereasync.processes import Supervisor

KEY = "whereasync"  # any key will do for the stand-in
RACE = "race"  # the name of the database that holds the race's data


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


class Project(Protocol):
    """What is served, and the data that each server gets a copy of."""

    @property
    def app(self) -> servers.App:
        """What is served; its interpreter is the run's."""

    @property
    def title(self) -> str:
        """What a reader calls it."""

    @property
    def catalogue(self) -> str:
        """The command that shows what can be asked for."""

    @property
    def facts(self) -> DatabaseFacts | None:
        """The database that answers; None where there is none."""

    @property
    def pids(self) -> tuple[int, ...]:
        """Roots of the database's process trees, where they are ours."""

    @property
    def said(self) -> tuple[str, ...]:
        """What must be said aloud of how it is played, a sentence each; once prepared."""

    def app_of(self, role: str) -> servers.App:
        """Return what is served in that role."""

    def first_path(self, role: str) -> str:
        """Return the path whose answer tells that a server is ready."""

    @property
    def is_trusted(self) -> bool:
        """Whether a server error of its first path means that the server isn't ready."""

    def complete(self, experiment: Experiment) -> Experiment:
        """Return the experiment with what is known of its requests only once prepared."""

    def prepare(self, patience: float | None = None) -> None:
        """Make what all data are made from, in ``patience`` seconds, where that can be cut short.

        WhereAsyncError after them.
        """

    def load_race(self, objects: int) -> None:
        """Make the race's data: so many objects of each model, where that can be chosen."""

    def copy(self, role: str, name: str) -> dict[str, str]:
        """Make a copy of the race's data; return the environment that leads a server there."""

    def drop(self, name: str) -> None:
        """Drop the copy of that name."""

    def counting(
        self,
    ) -> contextlib.AbstractContextManager[Callable[[], Mapping[str, int] | None]]:
        """Give a function that counts the connections to each copy by its name.

        One with none is not in it; None where nothing connects (SQLite).
        """

    def reach(self, service: Service | None) -> dict[str, str]:
        """Return the environment that leads a server to the stand-in."""

    def find_caveats(self) -> tuple[Fault, ...]:
        """Return what a reader must know of what it did while it was measured."""


def name_copy(role: str, name: str) -> str:
    """Return the name of a role's own copy below ``Stage.launch_all(…, name, …)``."""
    return f"{name}_{role}"


@contextlib.contextmanager
def stand_in(upstream: Upstream, supervisor: Supervisor) -> Iterator[Service]:
    """Run the stand-in for the other service's API while the context lasts."""
    with upstreams.serve(upstream, supervisor) as url:
        yield Service(url=url, key=KEY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """All that is up while a run is measured."""

    project: Project
    supervisor: Supervisor  # the owner of every process
    machine: Machine
    ledger: Ledger
    observer: Observer
    service: Service | None = None  # that the project calls

    @property
    def demo(self) -> DemoProject:
        """The demo's project, for what is played on nothing else."""
        from whereasync.bench.demonstration import DemoProject

        assert isinstance(self.project, DemoProject)
        return self.project

    @contextlib.contextmanager
    def calling(self, upstream: Upstream | None) -> Iterator[Stage]:
        """Give the stage with a stand-in for the other service's API, where there is one."""
        if upstream is None:
            yield self
            return
        with stand_in(upstream, self.supervisor) as service:
            yield replace(self, service=service)

    def launch(
        self, arm: Arm, app: servers.App, env: Mapping[str, str], path: str = "/"
    ) -> contextlib.AbstractContextManager[servers.Endpoint]:
        """Serve the project by one arm, on the core of the server under test."""
        return servers.launch(
            arm,
            app,
            self.supervisor,
            env={**self.project.reach(self.service), **env, **app.env},
            cores=self.machine.server_cores,
            path=path,
            is_trusted=self.project.is_trusted,
        )

    @contextlib.contextmanager
    def launch_all(
        self, arms: Mapping[str, Arm], name: str
    ) -> Iterator[dict[str, servers.Endpoint]]:
        """Start each role's arm fresh, on a copy of the race's data of its own.

        What starting and ending took is in the ledger.
        """
        starts = self.ledger.starts
        with contextlib.ExitStack() as up:
            endpoints = {}
            for role, arm in arms.items():
                began = self.ledger.elapsed
                own = name_copy(role, name)
                env = self.project.copy(role, own)
                up.callback(self.project.drop, own)
                app, path = self.project.app_of(role), self.project.first_path(role)
                endpoints[role] = up.enter_context(self.launch(arm, app, env, path))
                starts.roles[role] = self.ledger.elapsed - began
            yield endpoints
            ending = self.ledger.elapsed
            for endpoint in endpoints.values():  # so that they end side by side
                endpoint.child.ask_to_stop()
        starts.ending = self.ledger.elapsed - ending

    def targets(self, endpoints: Mapping[str, servers.Endpoint]) -> tuple[Target, ...]:
        """Return the endpoints as the load client sees them, in their order."""
        return tuple(each.target(self.project.pids) for each in endpoints.values())
