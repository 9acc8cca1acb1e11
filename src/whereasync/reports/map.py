"""The map's report: from which wait on async pays, then the planes that it rests on.

Each cell of a plane has a sign beside its ratio, so that it reads without colours, too. A newcomer
would leave out what wasn't measured: an empty cell is part of the map.
"""

from __future__ import annotations

from itertools import groupby
from statistics import fmean
from typing import TYPE_CHECKING

from whereasync.document import (
    Block,
    Count,
    Document,
    Line,
    Part,
    Ratio,
    Seconds,
    Span,
    Text,
    bad,
    caveat,
    code,
    dim,
    fault,
    good,
    left,
    paragraph,
    qualify,
    right,
    strong,
    table,
    text,
    warning,
)
from whereasync.reports.arms import show_costs, show_sweep
from whereasync.reports.cells import CUT_SHORT, count_clients, join, remark, shorten, sign
from whereasync.results.breakeven import BreakEven, Pays
from whereasync.stats import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whereasync.model import Cell, Run
    from whereasync.results import CellResult, Results

SIDED = (Pays.ABOVE, Pays.FROM, Pays.ALWAYS, Pays.BELOW)  # "async pays …" may be shortened
ASYNC, SYNC, SAME, DOUBT, VOID, EMPTY = "▲", "▼", "≈", "?", "✗", "·"
LEGEND = (
    f"{ASYNC} async faster, {SYNC} sync faster, {SAME} the same within 5 %, {DOUBT} inconclusive, "
    f"{VOID} void, {EMPTY} not measured. Requests/s, async ÷ sync."
)
UNITS = "waits are those of each call; the stand-in's clock counts ms, so 1 ms lasts 1.3 on average"


def report(results: Results) -> Document:
    """Return the report of a map, finished or cut short."""
    run = results.run
    blocks = [
        *(paragraph(*sentence) for sentence in answer(results)),
        *_preface(run),
        *_planes(results),
        *_show_break_evens(results),
        *_say_missing(results),
        *remark(results.cells, more=_longer(run), name=_name),
        *show_sweep(results, more="leave out --sync and --async"),
        *show_costs(results),
        *_closing(results),
    ]
    return Document(title="Where async starts to pay", blocks=tuple(blocks))


# ---------------------------------------------------------------- the answer


def answer(results: Results) -> Iterator[Text]:
    """Yield the sentences that say where async pays: for one call a request, then for more."""
    if not results.break_evens:
        yield text(strong("No result"), ": nothing was measured.")
    said: dict[Text, list[str]] = {}
    for calls, rows in groupby(results.break_evens, key=lambda each: each.calls):
        said.setdefault(_say_rows(rows), []).append(str(calls))
    for what, numbers in said.items():
        made = "one call" if numbers == ["1"] else f"{join(numbers)} calls"
        yield text(f"With {made} a request, ", *what, ".")


def _say_rows(rows: Iterable[BreakEven]) -> Text:
    """Say a row's numbers of clients group by group; that it is async that pays, once."""
    groups = _group(rows)
    parts = list(_say_group(groups[0], is_first=True))
    for group in groups[1:]:
        is_first = groups[0][0].case not in SIDED or group[0].case not in SIDED
        parts += [Span("; "), *_say_group(group, is_first=is_first)]
    return tuple(parts)


def _group(rows: Iterable[BreakEven]) -> list[list[BreakEven]]:
    """Put the numbers of clients of which the same is said together, those where it pays first."""
    groups: dict[object, list[BreakEven]] = {}
    for row in rows:
        has_own_figure = row.case in (Pays.ABOVE, Pays.BELOW)
        groups.setdefault((row.case, row.wait, row.clients if has_own_figure else 0), []).append(
            row
        )
    order = list(Pays)
    return sorted(groups.values(), key=lambda group: order.index(group[0].case))


