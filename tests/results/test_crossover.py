from __future__ import annotations

import math
import random
from itertools import pairwise
from statistics import fmean, stdev
from typing import TYPE_CHECKING

import pytest
import scipy

from whereasync import stats
from whereasync.model import Fault
from whereasync.results.crossover import Crossover, find_crossovers
from whereasync.stats import Comparison, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

Curve = dict[int, dict[int, float]]
WIGGLE = (0.003, -0.003, 0.001, -0.001, 0.002, -0.002)  # of six blocks, 0 on average
ODDER = (0.002, 0.001, -0.003, 0.003, -0.002, -0.001)


def plant(means: Mapping[int, float], *, sd: float, blocks: int, seed: int) -> Curve:
    """Make a curve of normal noise, a third of its variance shared by the cells of a block."""
    noise = random.Random(seed)
    shared = [noise.gauss(0, sd * math.sqrt(1 / 3)) for _ in range(blocks)]
    return {
        clients: {
            block: mean + shared[block] + noise.gauss(0, sd * math.sqrt(2 / 3))
            for block in range(blocks)
        }
        for clients, mean in means.items()
    }


def exact(means: Mapping[int, float], *, wiggle: float = 1.0) -> Curve:
    """Make a curve of six blocks whose means are exactly these."""
    shapes = (WIGGLE, ODDER)
    return {
        clients: {
            block: mean + wiggle * each for block, each in enumerate(shapes[place % len(shapes)])
        }
        for place, (clients, mean) in enumerate(means.items())
    }


def judge(curve: Curve) -> dict[int, Comparison]:
    """Give every cell its verdict, as a race does."""
    found = stats.compare({str(clients): list(cell.values()) for clients, cell in curve.items()})
    return {clients: found[str(clients)] for clients in curve}


def find(curve: Curve) -> tuple[Crossover, ...]:
    """Find the crossings of a curve that stands alone."""
    return find_crossovers(curve, judge(curve))


def swap(curve: Curve) -> Curve:
    """Make B what was A."""
    return {n: {block: -ratio for block, ratio in cell.items()} for n, cell in curve.items()}


def holds_zero(curve: Curve, clients: float) -> bool:
    """Say whether the t interval of the curve at so many clients holds 0, by scipy's t."""
    for low, high in pairwise(sorted(curve)):
        if low <= clients <= high:
            share = math.log(clients / low) / math.log(high / low)
            blocks = sorted(curve[low].keys() & curve[high].keys())
            values = [(1 - share) * curve[low][n] + share * curve[high][n] for n in blocks]
            half = float(scipy.stats.t.ppf(1 - stats.ALPHA / 2, len(values) - 1))
            return abs(fmean(values)) <= half * stdev(values) / math.sqrt(len(values))
    raise AssertionError("outside the curve")


def test_the_crossing_is_interpolated_in_the_logarithm_of_clients() -> None:
    """From 0.1 below at 4 to 0.3 above at 64 clients: a quarter of the way in log, at 8."""
    (crossing,) = find(exact({4: -0.1, 64: 0.3}))
    assert crossing.clients == pytest.approx(8)
    assert (crossing.winner_below, crossing.winner_above) == ("a", "b")
    assert crossing.low
    assert crossing.high
    assert 7.5 < crossing.low < 8 < crossing.high < 8.5


@pytest.mark.parametrize("means", [{4: -0.1, 64: 0.3}, {1: -0.2, 8: -0.004, 16: 0.01, 64: 0.3}])
def test_the_bounds_are_where_the_t_interval_begins_and_ends_to_hold_0(
    means: dict[int, float],
) -> None:
    """Fieller's set, checked point by point with another implementation of Student's t."""
    curve = exact(means, wiggle=5)
    (crossing,) = find(curve)
    assert crossing.low
    assert crossing.high
    for bound, outwards in ((crossing.low, 1 - 1e-6), (crossing.high, 1 + 1e-6)):
        assert holds_zero(curve, bound / outwards)
        assert not holds_zero(curve, bound * outwards)
    assert holds_zero(curve, crossing.clients)


def test_the_interval_covers_the_truth_in_about_its_stated_share() -> None:
    """500 races of 12 blocks at a block sd of 4 %, a bend at 8 clients, an inconclusive middle."""
    truth = 8 * 8**0.25
    covered = found = 0
    for seed in range(500):
        curve = plant({1: -0.15, 8: -0.04, 64: 0.12}, sd=0.04, blocks=12, seed=seed)
        for crossing in find(curve):
            found += 1
            covered += (crossing.low or 1) <= truth <= (crossing.high or 64)
    assert found >= 495
    assert 0.94 <= covered / found < 1


def test_a_curve_on_one_side_has_no_crossing() -> None:
    """Nor one that only comes close: noise around 1 crosses it at will."""
    assert find(exact({1: 0.1, 8: 0.2, 64: 0.3})) == ()
    assert find(exact({1: 0.1, 8: -0.002, 16: 0.002, 64: 0.3})) == ()
    assert find(exact({1: 0.1, 8: -0.004, 64: -0.008})) == ()
    assert find(exact({8: 0.3})) == ()
    assert find_crossovers({}, {}) == ()


