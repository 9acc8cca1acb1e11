"""What a run's raw records mean. Pure, so that it can be computed again, for any run.

``derive()`` is a view on what was recorded: also of a run that was cut short. Nothing here is
stored; what is stored is in ``model``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from whereasync.model import Cost, Peak, Run  # noqa: TC001 # the schema that serial reads
from whereasync.results.article import ArticleRow, article_rows
from whereasync.results.breakeven import BreakEven, Pays, find_break_evens
from whereasync.results.cells import CellResult, compare_cells
from whereasync.results.conclusions import Conclusion, conclude
from whereasync.results.costs import merge_costs, merge_peaks
from whereasync.results.crossover import Crossover, find_crossovers
from whereasync.results.emulation import Timing, time_ways
from whereasync.results.idle import IdleResult, describe_idle
from whereasync.results.leaving import Fact, find_facts
from whereasync.results.premium import Premium, weigh
from whereasync.results.streaming import Passing, measure_passings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.results.cells import Samples

__all__ = [
    "ArticleRow",
    "BreakEven",
    "CellResult",
    "Conclusion",
    "Crossover",
    "Fact",
    "Pays",
    "Premium",
    "Results",
    "Timing",
    "compare_cells",
    "derive",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Everything that a run shows; as JSON, what ``--json`` prints."""

    run: Run  # without the raw records, which its directory keeps
    article: tuple[ArticleRow, ...]
    cells: tuple[CellResult, ...]
    conclusions: tuple[Conclusion, ...]
    blocks: int
    costs: dict[str, Cost]  # role → what its servers took, over all blocks
    crossovers: dict[str, tuple[Crossover, ...]]  # family of cells → where its curve crosses 1
    peaks: dict[str, tuple[Peak, Peak]]  # cell → the most its sides had, over all blocks
    premium: Premium | None = None  # of a run on several stacks
    break_evens: tuple[BreakEven, ...] = ()  # of cells that say how long they wait
    passings: tuple[Passing, ...] = ()  # of demo streaming
    idle: tuple[IdleResult, ...] = ()  # of demo idle
    timings: tuple[Timing, ...] = ()  # of demo test-client
    facts: tuple[Fact, ...] = ()  # of demo leaving


def derive(run: Run, samples: Samples) -> Results:
    """Return what the run shows; missing or damaged samples void their cell."""
    cells = compare_cells(run, samples)
    return Results(
        run=replace(run, singles=(), blocks=(), idle_trials=(), bursts=(), departures=()),
        article=article_rows(run),
        cells=cells,
        conclusions=conclude(cells) if run.command == "demo" else (),
        blocks=len(run.blocks),
        costs=merge_costs(run.blocks),
        crossovers=dict(_crossovers(cells)),
        peaks=merge_peaks(run.blocks),
        premium=weigh(run.experiment, cells) if run.experiment and run.experiment.stacks else None,
        break_evens=find_break_evens(cells),
        passings=measure_passings(run, cells, samples) if run.command == "streaming" else (),
        idle=describe_idle(run, samples),
        timings=time_ways(run.bursts),
        facts=find_facts(run.departures),
    )


def _crossovers(cells: tuple[CellResult, ...]) -> Iterator[tuple[str, tuple[Crossover, ...]]]:
    for family in dict.fromkeys(each.cell.family for each in cells):
        curve = [each for each in cells if each.cell.family == family and each.log_ratios]
        crossings = find_crossovers(
            {each.cell.clients: each.log_ratios or {} for each in curve},
            {each.cell.clients: each.comparison for each in curve},
        )
        if crossings:
            yield family, crossings
