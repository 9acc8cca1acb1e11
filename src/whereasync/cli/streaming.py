"""``whereasync demo streaming``: what passing an answer on as it comes is worth."""

from __future__ import annotations

from typing import Any

import click

from whereasync.cli.demo import is_whole
from whereasync.cli.measuring import (
    demo_setting,
    draw_seed,
    measure_experiment,
    require_extra,
    want,
)
from whereasync.cli.options import Numbers, format_options, run_options
from whereasync.errors import BadInputError

MOST_CLIENTS = 256  # the load client shares a core with the API that sends them all 1.1 MB


@click.command()
@click.option("--quick", is_flag=True, help="Only all whole against all streamed: 2 minutes.")
@click.option("--full", is_flag=True, help="Everything at every number of clients: 6 minutes.")
@click.option(
    "--clients",
    type=Numbers(1, MOST_CLIENTS, "clients"),
    default="1,64",
    show_default=True,
    help="Clients at once.",
)
@click.option(
    "--rates",
    type=click.Choice(["full", "small"]),
    default="full",
    show_default=True,
    help="Size of the API's answer: 1.1 MB or 30 kB.",
)
@run_options
@format_options
def streaming(
    quick: bool,
    full: bool,
    clients: tuple[int, ...],
    rates: str,
    seed: int | None,
    **_: Any,  # how to keep and show the run: ``want`` reads it
) -> int:
    """Fetch and answer a year of rates whole or streamed: first byte, total, memory.

    Sync and async views, under WSGI (gunicorn) and ASGI (uvicorn). The API sends its answer over
    time, as one that computes it does: the first part after 20 ms, the last after 70.
    """
    if quick and full:
        raise BadInputError("--quick and --full are two lengths", "give one of them")
    require_extra()
    from whereasync.demo.streaming import Length, build
    from whereasync.servers import require

    drawn = draw_seed(seed)
    length = Length.QUICK if quick else Length.FULL if full else Length.DEFAULT
    experiment = build(clients=clients, rates=rates, length=length, seed=drawn)
    setting = demo_setting("sqlite:")  # no view asks it
    for arms in experiment.candidates.values():
        require(arms[0], setting.app.python)
    results = measure_experiment(experiment, setting, want("streaming", drawn))
    return 0 if is_whole(results) else 3
