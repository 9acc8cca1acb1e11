"""Walks the plan: the one place where effects meet.

``perform()`` brings up the stage for whatever is played on it; ``run()`` plays an experiment. What
is measured goes into the run's directory at once. Nothing is printed here, and no verdict computed
that isn't needed to stop.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from whereasync import machine, plan
from whereasync.bench.ledger import Ledger
from whereasync.bench.race import race
from whereasync.bench.singles import repeat_article
from whereasync.bench.stage import Observer, Project, Service, Stage
from whereasync.bench.timekeeping import prepare
from whereasync.errors import WhereAsyncError
from whereasync.model import Fault, Status
from whereasync.processes import supervised
from whereasync.servers import caveats, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from whereasync.model import Experiment, Run
    from whereasync.processes import Supervisor
    from whereasync.servers import App
    from whereasync.store import RunDirectory

__all__ = ["Observer", "Service", "Setting", "Stage", "perform", "run"]

DISTRIBUTIONS = (
    *("whereasync", "django", "asgiref", "psycopg", "psycopg2-binary"),
    *("hypercorn", "uvicorn", "gunicorn", "httpx", "aiohttp", "uvloop", "httptools"),
    *("granian", "daphne", "uvicorn-worker", "twisted"),
    *("psycopg-pool", "django-async-backend"),
)


class Setting(Protocol):
    """A project that can be brought up: the demo's, or the user's own."""

    @property
    def app(self) -> App:
        """What is served; its interpreter is the run's."""

    @property
    def apps(self) -> Mapping[str, App]:
        """What is served in a role of its own."""

    @property
    def real(self) -> Service | None:
        """The service that is called instead of a stand-in, one request at a time."""

    def bring_up(self, supervisor: Supervisor) -> AbstractContextManager[Project]:
        """Bring the project and its database up while the context lasts."""


def run(
    experiment: Experiment,
    setting: Setting,
    begun: Run,
    directory: RunDirectory,
    observer: Observer,
) -> Run:
    """Measure the experiment and return the run, saved after every step."""

    def play(stage: Stage) -> None:
        completed = stage.project.complete(experiment)
        stage.ledger.set(experiment=completed)
        steps = plan.expand(completed)
        singles = [step for step in steps if isinstance(step, plan.LoadObjects | plan.SendPair)]
        repeat_article(stage, completed, singles, setting.real)
        if completed.cells:
            race(stage, completed, steps)

    begun = replace(begun, experiment=experiment)
    return perform(play, setting, begun, directory, observer, budget=experiment.budget)


def perform(  # noqa: PLR0913 # a run has that many properties
    play: Callable[[Stage], None],
    setting: Setting,
    begun: Run,
    directory: RunDirectory,
    observer: Observer,
    *,
    budget: float | None,
) -> Run:
    """Bring up the stage, play on it, and return the run.

    A trial that fails is recorded and the rest goes on. Ctrl-C marks the run as interrupted and is
    raised again; a WhereAsyncError that stops everything marks it as failed.
    """
    ledger = Ledger(run=begun, directory=directory)
    ledger.set()
    if budget is not None:
        observer.expect(budget)
    try:
        _perform(play, setting, ledger, observer, budget)
    except KeyboardInterrupt:
        ledger.set(status=Status.INTERRUPTED)
        raise
    except WhereAsyncError as error:
        fault = Fault.of("run", error)
        ledger.set(status=Status.FAILED, faults=(*ledger.run.faults, fault))
        raise
    ledger.set(status=Status.DONE)
    return ledger.run


def _perform(
    play: Callable[[Stage], None],
    setting: Setting,
    ledger: Ledger,
    observer: Observer,
    budget: float | None,
) -> None:
    observer.stage("start the database")
    core = next(iter(ledger.run.machine.server_cores), None)
    quiet = machine.idle_spin_check(core)
    with (
        machine.keep_to(ledger.run.machine.other_cores),  # and with us all that we start
        supervised(ledger.directory.log_directory) as supervisor,
        setting.bring_up(supervisor) as project,
    ):
        stage = Stage(
            project=project,
            supervisor=supervisor,
            machine=ledger.run.machine,
            ledger=ledger,
            observer=observer,
        )
        ledger.set(
            database=project.facts,
            versions=versions(setting.app.python, DISTRIBUTIONS, setting.app.overlay),
            stacks={
                role: versions(app.python, DISTRIBUTIONS) for role, app in setting.apps.items()
            },
        )
        prepare(project.prepare, budget, lambda: ledger.elapsed)
        ledger.set(project=project.title, said=project.said)
        try:
            play(stage)
        finally:  # of an interrupted run too
            ledger.set(caveats=project.find_caveats())
    found = machine.find_caveats(
        ledger.run.machine,
        quiet,
        machine.idle_spin_check(core),
        swapped=machine.swap_in_use(),
    )
    served = (each for arm in ledger.run.arms.values() for each in caveats(arm))
    ledger.set(caveats=(*ledger.run.caveats, *found, *dict.fromkeys(served)))
