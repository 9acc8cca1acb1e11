"""What every command that measures has in common: the project, the run, and how it ends."""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whereasync import __version__
from whereasync.cli.options import SEED_BITS
from whereasync.cli.pictures import keep_pictures
from whereasync.cli.progress import watch
from whereasync.cli.report import derive_results, has_figures, show
from whereasync.errors import BadInputError
from whereasync.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from whereasync.bench import Service, Setting
    from whereasync.bench.demonstration import Setting as DemoSetting
    from whereasync.bench.stage import Observer
    from whereasync.model import Experiment, Run
    from whereasync.results import Results
    from whereasync.store import RunDirectory

    Measure = Callable[[Run, RunDirectory, Observer], object]

NEEDED = ("django", "psycopg", "httpx", "aiohttp")  # modules of the extra [demo]
SECRET = ("api_key", "database")  # options that may hold a password: never saved


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How a run is to be kept and shown."""

    command: str
    seed: int
    out: Path | None
    format_: str
    quiet: bool
    options: dict[str, str] = field(default_factory=dict)  # as the run keeps them


def want(command: str, seed: int) -> Wanted:
    """Return what the present command's ``run_options`` and ``format_options`` took."""
    typed = click.get_current_context().params
    return Wanted(
        command=command,
        seed=seed,
        out=typed["out"],
        format_="json" if typed["as_json"] else typed["format_"],
        quiet=typed["quiet"],
        options={
            name: str(value)
            for name, value in typed.items()
            if value is not None and name not in SECRET
        },
    )


def draw_seed(given: int | None) -> int:
    """Return the seed that was given, or a new one."""
    return secrets.randbits(SEED_BITS) if given is None else given


def require_extra() -> None:
    """Raise BadInputError where the demo's project can't run."""
    from importlib.util import find_spec

    lacking = [name for name in NEEDED if find_spec(name) is None]
    if lacking:
        raise BadInputError(
            f"the demo's project needs {', '.join(lacking)}, not installed here",
            "pip install 'whereasync[demo]'",
        )


def require_time(experiment: Experiment) -> None:
    """Refuse a budget in which no verdict can come, before anything starts."""
    from math import ceil

    from whereasync import plan

    need = plan.least_budget(experiment)
    if experiment.budget is not None and experiment.budget < need:
        is_curve = len(experiment.cells) > 1
        raise BadInputError(
            f"--budget {experiment.budget:.0f}s is too small: {experiment.looks[0]} blocks, the "
            f"least that bear a verdict, take {need:.0f} s at best",
            f"--budget {ceil(need / 10) * 10}s" + ", or ask for less" * is_curve,
        )


def demo_setting(database: str | None, real: Service | None = None) -> DemoSetting:
    """Return the demo's project with a database; BadInputError for a URL that can't be."""
    from whereasync.bench.demonstration import Setting as DemoSetting
    from whereasync.databases.address import parse_address
    from whereasync.demo import PROJECT
    from whereasync.servers import App

    parse_address(database)  # said before anything starts
    app = App(
        python=Path(sys.executable),
        directory=PROJECT,
        wsgi="demosite.wsgi:application",
        asgi="demosite.asgi:application",
    )
    return DemoSetting(app=app, database=database, real=real)


def measure_experiment(experiment: Experiment, setting: Setting, wanted: Wanted) -> Results:
    """Measure an experiment as ``measure`` does."""
    from whereasync import bench

    return measure(
        wanted,
        lambda begun, directory, observer: bench.run(
            experiment, setting, begun, directory, observer
        ),
    )


def measure(wanted: Wanted, run: Measure) -> Results:
    """Run it, show and keep what came of it, and return that.

    What was measured before an interruption is shown as well, and the interruption raised again;
    a run that holds nothing leaves no directory.
    """
    from datetime import UTC, datetime

    from whereasync import machine, store
    from whereasync.interrupts import unbroken
    from whereasync.model import Run

    now = datetime.now(UTC)
    begun = Run(
        command=wanted.command,
        tool=__version__,
        started=now.isoformat(timespec="seconds"),
        seed=wanted.seed,
        status=Status.RUNNING,
        options=wanted.options,
        machine=machine.describe(),
    )
    directory: RunDirectory | None = None
    try:
        with unbroken():
            directory = store.create(wanted.command, wanted.out, now)
        with watch(quiet=wanted.quiet) as observer:
            run(begun, directory, observer)
    except BadInputError:
        if directory:
            directory.discard()
        raise
    except BaseException:
        if directory:
            _show_partly(directory, wanted)
        raise
    results = derive_results(directory)
    _show(results, directory, wanted)
    return results


def _show(results: Results, directory: RunDirectory, wanted: Wanted) -> None:
    """Show what came of it, draw what it has of pictures, and say where all that lies."""
    show(results, wanted.format_)
    pictures = keep_pictures(directory, results)
    if not wanted.quiet:
        for path in pictures:
            click.echo(f"Drawn: {shorten_path(path)}", err=True)
        shown = shorten_path(directory.path)
        click.echo(f"Kept in {shown}; show it again: whereasync report {shown}", err=True)


def _show_partly(directory: RunDirectory, wanted: Wanted) -> None:
    """Show what was measured before it was cut short; nothing, if that is nothing."""
    try:
        results = derive_results(directory)
    except BadInputError:  # it ended before its first save, or the directory was taken away
        directory.discard()
        return
    if has_figures(results):
        _show(results, directory, wanted)
    elif results.run.status is not Status.FAILED:
        directory.discard()


def shorten_path(path: Path) -> Path:
    """Return a path as a reader knows it who is in the working directory."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
