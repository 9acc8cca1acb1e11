"""Where a curve of ratios crosses 1, with an interval: over clients, or over waits. Pure.

The curve is straight in log(x) between the measured places. A newcomer would invert the two
ends of an interval of the ratio, or report every change of sign: noise around 1 crosses it at will.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING, Literal, TypeVar

from whereasync import stats

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Place = TypeVar("Place", int, float)  # on the axis of a curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossover:
    """A ``Crossing`` over the number of clients."""

    clients: float
    low: float | None
    high: float | None
    winner_below: Literal["a", "b"]  # with fewer clients
    winner_above: Literal["a", "b"]
    decided_below: int  # the numbers of clients with these winners, next to the crossing
    decided_above: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Where the faster side changes, on any axis. ``low`` and ``high`` bound it at 1 - stats.ALPHA.

    A bound is None where it runs out: the crossing may lie at the nearest place that has a clear
    winner, for all the blocks in common say, or beyond.
    """

    place: float
    low: float | None
    high: float | None
    winner_below: Literal["a", "b"]  # at smaller places
    winner_above: Literal["a", "b"]
    decided_below: float  # the measured places with these winners, next to the crossing
    decided_above: float


def find_crossovers(
    ratios: Mapping[int, Mapping[int, float]], comparisons: Mapping[int, stats.Comparison]
) -> tuple[Crossover, ...]:
    """Return the crossings over the number of clients: see ``find_crossings``."""
    return tuple(
        Crossover(
            clients=each.place,
            low=each.low,
            high=each.high,
            winner_below=each.winner_below,
            winner_above=each.winner_above,
            decided_below=int(each.decided_below),
            decided_above=int(each.decided_above),
        )
        for each in find_crossings(ratios, comparisons)
    )


def find_crossings(
    ratios: Mapping[Place, Mapping[int, float]], comparisons: Mapping[Place, stats.Comparison]
) -> tuple[Crossing, ...]:
    """Return the crossings of a curve, by rising places; usually none or one.

    A place is a number above 0: of clients, or of seconds. ``ratios`` has the block log ratios:
    place → block → log(B / A); ``comparisons`` the verdict of each place. A void cell is no part of
    the curve. A crossing is reported only between two places whose verdicts are faster in opposite
    directions, with none of that verdict between them, and only if all neighbours from one to the
    other have at least ``stats.LOOKS[0]`` blocks in common.

    The interval is Fieller's (1954, Some Problems in Interval Estimation, J. R. Stat. Soc. B 16,
    175-185): all places at which the t interval of the interpolated log ratio, block by block,
    holds 0. Where these come in pieces, it goes from the first to the last.
    """
    curve = {
        place: ratios[place]
        for place, comparison in sorted(comparisons.items())
        if place in ratios and comparison.verdict is not stats.Verdict.VOID
    }
    decided = [place for place in curve if comparisons[place].winner]
    found = []
    for first, last in pairwise(decided):
        below, above = comparisons[first].winner, comparisons[last].winner
        stretch = {place: curve[place] for place in curve if first <= place <= last}
        segments = [_Segment.between(*ends) for ends in pairwise(stretch.items())]
        if below and above and below != above and all(map(_is_known, segments)):
            place, low, high = _cross(segments, 1 if below == "b" else -1)
            found.append(
                Crossing(
                    place=place,
                    low=low,
                    high=high,
                    winner_below=below,
                    winner_above=above,
                    decided_below=first,
                    decided_above=last,
                )
            )
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Segment:
    """The curve between neighbours: log(place), and the log ratios of the blocks of both."""

    start: float
    end: float
    left: tuple[float, ...]
    right: tuple[float, ...]

    @classmethod
    def between(
        cls, first: tuple[float, Mapping[int, float]], last: tuple[float, Mapping[int, float]]
    ) -> _Segment:
        blocks = sorted(first[1].keys() & last[1].keys())
        return cls(
            start=math.log(first[0]),
            end=math.log(last[0]),
            left=tuple(first[1][block] for block in blocks),
            right=tuple(last[1][block] for block in blocks),
        )

    def find_zeros(self) -> Iterator[float]:
        """Yield, as log(place), the ends of the parts whose t interval holds 0.

        At t from 0 to 1 a block has left + t * slope; the interval of the mean holds 0 where
        mean² <= k * variance, which is a quadratic inequality in t, with k = quantile² / blocks.
        """
        from scipy.special import stdtrit

        blocks = len(self.left)
        k = float(stdtrit(blocks - 1, 1 - stats.ALPHA / 2)) ** 2 / blocks
        slope = [right - left for left, right in zip(self.left, self.right, strict=True)]

        def excess(x: Sequence[float], y: Sequence[float]) -> float:
            return fmean(x) * fmean(y) - k * _covariance(x, y)

        yield from (
            (1 - t) * self.start + t * self.end  # so written, exact at both ends
            for t in _solve(
                excess(slope, slope), excess(self.left, slope), excess(self.left, self.left)
            )
        )


def _is_known(segment: _Segment) -> bool:
    return len(segment.left) >= stats.LOOKS[0]


def _cross(segments: Sequence[_Segment], sign: int) -> tuple[float, float | None, float | None]:
    """Return the crossing and its bounds, as places, of a curve that begins above 0, or below."""
    crossing = _find_middle(segments, sign)
    start, end = segments[0].start, segments[-1].end
    zeros = [zero for segment in segments for zero in segment.find_zeros()]
    low, high = min([crossing, *zeros]), max([crossing, *zeros])
    return (
        math.exp(crossing),
        math.exp(low) if low > start else None,
        math.exp(high) if high < end else None,
    )


def _find_middle(segments: Sequence[_Segment], sign: int) -> float:
    """Return log(place) where the mean curve changes its sign; of several places the middle one.

    Neighbouring segments may rest on different blocks, so the curve may jump at a place, and
    be crossed there. At the two ends it has the sign of the verdicts.
    """
    points = [(segments[0].start, float(sign))]
    for segment in segments:
        points += [(segment.start, fmean(segment.left)), (segment.end, fmean(segment.right))]
    points.append((segments[-1].end, float(-sign)))
    crossings = []
    for (x, y), (next_x, next_y) in pairwise(points):
        if next_y * sign < 0:
            crossings.append(x + (next_x - x) * y / (y - next_y))
            sign = -sign
    return crossings[len(crossings) // 2]


def _covariance(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the sample's, with n - 1."""
    mean_x, mean_y = fmean(x), fmean(y)
    products = ((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return math.fsum(products) / (len(x) - 1)


def _solve(square: float, half: float, constant: float) -> Iterator[float]:
    """Yield the ends, inside 0 … 1, of where square * t² + 2 * half * t + constant <= 0."""
    if constant <= 0:
        yield 0.0
    if square + 2 * half + constant <= 0:
        yield 1.0
    discriminant = half**2 - square * constant
    if discriminant >= 0:
        larger = -(half + math.copysign(math.sqrt(discriminant), half))
        roots = [larger / square] if square else []
        roots += [constant / larger] if larger else []
        yield from (root for root in roots if 0 < root < 1)
