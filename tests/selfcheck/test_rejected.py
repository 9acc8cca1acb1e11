from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import scipy

from whereasync.selfcheck import rejected
from whereasync.selfcheck.rejected import RULES, Rule, walk
from whereasync.selfcheck.rules import judge
from whereasync.stats import ALPHA, LOOKS, Verdict

if TYPE_CHECKING:
    import numpy.typing as npt

RNG_SEED = 4


def draw(mean: float, sd: float, runs: int, blocks: int = LOOKS[-1]) -> npt.NDArray[np.float64]:
    """Draw runs of normal blocks."""
    return np.random.default_rng(RNG_SEED).normal(mean, sd, (runs, blocks))


def test_the_arrays_with_students_t_are_the_shipped_rule() -> None:
    """So that what lost was walked as the winner is."""
    runs = draw(0.03, 0.05, 300)
    ends = walk(Rule(name="as shipped", bound=rejected.bound_mean), runs)
    found = [judge([run])[0] for run in runs.tolist()]
    assert [each.verdict is Verdict.FASTER for each in found] == ends.is_faster.tolist()
    assert [each.blocks for each in found] == ends.blocks.tolist()
    assert [math.log(each.low or 0) for each in found] == pytest.approx(ends.low)
    assert [math.log(each.high or 0) for each in found] == pytest.approx(ends.high)


@pytest.mark.parametrize("blocks", [6, 12, 24])
def test_the_trimmed_mean_is_scipys(blocks: int) -> None:
    """A fifth is cut from each end."""
    runs = draw(0.03, 0.05, 20, blocks)
    low, high = rejected.bound_trimmed(runs, 0.05)
    for number, run in enumerate(runs):
        cut = int(0.2 * blocks) / blocks + 1e-12  # or a rounding down cuts one less
        expected = scipy.stats.mstats.trimmed_mean_ci(run, limits=(cut, cut), alpha=0.05)
        assert (low[number], high[number]) == pytest.approx(tuple(expected))


@pytest.mark.parametrize("blocks", [12, 24])
def test_the_median_is_bounded_where_wilcoxons_test_begins_to_reject(blocks: int) -> None:
    """A border just inside the interval is not rejected, one just outside is."""
    runs = draw(0.03, 0.05, 20, blocks)
    low, high = rejected.bound_median(runs, ALPHA)
    for number, run in enumerate(runs):
        for border, outward in ((low[number], -1e-9), (high[number], 1e-9)):
            inside = scipy.stats.wilcoxon(run - border + outward, method="exact").pvalue
            outside = scipy.stats.wilcoxon(run - border - outward, method="exact").pvalue
            assert min(inside, outside) <= ALPHA < max(inside, outside)


def test_six_blocks_bound_no_median_at_this_level() -> None:
    """2 of 64 signs are 3.1 %: more than a look may err."""
    low, high = rejected.bound_median(draw(0.5, 0.01, 3, 6), ALPHA)
    assert np.isinf(low).all()
    assert np.isinf(high).all()
    low, high = rejected.bound_median(draw(0.5, 0.01, 3, 6), 0.05)
    assert (high - low < 0.1).all()


def test_the_bootstrap_is_close_to_the_normal_interval_and_narrower_than_students() -> None:
    """For 24 blocks; for six it is far too narrow, which is why it lost."""
    runs = draw(0.0, 0.05, 400)
    low, high = rejected.bound_bootstrap(runs, 0.05)
    assert np.mean(high - low) == pytest.approx(2 * 1.96 * 0.05 / math.sqrt(24), rel=0.06)
    short = rejected.bound_bootstrap(runs[:, :6], 0.05)
    student = rejected.bound_mean(runs[:, :6], 0.05)
    assert np.mean(short[1] - short[0]) < 0.75 * np.mean(student[1] - student[0])


def test_a_rule_that_stops_when_narrow_stops_whatever_the_verdict() -> None:
    """Three alike blocks are narrow, and clear or not."""
    rule = next(rule for rule in RULES if rule.stops_when_narrow)
    runs = np.array([[0.02, 0.021, 0.019] * 8, [0.005, 0.006, 0.007] * 8])
    ends = walk(rule, runs)
    assert ends.blocks.tolist() == [3, 3]
    assert ends.is_faster.tolist() == [True, False]


def test_each_rule_has_a_name_of_its_own_and_looks_within_the_blocks() -> None:
    """They are rows of one table."""
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.looks[-1] <= LOOKS[-1] and len(rule.alphas) in {1, 3} for rule in RULES)
