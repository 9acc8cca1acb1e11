"""What qualifies a cell's figures without taking them away. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.model import Caveat, Fault
from whereasync.stats import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whereasync.load.throughput import Yield
    from whereasync.model import Cell, Experiment, TaskRecord
    from whereasync.stats import Comparison


BUSY = 0.85  # of the cores that database and client share, above which these were the limit


def find_limit(sides: Iterable[Yield], cores: int) -> tuple[Fault, ...]:
    """Return the caveat that not the arms decided how fast it went, where that is so.

    ``sides`` are what each yielded over all blocks, ``cores`` how many are not the server's.
    """
    for side in sides:
        if not side.elapsed or side.database_cpu is None or not cores:
            continue
        others = (side.database_cpu + side.client_cpu) / side.elapsed / cores
        if others > BUSY:
            return (
                Fault(
                    kind=Caveat.DATABASE_LIMIT,
                    detail=f"it and the load client kept their cores over {BUSY:.0%} busy",
                    hint="compare the CPU per 1,000 requests, or measure with more cores",
                ),
            )
    return ()


def find_caveats(
    cell: Cell,
    experiment: Experiment | None,
    comparisons: Iterable[Comparison],
    records: Iterable[TaskRecord],
) -> tuple[Fault, ...]:
    """Return a cell's caveats, each with its next step."""
    return tuple(_caveats(cell, experiment, comparisons, records))


def _caveats(
    cell: Cell,
    experiment: Experiment | None,
    comparisons: Iterable[Comparison],
    records: Iterable[TaskRecord],
) -> Iterator[Fault]:
    if not cell.is_same_work:
        yield Fault(
            kind=Caveat.DIFFERENT_WORK,
            detail="the answers were not compared: the sides may do different things",
            hint="race two views that answer alike, without --different-work",
        )
    if not all(record.settled for record in records):
        yield Fault(
            kind=Caveat.NEVER_SETTLED,
            detail="the warm-up's last two windows did not agree",
            hint="look for work that goes on after the answer; measure on a quieter machine",
        )
    if experiment is None or experiment.budget is None:
        return
    last = max(experiment.looks)
    for each in comparisons:
        if each.verdict is Verdict.INCONCLUSIVE and each.blocks < last:
            yield Fault(
                kind=Caveat.BUDGET_ENDED,
                detail=f"inconclusive after {each.blocks} of {last} blocks",
                hint="measure more blocks: --full"
                if experiment.stacks
                else "give more time: --budget",
            )
            return