def test_several_crossings_come_in_order() -> None:
    """B is faster in the middle only."""
    first, second = find(exact({64: -0.2, 1: -0.1, 8: 0.1}))
    assert first.clients == pytest.approx(math.sqrt(8))
    assert (first.winner_below, first.winner_above) == ("a", "b")
    assert second.clients == pytest.approx(8 * 8 ** (1 / 3))
    assert (second.winner_below, second.winner_above) == ("b", "a")
    assert first.high
    assert second.low
    assert first.high < 8 < second.low


def test_between_two_winners_there_is_one_crossing_however_the_curve_wavers() -> None:
    """Of three changes of sign the middle one, and the interval holds all of them."""
    (crossing,) = find(exact({1: -0.2, 8: 0.002, 16: -0.002, 64: 0.2}))
    assert crossing.clients == pytest.approx(8 * math.sqrt(2))
    assert crossing.low
    assert crossing.high
    assert crossing.low < 8
    assert crossing.high > 16


def test_a_curve_that_touches_1_exactly_crosses_there() -> None:
    """Also where it stays for a while: then where it leaves."""
    (once,) = find(exact({1: -0.2, 8: 0.0, 64: 0.2}, wiggle=0))
    assert once == Crossover(
        clients=pytest.approx(8), low=once.clients, high=once.clients,
        winner_below="a", winner_above="b", decided_below=1, decided_above=64,
    )  # fmt: skip
    (long,) = find(exact({1: -0.2, 8: 0.0, 16: 0.0, 64: 0.2}, wiggle=0))
    assert long.clients == pytest.approx(16)
    assert long.low == pytest.approx(8)
    assert long.high == pytest.approx(16)


def test_swapping_the_sides_swaps_the_winners_and_nothing_else() -> None:
    """The logarithm is symmetric, and so is the interval."""
    for seed in range(20):
        curve = plant({1: -0.2, 4: -0.01, 16: 0.01, 64: 0.2}, sd=0.03, blocks=8, seed=seed)
        (crossing,), (swapped,) = find(curve), find(swap(curve))
        assert (swapped.clients, swapped.low, swapped.high) == pytest.approx(
            (crossing.clients, crossing.low, crossing.high)
        )
        assert (swapped.winner_below, swapped.winner_above) == ("b", "a")


def test_an_interval_that_runs_out_has_no_bound_there() -> None:
    """The end was decided with all its blocks; those in common with its neighbour say less."""
    curve = exact({1: -0.1, 64: 0.1})
    curve[64] |= {2: 0.9, 3: -0.8, **dict.fromkeys(range(6, 24), 0.1)}
    comparisons = judge(curve)
    comparisons[64] = Comparison(verdict=Verdict.FASTER, blocks=24, winner="b")
    (crossing,) = find_crossovers(curve, comparisons)
    assert crossing.low
    assert 1 < crossing.low < crossing.clients < 64
    assert crossing.high is None
    mirrored = {1: curve[64], 64: curve[1]}
    (other,) = find_crossovers(mirrored, {1: comparisons[64], 64: comparisons[1]})
    assert other.low is None
    assert other.high == pytest.approx(64 / crossing.low)


def test_where_the_common_blocks_contradict_the_verdict_the_crossing_is_at_the_end() -> None:
    """The verdicts stand; so there is a crossing, and no bound beyond it."""
    curve = exact({1: 0.1, 64: 0.1})
    comparisons = {
        1: Comparison(verdict=Verdict.FASTER, blocks=24, winner="a"),
        64: Comparison(verdict=Verdict.FASTER, blocks=6, winner="b"),
    }
    (crossing,) = find_crossovers(curve, comparisons)
    assert (crossing.clients, crossing.low) == (1, None)
    assert crossing.high == 1


def test_a_curve_whose_segments_rest_on_other_blocks_may_cross_in_its_jump() -> None:
    """Blocks 6 … 11 of the middle are above 1, those it shares with the start are below."""
    curve = exact({1: -0.2, 8: -0.01, 64: 0.2}, wiggle=0.1)
    curve[8] |= dict.fromkeys(range(6, 12), 0.01)
    curve[64] = {block + 6: ratio for block, ratio in curve[64].items()}
    comparisons = judge(curve)
    assert comparisons[8].winner is None
    (crossing,) = find_crossovers(curve, comparisons)
    assert crossing.clients == pytest.approx(8)
    assert crossing.low
    assert crossing.high
    assert crossing.low <= crossing.clients <= crossing.high


@pytest.mark.parametrize("blocks", [0, 1, 5])
def test_too_few_common_blocks_give_no_crossing(blocks: int) -> None:
    """Six are what a verdict needs, too; here two cells have six each, but few in common."""
    curve = exact({1: -0.2, 64: 0.2})
    curve[64] = {block + 6 - blocks: ratio for block, ratio in curve[64].items()}
    assert len(curve[1].keys() & curve[64].keys()) == blocks
    assert find(curve) == ()


def test_a_void_cell_is_no_part_of_the_curve() -> None:
    """What its samples say must not be shown; the curve goes straight past it."""
    curve = exact({1: -0.1, 8: 0.5, 64: 0.1})
    comparisons = judge(curve)
    comparisons[8] = stats.void(Fault(kind="status", detail="500"))
    (crossing,) = find_crossovers(curve, comparisons)
    assert crossing.clients == pytest.approx(8)
    del curve[8]
    assert find_crossovers(curve, comparisons) == (crossing,)
