from __future__ import annotations

import math
from fractions import Fraction
from random import Random

import pytest

from whereasync.load.pacing import (
    ClosedLoop,
    OpenLoop,
    count_slots,
    jitter,
    order_slices,
    ramp_rest,
    tail_patience,
    warm_up_length,
    window_length,
)
from whereasync.model import SliceRules


def test_four_slices_are_abba_or_baab_and_both_happen() -> None:
    """A linear drift cancels in either order, and chance chooses."""
    orders = {order_slices(Random(seed), 4) for seed in range(40)}
    assert orders == {(0, 1, 1, 0), (1, 0, 0, 1)}


def test_two_slices_are_ab_or_ba() -> None:
    """A long slice is done once a side, in random order."""
    assert {order_slices(Random(seed), 2) for seed in range(40)} == {(0, 1), (1, 0)}


@pytest.mark.parametrize("slices", [6, 8, 10])
def test_more_slices_are_shared_equally(slices: int) -> None:
    """Each side works as often as the other, and each four is balanced by itself."""
    order = order_slices(Random(1), slices)
    assert len(order) == slices
    assert sum(order) == slices / 2
    assert order[0:4] in {(0, 1, 1, 0), (1, 0, 0, 1)}


@pytest.mark.parametrize("slices", [0, 1, 3, -2])
def test_slices_that_two_sides_cannot_share_are_refused(slices: int) -> None:
    """An odd number would give one side a turn more."""
    with pytest.raises(ValueError, match="shared"):
        order_slices(Random(1), slices)


def test_the_seed_decides_everything() -> None:
    """The seed in the results file brings the same order and jitter again."""
    first, second = Random(5), Random(5)
    assert order_slices(first, 8) == order_slices(second, 8)
    assert jitter(first, 1.0) == jitter(second, 1.0)


def test_jitter_fills_ten_percent_either_way() -> None:
    """No length is preferred between 90 and 110 %."""
    random = Random(2)
    drawn = [jitter(random, 2.0) for _ in range(2000)]
    assert 1.8 <= min(drawn) < 1.82
    assert 2.18 < max(drawn) <= 2.2
    assert sum(drawn) / len(drawn) == pytest.approx(2.0, rel=0.01)


def test_a_window_is_long_enough_for_the_latency() -> None:
    """The longest of the least window, so many latencies and so many requests counts."""
    rules = SliceRules(window=0.2, latencies=2, requests=100)
    assert window_length(0.001, rules, None) == 0.2
    assert window_length(0.5, rules, None) == 1.0
    assert window_length(0.001, rules, 1000.0) == 0.2
    assert window_length(0.001, rules, 50.0) == 2.0
    assert window_length(1.5, rules, 50.0) == 3.0


def test_the_ramp_of_the_open_loop_goes_by_time() -> None:
    """Three latencies, 0.1 s and five requests; the closed loop's is one latency."""
    assert ramp_rest(0.5) == 0.5
    assert ramp_rest(0.5, 1000.0) == 1.5
    assert ramp_rest(0.001, 1000.0) == 0.1
    assert ramp_rest(0.001, 10.0) == 0.5


def test_only_the_open_loop_has_a_backlog_to_give_up() -> None:
    """The tail waits for it as long as the window was, and a second at the least."""
    assert tail_patience(5.0, None) is None
    assert tail_patience(5.0, 10.0) == 5.0
    assert tail_patience(0.2, 10.0) == 1.0


def test_a_warm_up_window_has_two_requests() -> None:
    """However low the rate is."""
    assert warm_up_length(0.07, None) == 0.07
    assert warm_up_length(0.07, 1000.0) == 0.07
    assert warm_up_length(0.07, 2.0) == 1.25


def test_the_closed_loop_intends_a_request_when_the_last_is_done() -> None:
    """A user of the closed loop doesn't think."""
    pacer = ClosedLoop()
    pacer.start(7)
    assert pacer.intend(123) == 123
    assert pacer.count_due(10**18) == 0


def test_the_open_loop_intends_requests_whoever_is_free() -> None:
    """What is due is taken, in the past too; what is not due is only told."""
    pacer = OpenLoop(1000.0)
    pacer.start(5_000_000)
    assert [pacer.intend(7_500_000) for _ in range(5)] == [
        5_000_000,
        6_000_000,
        7_000_000,
        8_000_000,
        8_000_000,
    ]
    assert pacer.intend(8_000_000) == 8_000_000
    assert pacer.intend(8_000_000) == 9_000_000
    pacer.start(100)
    assert pacer.intend(100) == 100


def test_the_backlog_is_what_was_due_and_not_taken() -> None:
    """Up to and with the moment asked for."""
    pacer = OpenLoop(1000.0)
    pacer.start(0)
    assert pacer.count_due(2_999_999) == 3
    assert pacer.count_due(3_000_000) == 4
    pacer.intend(0)
    pacer.intend(5_000_000)
    assert pacer.count_due(3_000_000) == 2
    assert pacer.count_due(-1) == 0


@pytest.mark.parametrize("rate", [0.3, 1.0, 3.0, 33.3, 50, 700.7, 2999.0])
def test_slots_are_exact_for_any_rate(rate: float) -> None:
    """The thousandth is not off by what 999 roundings add up to, and counting agrees with it."""
    pacer = OpenLoop(rate)
    pacer.start(10**15)
    slots = [pacer.intend(10**18) - 10**15 for _ in range(1000)]
    assert slots == [math.floor(Fraction(k * 10**9) / Fraction(rate)) for k in range(1000)]
    for k in (0, 1, 2, 500, 999):
        assert count_slots(slots[k], rate) == k + 1
        assert count_slots(slots[k] - 1, rate) == k


@pytest.mark.parametrize("rate", [0, -1.0, math.inf, math.nan])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    """Before anything is sent."""
    with pytest.raises(ValueError, match="can't be offered"):
        OpenLoop(rate)
