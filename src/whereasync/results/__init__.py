"""What a run's raw records mean. Pure, so that it can be computed again, for any run.

``derive()`` is a view on what was recorded: also of a run that was cut short. Nothing here is
stored; what is stored is in ``model``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from whereasync.model import Block, Run  # noqa: TC001 # the schema that serial reads
from whereasync.results.article import ArticleRow, article_rows
from whereasync.results.cells import CellResult, compare_cells
from whereasync.results.conclusions import Conclusion, conclude

if TYPE_CHECKING:
    from whereasync.results.cells import Samples

__all__ = ["ArticleRow", "CellResult", "Conclusion", "Results", "compare_cells", "derive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Everything that a run shows; as JSON, what ``--json`` prints."""

    run: Run  # without the raw records, which its directory keeps
    article: tuple[ArticleRow, ...]
    cells: tuple[CellResult, ...]
    conclusions: tuple[Conclusion, ...]
    blocks: int
    peak_rss: dict[str, int]  # bytes a role, the largest of the blocks


def derive(run: Run, samples: Samples) -> Results:
    """Return what the run shows; missing or damaged samples void their cell."""
    cells = compare_cells(run, samples)
    return Results(
        run=replace(run, singles=(), blocks=()),
        article=article_rows(run),
        cells=cells,
        conclusions=conclude(cells),
        blocks=len(run.blocks),
        peak_rss=_peaks(run.blocks),
    )


def _peaks(blocks: tuple[Block, ...]) -> dict[str, int]:
    roles = {role for block in blocks for role in block.peak_rss}
    return {role: max(block.peak_rss.get(role, 0) for block in blocks) for role in sorted(roles)}
