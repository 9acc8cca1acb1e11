"""Chapters 2 and 3: the race's tables, how its arms were tuned, and what was not measured.

Throughput ratios, B ÷ A, each with its interval and its verdict. A void cell shows no figure; what
is void, inconclusive or not measured is named below the table, with the way on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whereasync.demo.cells import FAMILIES
from whereasync.document import (
    Block,
    Count,
    Interval,
    Part,
    Rate,
    Ratio,
    bad,
    caveat,
    code,
    dim,
    good,
    heading,
    left,
    next_step,
    right,
    strong,
    table,
    warning,
)
from whereasync.reports.article import space_unit
from whereasync.stats import LOOKS, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.model import Experiment, Fault, SweepPoint
    from whereasync.results import CellResult, Results

LEAST_CPU = 0.05  # s per 1,000 requests: less shows as 0.0

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
    yield from _remarks(cells)
    yield from _missing(results, 2)
    yield from _sweep(results)


def _caption(arms: str, experiment: Experiment | None) -> str:
    if experiment is None:
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
        [_race_cells(each) for each in sorted(cells, key=rank)],
        caption=caption,
    )


def rank(result: CellResult) -> tuple[int, int]:
    """Return the place of a cell where cells are listed: as the families are, then by clients."""
    family = result.cell.family
    place = list(FAMILIES).index(family) if family in FAMILIES else len(FAMILIES)
    return place, result.cell.clients


def _race_cells(result: CellResult) -> tuple[Part | tuple[Part, ...], ...]:
    comparison, a, b = result.comparison, result.a, result.b
    interval = None
    if comparison.low is not None and comparison.high is not None:
        interval = Interval(comparison.low, comparison.high)
    return (
        result.cell.topic,
        Count(result.cell.clients),
        Count(a.throughput, _digits(a.throughput)) if a else None,
        Count(b.throughput, _digits(b.throughput)) if b else None,
        strong(Ratio(comparison.ratio)) if comparison.ratio else None,
        interval,
        _verdict(result),
        _cpu(a.server_cpu, a.database_cpu) if a else None,
        _cpu(b.server_cpu, b.database_cpu) if b else None,
    )


def _digits(rate: float) -> int:
    return 0 if rate >= 100 else 1


def _cpu(server: float, database: float | None) -> tuple[Part, ...]:
    shown: tuple[Part, ...] = (Count(server, 1),)
    if database is None or database < LEAST_CPU:
        return shown
    return (*shown, "+", Count(database, 1))


def _verdict(result: CellResult) -> Part:
    comparison, cell = result.comparison, result.cell
    match comparison.verdict:
        case Verdict.FASTER:
            mark = good if comparison.winner == "b" else bad
            winner = cell.b if comparison.winner == "b" else cell.a
            return mark(f"{winner.label} faster")
        case Verdict.SAME:
            return "same ±5 %"
        case Verdict.VOID:
            return warning("void")
        case _:
            return dim("inconclusive")


def _remarks(cells: list[CellResult]) -> Iterator[Block]:
    """Say why a cell is void or inconclusive, each reason once, and what never settled."""
    reasons: dict[tuple[str, str], tuple[Fault, list[str]]] = {}
    for each in cells:
        reason = each.comparison.reason
        if reason:
            named = reasons.setdefault((reason.kind, reason.detail), (reason, []))[1]
            named.append(f"{each.cell.topic} at {each.cell.clients}")
    for reason, named in reasons.values():
        if reason.kind == Verdict.INCONCLUSIVE:
            said = f"inconclusive, {reason.detail}"
            more = code("whereasync demo --full")
            is_last = any(each.comparison.blocks >= LOOKS[-1] for each in cells)
            yield caveat(f"{_shorten(named)}: {said}", hint=reason.hint if is_last else more)
        else:
            said = f"void, {reason.kind}: {reason.detail}"
            yield caveat(f"{_shorten(named)}: {said}", hint=reason.hint or ())
    restless = [f"{each.cell.topic} at {each.cell.clients}" for each in cells if not each.settled]
    if restless:
        yield caveat(
            f"{_shorten(restless)}: warm-up never settled", hint="close what else runs, try again"
        )


def _shorten(names: list[str], most: int = 4) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return "; ".join(names[:most]) + more


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
        yield next_step(
            f"Not measured ({_shorten([f'{name}: {why}' for name, why in out.items()], 3)}): ",
            code(f"whereasync demo --full --chapter {chapter}"),
        )


def _sweep(results: Results) -> Iterator[Block]:
    tried = [point for point in results.run.sweep if point.throughput or point.fault]
    if not tried:
        if results.run.sweep:
            yield caveat("the arms are as set, not tuned", hint=code("whereasync demo"))
        return
    names = list(dict.fromkeys(name for point in tried for name in point.throughput))
    experiment = results.run.experiment
    topics = (
        {cell.name: f"{cell.topic}, {cell.clients} clients" for cell in experiment.sweep}
        if experiment
        else {}
    )
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
            for point in sorted(tried, key=_rank_candidate)
        ],
        caption="How the arms were tuned; none of this entered the race",
    )


def _rank_candidate(point: SweepPoint) -> tuple[str, list[tuple[int, str]]]:
    """Sort options by their numbers: threads=8 before threads=16."""
    parts = re.split(r"(\d+)", str(point.arm))
    return point.role, [(int(part) if part.isdigit() else 0, part) for part in parts]


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
    yield from _remarks(cells)
    yield from _missing(results, 3)
