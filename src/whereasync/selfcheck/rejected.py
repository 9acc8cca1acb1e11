"""The rules that were not chosen, on the same blocks: other looks, levels and estimators.

Written as arrays, because none of them is shipped. A newcomer would take the one that decides
soonest: it is the one that errs most, since every look is another chance to err.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from whereasync.stats import ALPHA, LOOKS, SAME_WITHIN, SMALLEST_EFFECT

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from whereasync.selfcheck.scenes import Floats

    Interval: TypeAlias = tuple[Floats, Floats]  # low and high of each run

RESAMPLES = 500
TRIM = 0.2  # of each end


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When to look, at which level, with which interval, and when to stop."""

    name: str
    looks: tuple[int, ...] = LOOKS
    alphas: tuple[float, ...] = (ALPHA,)  # one for all looks, or one each
    bound: Callable[[Floats, float], Interval]
    stops_when_narrow: bool = False  # at half a width of 5 %, whatever the verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Where many runs ended, one item a run."""

    is_faster: np.ndarray[tuple[int], np.dtype[np.bool_]]
    low: Floats
    high: Floats
    blocks: Floats


def walk(rule: Rule, blocks: Floats) -> Ends:
    """Apply a rule to runs of shape (runs, blocks), as ``rules.judge`` does for one cell."""
    import numpy as np

    runs = len(blocks)
    going, faster = np.ones(runs, dtype=bool), np.zeros(runs, dtype=bool)
    low, high, taken = np.zeros(runs), np.zeros(runs), np.zeros(runs)
    inside, beyond = math.log1p(SAME_WITHIN), math.log1p(SMALLEST_EFFECT)
    for number, look in enumerate(rule.looks):
        alpha = rule.alphas[min(number, len(rule.alphas) - 1)]
        lows, highs = rule.bound(blocks[going, :look], alpha)
        is_faster = (lows > beyond) | (highs < -beyond)
        is_same = (lows > -inside) & (highs < inside)
        low[going], high[going], taken[going], faster[going] = lows, highs, look, is_faster
        is_narrow = (highs - lows) / 2 < inside
        going[going] = ~(is_narrow if rule.stops_when_narrow else is_faster | is_same)
    return Ends(is_faster=faster, low=low, high=high, blocks=taken)


# ---------------------------------------------------------------- intervals


def bound_mean(blocks: Floats, alpha: float) -> Interval:
    """Bound the mean by Student's t, as ``stats`` does."""
    count = blocks.shape[1]
    half = _quantile(count - 1, alpha) * blocks.std(axis=1, ddof=1) / math.sqrt(count)
    center: Floats = blocks.mean(axis=1)
    return center - half, center + half


def bound_trimmed(blocks: Floats, alpha: float) -> Interval:
    """Bound the mean without a fifth at each end (Tukey & McLaughlin 1963, Yuen 1974)."""
    import numpy as np

    ordered = np.sort(blocks, axis=1)
    count = blocks.shape[1]
    cut = int(TRIM * count)
    kept = ordered[:, cut : count - cut]
    winsorized = np.clip(ordered, kept[:, :1], kept[:, -1:])
    error = winsorized.std(axis=1, ddof=1) * math.sqrt(count) / kept.shape[1]
    half = _quantile(kept.shape[1] - 1, alpha) * error
    center: Floats = kept.mean(axis=1)
    return center - half, center + half


def bound_median(blocks: Floats, alpha: float) -> Interval:
    """Bound the pseudo-median by Wilcoxon's signed ranks (Hodges & Lehmann 1963).

    Six blocks hold no interval above 96.9 %: there it has no bounds, and nothing is decided.
    """
    import numpy as np

    count = blocks.shape[1]
    first, second = np.triu_indices(count)
    averages = np.sort((blocks[:, first] + blocks[:, second]) / 2, axis=1)
    out = _count_outside(count, alpha)
    if not out:
        return np.full(len(blocks), -np.inf), np.full(len(blocks), np.inf)
    return averages[:, out - 1], averages[:, -out]


def _count_outside(count: int, alpha: float) -> int:
    """Return the largest k with P(signed rank sum < k) <= alpha / 2, under no effect."""
    import numpy as np

    ways = np.ones(1)
    for rank in range(1, count + 1):
        ways = np.convolve(ways, [1.0, *[0.0] * (rank - 1), 1.0])
    return int((np.cumsum(ways) / 2.0**count <= alpha / 2).sum())


def bound_bootstrap(blocks: Floats, alpha: float) -> Interval:
    """Bound the mean by the percentiles of its resamples, the same drawn for all runs."""
    import numpy as np

    count = blocks.shape[1]
    rng = np.random.default_rng(count)
    weights = rng.multinomial(count, [1 / count] * count, size=RESAMPLES) / count
    low, high = np.quantile(blocks @ weights.T, [alpha / 2, 1 - alpha / 2], axis=1)
    return low, high


def _quantile(degrees: int, alpha: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 1 - alpha / 2))


_student = partial(Rule, bound=bound_mean)
EVERY = tuple(range(LOOKS[0], LOOKS[-1] + 1))
RULES = (
    _student(name="Pocock's 2.21 % a look", alphas=(0.0221,)),
    _student(name="O'Brien-Fleming's looks", alphas=(0.0001, 0.0055, 0.0482)),
    _student(name="one look after 12", looks=(12,), alphas=(0.05,)),
    _student(name="one look after 24", looks=(24,), alphas=(0.05,)),
    _student(name="a look after every block from 6 on, 95 %", looks=EVERY, alphas=(0.05,)),
    _student(
        name="from 3 blocks on, until it is ±5 % wide, 95 %",
        looks=tuple(range(3, LOOKS[-1] + 1)),
        alphas=(0.05,),
        stops_when_narrow=True,
    ),
    Rule(name="20 % trimmed mean", bound=bound_trimmed),
    Rule(name="Hodges-Lehmann median", bound=bound_median),
    Rule(name="bootstrap percentiles", bound=bound_bootstrap),
)
