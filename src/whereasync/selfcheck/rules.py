"""The rule that judges races, on blocks that are known: looks, stopping and verdicts as shipped.

Every interval and verdict comes out of ``stats.compare``, at ``stats.LOOKS``, with cells that stop
where ``bench.race`` stops them. A newcomer would vectorise it: ten times faster, and another rule.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whereasync import stats
from whereasync.stats import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whereasync.selfcheck.scenes import Floats


@dataclass(slots=True, kw_only=True)
class Tally:
    """How often a rule did what, over the cells of many runs."""

    cells: int = 0
    equal: int = 0  # cells without any effect …
    false: int = 0  # … that were called faster
    found: int = 0  # cells with an effect that were called faster, on the side that is
    covered: int = 0  # intervals that hold the truth
    selected: int = 0  # cells called faster …
    selected_covered: int = 0  # … whose intervals hold the truth
    discovery: float = 0.0  # sum over runs of (false ÷ called faster), 0 where none was
    missed: float = 0.0  # sum over runs of (not holding ÷ called faster), 0 where none was
    runs: int = 0
    blocks: int = 0  # that the cells took

    @property
    def effects(self) -> int:
        """Return how many cells had an effect."""
        return self.cells - self.equal


def judge(cells: Sequence[Sequence[float]]) -> list[stats.Comparison]:
    """Return the final comparisons of one run's cells, from all blocks that they could have.

    Looks as ``bench.race`` does: a decided cell gets no more blocks, but every later look, the
    last one included, compares it again beside the others.
    """
    undecided = set(range(len(cells)))
    seen: dict[str, Sequence[float]] = {}
    found: dict[str, stats.Comparison] = {}
    for look in stats.LOOKS:
        seen |= {str(number): cells[number][:look] for number in undecided}
        found = stats.compare(seen)
        undecided -= {number for number in undecided if stats.is_decided(found[str(number)])}
        if not undecided:
            break
    return [found[str(number)] for number in range(len(cells))]


def tally(noise: Floats, truths: Sequence[float]) -> Tally:
    """Judge many runs, noise of shape (runs, cells, blocks), with one true log ratio a cell."""
    import numpy as np

    counted = Tally()
    for run in (noise + np.reshape(truths, (1, -1, 1))).tolist():
        _count(counted, judge(run), truths)
    return counted


def _count(counted: Tally, found: Sequence[stats.Comparison], truths: Sequence[float]) -> None:
    selected = false = missed = 0
    for comparison, truth in zip(found, truths, strict=True):
        holds = _holds(comparison, truth)
        counted.covered += holds
        counted.blocks += comparison.blocks
        if comparison.verdict is Verdict.FASTER:
            selected += 1
            missed += not holds
            false += not truth
            counted.found += bool(truth) and (comparison.winner == "b") == (truth > 0)
    counted.runs += 1
    counted.cells += len(truths)
    counted.equal += sum(not truth for truth in truths)
    counted.false += false
    counted.selected += selected
    counted.selected_covered += selected - missed
    counted.discovery += false / max(1, selected)
    counted.missed += missed / max(1, selected)


def _holds(comparison: stats.Comparison, truth: float) -> bool:
    assert comparison.low is not None
    assert comparison.high is not None
    return math.log(comparison.low) <= truth <= math.log(comparison.high)
