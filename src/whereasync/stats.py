"""From block log ratios to verdicts: intervals, three looks, many cells. Pure.

One block gives one log ratio a cell, log(throughput B / throughput A); nothing finer enters a test.
A newcomer would test on slices or requests: those of one block share its servers, so they are no
independent replicates, and identical arms would come out "different" (Kalibera & Jones 2013).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Literal

from whereasync.errors import WhereAsyncError
from whereasync.model import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LOOKS = (6, 12, 24)  # blocks; a verdict is asked for at these, and no oftener
ALPHA = 0.05 / 3  # a look, so that three looks together err in 5 % at most (Bonferroni)
SMALLEST_EFFECT = 0.01  # nobody acts on less: faster means beyond it
SAME_WITHIN = 0.05  # and same means inside this


class Verdict(StrEnum):
    """What a cell's blocks allow to be said. Which side is faster stands in ``winner``."""

    VOID = "void"
    FASTER = "faster"
    SAME = "same"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One cell's result. Ratios are throughput B / throughput A: above 1, B is better.

    What can't be known is None: everything in a void cell, the ratio of no block, the interval and
    sd of a single one. ``low`` and ``high`` bound the ratio at the confidence ``level``, which
    differs between the cells of a run: see ``compare``.
    """

    verdict: Verdict
    blocks: int
    winner: Literal["a", "b"] | None = None  # the faster side, where the verdict is faster
    ratio: float | None = None  # geometric mean over blocks
    low: float | None = None
    high: float | None = None
    level: float = 1 - ALPHA
    sd: float | None = None  # of the block log ratios
    p_value: float | None = None  # of "the sides differ by the smallest effect at most"
    reason: Fault | None = None  # why it is void or inconclusive, with a next step


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A few repetitions described, not tested: the article's three runs."""

    mean: float
    sd: float | None  # None where there is one value only
    min: float
    max: float
    n: int


# ---------------------------------------------------------------- from blocks to a verdict


def compare(cells: Mapping[str, Sequence[float]]) -> dict[str, Comparison]:
    """Give every cell of a run its comparison, from its block log ratios.

    Call it at each of ``LOOKS`` with all the run's cells, also those that were decided before: a
    cell's verdict depends on its neighbours. With one cell it is: interval of Student's t at
    1 - ALPHA, faster where all of it lies beyond 1 %, same where all of it lies inside 5 % (both
    symmetric in the logarithm, so that swapping the sides changes nothing but the winner).

    With more cells, those with enough blocks are tested together. p is that of the two one-sided t
    tests against -log(1.01) and +log(1.01), twice the smaller, so p <= x says just what an interval
    at 1 - x beyond 1 % says. Benjamini & Hochberg (1995) at ALPHA rejects R of m; these alone are
    faster, with intervals at 1 - ALPHA * R / m (Benjamini & Yekutieli 2005), the others keep
    1 - ALPHA. Simulated with equal sides and three looks, one cell is falsely called faster in
    0.3 % of runs at a block sd of 3 %, 0.7 % at 4.5 %, 2.2 % at 12 %, never above 5 %. A log
    ratio that is no finite number is a WhereAsyncError that names its cell.
    """
    for name, ratios in cells.items():
        if not all(map(math.isfinite, ratios)):
            raise WhereAsyncError(f"Cell {name} holds a block ratio that is no number.")
    moments = {name: _summarize(ratios) for name, ratios in cells.items()}
    tested = {name: _p_value(seen) for name, seen in moments.items() if seen.blocks >= LOOKS[0]}
    rejected = _reject(tested, ALPHA)
    selected = ALPHA * len(rejected) / max(1, len(tested))
    return {
        name: _judge(seen, tested.get(name), selected if name in rejected else None, len(tested))
        for name, seen in moments.items()
    }


def void(reason: Fault, *, blocks: int = 0) -> Comparison:
    """Make the comparison of a cell whose figures must not be shown, and why."""
    return Comparison(verdict=Verdict.VOID, blocks=blocks, reason=reason)


def is_decided(comparison: Comparison) -> bool:
    """Say whether more blocks would change nothing: the cell is void, faster or same."""
    return comparison.verdict is not Verdict.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class _Moments:
    """All that the verdict needs of a cell's log ratios."""

    blocks: int
    mean: float | None
    sd: float | None

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        assert self.sd is not None
        return self.sd / math.sqrt(self.blocks)


def _summarize(ratios: Sequence[float]) -> _Moments:
    """Give mean and SD once, in floats: ``statistics.stdev`` is exact and ten times slower."""
    blocks = len(ratios)
    mean = fmean(ratios) if ratios else None
    sd = None
    if mean is not None and blocks > 1:
        sd = math.sqrt(math.fsum([(ratio - mean) ** 2 for ratio in ratios]) / (blocks - 1))
    return _Moments(blocks, mean, sd)


