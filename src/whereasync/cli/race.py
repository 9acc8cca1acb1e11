"""``whereasync race A B``: two arms under load, and a verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from whereasync.cli.measuring import (
    demo_setting,
    draw_seed,
    measure_experiment,
    require_extra,
    require_time,
    want,
)
from whereasync.cli.options import (
    Allowance,
    Duration,
    Number,
    Numbers,
    find_typed,
    format_options,
    run_options,
)
from whereasync.cli.own import Play, add_own_options, open_own, set_up
from whereasync.cli.project import project_options
from whereasync.cli.requests import parse_swaps, write_own, write_plain
from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from whereasync.bench import Setting
    from whereasync.cli.own import Opened
    from whereasync.model import Arm, Config, Experiment, Request, Upstream
    from whereasync.results import Results
    from whereasync.servers import App

CLIENTS, CONNECTIONS = 8, 64
BUDGET, UPSTREAM = 120.0, "20ms"
HOME = {"python": "--python", "settings": "--settings", "config": "--config"}  # for ``open_own``
OWN_ONLY = {
    "user": "--as",
    "swap_a": "--swap-a",
    "swap_b": "--swap-b",
    "unguarded": "--unguarded",
    **HOME,
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option(
    "--clients",
    type=Numbers(1, 1000, "clients"),
    help="Clients at once; several make a curve: 1,8,64. With --rate: connections at most.  "
    f"[default: {CLIENTS}; {CONNECTIONS} with --rate]",
)
@click.option(
    "--rate",
    type=Number(0.1, 20_000),
    metavar="NUMBER",
    help="Open loop: so many requests/s are offered to each arm, and latencies are compared.",
)
@click.option(
    "--method",
    type=click.Choice(METHODS, case_sensitive=False),
    metavar="METHOD",
    help=f"{', '.join(METHODS)}.  [default: GET; POST with --data]",
)
@click.option("--data", metavar="BODY", help="The request's body, as a form sends it: a=1&b=2.")
@click.option(
    "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="Send this too. Repeatable."
)
@click.option(
    "--status",
    type=click.IntRange(200, 599),
    metavar="CODE",
    help="The status to expect.  [default: 200]",
)
@click.option(
    "--volatile",
    multiple=True,
    metavar="REGEX",
    help="What may differ from one answer to the next. Repeatable.",
)
@click.option("--different-work", is_flag=True, help="Race arms that don't answer alike.")
@click.option(
    "--budget",
    type=Duration(),
    help="Time for everything: 90s, 5m. Stops earlier once all is decided.  "
    f"[default: {BUDGET:.0f}s]",
)
@click.option(
    "--tune", is_flag=True, help="First find each arm's best threads, or loop and parser."
)
@click.option(
    "--fail-if",
    type=Allowance(),
    metavar="slower:5%",
    help="Exit 1 if B is shown to be slower than A by more than that: to do less than 1 ÷ 1.05 of "
    "its requests/s, or to take more than 1.05 times its p50 (with --rate).",
)
@click.option("--strict", is_flag=True, help="Exit 3 if anything stays inconclusive.")
@click.option("--database", metavar="URL", help="embedded (the default), postgres://…, sqlite:")
@add_own_options
@project_options
@click.option("--demo", is_flag=True, help="Race on the demo's project instead of yours.")
@click.option(
    "--upstream",
    metavar="LATENCY",
    help="What the other API of --demo waits: 20ms, exponential:20ms, lognormal:20ms,0.5.  "
    f"[default: {UPSTREAM}]",
)
@run_options
@format_options
def race(**typed: Any) -> int:
    """Race two arms, and say which is faster, by how much, and how sure that is.

    An arm is [SERVER[,KEY=VALUE…]@]TARGET: a path of your project, or a name from its
    configuration. For example:

    whereasync race gunicorn,threads=40@/dashboard/ uvicorn@/dashboard/

    With --demo it is a path of the demo's project (whereasync demo --serve shows them).
    """
    said = Typed(**{name: value for name, value in typed.items() if name not in HOME})
    return _race_demo(said) if said.demo else _race_own(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What was typed."""

    a: str
    b: str
    clients: tuple[int, ...] | None
    rate: float | None
    method: str | None
    data: str | None
    headers: tuple[str, ...]
    status: int | None
    volatile: tuple[str, ...]
    different_work: bool
    budget: float | None
    tune: bool
    fail_if: float | None
    strict: bool
    database: str | None
    user: str | None
    swap_a: tuple[str, ...]
    swap_b: tuple[str, ...]
    unguarded: bool
    demo: bool
    upstream: str | None
    seed: int | None
    out: Path | None
    quiet: bool
    format_: str
    as_json: bool


def _race_demo(typed: Typed) -> int:
    if wrong := find_typed(**OWN_ONLY):
        raise BadInputError(f"{wrong} is for your own project", "leave it out, or --demo")
    require_extra()
    setting = demo_setting(typed.database)
    return _measure(typed, _plan_demo(typed, setting.app), setting)


def _plan_demo(typed: Typed, app: App) -> Experiment:
    from whereasync.demo.experiment import RACE_OBJECTS
    from whereasync.model import Upstream
    from whereasync.servers.arms import parse_arm
    from whereasync.upstreams.latency import parse_latency

    entries = {"a": parse_arm(typed.a), "b": parse_arm(typed.b)}
    latency = typed.upstream or UPSTREAM
    parse_latency(latency)
    seed = draw_seed(typed.seed)
    return _plan(
        typed,
        {role: write_plain(entry.path, typed) for role, entry in entries.items()},
        {role: _candidates(entry.arm, app, typed) for role, entry in entries.items()},
        objects=RACE_OBJECTS,
        upstream=Upstream(latency=latency, rates="small", seed=seed),
        seed=seed,
    )


