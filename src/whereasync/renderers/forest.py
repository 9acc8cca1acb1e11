"""A forest plot as lines of text: where on a logarithmic axis each ratio and its interval stand.

The layout is the same in every format; a renderer adds colours, or a fence. A newcomer would make
the axis hold the widest interval: then one doubtful row squeezes the others onto the mark at 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from rich.cells import cell_len

from whereasync.document import Interval, Ratio, Span, Style
from whereasync.renderers import figures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whereasync.document import Forest, ForestRow, Text

_LEAST, _MOST = 11, 49  # columns of the axis: below, rows are stacked; beyond, nothing is gained
_GAP = 2
_NEAREST = 1.25  # the axis reaches at least so far to both sides of 1
_REACH = 2.0  # an interval stretches the axis up to this factor from its ratio, no further
_LINE, _DOT, _MARK, _CROSSED, _TICK = "─", "●", "│", "┼", "┴"
_OFF_LOW, _OFF_HIGH = "←", "→"


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A logarithmic axis from ``low`` < 1 to ``high`` > 1, ``width`` columns wide."""

    low: float
    high: float
    width: int

    def place(self, ratio: float) -> int:
        """Return the column, from 0, of a ratio between the ends."""
        share = math.log(ratio / self.low) / math.log(self.high / self.low)
        return round(share * (self.width - 1))

    @property
    def one(self) -> int:
        """The column of 1."""
        return self.place(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Where a row's interval begins and ends and its ratio stands, in columns of the axis."""

    start: int
    dot: int
    end: int
    runs_off_low: bool = False
    runs_off_high: bool = False


def lay_out(block: Forest, width: int) -> tuple[Text, ...]:
    """Write the scale and the rows, in ``width`` columns.

    A row is label, bar, figures and verdict on one line. Where that leaves no room for the axis,
    the words stand on a line (which the renderer may have to wrap) and the bar on the next.
    """
    label = max((cell_len(row.label) for row in block.rows), default=0)
    room = width - label - _measure_words(block.rows) - 2 * _GAP
    low, high = choose_ends(block.rows)
    if room < _LEAST:
        return tuple(_stack(block.rows, Axis(low=low, high=high, width=min(width, _MOST))))
    return tuple(_align(block.rows, Axis(low=low, high=high, width=min(room, _MOST)), label))


def choose_ends(rows: Sequence[ForestRow]) -> tuple[float, float]:
    """Return round ends of the axis that hold 1, every ratio, and intervals of usual width."""
    lows, highs = [1 / _NEAREST], [_NEAREST]
    for row in rows:
        if row.ratio is not None:
            lows.append(row.ratio if row.low is None else max(row.low, row.ratio / _REACH))
            highs.append(row.ratio if row.high is None else min(row.high, row.ratio * _REACH))
    return 1 / _round_up(1 / min(lows)), _round_up(max(highs))


def find_bar(row: ForestRow, axis: Axis) -> Bar | None:
    """Find a row's place on an axis that holds its ratio; None where there is no ratio.

    An interval that leaves 1 out keeps off the column of 1, though rounding might put it there.
    """
    if row.ratio is None:
        return None
    if row.low is None or row.high is None:
        dot = axis.place(row.ratio)
        return Bar(start=dot, dot=dot, end=dot)
    start = axis.place(max(row.low, axis.low))
    end = axis.place(min(row.high, axis.high))
    if row.low > 1:
        start = max(start, min(axis.one + 1, axis.width - 1))
        end = max(start, end)
    if row.high < 1:
        end = min(end, max(axis.one - 1, 0))
        start = min(start, end)
    return Bar(
        start=start,
        dot=min(max(axis.place(row.ratio), start), end),
        end=end,
        runs_off_low=row.low < axis.low,
        runs_off_high=row.high > axis.high,
    )


# ---------------------------------------------------------------- lines


def _align(rows: Sequence[ForestRow], axis: Axis, label: int) -> Iterator[Text]:
    indent = " " * (label + _GAP)
    yield from ((Span(indent + line, Style.DIM),) for line in _draw_scale(axis))
    ratio, interval = _measure_figures(rows)
    for row in rows:
        yield (
            Span(" " * (label - cell_len(row.label)) + row.label + " " * _GAP),
            *_draw_bar(row, axis),
            Span(" " * _GAP),
            *_write_words(row, ratio, interval),
        )


def _stack(rows: Sequence[ForestRow], axis: Axis) -> Iterator[Text]:
    for row in rows:
        yield (Span(row.label + " " * _GAP), *_write_words(row, 0, 0))
        yield tuple(_draw_bar(row, axis))
    yield from ((Span(line, Style.DIM),) for line in reversed(_draw_scale(axis)))


def _draw_scale(axis: Axis) -> tuple[str, str]:
    """Write the ticks' labels and, below them, the axis."""
    labels, line = [" "] * axis.width, [_LINE] * axis.width
    for tick in _choose_ticks(axis):
        written = _write_tick(tick)
        at = axis.place(tick)
        start = min(max(at - len(written) // 2, 0), axis.width - len(written))
        around = labels[max(start - 1, 0) : start + len(written) + 1]
        if start >= 0 and not "".join(around).strip():
            labels[start : start + len(written)] = written
            line[at] = _CROSSED if tick == 1 else _TICK
    return "".join(labels), "".join(line)


def _draw_bar(row: ForestRow, axis: Axis) -> Iterator[Span]:
    bar = find_bar(row, axis)
    if bar is None:
        yield Span(" " * axis.one + _MARK + " " * (axis.width - axis.one - 1), Style.DIM)
        return
    marks = [_LINE] * axis.width
    marks[axis.one] = _CROSSED
    if bar.runs_off_low:
        marks[bar.start] = _OFF_LOW
    if bar.runs_off_high:
        marks[bar.end] = _OFF_HIGH
    marks[bar.dot] = _DOT
    around = [" "] * axis.width
    around[axis.one] = _MARK
    yield Span("".join(around[: bar.start]), Style.DIM)
    yield Span("".join(marks[bar.start : bar.end + 1]), row.verdict.style)
    yield Span("".join(around[bar.end + 1 :]), Style.DIM)


# ---------------------------------------------------------------- words


def _write_words(row: ForestRow, ratio: int, interval: int) -> Iterator[Span]:
    """Write figures and verdict; a row without a ratio has its verdict's words alone."""
    if row.ratio is not None:
        written, bounds = _write_figures(row)
        yield Span(f"{written:>{ratio}}{' ' if bounds or interval else ''}{bounds:<{interval}}")
        yield Span(" " * _GAP)
    yield row.verdict


def _write_figures(row: ForestRow) -> tuple[str, str]:
    ratio = "" if row.ratio is None else figures.write(Ratio(row.ratio))
    if row.low is None or row.high is None:
        return ratio, ""
    return ratio, figures.write(Interval(row.low, row.high))


def _measure_figures(rows: Sequence[ForestRow]) -> tuple[int, int]:
    """Return how long the longest ratio and the longest interval are."""
    written = [_write_figures(row) for row in rows]
    return (
        max((len(ratio) for ratio, _ in written), default=0),
        max((len(interval) for _, interval in written), default=0),
    )


def _measure_words(rows: Sequence[ForestRow]) -> int:
    sizes = _measure_figures(rows)
    return max(
        (
            sum(cell_len(figures.write(span.content)) for span in _write_words(row, *sizes))
            for row in rows
        ),
        default=0,
    )


# ---------------------------------------------------------------- round numbers


def _choose_ticks(axis: Axis) -> list[float]:
    """Return round ratios on the axis, the most wanted first: 1, the ends, then from 1 outwards."""
    inner = [tick for step in _ladder(max(axis.high, 1 / axis.low)) for tick in (step, 1 / step)]
    wanted = dict.fromkeys([1.0, axis.low, axis.high, *inner])
    return [tick for tick in wanted if axis.low <= tick <= axis.high]


def _ladder(highest: float) -> Iterator[float]:
    """Yield 1, 2, 5, 10, 20, 50, … up to the first that isn't below ``highest``."""
    for place in count():
        step = float((1, 2, 5)[place % 3] * 10 ** (place // 3))
        yield step
        if step >= highest:
            return


def _round_up(ratio: float) -> float:
    """Return the nearest round number from 1.25 on; what only rounding put above one is at it."""
    least = ratio * (1 - 1e-9)
    return _NEAREST if least <= _NEAREST else max(_ladder(least))


def _write_tick(tick: float) -> str:
    return (f"{tick:,.0f}" if tick >= 2 else f"{tick:.3g}") + figures.TIMES
