"""Slower by more than was allowed: the whole interval decides, on either side."""

from __future__ import annotations

import pytest
from tests import synthetic

from whereasync.model import Fault
from whereasync.results.cells import CellResult
from whereasync.results.regression import is_slower
from whereasync.stats import Comparison, Verdict, void

[CELL] = synthetic.two_arms((8,)).cells
LIMIT = 1 / 1.05  # 5 % slower
VOID = void(Fault(kind="status", detail="500 instead of 200"))


def bound(low: float | None, high: float | None, verdict: Verdict = Verdict.SAME) -> Comparison:
    """Return a comparison with this interval."""
    return Comparison(verdict=verdict, blocks=6, ratio=1.0, low=low, high=high)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.80, 0.90, True),
        (0.80, LIMIT - 1e-9, True),
        (0.80, LIMIT, None),
        (0.80, 1.20, None),
        (LIMIT, 1.20, None),
        (LIMIT + 1e-9, 1.20, False),
        (1.10, 1.20, False),
        (None, None, None),
    ],
)
def test_the_whole_interval_decides(
    low: float | None, high: float | None, expected: bool | None
) -> None:
    """Throughput 1 ÷ 1.05 is a request 5 % longer; an end on the limit leaves it open."""
    assert is_slower(bound(low, high), 0.05) is expected


def test_a_tiny_but_certain_loss_is_allowed() -> None:
    """B is slower by 2 %, without doubt: 5 % were allowed, 1 % were not."""
    comparison = bound(0.975, 0.985, Verdict.FASTER)
    assert is_slower(comparison, 0.05) is False
    assert is_slower(comparison, 0.01) is True


def test_a_void_cell_answers_nothing() -> None:
    """Neither a regression nor none."""
    assert is_slower(VOID, 0.05) is None


@pytest.mark.parametrize(
    ("comparison", "worst", "expected"),
    [
        (bound(0.99, 1.01), None, True),
        (bound(0.99, 1.01), 0.05, True),
        (bound(0.96, 0.99), 0.03, False),  # the same within 5 %, but 3 % were asked about
        (bound(0.8, 1.2, Verdict.INCONCLUSIVE), None, False),
        (bound(0.97, 1.2, Verdict.INCONCLUSIVE), 0.05, False),  # no regression, and no verdict
        (VOID, None, True),
        (VOID, 0.05, True),
    ],
)
def test_a_cell_is_measured_until_both_questions_are_answered(
    comparison: Comparison, worst: float | None, expected: bool
) -> None:
    """Its verdict, and whether it is slower than allowed; a void one never will be."""
    assert CellResult(cell=CELL, comparison=comparison).is_decided(worst) is expected


def test_an_open_tail_keeps_a_cell_open() -> None:
    """p99 is a question of its own; --fail-if asks of p50."""
    decided = bound(1.1, 1.2, Verdict.FASTER)
    undecided = bound(0.7, 1.2, Verdict.INCONCLUSIVE)
    assert not CellResult(cell=CELL, comparison=decided, tail=undecided).is_decided(None)
    assert CellResult(cell=CELL, comparison=decided, tail=decided).is_decided(0.05)
