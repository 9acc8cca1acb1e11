"""``whereasync race A B``: two arms under load, and a verdict."""

from __future__ import annotations

import re
from dataclasses import dataclass
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
from whereasync.cli.options import Allowance, Duration, Number, Numbers, format_options, run_options
from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from pathlib import Path

    from whereasync.model import Arm, Experiment, Request
    from whereasync.results import Results
    from whereasync.servers import App

CLIENTS, CONNECTIONS = 8, 64
FRAMING = ("content-length", "transfer-encoding")  # a wrong one hangs the server
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
    default=200,
    show_default=True,
    help="The status to expect.",
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
    default="120s",
    show_default=True,
    help="Time for everything: 90s, 5m. Stops earlier once all is decided.",
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
@click.option(
    "--upstream",
    default="20ms",
    show_default=True,
    metavar="LATENCY",
    help="What the demo's other API waits: 20ms, exponential:20ms, lognormal:20ms,0.5.",
)
@run_options
@format_options
def race(**typed: Any) -> int:
    """Race two arms, and say which is faster, by how much, and how sure that is.

    An arm is [SERVER[,KEY=VALUE…]@]/PATH. For example:

    whereasync race gunicorn,threads=16@/plain/hello/sync/ uvicorn@/plain/hello/async/

    The paths are those of the demo's project (whereasync demo --serve shows them).
    """
    require_extra()
    return _race(Typed(**typed))


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
    status: int
    volatile: tuple[str, ...]
    different_work: bool
    budget: float
    tune: bool
    fail_if: float | None
    strict: bool
    database: str | None
    upstream: str
    seed: int | None
    out: Path | None
    quiet: bool
    format_: str
    as_json: bool


def _race(typed: Typed) -> int:
    setting = demo_setting(typed.database)
    experiment = _plan(typed, setting.app)
    require_time(experiment)
    results = measure_experiment(experiment, setting, want("race", experiment.seed))
    return judge(results, typed.fail_if, strict=typed.strict)


def _plan(typed: Typed, app: App) -> Experiment:
    from whereasync import plan
    from whereasync.demo.experiment import RACE_OBJECTS
    from whereasync.model import Upstream
    from whereasync.servers.arms import parse_arm
    from whereasync.stats import LOOKS
    from whereasync.upstreams.latency import parse_latency

    entries = {"a": parse_arm(typed.a), "b": parse_arm(typed.b)}
    parse_latency(typed.upstream)
    clients = typed.clients or (CLIENTS if typed.rate is None else CONNECTIONS,)
    if typed.rate is not None and len(clients) > 1:
        raise BadInputError(
            "with --rate, --clients is one number: the connections at most",
            f"--rate {typed.rate:g} --clients {max(clients)}",
        )
    seed = draw_seed(typed.seed)
    return plan.build_race(
        {role: _request(entry.path, typed) for role, entry in entries.items()},
        {role: _candidates(entry.arm, app, tune=typed.tune) for role, entry in entries.items()},
        clients=tuple(sorted(clients)),
        rate=typed.rate,
        budget=typed.budget,
        objects=RACE_OBJECTS,
        upstream=Upstream(latency=typed.upstream, rates="small", seed=seed),
        seed=seed,
        looks=LOOKS,
        is_same_work=not typed.different_work,
        worst=typed.fail_if,
    )


def _request(path: str, typed: Typed) -> Request:
    from whereasync.model import Request

    if typed.data is not None and typed.method == "GET":
        raise BadInputError("a GET request has no body", "leave out --data, or --method GET")
    for pattern in typed.volatile:
        try:
            re.compile(pattern)
        except re.error as error:
            raise BadInputError(
                f"--volatile {pattern!r} is no regular expression: {error}", "escape it with \\"
            ) from None
    return Request(
        path=path,
        method=typed.method or ("GET" if typed.data is None else "POST"),
        headers=tuple(map(_parse_header, typed.headers)),
        body=typed.data or "",
        status=typed.status,
        volatile=typed.volatile,
    )


def _parse_header(text: str) -> tuple[str, str]:
    name, _, value = text.partition(":")
    if name.lower() in FRAMING:
        raise BadInputError(f"--header may not set {name}", "give the body with --data")
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e]*", text):
        raise BadInputError(f"--header {text!r} is no header", "write --header 'Name: value'")
    return name, value.strip()


def _candidates(arm: Arm, app: App, *, tune: bool) -> tuple[Arm, ...]:
    from whereasync.servers import candidates, require

    require(arm, app.python)
    return candidates(arm, app.python) if tune else (arm,)


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
