"""The tables of ``demo orm``: each way at each load, and what each step between ways is worth.

A verdict is one word here, since the column says against what. Where the database had no CPU left
it is marked: a newcomer would read "the same" off two arms that both waited for it.
"""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from whereasync.demo.orm import REFERENCE, STEPS, WAYS
from whereasync.document import (
    Block,
    Count,
    Line,
    Ratio,
    Span,
    bad,
    dim,
    good,
    heading,
    left,
    paragraph,
    right,
    strong,
    table,
    warning,
)
from whereasync.model import Caveat
from whereasync.reports.cells import count_clients, show_cpu, show_interval, show_rate
from whereasync.results.steps import compare_steps
from whereasync.stats import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whereasync.model import Peak
    from whereasync.results import CellResult, Results
    from whereasync.results.cells import SideResult
    from whereasync.stats import Comparison

LIMITED = " °"
LABELS = {way.role: way.label for way in (REFERENCE, *WAYS)}


def explain_tables(results: Results) -> Iterator[Block]:
    """Say what the columns are."""
    if results.cells:
        yield paragraph(
            "÷ sync is throughput over that of the reference, measured side by side. CPU is in "
            "seconds per 1,000 requests, the server's + the database's; conn. are database "
            f"connections, and threads the server's, the most seen. {LIMITED.strip()} marks where "
            "database and load client had no CPU left: there the CPU tells more than the speed."
        )


def show_work(results: Results, topic: str) -> Iterator[Block]:
    """Yield a work's tables: one for each number of clients, then the steps."""
    cells = [each for each in results.cells if each.cell.topic == topic]
    if not cells:
        return
    yield heading(topic.capitalize())
    for number in sorted({each.cell.clients for each in cells}):
        here = [each for each in cells if each.cell.clients == number]
        yield table(
            [
                left("way"),
                right("/s"),
                right("÷ sync"),
                left("interval"),
                left("verdict"),
                right("CPU"),
                right("conn."),
                right("threads"),
            ],
            _rows(here, results),
            caption=count_clients(number),
        )
    yield from _show_steps(cells)


def _rows(cells: Sequence[CellResult], results: Results) -> Iterator[tuple[Line, ...]]:
    """Yield the reference, its figures those of all its races, then each way."""
    references = [each.a for each in cells if each.a]
    if references:
        rate, cpu = _average(references)
        peaks = [
            results.peaks[each.cell.name][0] for each in cells if each.cell.name in results.peaks
        ]
        yield (REFERENCE.label, rate, None, None, "", cpu, *_show_peaks(peaks))
    for each in sorted(cells, key=lambda each: list(LABELS).index(each.cell.b.role)):
        mine = [results.peaks[each.cell.name][1]] if each.cell.name in results.peaks else []
        rate, cpu = _average([each.b]) if each.b else (None, None)
        ratio = strong(Ratio(each.comparison.ratio)) if each.comparison.ratio else None
        yield (
            each.cell.b.label,
            rate,
            ratio,
            show_interval(each.comparison),
            _judge(each.comparison, is_limited=_is_limited(each)),
            cpu,
            *_show_peaks(mine),
        )


def _average(sides: Sequence[SideResult]) -> tuple[Line, Line]:
    """Return throughput and CPU, means over a way's races."""
    database = [each.database_cpu for each in sides if each.database_cpu is not None]
    return (
        show_rate(fmean(each.throughput for each in sides)),
        show_cpu(fmean(each.server_cpu for each in sides), fmean(database) if database else None),
    )


def _show_peaks(peaks: Sequence[Peak]) -> tuple[Line, Line]:
    connections = [each.connections for each in peaks if each.connections is not None]
    threads = [each.threads for each in peaks if each.threads is not None]
    return (
        Count(max(connections)) if connections else None,
        Count(max(threads)) if threads else None,
    )


def _is_limited(result: CellResult) -> bool:
    """Whether database and client had no CPU left, so that they decided how fast it went."""
    return any(found.kind == Caveat.DATABASE_LIMIT for found in result.caveats)


def _judge(comparison: Comparison, *, is_limited: bool) -> Span:
    """Return the verdict in one word, with a mark where the database was the limit."""
    mark = LIMITED if is_limited else ""
    match comparison.verdict:
        case Verdict.FASTER if comparison.winner == "b":
            return good(f"faster{mark}")
        case Verdict.FASTER:
            return bad(f"slower{mark}")
        case Verdict.SAME:
            return Span(f"same ±5 %{mark}")
        case Verdict.VOID:
            return warning("void")
        case _:
            return dim(f"inconclusive{mark}")


def _show_steps(cells: Sequence[CellResult]) -> Iterator[Block]:
    """Yield what each step is worth by itself, in throughput and in the server's CPU."""
    compared = compare_steps(cells, [(step.base, step.role) for step in STEPS])
    sides = {(each.cell.b.role, each.cell.clients): each for each in cells}
    rows = [
        (
            step.means,
            f"{LABELS[step.role]} ÷ {LABELS[step.base]}",
            Count(clients),
            *_show_step(comparison, sides.get((step.base, clients)), sides[step.role, clients]),
        )
        for step in STEPS
        for (base, role, clients), comparison in sorted(compared.items(), key=lambda at: at[0][2])
        if (base, role) == (step.base, step.role)
    ]
    if rows:
        yield table(
            [
                left("what it is worth"),
                left("compared"),
                right("at"),
                right("/s"),
                left("interval"),
                left("verdict"),
                right("CPU"),
            ],
            rows,
            caption="Two ways that differ in one thing: ratio of throughput, and of the server's "
            "CPU a request",
        )


def _show_step(
    comparison: Comparison, base: CellResult | None, result: CellResult
) -> tuple[Line, ...]:
    """Return ratio, interval, verdict, and the ratio of CPU; the reference has no cell as b."""
    before, after = base.b if base else result.a, result.b
    cpu = Ratio(after.server_cpu / before.server_cpu) if before and after else None
    is_limited = _is_limited(result) or (base is not None and _is_limited(base))
    return (
        Ratio(comparison.ratio) if comparison.ratio else None,
        show_interval(comparison),
        _judge(comparison, is_limited=is_limited),
        cpu,
    )
