"""Chapter 1: the article's table, theirs beside ours.

Time ratios, async ÷ sync, described and never tested. A newcomer would give them a verdict: the
views that are compared here do different work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.document import (
    Block,
    Count,
    Part,
    Share,
    caveat,
    dim,
    heading,
    left,
    qualify,
    right,
    strong,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.model import Experiment
    from whereasync.results import ArticleRow, Results
    from whereasync.results.article import Clocks

EMPTY_ANSWER = (
    "The article's sync GET returned nothing (a 500, after its clock had stopped); ours answers an "
    "empty 200."
)


def compare_with_article(results: Results) -> Iterator[Block]:
    """Yield the chapter: the table, what qualifies it, and what failed."""
    experiment = results.run.experiment
    if not results.article or experiment is None:
        return
    yield heading("1  As the article measured")
    yield table(
        [
            left("view"),
            *(right(f"article {what}") for what in ("async s", "sync s", "ratio")),
            *(right(f"here {what}") for what in ("async s", "±", "sync s", "±", "ratio")),
            right("ratio, client's clock"),
        ],
        [_article_cells(row) for row in sorted(results.article, key=_is_no_get)],
        caption=(
            f"One client on {experiment.article_arm}; seconds by the view's own clock, mean of "
            f"{max(row.runs for row in results.article)} runs; ratio is a time ratio, async ÷ sync"
        ),
        notes=[
            *(
                f"{row.label}: measured once here"
                for row in results.article
                if row.runs == 1 and row.ours
            ),
            EMPTY_ANSWER,
            _describe_api(experiment, results.run.options.get("api_url")),
        ],
    )
    yield qualify(results.article[0].caveats[0])
    for row in results.article:
        for variant, clocks in row.clocks.items():
            for found in clocks.faults[:1]:
                yield caveat(
                    f"{row.label}, {variant}: failed {len(clocks.faults)} of {row.runs} times, "
                    f"so there is no figure ({found.kind}: {found.detail})",
                    hint=found.hint or (),
                )


def _is_no_get(row: ArticleRow) -> bool:
    """Put the sizes of the GET together, as in the article; they were sent size by size."""
    return not row.name.startswith("get-")


def _describe_api(experiment: Experiment, real: str | None) -> str:
    if real:
        return f"API calls the real service, {real}; the article's took what it took."
    upstream = experiment.article_upstream
    assert upstream  # there is a row, so there is what it calls
    size = "1.1 MB" if upstream.rates == "full" else "30 kB"
    wait = space_unit(upstream.latency)
    return f"API calls a stand-in that waits {wait}, then sends {size}; the article's was real."


def space_unit(latency: str) -> str:
    """Write an upstream's latency, "20ms", for a reader."""
    return latency.replace("ms", " ms")


def _article_cells(row: ArticleRow) -> tuple[Part, ...]:
    theirs, ours = row.theirs, row.ours
    return (
        row.label,
        Count(theirs.async_seconds, 5) if theirs else None,
        Count(theirs.sync_seconds, 5) if theirs else None,
        Count(theirs.ratio, 2) if theirs else None,
        Count(ours.async_seconds, 5) if ours else None,
        _spread(row.clocks["async"]) if ours else None,
        Count(ours.sync_seconds, 5) if ours else None,
        _spread(row.clocks["sync"]) if ours else None,
        strong(Count(ours.ratio, 2)) if ours else None,
        Count(row.by_client.ratio, 2) if row.by_client else None,
    )


def _spread(clocks: Clocks) -> Part:
    spread = clocks.in_view
    return dim(Share(spread.sd / spread.mean)) if spread and spread.sd is not None else dim(None)