def _say_group(group: Sequence[BreakEven], *, is_first: bool) -> Text:
    first = group[0]
    clients = join([str(each.clients) for each in group])
    where = f"at {clients} client{'s' * (clients != '1')}"
    match first.case:
        case Pays.NEVER:
            return text(
                f"{where} async is ",
                strong("not shown to pay"),
                f" at any wait measured, {_span(first)}",
            )
        case Pays.OPEN:
            return text(f"{where} all is inconclusive")
        case Pays.MIXED:
            return text(f"{where} async pays at some waits and not at others")
        case _:
            return text(
                strong("async pays ") if is_first else "",
                *map(_embolden, say_wait(first, of_waiting=" of waiting" if is_first else "")),
                f" {where}",
            )


def _embolden(part: Span) -> Span:
    return strong(part.content)


def say_wait(row: BreakEven, of_waiting: str = " of waiting") -> Text:
    """Return at which waits async pays, with the interval of a break-even."""
    match row.case:
        case Pays.ALWAYS if len(row.waits) == 1:
            return text(f"at {_write_ms(row.waits[0])}{of_waiting}")
        case Pays.ALWAYS:
            return text(f"at every wait measured, {_span(row)},")
        case Pays.FROM if row.wait is not None:
            return text(f"from {_write_ms(row.wait)}{of_waiting} on")
        case Pays.ABOVE | Pays.BELOW:
            return text(f"{row.case.value} ", *_say_break_even(row), of_waiting)
        case Pays.NEVER:
            return text("at none, ", _span(row))
        case _:
            return text("inconclusive" if row.case is Pays.OPEN else "at some waits, not at others")


def _span(row: BreakEven) -> str:
    """Return "1 ms to 100 ms"."""
    return " to ".join(dict.fromkeys(map(_write_ms, (row.waits[0], row.waits[-1]))))


def _say_break_even(row: BreakEven) -> Iterator[Part]:
    if row.wait is None or row.decided_below is None or row.decided_above is None:
        yield "something between "
        yield " and ".join(map(_write_ms, (row.decided_below or 0.0, row.decided_above or 0.0)))
        return
    yield Seconds(row.wait)
    yield " ["
    yield from (f"≤ {_write_ms(row.decided_below)}",) if row.low is None else (Seconds(row.low),)
    yield " – "
    yield from (f"≥ {_write_ms(row.decided_above)}",) if row.high is None else (Seconds(row.high),)
    yield "]"


# ---------------------------------------------------------------- the planes


def _preface(run: Run) -> Iterator[Block]:
    versions = run.versions
    stack = ["The demo's rates view", run.machine.python]
    stack += [f"Django {versions['django']}"] if "django" in versions else []
    for role, name in (("wsgi", "sync"), ("asgi", "async")):
        if arm := run.arms.get(role):
            version = f" ({versions[arm.server]})" if arm.server in versions else ""
            stack.append(f"{name} by {arm}{version}")
    stack += [f"on {run.machine.cpu}", f"{run.machine.cores} cores"]
    yield paragraph(dim(", ".join(stack)), dim(f"; {UNITS}."))
    if run.status in CUT_SHORT:
        yield caveat(CUT_SHORT[run.status], hint="run it again")
    for found in run.faults:
        yield fault(found)


def _planes(results: Results) -> Iterator[Block]:
    """Yield a table for wait × clients with one call, and one for wait × calls."""
    cells = results.run.experiment.cells if results.run.experiment else ()
    found = {each.cell.name: each for each in results.cells}
    one = [cell for cell in cells if cell.calls == 1]
    many = {cell.clients for cell in cells if cell.calls > 1}
    fan = [cell for cell in cells if cell.clients in many]
    if one:
        rows = {n: count_clients(n) for n in sorted({cell.clients for cell in one})}
        grid = {(cell.clients, cell.wait): found.get(cell.name) for cell in one}
        yield _plane(rows, grid, caption="One call a request: each waits …", notes=[LEGEND])
    if many:
        rows = {n: f"{n} call{'s' * (n > 1)}" for n in sorted({cell.calls for cell in fan})}
        grid = {(cell.calls, cell.wait): found.get(cell.name) for cell in fan}
        at = join([count_clients(n) for n in sorted(many)])
        yield _plane(rows, grid, caption=f"At {at}, calls in turn ÷ gathered: each waits …")


