"""Two ways that each raced a third: their ratio by subtraction, block by block."""

from __future__ import annotations

import math

import pytest

from whereasync.model import Cell, Fault, Request, Side
from whereasync.results import CellResult
from whereasync.results.steps import compare_steps
from whereasync.stats import Comparison, Verdict, void

DRIFT = (0.3, -0.2, 0.1, 0.25, -0.3, 0.0)  # of a block, common to all of its cells


def cell(role: str, ratios: dict[int, float] | None, clients: int = 8) -> CellResult:
    """Return a result against the role "sync"."""
    sides = [
        Side(role=each, label=each, request=Request(path=f"/{each}/")) for each in ("sync", role)
    ]
    return CellResult(
        cell=Cell(
            name=f"x-{role}-{clients}", chapter=1, topic="x", clients=clients, a=sides[0],
            b=sides[1],
        ),
        comparison=Comparison(verdict=Verdict.INCONCLUSIVE, blocks=len(ratios))
        if ratios
        else void(Fault(kind="status", detail="500")),
        log_ratios=ratios,
    )  # fmt: skip


def drifting(ratio: float) -> dict[int, float]:
    """Return the log ratios of a cell whose block moves both ways alike."""
    return {number: math.log(ratio) + drift for number, drift in enumerate(DRIFT)}


def test_what_a_block_does_to_both_cancels() -> None:
    """Each alone is inconclusive, their ratio is exact."""
    compared = compare_steps([cell("a", drifting(0.5)), cell("b", drifting(0.8))], [("a", "b")])
    step = compared["a", "b", 8]
    assert step.ratio == pytest.approx(1.6)
    assert (step.low, step.high) == (pytest.approx(1.6), pytest.approx(1.6))
    assert (step.verdict, step.winner) == (Verdict.FASTER, "b")


def test_the_reference_is_a_base_like_any_other() -> None:
    """Its ratio to itself is 1 in every block, so the cell's own ratio comes out."""
    ratios = {number: math.log(0.5) for number in range(6)}
    step = compare_steps([cell("a", ratios)], [("sync", "a")])["sync", "a", 8]
    assert (step.ratio, step.winner) == (pytest.approx(0.5), "a")


def test_only_blocks_that_both_have_are_compared() -> None:
    """One was void from the fourth on: three blocks bear no verdict."""
    few = {number: math.log(0.5) for number in range(3)}
    step = compare_steps([cell("a", few), cell("b", drifting(0.8))], [("a", "b")])["a", "b", 8]
    assert (step.blocks, step.verdict) == (3, Verdict.INCONCLUSIVE)


def test_each_number_of_clients_is_compared_by_itself() -> None:
    """What wasn't measured, or is void, has no comparison."""
    cells = [
        *(cell(role, drifting(0.5), clients) for role in ("a", "b") for clients in (1, 8)),
        cell("a", drifting(0.5), 64),
        cell("b", None, 64),
    ]
    assert compare_steps(cells, [("a", "b"), ("a", "c")]).keys() == {("a", "b", 1), ("a", "b", 8)}


def test_nothing_measured_is_nothing_compared() -> None:
    """A run that was cut short."""
    assert compare_steps([], [("a", "b")]) == {}