def _race_own(typed: Typed) -> int:
    from whereasync.servers.arms import parse_arm

    if typed.upstream:
        raise BadInputError(
            "--upstream is of the demo's project", "declare [stand-ins] for yours, or give --demo"
        )
    opened = _open()
    entries = {"a": parse_arm(typed.a, opened.config), "b": parse_arm(typed.b, opened.config)}
    requests = {role: write_own(opened, each, typed) for role, each in entries.items()}
    seed = draw_seed(typed.seed)
    typed = _take_defaults(typed, opened.config)
    arms = {role: entry.arm for role, entry in entries.items()}
    experiment = _plan(
        typed, requests, {role: (arm,) for role, arm in arms.items()}, seed=seed
    )  # before anything is fetched
    swaps = {
        "a": {**entries["a"].swap, **parse_swaps(typed.swap_a)},
        "b": {**entries["b"].swap, **parse_swaps(typed.swap_b)},
    }
    _doubt(requests, arms, swaps)
    play = Play(
        requests=tuple(requests.values()),
        arms=tuple(arms.values()),
        swaps=swaps,
        database=typed.database,
        seed=seed,
    )
    setting = set_up(opened, play, unguarded=typed.unguarded)
    candidates = {role: _candidates(arm, setting.app, typed) for role, arm in arms.items()}
    experiment = replace(experiment, candidates=candidates)
    require_time(experiment)  # with the candidates that are tuned
    return _measure(typed, experiment, setting)


def _doubt(
    requests: Mapping[str, Request],
    arms: Mapping[str, Arm],
    swaps: Mapping[str, Mapping[str, str]],
) -> None:
    """Say aloud that A and B are the same: somebody may have forgotten what differs."""
    if all(each["a"] == each["b"] for each in (requests, arms, swaps)):
        click.echo(
            "A and B are the same arm, so this shows the noise of this machine alone: "
            "did you forget --swap-b OLD=NEW?",
            err=True,
        )


def _open() -> Opened:
    from whereasync.project.places import NoProjectError

    try:
        return open_own()
    except NoProjectError as error:
        raise BadInputError(error.what, f"{error.hint}; or race the demo's: --demo") from error


def _take_defaults(typed: Typed, config: Config) -> Typed:
    """Return what was typed, with the configuration's clients and budget where nothing was."""
    usual = config.clients if typed.rate is None else ()  # in the open loop they mean another thing
    return replace(
        typed, clients=typed.clients or usual or None, budget=typed.budget or config.budget
    )


def _measure(typed: Typed, experiment: Experiment, setting: Setting) -> int:
    results = measure_experiment(experiment, setting, want("race", experiment.seed))
    return judge(results, typed.fail_if, strict=typed.strict)


def _plan(  # a race has that many properties
    typed: Typed,
    requests: Mapping[str, Request],
    candidates: Mapping[str, tuple[Arm, ...]],
    *,
    seed: int,
    objects: int = 0,
    upstream: Upstream | None = None,
) -> Experiment:
    """Return the race; BadInputError for a budget in which no verdict can come."""
    from whereasync import plan
    from whereasync.stats import LOOKS

    clients = typed.clients or (CLIENTS if typed.rate is None else CONNECTIONS,)
    if typed.rate is not None and len(clients) > 1:
        raise BadInputError(
            "with --rate, --clients is one number: the connections at most",
            f"--rate {typed.rate:g} --clients {max(clients)}",
        )
    experiment = plan.build_race(
        requests,
        candidates,
        clients=tuple(sorted(clients)),
        rate=typed.rate,
        budget=typed.budget or BUDGET,
        objects=objects,
        upstream=upstream,
        seed=seed,
        looks=LOOKS,
        is_same_work=not typed.different_work,
        worst=typed.fail_if,
    )
    require_time(experiment)
    return experiment


def _candidates(arm: Arm, app: App, typed: Typed) -> tuple[Arm, ...]:
    from whereasync.servers import candidates, require

    require(arm, app.python, app.overlay)
    return candidates(arm, app.python, app.overlay) if typed.tune else (arm,)


# ---------------------------------------------------------------- the exit code


def judge(results: Results, worst: float | None, *, strict: bool) -> int:
    """Return the exit code: 1 for a regression, 3 where something has no result, else 0.

    What stays open is 0 with a warning, and 3 where the user was strict.
    """
    from whereasync.results.regression import is_slower
    from whereasync.stats import Verdict

    cells = results.cells
    slower = [] if worst is None else [is_slower(each.comparison, worst) for each in cells]
    if worst is not None and True in slower:
        where = cells[slower.index(True)]
        ratio = where.comparison
        click.echo(
            f"whereasync: B is slower by more than {worst:.0%}: {ratio.ratio:.2f}× "
            f"[{ratio.low:.2f}–{ratio.high:.2f}] in {where.cell.name}",
            err=True,
        )
        return 1
    if not cells or any(each.is_void for each in cells) or results.run.faults:
        return 3
    if worst is None:
        is_open = any(each.comparison.verdict is Verdict.INCONCLUSIVE for each in cells)
    else:
        is_open = None in slower
        if is_open:
            click.echo(
                f"whereasync: whether B is slower by more than {worst:.0%} stays open", err=True
            )
    return 3 if is_open and strict else 0
