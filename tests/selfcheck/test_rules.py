from __future__ import annotations

import math

import numpy as np
import pytest

from whereasync.selfcheck.rules import judge, tally
from whereasync.stats import LOOKS, Verdict, compare, is_decided

BORDER = math.log(1.01)


def blocks(mean: float, sd: float, seed: int = 1) -> list[float]:
    """Draw all the blocks a cell can have."""
    found: list[float] = np.random.default_rng(seed).normal(mean, sd, LOOKS[-1]).tolist()
    return found


def test_one_cell_is_judged_look_by_look_until_it_is_decided() -> None:
    """As ``compare`` would be asked by hand, and with no block more."""
    for seed in range(40):
        run = blocks(0.04, 0.05, seed)
        looks = [compare({"0": run[:look]})["0"] for look in LOOKS]
        expected = next((found for found in looks if is_decided(found)), looks[-1])
        assert judge([run]) == [expected]


def test_a_decided_cell_gets_no_more_blocks_and_is_compared_again() -> None:
    """Its interval depends on how many cells are faster at the end: here 1 of 2, then 2 of 2."""
    sure, late = blocks(0.3, 0.01), blocks(0.045, 0.05, 3)
    found = judge([sure, late])
    assert [each.blocks for each in found] == [6, 24]
    assert found == list(compare({"0": sure[:6], "1": late}).values())
    assert [each.verdict for each in found] == [Verdict.FASTER, Verdict.FASTER]
    assert found[0].level < compare({"0": sure[:6], "1": late[:6]})["0"].level


def test_a_tally_counts_what_the_comparisons_say() -> None:
    """Two runs of an equal cell, a clear one and a clear one on the wrong side."""
    flat = np.zeros(LOOKS[-1])
    wave = 0.001 * (-1.0) ** np.arange(LOOKS[-1])
    noise = np.array([[wave, wave, wave], [wave + 0.5, wave, flat - 0.6]])
    counted = tally(noise, [0.0, 0.2, 0.3])
    assert (counted.runs, counted.cells, counted.equal, counted.effects) == (2, 6, 2, 4)
    assert counted.false == 1  # the equal cell of the second run
    assert counted.found == 3  # there the third cell is faster on the wrong side
    assert counted.selected == 5
    assert (counted.covered, counted.selected_covered) == (4, 3)
    assert counted.discovery == pytest.approx(1 / 3)
    assert counted.missed == pytest.approx(2 / 3)
    assert counted.blocks == 6 * LOOKS[0]
