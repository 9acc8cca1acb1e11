"""What every table of cells has in common: figures, verdicts in words, and what qualifies them.

A void cell shows no figure; why it is void, inconclusive or qualified is said below its table,
each reason once, with the way on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.document import (
    Block,
    Count,
    Interval,
    Part,
    Ratio,
    Seconds,
    Share,
    Span,
    Style,
    bad,
    caveat,
    code,
    dim,
    good,
    paragraph,
    strong,
    warning,
)
from whereasync.model import Caveat, Status
from whereasync.stats import LOOKS, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from whereasync.model import Run
    from whereasync.results import CellResult
    from whereasync.stats import Comparison

CUT_SHORT = {
    Status.INTERRUPTED: "interrupted: what had been measured by then",
    Status.RUNNING: "still running, or killed: what has been measured so far",
}
LEAST_CPU = 0.05  # s per 1,000 requests: less shows as 0.0


def name_cell(result: CellResult) -> str:
    """Return what a cell of several workloads is called in a sentence."""
    return f"{result.cell.topic} at {result.cell.clients}"


def show_comparison(
    result: CellResult, comparison: Comparison
) -> tuple[Part | tuple[Part, ...], ...]:
    """Return ratio, interval and verdict, three cells of a row."""
    return (
        strong(Ratio(comparison.ratio)) if comparison.ratio else None,
        show_interval(comparison),
        say_verdict(result, comparison),
    )


def show_interval(comparison: Comparison) -> Interval | None:
    """Return the interval where there is one."""
    if comparison.low is None or comparison.high is None:
        return None
    return Interval(comparison.low, comparison.high)


def say_verdict(result: CellResult, comparison: Comparison) -> Span:
    """Return the verdict in words, in the style of what it means for B."""
    match comparison.verdict:
        case Verdict.FASTER:
            mark = good if comparison.winner == "b" else bad
            winner = result.cell.b if comparison.winner == "b" else result.cell.a
            return mark(f"{winner.label} faster")
        case Verdict.SAME:
            return Span("same ±5 %", Style.PLAIN)
        case Verdict.VOID:
            return warning("void")
        case _:
            return dim("inconclusive")


def show_rate(rate: float) -> Count:
    """Return requests per second with as many digits as they are worth."""
    return Count(rate, 0 if rate >= 100 else 1)


def show_cpu(server: float, database: float | None) -> tuple[Part, ...]:
    """Return CPU seconds per 1,000 requests, server + database where that has any."""
    shown: tuple[Part, ...] = (Count(server, 1),)
    if database is None or database < LEAST_CPU:
        return shown
    return (*shown, "+", Count(database, 1))


def remark(
    cells: Sequence[CellResult], *, more: str | None, name: Callable[[CellResult], str] = name_cell
) -> Iterator[Block]:
    """Say why cells are void or inconclusive, and what qualifies them.

    ``more`` is the command that gives an inconclusive cell more time, None where the run says what
    to do; after the last look only a quieter machine helps.
    """
    for (kind, detail, hint, blocks), named in _gather_reasons(cells, name).items():
        if kind == Verdict.INCONCLUSIVE:
            way = hint if blocks >= LOOKS[-1] else code(more) if more else ()
            yield caveat(f"{shorten(named)}: inconclusive, {detail}", hint=way)
        else:
            yield caveat(f"{shorten(named)}: void, {kind}: {detail}", hint=hint or ())
    qualified: dict[tuple[str, str, str], list[str]] = {}
    for each in cells:
        for found in each.caveats:
            hint = more if more and found.kind == Caveat.BUDGET_ENDED else found.hint
            qualified.setdefault((found.kind, found.detail, hint), []).append(name(each))
    for (kind, detail, hint), named in qualified.items():
        yield caveat(f"{shorten(named)}: {kind}: {detail}", hint=hint or ())


def _gather_reasons(
    cells: Sequence[CellResult], name: Callable[[CellResult], str]
) -> dict[tuple[str, str, str, int], list[str]]:
    reasons: dict[tuple[str, str, str, int], list[str]] = {}
    for each in cells:
        if any(found.kind == Caveat.BUDGET_ENDED for found in each.caveats):
            continue  # that says why, and what to do
        for comparison in each.comparisons:
            if reason := comparison.reason:
                key = (reason.kind, reason.detail, reason.hint, comparison.blocks)
                names = reasons.setdefault(key, [])
                if name(each) not in names:
                    names.append(name(each))
    return reasons


def sign(run: Run, shown: Iterable[Comparison] = (), blocks: int = 0) -> Block:
    """Return a report's last line: seed, time, blocks, and the least level of what it shows."""
    level = min((each.level for each in shown if each.low is not None), default=None)
    return paragraph(
        dim(f"Seed {run.seed}, "),
        dim(Seconds(run.elapsed)),
        dim(f", {blocks} block{'s' * (blocks > 1)}" if blocks else ""),
        *((dim("; intervals at "), dim(Share(level)), dim(" or more")) if level else ()),
        dim("."),
    )


def count_clients(number: int) -> str:
    """Return "1 client" or "8 clients"."""
    return f"{number} client{'s' * (number > 1)}"


def join(names: Sequence[str]) -> str:
    """Join names as a sentence does: "a, b and c"."""
    return " and ".join((", ".join(names[:-1]), names[-1]) if len(names) > 1 else names)


def shorten(names: Sequence[str], most: int = 4) -> str:
    """Join names, the first few in full."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return "; ".join(names[:most]) + more
