"""What a plane of the map shows, as rows of data: where each cell lies and all its figures.

Places are numbers, 0 for the first wait and the first row, so that a break-even can lie between two
waits. A newcomer would leave a cell without figures out of the data: then nobody sees that it is
missing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whereasync.document import Count, Interval, Ratio, Seconds
from whereasync.renderers.figures import write
from whereasync.results.breakeven import Pays
from whereasync.stats import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whereasync.model import Cell
    from whereasync.results import BreakEven, CellResult, Results

Row = dict[str, object]  # of the data, as Vega-Lite reads it

HALF = 0.47  # of a cell's size; the rest is the gap between two
STRIPES = 5  # of the hatching of an inconclusive cell
DASH = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """One panel: cells by wait and by row, and the lines that lie on them."""

    title: str
    row_title: str
    waits: tuple[str, ...]  # of the columns, by place
    rows: tuple[str, ...]  # from below, by place
    cells: tuple[Row, ...]
    hatches: tuple[Row, ...]  # lines across inconclusive cells
    crosses: tuple[Row, ...]  # … and across void ones
    bands: tuple[Row, ...]  # the intervals of break-evens
    steps: tuple[Row, ...]  # the line of the break-evens, corner by corner


def lay_out(results: Results) -> tuple[Plane, ...]:
    """Return the planes of a map: wait × clients with one call, and wait × calls."""
    cells = results.run.experiment.cells if results.run.experiment else ()
    one = [cell for cell in cells if cell.calls == 1]
    fan = {cell.clients for cell in cells if cell.calls > 1}
    planes = []
    if one:
        planes.append(_plane(results, one, "clients", "One call a request", "clients at once"))
    if fan:
        at = ", ".join(map(str, sorted(fan)))
        several = [cell for cell in cells if cell.clients in fan]
        title = f"{at} client{'s' * (at != '1')}: calls in turn (sync), gathered (async)"
        planes.append(_plane(results, several, "calls", title, "calls a request"))
    return tuple(planes)


def _plane(results: Results, cells: Sequence[Cell], axis: str, title: str, row_title: str) -> Plane:
    waits = sorted({cell.wait for cell in cells if cell.wait is not None})
    rows = sorted({int(getattr(cell, axis)) for cell in cells})
    found = {each.cell.name: each for each in results.cells}
    shown = [
        _describe(
            cell,
            found.get(cell.name),
            results,
            x=waits.index(cell.wait or 0.0),
            y=rows.index(int(getattr(cell, axis))),
        )
        for cell in cells
    ]
    mine = [
        (rows.index(int(getattr(each, axis))), each)
        for each in results.break_evens
        if any((each.clients, each.calls) == (cell.clients, cell.calls) for cell in cells)
    ]
    return Plane(
        title=title,
        row_title=row_title,
        waits=tuple(f"{1000 * wait:g} ms" for wait in waits),
        rows=tuple(map(str, rows)),
        cells=tuple(shown),
        hatches=tuple(
            line for row in shown if row["verdict"] == "inconclusive" for line in _hatch(row)
        ),
        crosses=tuple(line for row in shown if row["verdict"] == "void" for line in _cross(row)),
        bands=tuple(_bands(mine, waits)),
        steps=tuple(_steps(mine, waits)),
    )


# ---------------------------------------------------------------- cells


def _describe(cell: Cell, result: CellResult | None, results: Results, *, x: int, y: int) -> Row:
    """Return one cell's place and figures, in words where there are none."""
    row: Row = {
        "x": x, "x0": x - HALF, "x1": x + HALF, "y": y, "y0": y - HALF, "y1": y + HALF,
        "wait": f"{1000 * (cell.wait or 0.0):g} ms", "clients": cell.clients, "calls": cell.calls,
        "verdict": "not measured", "log2": None, "label": "", "interval": "", "ratio": DASH,
        "why": results.run.left_out.get(cell.name, ""), "blocks": DASH,
        "sync": DASH, "async": DASH, "p50": DASH, "cpu": DASH, "threads": _threads(results),
    }  # fmt: skip
    if result is None:
        return row
    comparison = result.comparison
    row["verdict"] = _say(result)
    row["why"] = comparison.reason.detail if comparison.reason else ""
    if result.is_void or comparison.ratio is None or result.a is None or result.b is None:
        return {**row, "label": "void"}
    a, b = result.a, result.b
    low_high = (
        Interval(comparison.low, comparison.high)
        if comparison.low is not None and comparison.high is not None
        else None
    )
    return {
        **row,
        "log2": math.log2(comparison.ratio),
        "label": write(Ratio(comparison.ratio)),
        "ratio": write(Ratio(comparison.ratio)),
        "interval": write(low_high) if low_high else "",
        "blocks": str(comparison.blocks),
        "sync": f"{_rate(a.throughput)} by {a.arm}",
        "async": f"{_rate(b.throughput)} by {b.arm}",
        "p50": f"{_seconds(a.p50)} sync, {_seconds(b.p50)} async",
        "cpu": f"{write(Count(a.server_cpu, 1))} s sync, {write(Count(b.server_cpu, 1))} s async",
    }


