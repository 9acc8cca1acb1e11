"""What a run's raw records mean. Pure, so that it can be computed again, for any run.

``derive()`` is a view on what was recorded: also of a run that was cut short. Nothing here is
stored; what is stored is in ``model``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from whereasync.model import Cost, Run  # noqa: TC001 # the schema that serial reads
from whereasync.results.article import ArticleRow, article_rows
from whereasync.results.cells import CellResult, compare_cells
from whereasync.results.conclusions import Conclusion, conclude
from whereasync.results.costs import merge_costs
from whereasync.results.crossover import Crossover, find_crossovers
from whereasync.results.premium import Premium, weigh

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.results.cells import Samples

__all__ = [
    "ArticleRow",
    "CellResult",
    "Conclusion",
    "Crossover",
    "Premium",
    "Results",
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
    premium: Premium | None = None  # of a run on several stacks


def derive(run: Run, samples: Samples) -> Results:
    """Return what the run shows; missing or damaged samples void their cell."""
    cells = compare_cells(run, samples)
    return Results(
        run=replace(run, singles=(), blocks=()),
        article=article_rows(run),
        cells=cells,
        conclusions=conclude(cells) if run.command == "demo" else (),
        blocks=len(run.blocks),
        costs=merge_costs(run.blocks),
        crossovers=dict(_crossovers(cells)),
        premium=weigh(run.experiment, cells) if run.experiment and run.experiment.stacks else None,
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
