"""Chapters 2 and 3: the race's tables, how its arms were tuned, and what was not measured.

Throughput ratios, B ÷ A, each with its interval and its verdict. A void cell shows no figure; what
is void, inconclusive or not measured is named below the table, with the way on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.demo.cells import FAMILIES
from whereasync.document import Block, Count, caveat, code, heading, left, right, table
from whereasync.reports.arms import show_costs, show_sweep
from whereasync.reports.article import space_unit
from whereasync.reports.cells import remark, shorten, show_comparison, show_cpu, show_rate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.document import Line
    from whereasync.model import Experiment
    from whereasync.results import CellResult, Results

FULL = "whereasync demo --full"

# ---------------------------------------------------------------- 2


def compare_arms(results: Results) -> Iterator[Block]:
    """Yield chapter 2: the same work on both arms, and how they were tuned."""
    cells = [each for each in results.cells if each.cell.chapter == 2]
    failed = any(point.fault for point in results.run.sweep)
    if not (cells or failed or _left_out(results, 2)):
        return
    run = results.run
    yield heading("2  Made fair: the same work, best-tuned WSGI against best-tuned ASGI")
    arms = " against ".join(str(run.arms[role]) for role in ("wsgi", "asgi") if role in run.arms)
    if cells:
        yield _race_table(cells, _caption(arms, run.experiment), ("sync", "async"))
    yield from remark(cells, more=FULL)
    yield from _missing(results, 2)
    yield from show_sweep(results, more="whereasync demo")
    yield from show_costs(results)


def _caption(arms: str, experiment: Experiment | None) -> str:
    if experiment is None or experiment.upstream is None:
        return arms
    return (
        f"{arms}; GET over {experiment.objects} objects, POST creates, updates and deletes one of "
        f"each, API waits {space_unit(experiment.upstream.latency)}; ratio is throughput, "
        "async ÷ sync; CPU in seconds per 1,000 requests, server + database"
    )


def _race_table(cells: list[CellResult], caption: str, sides: tuple[str, str]) -> Block:
    return table(
        [
            left("work"),
            right("clients"),
            *(right(f"{side} /s") for side in sides),
            right("ratio"),
            left("interval"),
            left("verdict"),
            *(right(f"CPU {side}") for side in sides),
        ],
        [_show_cell(each) for each in sorted(cells, key=rank)],
        caption=caption,
    )


def _show_cell(result: CellResult) -> tuple[Line, ...]:
    a, b = result.a, result.b
    return (
        result.cell.topic,
        Count(result.cell.clients),
        show_rate(a.throughput) if a else None,
        show_rate(b.throughput) if b else None,
        *show_comparison(result, result.comparison),
        show_cpu(a.server_cpu, a.database_cpu) if a else None,
        show_cpu(b.server_cpu, b.database_cpu) if b else None,
    )


def rank(result: CellResult) -> tuple[int, int]:
    """Return the place of a cell where cells are listed: as the families are, then by clients."""
    family = result.cell.family
    place = list(FAMILIES).index(family) if family in FAMILIES else len(FAMILIES)
    return place, result.cell.clients


def _left_out(results: Results, chapter: int) -> dict[str, str]:
    experiment = results.run.experiment
    cells = experiment.cells if experiment else ()
    measured = {each.cell.name for each in results.cells}
    return {
        f"{cell.topic} at {cell.clients}": results.run.left_out.get(cell.name, "not reached")
        for cell in cells
        if cell.chapter == chapter and cell.name not in measured
    }


def _missing(results: Results, chapter: int) -> Iterator[Block]:
    out = _left_out(results, chapter)
    if out:
        named = shorten([f"{name}: {why}" for name, why in out.items()], 3)
        yield caveat(f"not measured: {named}", hint=code(f"{FULL} --chapter {chapter}"))


# ---------------------------------------------------------------- 3


def compare_changes(results: Results) -> Iterator[Block]:
    """Yield chapter 3: what each change gains, and what async adds after it."""
    cells = [each for each in results.cells if each.cell.chapter == 3]
    if not (cells or _left_out(results, 3)):
        return
    yield heading("3  What to change")
    fixes = [each for each in cells if each.cell.is_change]
    others = [each for each in cells if each not in fixes]
    if fixes:
        yield _race_table(
            fixes,
            "Before: the work of chapter 2. After: as advised, on the same server",
            ("before", "after"),
        )
    if others:
        yield _race_table(
            others,
            "What async adds once the views are as advised",
            ("sync", "async"),
        )
    yield from remark(cells, more=FULL)
    yield from _missing(results, 3)