def _plane(
    rows: dict[int, str],
    grid: dict[tuple[int, float | None], CellResult | None],
    *,
    caption: str,
    notes: Iterable[Line] = (),
) -> Block:
    waits = sorted({wait for _, wait in grid if wait is not None})
    return table(
        [left(""), *(right(_write_ms(wait)) for wait in waits)],
        [
            (title, *(show_cell(grid.get((number, wait))) for wait in waits))
            for number, title in rows.items()
        ],
        caption=caption,
        notes=notes,
    )


def show_cell(result: CellResult | None) -> Text:
    """Return a cell of a plane: its sign and its ratio, in the style of its verdict."""
    if result is None:
        return text(dim(EMPTY))
    comparison = result.comparison
    if comparison.verdict is Verdict.VOID or comparison.ratio is None:
        return text(warning(f"{VOID} void"))
    match comparison.verdict, comparison.winner:
        case Verdict.FASTER, "b":
            mark, sign = good, ASYNC
        case Verdict.FASTER, _:
            mark, sign = bad, SYNC
        case Verdict.SAME, _:
            mark, sign = strong, SAME
        case _:
            mark, sign = dim, DOUBT
    return text(mark(f"{sign} "), mark(Ratio(comparison.ratio)))


def _write_ms(wait: float) -> str:
    return f"{1000 * wait:g} ms"


# ---------------------------------------------------------------- below the planes


def _show_break_evens(results: Results) -> Iterator[Block]:
    if not results.break_evens:
        return
    yield table(
        [
            left("at"),
            right("calls"),
            left("async pays"),
            right("CPU s per 1,000: sync"),
            right("async"),
        ],
        [
            (
                count_clients(row.clients),
                Count(row.calls),
                say_wait(row),
                *_average_cpu(results.cells, row),
            )
            for row in results.break_evens
        ],
        caption="Break-evens, in ms of waiting a call; CPU is the server's, mean of the waits",
    )


def _average_cpu(cells: Sequence[CellResult], row: BreakEven) -> tuple[Count | None, Count | None]:
    """Return what 1,000 requests of a row's cells cost, sync and async."""
    sides = [
        (each.a, each.b)
        for each in cells
        if (each.cell.clients, each.cell.calls) == (row.clients, row.calls)
    ]
    sync = [a.server_cpu for a, _ in sides if a]
    asyn = [b.server_cpu for _, b in sides if b]
    return Count(fmean(sync), 1) if sync else None, Count(fmean(asyn), 1) if asyn else None


def _say_missing(results: Results) -> Iterator[Block]:
    """Say which cells are empty, and why."""
    run = results.run
    cells = run.experiment.cells if run.experiment else ()
    named = {cell.name: _call(cell) for cell in cells}
    failed = [named[name] for name, why in run.left_out.items() if not why.startswith("needs")]
    dear = [name for name, why in run.left_out.items() if why.startswith("needs")]
    if failed:
        yield caveat(f"not measured, for the view failed: {shorten(failed)}")
    if dear:
        needs = f"{named[dear[0]]} {run.left_out[dear[0]]}"
        yield caveat(
            f"{len(dear)} of {len(cells)} cells did not fit into the budget; {needs}",
            hint=code(_longer(run) or "whereasync map"),
        )


def _longer(run: Run) -> str | None:
    """Return the command that measures more, None where the run was cut short."""
    budget = run.experiment.budget if run.experiment else None
    if budget is None or run.status in CUT_SHORT:
        return None
    return f"whereasync map --budget {max(1, round(budget / 30))}m"


def _name(result: CellResult) -> str:
    return _call(result.cell)


def _call(cell: Cell) -> str:
    calls = f", {cell.calls} calls" if cell.calls > 1 else ""
    return f"{_write_ms(cell.wait or 0.0)}{calls} at {count_clients(cell.clients)}"


def _closing(results: Results) -> Iterator[Block]:
    run = results.run
    for found in run.caveats:
        yield qualify(found)
    yield sign(run, [each.comparison for each in results.cells], results.blocks)
