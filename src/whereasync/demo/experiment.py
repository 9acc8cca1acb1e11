"""The demo's experiment, from what the user chose.

Chapter 1 repeats the article's table on one server. Chapters 2 and 3 are one race between the
best-tuned WSGI and the best-tuned ASGI arm. What a length leaves out stands in ``LENGTHS``.
"""

from __future__ import annotations

from dataclasses import dataclass

from whereasync.demo import article
from whereasync.demo.cells import FORM, RACE_WAIT, cells, tuning_cells
from whereasync.model import (
    Arm,
    Experiment,
    Figures,
    Interface,
    Request,
    Row,
    SliceRules,
    Upstream,
)

RACE_OBJECTS = 10
ARTICLE_LATENCY = "500ms"  # the article's API took seconds; the stand-in's wait is known
RACE_LATENCY = f"{1000 * RACE_WAIT:g}ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How much one length of the demo measures."""

    budget: float | None  # s for the whole run, some below the promise; None: no limit
    slow_runs: int  # runs of a GET over more than 1,000 objects
    clients: tuple[int, ...]
    cells: int | None  # how many of the race's may be measured; None: all
    looks: tuple[int, ...]
    rules: SliceRules
    threads: tuple[int, ...]  # of gunicorn, to choose from
    wsgi: tuple[Arm, ...] = ()  # other servers to choose from
    asgi: tuple[Arm, ...]


HYPERCORN = Arm(server="hypercorn", interface=Interface.ASGI)
UVICORN = Arm(server="uvicorn", interface=Interface.ASGI)


def _granian_wsgi(threads: int) -> Arm:
    options = {"interface": "wsgi", "threads": str(threads)}
    return Arm(server="granian", interface=Interface.WSGI, options=options)


LENGTHS = {
    "quick": Length(
        budget=56.0,
        slow_runs=1,
        clients=(1,),
        cells=4,
        looks=(6,),
        rules=SliceRules(window=0.15, slices=2, warm_up=0.1),
        threads=(16,),
        asgi=(HYPERCORN,),
    ),
    "default": Length(
        budget=173.0,
        slow_runs=3,
        clients=(1, 8, 64),
        cells=None,
        looks=(6,),
        rules=SliceRules(slices=2),
        threads=(8, 16, 32),
        asgi=(HYPERCORN, UVICORN),
    ),
    "full": Length(
        budget=None,
        slow_runs=3,
        clients=(1, 8, 64),
        cells=None,
        looks=(6, 12, 24),
        rules=SliceRules(slices=4),
        threads=(1, 4, 8, 16, 32, 64),
        wsgi=(
            Arm(server="gunicorn", interface=Interface.WSGI, options={"worker": "sync"}),
            *map(_granian_wsgi, (1, 4, 16, 64)),
        ),
        asgi=(
            HYPERCORN,
            UVICORN,
            Arm(server="granian", interface=Interface.ASGI, options={"interface": "asgi"}),
            Arm(server="daphne", interface=Interface.ASGI),
            Arm(server="gunicorn", interface=Interface.ASGI, options={"worker": "uvicorn"}),
        ),
    ),
}
RUNS = 3  # the article's


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the user chose on the command line."""

    length: str = "default"  # a key of LENGTHS
    objects: tuple[int, ...] = article.OBJECTS
    clients: tuple[int, ...] | None = None  # None: the length's
    chapters: tuple[int, ...] = (1, 2, 3, 4)
    server: Arm | None = None  # None: Hypercorn in chapter 1, tuned candidates in chapter 2
    rates: str | None = None  # None: full for the article's table, small for the race
    seed: int = 0
    writers: int | None = None  # the most clients that may write at once; SQLite takes one


def build(choices: Choices) -> Experiment:
    """Return the experiment for what the user chose."""
    length = LENGTHS[choices.length]
    clients = choices.clients or length.clients
    return Experiment(
        seed=choices.seed,
        budget=length.budget,
        article_arm=choices.server or HYPERCORN,
        article_upstream=Upstream(
            latency=ARTICLE_LATENCY, rates=choices.rates or "full", seed=choices.seed
        ),
        rows=_rows(choices.objects, length.slow_runs) if 1 in choices.chapters else (),
        objects=RACE_OBJECTS,
        upstream=Upstream(latency=RACE_LATENCY, rates=choices.rates or "small", seed=choices.seed),
        candidates=_candidates(choices.server, length),
        sweep=tuning_cells(clients),
        cells=cells(clients, choices.chapters, choices.writers)[: length.cells],
        looks=length.looks,
        rules=length.rules,
    )


def _rows(sizes: tuple[int, ...], slow_runs: int) -> tuple[Row, ...]:
    smallest, *larger = sorted(set(sizes))
    return (
        _get(smallest, slow_runs),
        _row("post", "POST", "cars", objects=smallest, figures=article.POST),
        _row("api", "API", "rates", figures=article.API),
        *(_get(size, slow_runs) for size in larger),
    )


def _get(size: int, slow_runs: int) -> Row:
    return _row(
        f"get-{size}",
        f"GET {size:,}",
        "cars",
        objects=size,
        figures=article.GET.get(size),
        runs=slow_runs if size > 1000 else RUNS,
    )


def _row(  # noqa: PLR0913 # a row of a table has that many columns
    name: str,
    label: str,
    view: str,
    *,
    objects: int | None = None,
    figures: Figures | None = None,
    runs: int = RUNS,
) -> Row:
    method, body = ("POST", FORM) if name == "post" else ("GET", "")
    return Row(
        name=name,
        label=label,
        objects=objects,
        figures=figures,
        runs=runs,
        requests={
            variant: Request(path=f"/as-written/{view}/{variant}/", method=method, body=body)
            for variant in ("async", "sync")
        },
    )


def _candidates(server: Arm | None, length: Length) -> dict[str, tuple[Arm, ...]]:
    gunicorn = tuple(
        Arm(
            server="gunicorn",
            interface=Interface.WSGI,
            options={"worker": "gthread", "threads": str(threads)},
        )
        for threads in length.threads
    )
    chosen = {server.interface.value: (server,)} if server else {}
    return {"wsgi": (*gunicorn, *length.wsgi), "asgi": length.asgi, **chosen}