def _say(result: CellResult) -> str:
    match result.comparison.verdict:
        case Verdict.FASTER:
            winner = result.cell.b if result.comparison.winner == "b" else result.cell.a
            return f"{winner.label} faster"
        case Verdict.SAME:
            return "same within 5 %"
        case other:
            return other.value


def _threads(results: Results) -> str:
    """Return the most threads that were seen of each arm, over the whole run."""
    seen = [
        f"{cost.peak_threads} {name}"
        for role, name in (("wsgi", "sync"), ("asgi", "async"))
        if (cost := results.costs.get(role)) and cost.peak_threads is not None
    ]
    return ", ".join(seen) or DASH


def _rate(rate: float) -> str:
    return f"{write(Count(rate, 0 if rate >= 100 else 1))} requests/s"


def _seconds(value: float | None) -> str:
    return DASH if value is None else write(Seconds(value))


def _hatch(row: Row) -> Iterator[Row]:
    """Yield the stripes of a cell, rising from left to right."""
    x, y = float(str(row["x"])), float(str(row["y"]))
    for number in range(1 - STRIPES, STRIPES):
        rise = 2 * HALF * number / STRIPES  # of the stripe above the cell's diagonal
        left, right = max(-HALF, -HALF - rise), min(HALF, HALF - rise)
        yield {"x": x + left, "y": y + left + rise, "x2": x + right, "y2": y + right + rise}


def _cross(row: Row) -> Iterator[Row]:
    x0, x1, y0, y1 = (row[name] for name in ("x0", "x1", "y0", "y1"))
    yield {"x": x0, "x2": x1, "y": y0, "y2": y1}
    yield {"x": x0, "x2": x1, "y": y1, "y2": y0}


# ---------------------------------------------------------------- break-evens


def _place(wait: float, waits: Sequence[float]) -> float:
    """Return where a wait lies among the columns, between two of them by its logarithm."""
    above = next((n for n, each in enumerate(waits) if each >= wait), len(waits) - 1)
    if above == 0 or waits[above] <= wait:
        return float(above)
    low, high = waits[above - 1], waits[above]
    return above - 1 + math.log(wait / low) / math.log(high / low)


def _bands(rows: Sequence[tuple[int, BreakEven]], waits: Sequence[float]) -> Iterator[Row]:
    """Yield each break-even's interval; a bound that runs out is the wait that was decided."""
    for y, row in rows:
        low = row.low or row.decided_below
        high = row.high or row.decided_above
        if row.case in (Pays.ABOVE, Pays.BELOW) and low and high:
            yield {
                "x": _place(low, waits),
                "x2": _place(high, waits),
                "y": y - 0.5,
                "y2": y + 0.5,
                "clients": row.clients,
            }


def _steps(rows: Sequence[tuple[int, BreakEven]], waits: Sequence[float]) -> Iterator[Row]:
    """Yield the corners of the line; it is broken where a row has no break-even."""
    part, last = 0, None
    for number, (y, row) in enumerate(sorted(rows, key=lambda each: each[0])):
        place = _line_place(row, waits)
        if place is None:
            continue
        if last is None or y != last + 1:
            part += 1
        for end in (0, 1):
            yield {"part": part, "order": 2 * number + end, "x": place, "y": y - 0.5 + end}
        last = y


def _line_place(row: BreakEven, waits: Sequence[float]) -> float | None:
    """Return where async begins to pay in a row: beyond an edge, where it always or never does."""
    match row.case:
        case Pays.ABOVE | Pays.BELOW if row.wait is not None:
            return _place(row.wait, waits)
        case Pays.FROM if row.wait is not None:
            return _place(row.wait, waits) - 0.5
        case Pays.ALWAYS:
            return _place(row.waits[0], waits) - 0.5
        case _:
            return None
