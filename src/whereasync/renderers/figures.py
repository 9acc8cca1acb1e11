"""How a figure is written: the one place where seconds, ratios, rates and bytes become text.

Two or three significant digits, because that is what measurements on shared machines carry.
A newcomer would add digits to look exact: only ``Seconds(digits=…)`` does, for the article's own.
"""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

from whereasync.document import Count, Interval, Rate, Ratio, Seconds, Share, Size

if TYPE_CHECKING:
    from whereasync.document import Figure

DASH = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
MINUS = "\N{MINUS SIGN}"

_LONG = 120.0  # s, from where minutes read better


def write(figure: Figure | str | None) -> str:
    """Write a figure as text; None, which wasn't measured, is a dash, and a string is itself."""
    if figure is None:
        return DASH
    if isinstance(figure, str):
        return figure
    return _write(figure).replace("-", MINUS)


@singledispatch
def _write(figure: Figure) -> str:
    raise TypeError(f"{type(figure).__name__} is no figure")


@_write.register
def _write_seconds(figure: Seconds) -> str:
    value = figure.value
    if figure.digits is not None:
        return f"{value:z.{figure.digits}f} s"
    if round(abs(value) * 1e6) < 1000:
        return f"{_round(value * 1e6, 2)} \N{MICRO SIGN}s" if value else "0 s"
    if round(abs(value) * 1e3) < 1000:
        return f"{_round(value * 1e3, 2)} ms"
    if abs(value) < _LONG:
        return f"{_round(value, 3)} s"
    minutes, seconds = divmod(round(abs(value)), 60)
    return f"{'-' if value < 0 else ''}{minutes} min {seconds} s"


@_write.register
def _write_ratio(figure: Ratio) -> str:
    return _write_quotient(figure.value) + TIMES


@_write.register
def _write_interval(figure: Interval) -> str:
    return f"[{_write_quotient(figure.low)}{DASH}{_write_quotient(figure.high)}]"


@_write.register
def _write_count(figure: Count) -> str:
    return f"{figure.value:z,.{figure.digits}f}"


@_write.register
def _write_rate(figure: Rate) -> str:
    return f"{_round(figure.value, 3)}/s"


@_write.register
def _write_share(figure: Share) -> str:
    return f"{_round(figure.value * 100, 2)} %"


@_write.register
def _write_size(figure: Size) -> str:
    value, digits = figure.value, 1
    for unit in ("B", "kB", "MB"):
        if round(abs(value)) < 1000:
            return f"{_round(value, digits)} {unit}"
        value, digits = value / 1000, 2
    return f"{_round(value, digits)} GB"


def _write_quotient(value: float) -> str:
    """Write 1.32, 0.68, 0.045, 12.3 and 1,234: two decimals where ratios are compared by eye."""
    if round(value, 2) < 10:
        return f"{value:.{max(2, _count_decimals(value, 2))}f}"
    return _round(value, 3)


def _round(value: float, significant: int) -> str:
    """Round to so many significant digits, but never inside the integer part."""
    return f"{value:z,.{_count_decimals(value, significant)}f}"


def _count_decimals(value: float, significant: int) -> int:
    exponent = int(f"{value:.{significant - 1}e}".partition("e")[2])
    return max(0, significant - 1 - exponent) if value else 0
