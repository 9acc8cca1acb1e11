"""How long requests took, way by way, and how far each test tool is from the server it stands for.

Medians, because a burst that the machine interrupted says nothing about the tool; their intervals
assume no distribution. Pure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import TYPE_CHECKING

from whereasync.demo.emulation import find_reference
from whereasync.model import Burst, Fault, Way  # noqa: TC001 # serial reads the schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# Of each median's interval. A quotient of two such, low by high, holds the true one in 95 %.
ALPHA = 0.025


@dataclass(frozen=True, slots=True, kw_only=True)
class Middle:
    """A median, and the interval of the true one; None with too few values for one."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One view asked one way by so many at once."""

    view: str
    variant: str
    way: Way
    clients: int
    runs: int  # that were answered
    seconds: Middle | None = None  # until the last answer was there; None if none was
    in_view: float | None = None  # s by the views' own clocks, the mean
    ratio: Middle | None = None  # of the seconds to the server's that it stands for
    fault: Fault | None = None  # why a run was not answered


def time_ways(bursts: Sequence[Burst]) -> tuple[Timing, ...]:
    """Return a timing for each kind of burst, in the order they were first sent."""
    kinds: dict[tuple[str, str, Way, int], list[Burst]] = {}
    for burst in bursts:
        kinds.setdefault((burst.view, burst.variant, burst.way, burst.clients), []).append(burst)
    timings = {kind: _time(of_kind) for kind, of_kind in kinds.items()}
    return tuple(_compare(timing, timings) for timing in timings.values())


def find_middle(values: Iterable[float], alpha: float = ALPHA) -> Middle:
    """Return the median of at least one value with its interval at 1 - ``alpha``.

    The interval is from the k-th smallest to the k-th largest value, for the greatest k with
    2 · P(Binomial(n, 1/2) < k) <= alpha (the sign test's; David & Nagaraja, Order Statistics, 7.1).
    """
    ordered = sorted(values)
    number = len(ordered)
    k, below = 0, 0.0
    while 2 * (below + math.comb(number, k) / 2**number) <= alpha:
        below += math.comb(number, k) / 2**number
        k += 1
    if not k:
        return Middle(value=median(ordered))
    return Middle(value=median(ordered), low=ordered[k - 1], high=ordered[-k])


def _time(bursts: Sequence[Burst]) -> Timing:
    seconds = [burst.seconds for burst in bursts if burst.seconds is not None]
    in_view = [burst.in_view for burst in bursts if burst.in_view is not None]
    first = bursts[0]
    return Timing(
        view=first.view,
        variant=first.variant,
        way=first.way,
        clients=first.clients,
        runs=len(seconds),
        seconds=find_middle(seconds) if seconds else None,
        in_view=fmean(in_view) if in_view else None,
        fault=next((burst.fault for burst in bursts if burst.fault), None),
    )


def _compare(timing: Timing, timings: dict[tuple[str, str, Way, int], Timing]) -> Timing:
    reference = find_reference(timing.way, timing.variant)
    server = timings.get((timing.view, timing.variant, reference, timing.clients))
    if timing.way.is_real or server is None:
        return timing
    mine, theirs = timing.seconds, server.seconds
    if mine is None or theirs is None:
        return timing
    low = high = None
    if mine.low is not None and mine.high is not None and theirs.low and theirs.high:
        low, high = mine.low / theirs.high, mine.high / theirs.low
    return replace(timing, ratio=Middle(value=mine.value / theirs.value, low=low, high=high))


def find_timings(
    timings: Iterable[Timing], *, way: Way, clients: int, variant: str | None = None
) -> Iterator[Timing]:
    """Yield those of one way, by so many at once, and of one variant if it is given."""
    for timing in timings:
        if (timing.way, timing.clients) == (way, clients) and variant in (None, timing.variant):
            yield timing
