from __future__ import annotations

from random import Random

import pytest

from whereasync.load.pacing import (
    ClosedLoop,
    jitter,
    order_slices,
    ramp_rest,
    window_length,
)


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
    """The longer of the least window and so many latencies counts."""
    assert window_length(0.001, window=0.2, latencies=2) == 0.2
    assert window_length(0.5, window=0.2, latencies=2) == 1.0
    assert ramp_rest(0.5) == 0.5


def test_the_closed_loop_intends_a_request_when_the_last_is_done() -> None:
    """A user of the closed loop doesn't think."""
    assert ClosedLoop().intend(123) == 123
