"""Chapter 4: the sentences that the figures support, and no others.

A sentence is chosen by a cell's verdict and filled with its ratio and interval. An inconclusive
cell gives a sentence that says so; a cell that wasn't measured gives none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.document import Interval, Part, Ratio, Seconds, strong
from whereasync.results.conclusions import Finding
from whereasync.stats import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.results import CellResult, Conclusion, Results

HERE = {
    Finding.HELD: "held here",
    Finding.FAILED: "did not hold here",
    Finding.MIXED: "held here in part",
    Finding.OPEN: "is open: no cell was decided",
}


def conclude(results: Results) -> tuple[Part, ...]:
    """Return the paragraph's parts; empty where no cell was measured."""
    by_name = {each.cell.name: each for each in results.cells}
    parts: list[Part] = []
    for conclusion in results.conclusions:
        if conclusion.finding is not Finding.UNMEASURED:
            parts += _sentence(conclusion, by_name)
    parts += _bottleneck(results)
    parts += _best_change(results)
    parts += _async_after(results)
    return tuple(parts)


def _sentence(conclusion: Conclusion, by_name: dict[str, CellResult]) -> Iterator[Part]:
    yield "That "
    yield conclusion.claim
    yield " "
    yield strong(HERE[conclusion.finding])
    shown = [by_name[name] for name in conclusion.evidence]
    if shown:
        yield " ("
        for place, each in enumerate(shown):
            yield "; " if place else ""
            yield from _figures(each)
        yield ")"
    if shown and conclusion.undecided:
        yield f", with {len(conclusion.undecided)} more undecided"
    yield ". "


def _figures(result: CellResult) -> Iterator[Part]:
    comparison, clients = result.comparison, result.cell.clients
    yield f"{clients} client{'s' * (clients > 1)} "
    if comparison.verdict is Verdict.SAME:
        yield "the same within 5 %"
    elif comparison.ratio and comparison.low is not None and comparison.high is not None:
        yield Ratio(comparison.ratio)
        yield " "
        yield Interval(comparison.low, comparison.high)


def _bottleneck(results: Results) -> Iterator[Part]:
    """Say what Test B really waited for, if its own CPU was most of its time alone."""
    alone = [
        each
        for each in results.cells
        if each.cell.name.startswith("same-api") and each.a and each.b
    ]
    if not alone:
        return
    fewest = min(alone, key=lambda each: each.cell.clients)
    if fewest.a:
        yield "One call as the article makes it costs "
        yield Seconds(fewest.a.server_cpu / 1000)
        yield " of the server's CPU, most of it for a new HTTP client; the API itself waits "
        yield _latency(results)
        yield ". "


def _latency(results: Results) -> str:
    experiment = results.run.experiment
    return experiment.upstream.latency.replace("ms", " ms") if experiment else "less"


def _best_change(results: Results) -> Iterator[Part]:
    """Name the largest decided gain of a change, sync or async."""
    fixes = [
        each
        for each in results.cells
        if each.cell.name.startswith(("fix", "gather"))
        and each.comparison.verdict is Verdict.FASTER
        and each.comparison.winner == "b"
    ]
    for place, each in enumerate(sorted(fixes, key=_gain, reverse=True)[:3]):
        yield strong("What helps most: ") if not place else "Then: "
        yield each.cell.topic
        yield " ("
        yield from _figures(each)
        yield "). "


def _gain(result: CellResult) -> float:
    return result.comparison.ratio or 0.0


def _async_after(results: Results) -> Iterator[Part]:
    """Say what async adds to one call once the view is mended."""
    cells = [
        each
        for each in results.cells
        if each.cell.name.startswith("fan-1-") and each.comparison.verdict is Verdict.FASTER
    ]
    for each in cells:
        yield "Once one HTTP client serves the process, "
        yield each.cell.b.label.partition(",")[0] if each.comparison.winner == "b" else "sync"
        yield " is the faster for one call ("
        yield from _figures(each)
        yield "). "
