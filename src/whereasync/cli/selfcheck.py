"""``whereasync selfcheck``: the tool measures itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from whereasync.cli.measuring import demo_setting, measure, require_extra, require_time, want
from whereasync.cli.options import Duration, find_typed, format_options, run_options
from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Collection

    from whereasync.bench.demonstration import Setting
    from whereasync.bench.stage import Observer, Stage
    from whereasync.model import Check, Run
    from whereasync.store import RunDirectory


@click.command()
@click.option("--simulated", is_flag=True, help="Only the statistics: seconds, no server.")
@click.option(
    "--budget",
    type=Duration(),
    default="8m",
    show_default=True,
    help="Time for the real part.",
)
@click.option("--database", metavar="URL", help="embedded (the default), postgres://…, sqlite:")
@run_options
@format_options
def selfcheck(
    simulated: bool,
    budget: float,
    database: str | None,
    seed: int | None,
    format_: str,
    as_json: bool,
    **_: Any,  # how to keep the run: ``want`` reads it
) -> int:
    """Measure the tool itself: equal arms, planted effects, and thousands of simulated runs.

    Exit code 1 if a limit of docs/method.md isn't kept, 3 if something couldn't be checked.
    """
    from whereasync.selfcheck.simulated import SEED

    seed = SEED if seed is None else seed
    if simulated and (idle := find_typed(budget="--budget", database="--database", out="--out")):
        raise BadInputError(f"--simulated runs no server, so {idle} does nothing", "leave it out")
    if simulated:
        return _simulate(seed, "json" if as_json else format_)
    require_extra()
    from whereasync.bench.selfcheck import plan_race
    from whereasync.reports.selfcheck import find_unchecked
    from whereasync.selfcheck.planted import LEAST
    from whereasync.stats import LOOKS

    setting = demo_setting(database)
    require_time(plan_race(LEAST, seed, budget, LOOKS))
    results = measure(
        want("selfcheck", seed),
        lambda begun, directory, observer: _measure(setting, budget, begun, directory, observer),
    )
    return judge(results.run.checks, find_unchecked(results))


def _simulate(seed: int, format_: str) -> int:
    """Check the statistics and show the figures; nothing is kept, for a seed gives them again."""
    import sys

    from whereasync import serial
    from whereasync.renderers import render
    from whereasync.reports.selfcheck import report_checks
    from whereasync.selfcheck.simulated import check_statistics

    checks = check_statistics(seed)
    if format_ == "json":
        sys.stdout.write(serial.encode(checks).decode())
    else:
        sys.stdout.write(render(report_checks(checks), format_))
    return judge(checks)


def _measure(
    setting: Setting, budget: float, begun: Run, directory: RunDirectory, observer: Observer
) -> None:
    from whereasync import bench
    from whereasync.bench.selfcheck import check_servers
    from whereasync.selfcheck.simulated import check_statistics
    from whereasync.stats import LOOKS

    def play(stage: Stage) -> None:
        check_servers(stage, budget, LOOKS)
        observer.stage("check the statistics")
        stage.ledger.add("checks", *check_statistics(begun.seed))

    bench.perform(play, setting, begun, directory, observer, budget=budget)


def judge(checks: Collection[Check], unchecked: Collection[object] = ()) -> int:
    """Return the exit code: 1 if a limit isn't kept, 3 if something couldn't be checked."""
    if any(check.is_kept is False for check in checks):
        return 1
    return 3 if unchecked or not checks else 0
