from __future__ import annotations

import pytest

from whereasync.load.simulate import Kind, Model
from whereasync.selfcheck.slices import ARMS, CONSTANT, EXPONENTIAL, score


def test_regular_work_is_measured_exactly_by_fractions_and_not_by_counting() -> None:
    """64 clients at once: counting sees two bursts or three."""
    found = score(CONSTANT, latencies=2, slices=32, seed=1)
    assert found.fractions.bias == pytest.approx(0, abs=1e-6)
    assert found.fractions.sd < 1e-6
    assert found.counted.sd > 0.1
    assert found.fractions.slices == 32


def test_counting_the_drain_halves_irregular_work_and_no_other() -> None:
    """METHOD's figures: 45 % of the regular arm at two latencies, 75 % at ten."""
    for latencies, expected in ((2, 0.45), (10, 0.75)):
        found = [
            score(arm, latencies=latencies, slices=64, seed=1) for arm in (EXPONENTIAL, CONSTANT)
        ]
        drained = [each.drained for each in found]
        assert drained[0] is not None
        assert drained[1] is not None
        ratio = (1 + drained[0].bias) / (1 + drained[1].bias)
        assert ratio == pytest.approx(expected, abs=0.04)
        assert found[0].fractions.bias == pytest.approx(0, abs=0.03)


def test_the_drain_of_arms_whose_requests_hinder_each_other_is_not_known() -> None:
    """Requests that were sent later slowed down those that count."""
    assert (
        score(Model(kind=Kind.SHARES, mean=0.002), latencies=2, slices=16, seed=1).drained is None
    )


def test_a_seed_gives_the_same_score() -> None:
    """And another seed gives another."""
    arm = ARMS["waits, lognormal"]
    again = score.__wrapped__(arm, latencies=2, slices=16, seed=1)
    assert score(arm, latencies=2, slices=16, seed=1) == again
    assert score(arm, latencies=2, slices=16, seed=2) != again
