"""``whereasync demo leaving``: what runs on when the client leaves in the middle."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from whereasync.cli.measuring import demo_setting, draw_seed, measure, require_extra, want
from whereasync.cli.options import format_options, run_options
from whereasync.cli.progress import watch
from whereasync.cli.stacks import provide, read_stacks
from whereasync.errors import BadInputError
from whereasync.model import Arm, Interface

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from whereasync.bench.demonstration import Setting
    from whereasync.bench.stage import Observer, Stage
    from whereasync.model import Run, Stack
    from whereasync.results import Fact
    from whereasync.servers import App
    from whereasync.store import RunDirectory

ASGI = (
    Arm(server="hypercorn", interface=Interface.ASGI),
    Arm(server="uvicorn", interface=Interface.ASGI),
)
WSGI = (Arm(server="gunicorn", interface=Interface.WSGI, options={"threads": "32"}),)
OWN = ""  # the role of the current environment


@click.command()
@click.option(
    "--stack",
    "stacks",
    metavar="STACK",
    multiple=True,
    help="On this stack instead of the current environment: article, lts, latest, or "
    "'python=3.12 django==5.1.* …'; give it several times.",
)
@click.option("--database", metavar="URL", help="embedded (the default), postgres://…, sqlite:")
@run_options
@format_options
def leaving(
    stacks: tuple[str, ...], database: str | None, seed: int | None, quiet: bool, **_: Any
) -> int:
    """Tell what runs on when a client leaves, and what becomes of query and transaction.

    Sync and async views, with and without asyncio.shield, on hypercorn, uvicorn and gunicorn.
    """
    require_extra()
    setting = demo_setting(database)
    if stacks:
        asked = read_stacks(stacks)
        with watch(quiet=quiet) as observer:
            apps = {role: _provide(stack, setting.app, observer) for role, stack in asked.items()}
        setting = replace(setting, apps=apps)
    arms = _find_arms(setting.apps or {OWN: setting.app})
    results = measure(
        want("leaving", draw_seed(seed)),
        lambda begun, directory, observer: _measure(setting, arms, begun, directory, observer),
    )
    return 3 if results.run.faults or any(map(_is_unseen, results.facts)) else 0


def _is_unseen(fact: Fact) -> bool:
    from whereasync.demo.leaving import UNSUPPORTED

    return fact.fault is not None and fact.fault.kind != UNSUPPORTED


def _provide(stack: Stack, app: App, observer: Observer) -> App:
    """Return the project on the stack with all three servers, or with those that it has.

    A stack that is made already must do without a network, even if it lacks a server.
    """
    from whereasync.stacks import find_environment
    from whereasync.stacks.spec import name_of

    named = {name_of(each) for each in stack.requirements}
    more = [each.server for each in (*ASGI, *WSGI) if each.server not in named]
    wider = replace(stack, requirements=(*stack.requirements, *more))
    try:
        return provide(wider, app, observer)
    except BadInputError:
        if find_environment(stack) is None:
            raise
        return provide(stack, app, observer)


def _find_arms(apps: Mapping[str, App]) -> dict[str, tuple[Arm, ...]]:
    """Return role → the arms that can be had there; BadInputError without one for async views."""
    found = {}
    for role, app in apps.items():
        asgi = tuple(arm for arm in ASGI if _is_there(arm, app.python))
        if not asgi:
            from whereasync.servers import require

            require(ASGI[0], app.python)
        found[role] = (*asgi, *(arm for arm in WSGI if _is_there(arm, app.python)))
    return found


def _is_there(arm: Arm, python: Path) -> bool:
    from whereasync.servers import require

    try:
        require(arm, python)
    except BadInputError as missing:
        click.echo(f"Not tried, {arm.server}: {missing.what}", err=True)
        return False
    return True


def _measure(
    setting: Setting,
    arms: Mapping[str, tuple[Arm, ...]],
    begun: Run,
    directory: RunDirectory,
    observer: Observer,
) -> None:
    from whereasync import bench
    from whereasync.bench.leaving import watch_departures

    def play(stage: Stage) -> None:
        watch_departures(stage, arms)

    bench.perform(play, setting, begun, directory, observer, budget=None)
