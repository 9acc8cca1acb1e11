"""The arms themselves: how they were tuned, and what each took beside CPU."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whereasync.document import (
    Block,
    Count,
    Rate,
    Size,
    caveat,
    code,
    dim,
    good,
    left,
    right,
    table,
)
from whereasync.reports.cells import count_clients
from whereasync.results.costs import switches_per_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.model import Cell, SweepPoint
    from whereasync.results import Results


def show_sweep(results: Results, *, more: str) -> Iterator[Block]:
    """Yield the table of candidates; where none were tried, how to have them tried: ``more``."""
    tried = [point for point in results.run.sweep if point.throughput or point.fault]
    if not tried:
        if results.run.sweep:
            yield caveat("the arms are as set, not tuned", hint=code(more))
        return
    names = list(dict.fromkeys(name for point in tried for name in point.throughput))
    experiment = results.run.experiment
    topics = {cell.name: _name(cell) for cell in experiment.sweep} if experiment else {}
    yield table(
        [left("candidate"), *(right(topics.get(name, name)) for name in names), left("")],
        [
            (
                str(point.arm),
                *(
                    Rate(point.throughput[name]) if name in point.throughput else None
                    for name in names
                ),
                good("chosen") if point.chosen else dim(point.fault.detail if point.fault else ""),
            )
            for point in sorted(tried, key=_rank)
        ],
        caption="How the arms were tuned; none of this entered the race",
    )


def _name(cell: Cell) -> str:
    clients = count_clients(cell.clients)
    return clients if cell.topic == "race" else f"{cell.topic}, {clients}"


def _rank(point: SweepPoint) -> tuple[str, list[tuple[int, str]]]:
    """Sort options by their numbers: threads=8 before threads=16."""
    parts = re.split(r"(\d+)", str(point.arm))
    return point.role, [(int(part) if part.isdigit() else 0, part) for part in parts]


def show_costs(results: Results) -> Iterator[Block]:
    """Yield what each arm took beside CPU, where any block told."""
    if not results.costs:
        return
    yield table(
        [
            left("arm"),
            right("memory"),
            right("threads"),
            right("database connections"),
            right("switches a request"),
        ],
        [
            (
                f"{role.upper()}  {results.run.arms.get(role, '')}"
                if len(role) == 1
                else str(results.run.arms.get(role, role)),
                Size(cost.peak_rss),
                None if cost.peak_threads is None else Count(cost.peak_threads),
                None if cost.peak_connections is None else Count(cost.peak_connections),
                None if (switches := switches_per_request(cost)) is None else Count(switches, 1),
            )
            for role, cost in results.costs.items()
        ],
        caption="What each arm took: the peaks of its processes, and how often a "
        "thread of it had to wait: its voluntary context switches",
    )
