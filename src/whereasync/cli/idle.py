"""``whereasync demo idle``: what clients cost that are connected and say nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from whereasync.cli.measuring import demo_setting, draw_seed, measure, require_extra, want
from whereasync.cli.options import format_options, run_options
from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from whereasync.bench.demonstration import Setting
    from whereasync.bench.stage import Observer
    from whereasync.model import IdlePlan, Run
    from whereasync.servers import App
    from whereasync.store import RunDirectory

MOST_CLIENTS = 10_000


@click.command()
@click.option("--quick", is_flag=True, help="Look at each server once, and not three times.")
@click.option(
    "--clients",
    type=click.IntRange(10, MOST_CLIENTS),
    default=1000,
    show_default=True,
    help="Idle clients at once.",
)
@run_options
@format_options
def idle(
    quick: bool,
    clients: int,
    seed: int | None,
    **_: Any,  # how to keep and show the run: ``want`` reads it
) -> int:
    """Hold idle server-sent-event clients: threads, memory, CPU, and who is served.

    Sync and async views, each server alone; meanwhile another visitor asks for a page.
    """
    require_extra()
    from dataclasses import replace

    from whereasync.demo.idle import build
    from whereasync.servers import require

    allow_clients(clients)
    drawn = draw_seed(seed)
    setting = demo_setting("sqlite:")  # no view asks it
    plan = build(
        clients=clients, is_quick=quick, seed=drawn, can_share=can_share_threads(setting.app)
    )
    shared = {each.role: replace(setting.app, asgi=each.asgi) for each in plan.arms if each.asgi}
    setting = replace(setting, apps=shared)
    for each in plan.arms:
        require(each.arm, setting.app.python)
    results = measure(
        want("idle", drawn),
        lambda begun, directory, observer: _measure(plan, setting, begun, directory, observer),
    )
    is_whole = not results.run.faults and not any(each.faults for each in results.idle)
    return 0 if is_whole else 3


def can_share_threads(app: App) -> bool:
    """Tell whether requests can share threads there; say aloud where they can't."""
    from whereasync.demo.idle import SHARED_LEAST
    from whereasync.servers import versions

    found = versions(app.python, ["asgiref"])["asgiref"]
    is_new = tuple(map(int, found.split(".")[:2])) >= SHARED_LEAST
    if not is_new:
        least = ".".join(map(str, SHARED_LEAST))
        click.echo(
            f"Not tried, shared threads: asgiref {found} is too old; "
            f"{app.python} -m pip install 'asgiref>={least}'",
            err=True,
        )
    return is_new


def allow_clients(clients: int) -> None:
    """Let a process open as many files as so many clients take; BadInputError if it may not."""
    from whereasync import machine
    from whereasync.demo.idle import ALLOWANCE, count_files

    need = count_files(clients)
    allowed = machine.allow_files(need)
    if allowed < need:
        raise BadInputError(
            f"{clients:,} clients take {need:,} open files a process, and this system allows "
            f"{allowed:,}",
            f"--clients {max(10, allowed - ALLOWANCE)}, or raise the limit: ulimit -Hn",
        )


def _measure(
    plan: IdlePlan, setting: Setting, begun: Run, directory: RunDirectory, observer: Observer
) -> None:
    from whereasync import bench
    from whereasync.bench.idle import watch_idle

    bench.perform(
        lambda stage: watch_idle(stage, plan), setting, begun, directory, observer, budget=None
    )
