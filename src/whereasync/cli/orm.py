"""``whereasync demo orm``: which way, if any, makes async ORM work pay."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from whereasync.cli.demo import is_whole
from whereasync.cli.measuring import (
    demo_setting,
    draw_seed,
    measure_experiment,
    require_extra,
    want,
)
from whereasync.cli.options import Duration, Numbers, format_options, run_options
from whereasync.cli.progress import watch
from whereasync.cli.stacks import provide, read_stacks
from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from typing import Any

    from whereasync.bench.demonstration import Setting
    from whereasync.model import Experiment, Stack
    from whereasync.servers import App

SERVED = ("gunicorn", "uvicorn[standard]")  # what a stack needs beside its own
DRIVER, POOL = "psycopg", "psycopg-pool"
BACKEND, FOR_BACKEND = "django-async-backend", "latest"  # it follows Django's newest release


@click.command()
@click.option("--quick", is_flag=True, help="One query, 8 clients: about two minutes.")
@click.option("--full", is_flag=True, help="Every cell, up to 24 blocks; it takes long.")
@click.option(
    "--clients", type=Numbers(1, 1000, "clients"), help="Clients at once.  [default: 1,8,64]"
)
@click.option(
    "--budget",
    type=Duration(),
    help="Time for everything: 90s, 5m.  [default: 290s; none with --full]",
)
@click.option(
    "--stack",
    metavar="STACK",
    help="Play all of it on this stack: article, lts, latest, or 'python=3.13 django~=6.1 …'.",
)
@click.option(
    "--no-middleware",
    "no_middleware",
    is_flag=True,
    help="Leave out Django's middleware, on both sides: under ASGI each of its hooks is a hop.",
)
@click.option("--database", metavar="URL", help="embedded (the default), or postgres://…")
@run_options
@format_options
def orm(
    quick: bool,
    full: bool,
    clients: tuple[int, ...] | None,
    budget: float | None,
    stack: str | None,
    no_middleware: bool,
    database: str | None,
    seed: int | None,
    quiet: bool,
    **_: Any,  # how to keep and show the run: ``want`` reads it
) -> int:
    """Race ways to do ORM work in an async view against the same work in a sync one.

    As written, coalesced into one sync_to_async, on psycopg's pool, on a bounded executor, on
    django-async-backend, and combined. What can't run here is named with what it needs.
    """
    from whereasync.demo.orm import LENGTHS, build

    if quick and full:
        raise BadInputError("--quick and --full are two lengths", "give one of them")
    require_extra()
    setting = _check_database(demo_setting(database))
    if stack is not None:
        setting = _on_stack(setting, stack, quiet=quiet)
    length = LENGTHS["quick" if quick else "full" if full else "default"]
    experiment = build(
        _find_ways(setting.app),
        length=length,
        clients=clients,
        budget=budget or length.budget,
        seed=draw_seed(seed),
    )
    _require_time(experiment)
    dressed = _dress(setting, with_middleware=not no_middleware)
    results = measure_experiment(experiment, dressed, want("orm", experiment.seed))
    return 0 if is_whole(results) else 3


def _check_database(setting: Setting) -> Setting:
    """Refuse SQLite, which has neither a pool nor connections to count."""
    from whereasync.databases.address import Kind, parse_address

    if parse_address(setting.database).kind is Kind.SQLITE:
        raise BadInputError(
            "this question is about PostgreSQL's connections, and SQLite has none",
            "leave out --database, or give a postgres://… URL",
        )
    return setting


def _on_stack(setting: Setting, text: str, *, quiet: bool) -> Setting:
    """Return the setting on a stack that has all that the ways need, as far as it can."""
    (stack,) = read_stacks([text]).values()
    with watch(quiet=quiet) as observer:
        return replace(setting, app=provide(equip(stack), setting.app, observer))


def equip(stack: Stack) -> Stack:
    """Return the stack with servers, with the pool of its driver, and the newest's async backend.

    A stack described in words gets no async backend: its releases each fit one Django, so whoever
    wants it names it there.
    """
    from whereasync.stacks.spec import complete, name_of

    has = {name_of(each) for each in complete(stack)}
    wanted = [*SERVED]
    wanted += [POOL] if DRIVER in has else []
    wanted += [BACKEND] if stack.name == FOR_BACKEND else []
    more = tuple(each for each in wanted if name_of(each) not in has)
    return replace(stack, requirements=(*stack.requirements, *more))


def _find_ways(app: App) -> tuple[str, ...]:
    """Return the roles of the ways that can run there; say which can't, and what they need."""
    from whereasync.bench import DISTRIBUTIONS
    from whereasync.demo.orm import GUNICORN, UVICORN, WAYS, find_missing
    from whereasync.servers import require, versions

    for arm in (GUNICORN, UVICORN):
        require(arm, app.python)
    missing = find_missing(versions(app.python, DISTRIBUTIONS))
    for way in WAYS:
        if way.role in missing:
            click.echo(f"Not tried, {way.label}: it needs {missing[way.role]}", err=True)
    return tuple(way.role for way in WAYS if way.role not in missing)


def _require_time(experiment: Experiment) -> None:
    """Refuse a budget that starting the servers alone would fill, before anything starts."""
    from math import ceil

    from whereasync import plan

    servers, blocks = len(experiment.candidates), experiment.looks[0]
    need = plan.RACE_START + (blocks + 1) * plan.block_start(servers)
    if experiment.budget is not None and experiment.budget < need:
        raise BadInputError(
            f"--budget {experiment.budget:.0f}s is too small: starting {servers} servers "
            f"{blocks + 1} times takes {need:.0f} s",
            f"--budget {ceil(2 * need / 10) * 10}s",
        )


def _dress(setting: Setting, *, with_middleware: bool = True) -> Setting:
    """Return the setting with each role's own environment and application."""
    from whereasync.demo.orm import BARE, NO_MIDDLEWARE, REFERENCE, WAYS

    app, common = setting.app, BARE if with_middleware else BARE | NO_MIDDLEWARE
    apps = {
        way.role: replace(app, env={**common, **way.env}, asgi=way.asgi or app.asgi)
        for way in (REFERENCE, *WAYS)
    }
    return replace(setting, apps=apps)