def _judge(seen: _Moments, p_value: float | None, selected: float | None, cells: int) -> Comparison:
    """Apply the verdicts in METHOD's order; ``selected`` is alpha for a rejected cell."""
    alpha = ALPHA if selected is None else selected
    interval = _find_interval(seen, alpha) if seen.blocks > 1 else None
    low, high = interval or (None, None)
    inside = math.log1p(SAME_WITHIN)
    winner: Literal["a", "b"] | None = None
    reason: Fault | None = None
    if p_value is not None and selected is not None:
        verdict = Verdict.FASTER
        winner = "b" if (seen.mean or 0) > 0 else "a"
    elif p_value is not None and interval and -inside < interval[0] and interval[1] < inside:
        verdict = Verdict.SAME
    else:
        verdict = Verdict.INCONCLUSIVE
        reason = _explain_doubt(seen.blocks, p_value, cells)
    return Comparison(
        verdict=verdict,
        blocks=seen.blocks,
        winner=winner,
        ratio=_exp(seen.mean),
        low=_exp(low),
        high=_exp(high),
        level=1 - alpha,
        sd=seen.sd,
        p_value=p_value,
        reason=reason,
    )


def _explain_doubt(blocks: int, p_value: float | None, cells: int) -> Fault:
    last = LOOKS[-1]
    if p_value is None:
        missing = LOOKS[0] - blocks
        detail = f"{blocks} of the {LOOKS[0]} blocks that a verdict needs: {missing} missing"
        hint = "Give it more time, or race fewer cells"
    elif p_value <= ALPHA:
        detail = f"clear if it stood alone, but not among the {cells} cells of this run"
        hint = "Race fewer cells"
    elif blocks < last:
        detail = f"after {blocks} blocks it may be faster, slower or the same"
        hint = f"Give it more time, up to {last} blocks"
    else:
        detail = f"after {blocks} blocks, all there are, it may be faster, slower or the same"
        hint = "Measure on a quieter machine, or on more cores"
    return Fault(kind=Verdict.INCONCLUSIVE.value, detail=detail, hint=hint)


# ---------------------------------------------------------------- tests and intervals


def _p_value(seen: _Moments) -> float:
    """Twice the smaller p of the one-sided t tests against the smallest effect, 1 at most."""
    from scipy.special import stdtr

    assert seen.mean is not None
    beyond = abs(seen.mean) - math.log1p(SMALLEST_EFFECT)
    if seen.error == 0:
        return 0.0 if beyond > 0 else 1.0
    return min(1.0, 2 * float(stdtr(seen.blocks - 1, -beyond / seen.error)))


def _find_interval(seen: _Moments, alpha: float) -> tuple[float, float]:
    """Bound the mean log ratio at 1 - alpha with Student's t."""
    assert seen.mean is not None
    half = _quantile(seen.blocks - 1, 1 - alpha / 2) * seen.error
    return seen.mean - half, seen.mean + half


@cache
def _quantile(degrees: int, probability: float) -> float:
    """Return Student's t at a probability; a run asks for the same few again and again."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, probability))


def _reject(p_values: Mapping[str, float], alpha: float) -> frozenset[str]:
    """Benjamini & Hochberg: the k smallest p, for the greatest k whose p is <= alpha * k / m."""
    ranked = sorted(p_values, key=p_values.__getitem__)
    passed = [
        rank
        for rank, name in enumerate(ranked, start=1)
        if p_values[name] <= alpha * rank / len(ranked)
    ]
    return frozenset(ranked[: max(passed, default=0)])


# ---------------------------------------------------------------- averages


def block_log_ratio(slices_a: Sequence[float], slices_b: Sequence[float]) -> float:
    """Turn one block's slice throughputs (requests/s) into log(mean of B / mean of A).

    A side without slices, or whose throughput isn't above 0, is a WhereAsyncError: that is a fault
    of the trial, and no speed.
    """
    means = []
    for side, slices in (("A", slices_a), ("B", slices_b)):
        mean = fmean(slices) if slices else 0.0
        if not (math.isfinite(mean) and mean > 0):
            raise WhereAsyncError(f"Side {side} completed nothing in this block.")
        means.append(mean)
    return math.log(means[1] / means[0])


def geometric_mean(ratios: Sequence[float]) -> float:
    """Average ratios as ratios: 2 and 0.5 give 1. None may be 0 or less; ValueError otherwise."""
    return math.exp(fmean(map(math.log, ratios)))


def spread(values: Sequence[float]) -> Spread:
    """Describe at least one value; ``sd`` is the sample's, with n - 1."""
    return Spread(
        mean=fmean(values),
        sd=stdev(values) if len(values) > 1 else None,
        min=min(values),
        max=max(values),
        n=len(values),
    )


def _exp(log: float | None) -> float | None:
    return None if log is None else math.exp(log)
