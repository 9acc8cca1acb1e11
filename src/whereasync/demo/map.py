"""The map: one view, sync against async, at every wait and number of clients of a grid.

Two planes: wait × clients, with one call a request, and wait × calls, at one number of clients. The
wait is part of the request, so a block measures all cells on the same two servers. A budget that is
too small leaves out the last cells of the order, which is coarse first: a newcomer would go row by
row, and a short budget would show a corner.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whereasync.model import (
    Arm,
    Cell,
    Experiment,
    Interface,
    Request,
    Side,
    SliceRules,
    Upstream,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

CHAPTER = 3
PATH = "/advised/rates/"  # of both views, up to "sync/" and "async/"
WAITS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.5)  # s
CLIENTS = (1, 4, 16, 64, 256)
CALLS = (1, 2, 5, 20)
ABOUT = 8  # clients of the plane wait × calls, or the number of the grid that is nearest
TUNED_AT = 0.1, 64  # s and clients that the candidates are tuned near: many that wait
FEW_THREADS = 16  # of gunicorn, or as many as the grid has clients: sync shall not starve
DEARNESS = 0.6  # halvings that a cell comes later for lasting twice as long
CPU = 0.0025  # s that a call costs the server, about: only the order of cells rests on it
LOOKS = (6, 12, 24)  # blocks after which verdicts are read
RULES = SliceRules(slices=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """What the axes of the map hold, each rising."""

    waits: tuple[float, ...] = WAITS  # s
    clients: tuple[int, ...] = CLIENTS
    calls: tuple[int, ...] = CALLS

    @property
    def fan_clients(self) -> int:
        """The number of clients at which fan-out is measured; of two as near, the fewer."""
        return min(self.clients, key=lambda number: (abs(math.log(number / ABOUT)), number))


def build(
    grid: Grid,
    *,
    sync: tuple[Arm, ...] = (),
    async_: tuple[Arm, ...] = (),
    budget: float | None,
    seed: int,
) -> Experiment:
    """Return the experiment; of several arms a side the best-tuned is taken, none is ours."""
    return Experiment(
        seed=seed,
        budget=budget,
        objects=1,  # the view asks no database
        upstream=Upstream(latency="1ms", rates="small", seed=seed),
        candidates={
            "wsgi": sync or tuple(map(_gunicorn, sorted({FEW_THREADS, max(grid.clients)}))),
            "asgi": async_
            or tuple(
                Arm(server=name, interface=Interface.ASGI) for name in ("uvicorn", "hypercorn")
            ),
        },
        sweep=(_tuning_cell(grid),),
        cells=build_cells(grid),
        looks=LOOKS,
        rules=RULES,
    )


def _gunicorn(threads: int) -> Arm:
    options = {"worker": "gthread", "threads": str(threads)}
    return Arm(server="gunicorn", interface=Interface.WSGI, options=options)


# ---------------------------------------------------------------- cells


def build_cells(grid: Grid) -> tuple[Cell, ...]:
    """Return the cells of both planes, the most telling first.

    Each axis is halved again and again, so a cell comes the earlier the fewer halvings its wait and
    its other number take, and the later the longer it lasts. The plane of the clients is one
    halving ahead.
    """
    waits, clients = _halve(grid.waits), _halve(grid.clients)
    calls = _halve(grid.calls, upper=True)  # many calls tell more than few
    ranked = {
        _cell(w, n, 1): waits[w] + clients[n] + _rank_cost(w, n, 1)
        for w in grid.waits
        for n in grid.clients
    }
    n = grid.fan_clients
    for w in grid.waits:
        for k in grid.calls:
            rank = waits[w] + calls[k] + _rank_cost(w, n, k) + 1
            ranked.setdefault(_cell(w, n, k), rank)
    return tuple(sorted(ranked, key=lambda cell: (ranked[cell], cell.name)))


def _halve(axis: Sequence[float], *, upper: bool = False) -> dict[float, int]:
    """Return how often an axis was halved until each of its values came: 0 is its middle."""
    ranks: dict[float, int] = {}
    parts, depth = [tuple(sorted(axis))], 0
    while parts:
        halves = []
        for part in parts:
            middle = (len(part) - (not upper)) // 2
            ranks[part[middle]] = depth
            halves += [part[:middle], part[middle + 1 :]]
        parts, depth = [half for half in halves if half], depth + 1
    return ranks


def _rank_cost(wait: float, clients: int, calls: int) -> float:
    """Return how many halvings a cell comes later for the time that it takes."""
    working = clients * calls * CPU
    latencies = max(wait * calls, working), max(wait, working)
    return DEARNESS * math.log2(sum(max(RULES.window, 6.0 * latency) for latency in latencies))


def _cell(wait: float, clients: int, calls: int) -> Cell:
    return Cell(
        name=f"wait-{1000 * wait:g}ms-calls-{calls}-{clients}",
        chapter=CHAPTER,
        topic=f"{1000 * wait:g} ms × {calls}" if calls > 1 else f"{1000 * wait:g} ms",
        clients=clients,
        a=_side("wsgi", "sync", wait, calls, waits=wait * calls),
        b=_side("asgi", "async", wait, calls, waits=wait),
        wait=wait,
        calls=calls,
    )


def _side(role: str, variant: str, wait: float, calls: int, *, waits: float) -> Side:
    path = f"{PATH}{variant}/?calls={calls}&wait={1000 * wait:g}"
    return Side(role=role, label=variant, request=Request(path=path), waits=waits)


def _tuning_cell(grid: Grid) -> Cell:
    """Return the cell in which most wait at once without any being slow."""
    wait, clients = TUNED_AT
    return _cell(
        min(grid.waits, key=lambda each: abs(math.log(each / wait))),
        min(grid.clients, key=lambda each: abs(math.log(each / clients))),
        1,
    )
