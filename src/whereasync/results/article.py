"""The article's rows: theirs and ours, by the view's clock and by the client's. Pure.

Three runs are described, never tested: they bear no verdict, and as-written pairs do different
work. A newcomer would average what did not fail; a row with a failed run has no figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whereasync import stats
from whereasync.model import Caveat, Fault, Figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whereasync.model import Row, Run, Single

DIFFERENT_WORK = Fault(
    kind=Caveat.DIFFERENT_WORK,
    detail="as in the article, sync and async views do different things: this ratio proves nothing",
    hint="chapter 2 compares the same work",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """One variant of a row, by both clocks, in seconds; None where nothing was measured."""

    in_view: stats.Spread | None
    client: stats.Spread | None
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleRow:
    """One row of the article's table, theirs beside ours."""

    name: str
    label: str
    runs: int  # how often each variant was to be sent
    theirs: Figures | None  # None for a size that the article did not measure
    ours: Figures | None  # means by the view's clock, as in the article; None if a run is missing
    by_client: Figures | None  # the same by the client's clock
    clocks: dict[str, Clocks]  # variant → its spread and its faults
    caveats: tuple[Fault, ...] = (DIFFERENT_WORK,)


def article_rows(run: Run) -> tuple[ArticleRow, ...]:
    """Return the rows of the article's table that the run was to repeat."""
    rows = run.experiment.rows if run.experiment else ()
    return tuple(_article_row(row, run.singles) for row in rows)


def _article_row(row: Row, singles: Sequence[Single]) -> ArticleRow:
    mine = {
        variant: [each for each in singles if (each.row, each.variant) == (row.name, variant)]
        for variant in ("async", "sync")
    }
    clocks = {variant: _clocks(each) for variant, each in mine.items()}
    is_whole = all(
        len(each) == row.runs and not clocks[variant].faults for variant, each in mine.items()
    )
    return ArticleRow(
        name=row.name,
        label=row.label,
        runs=row.runs,
        theirs=row.figures,
        ours=_figures(clocks["async"].in_view, clocks["sync"].in_view) if is_whole else None,
        by_client=_figures(clocks["async"].client, clocks["sync"].client) if is_whole else None,
        clocks=clocks,
    )


def _figures(a: stats.Spread | None, s: stats.Spread | None) -> Figures | None:
    if a is None or s is None:
        return None
    return Figures(async_seconds=a.mean, sync_seconds=s.mean, ratio=a.mean / s.mean)


def _clocks(singles: Sequence[Single]) -> Clocks:
    return Clocks(
        in_view=_spread([each.in_view for each in singles]),
        client=_spread([each.client for each in singles]),
        faults=tuple(each.fault for each in singles if each.fault),
    )


def _spread(values: Sequence[float | None]) -> stats.Spread | None:
    measured = [value for value in values if value is not None]
    return stats.spread(measured) if measured else None
