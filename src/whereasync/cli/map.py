"""``whereasync map``: where async starts to win, over waiting × clients and waiting × calls."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from whereasync.cli.measuring import (
    demo_setting,
    draw_seed,
    measure_experiment,
    require_extra,
    want,
)
from whereasync.cli.options import Duration, Numbers, format_options, run_options
from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from pathlib import Path

    from whereasync.model import Arm, Experiment, Interface
    from whereasync.servers import App

LONGEST = 20.0  # s that a request's calls may wait in turn: clients give up after 30


class Waits(click.ParamType[tuple[float, ...]]):
    """Waits in seconds, typed in ms or with a unit: ``1,5,20ms,0.5s``."""

    name = "waits"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        """Return the waits in the order given, each once."""
        if isinstance(value, tuple):
            return value
        found = []
        for part in str(value).split(","):
            typed = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s)?", part.strip())
            if not typed:
                self.fail(f"{part.strip()!r} is no wait: write 20, 20ms or 0.5s", param, ctx)
            wait = float(typed[1]) * (1.0 if typed[2] == "s" else 1e-3)
            if not 0.001 <= wait <= LONGEST:
                self.fail(f"a wait of {part.strip()}: choose 1 ms to {LONGEST:g} s", param, ctx)
            found.append(round(wait, 6))
        return tuple(dict.fromkeys(found))


@click.command("map")
@click.option(
    "--waits",
    type=Waits(),
    default="1,5,20,50,100,500",
    show_default=True,
    help="How long each call to the other service waits, in ms.",
)
@click.option(
    "--clients",
    type=Numbers(1, 1000, "clients"),
    default="1,4,16,64,256",
    show_default=True,
    help="Clients at once.",
)
@click.option(
    "--calls",
    type=Numbers(1, 50, "calls"),
    default="1,2,5,20",
    show_default=True,
    help="Calls that a request makes; at one number of clients, that nearest to 8.",
)
@click.option(
    "--budget",
    type=Duration(),
    default="10m",
    show_default=True,
    help="Time for everything; cells that don't fit are left out, the most telling are not.",
)
@click.option(
    "--sync",
    metavar="SERVER[,KEY=VALUE…]",
    help="The sync arm, instead of the best of gunicorn with few or many threads.",
)
@click.option(
    "--async",
    "async_",
    metavar="SERVER[,KEY=VALUE…]",
    help="The async arm, instead of the better of uvicorn and hypercorn.",
)
@click.option("--database", metavar="URL", help="embedded (the default), postgres://…, sqlite:")
@run_options
@format_options
def map_(**typed: Any) -> int:
    """Map where async starts to win, as a picture, for a view that waits for another service.

    The demo's view, written as well as it can be both ways, on the best-tuned servers: at every
    wait and number of clients of a grid, and at every wait and number of calls a request.
    """
    require_extra()
    return _map(Typed(**typed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What was typed."""

    waits: tuple[float, ...]
    clients: tuple[int, ...]
    calls: tuple[int, ...]
    budget: float
    sync: str | None
    async_: str | None
    database: str | None
    seed: int | None
    out: Path | None
    quiet: bool
    format_: str
    as_json: bool


def _map(typed: Typed) -> int:
    setting = demo_setting(typed.database)
    experiment = plan_map(typed, setting.app)
    _require_time(experiment)
    results = measure_experiment(experiment, setting, want("map", experiment.seed))
    return 0 if results.cells and not results.run.faults else 3


def plan_map(typed: Typed, app: App) -> Experiment:
    """Return the experiment that was asked for; BadInputError for one that can't be."""
    from whereasync.demo.map import Grid, build
    from whereasync.model import Interface

    grid = Grid(
        waits=tuple(sorted(typed.waits)),
        clients=tuple(sorted(typed.clients)),
        calls=tuple(sorted(typed.calls)),
    )
    longest = max(grid.waits) * max(grid.calls)
    if longest > LONGEST:
        raise BadInputError(
            f"{max(grid.calls)} calls in turn that wait {1000 * max(grid.waits):g} ms each take "
            f"{longest:g} s, and a request may wait {LONGEST:g} s",
            "shorter --waits, or fewer --calls",
        )
    return build(
        grid,
        sync=_arms(typed.sync, "--sync", Interface.WSGI, app),
        async_=_arms(typed.async_, "--async", Interface.ASGI, app),
        budget=typed.budget,
        seed=draw_seed(typed.seed),
    )


def _arms(text: str | None, option: str, interface: Interface, app: App) -> tuple[Arm, ...]:
    from whereasync.servers import parse_arm_server, require

    if text is None:
        return ()
    arm = parse_arm_server(text)
    if arm.interface is not interface:
        usual = "gunicorn,threads=64" if option == "--sync" else "uvicorn"
        raise BadInputError(
            f"{option} {text} serves {arm.interface.value.upper()}, not {interface.value.upper()}",
            f"{option} {usual}",
        )
    require(arm, app.python)
    return (arm,)


def _require_time(experiment: Experiment) -> None:
    """Refuse a budget too small for the first few cells, before anything starts."""
    from whereasync import plan

    need = plan.least_map_budget(experiment)
    if experiment.budget is not None and experiment.budget < need:
        raise BadInputError(
            f"--budget {experiment.budget:.0f}s is too small: {plan.USEFUL} cells, the least that "
            f"make a map, in {experiment.looks[0]} blocks take {need:.0f} s at best",
            f"--budget {math.ceil(need / 10) * 10}s, or ask for fewer and shorter --waits",
        )
