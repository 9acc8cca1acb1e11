"""Keeps a run within its budget: what starting really takes, and whether more blocks can be done.

A budget counts from the throwaway database on: migrations, the dry run and every server start are
in it. A newcomer would take the time of a start from another project: a large one takes ten times
as long to import, twice in every block.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING

from whereasync import plan
from whereasync.errors import BadInputError, WhereAsyncError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from whereasync.model import Experiment

MARGIN = 3.0  # s to stop everything and to write the report
CLIENT_START = 0.5  # s for the load client of a block, beside its servers
OVERTIME = 0.05  # of the budget: rather that than five blocks of the six that a verdict needs


@dataclass(slots=True, kw_only=True)
class Starts:
    """What it took, in seconds, to start servers on copies of their own, and to end them."""

    roles: dict[str, float] = field(default_factory=dict)  # as each role started last
    ending: float = 0.0  # all of the last launch, side by side

    def foretell(self, roles: Collection[str]) -> float:
        """Return how many seconds a block takes beside its cells; at least what any project's does.

        What has never started yet is thought to be as quick as any project's.
        """
        if not self.roles:
            return plan.block_start(len(roles))
        starting = sum(self.roles.get(role, plan.SERVER_START) for role in roles)
        return max(plan.block_start(len(roles)), starting + self.ending + CLIENT_START)


def prepare(
    make: Callable[[float | None], None], budget: float | None, elapsed: Callable[[], float]
) -> None:
    """Have a project's data made in what is left of the budget.

    ``make`` gets the seconds that it may take; ``elapsed`` returns those since the run began.
    BadInputError where they don't suffice: then nothing else can be done in time either.
    """
    try:
        make(None if budget is None else max(0.0, budget - elapsed()))
    except WhereAsyncError as error:
        if budget is None or elapsed() < budget:
            raise
        raise BadInputError(
            f"--budget {budget:.0f}s is over before the project's data are made: {error.what}",
            f"give more time: --budget {math.ceil(budget / 60) + 4}m",
        ) from error


def foretell(blocks: Sequence[float], missing: int) -> float:
    """Return how many seconds so many more blocks take: as those so far, one of them the longest.

    ``blocks`` is what each block so far took, with its servers' starts.
    """
    mean = fmean(blocks)
    return missing * mean + max(blocks) - mean


def has_time(experiment: Experiment, elapsed: float, blocks: Sequence[float]) -> bool:
    """Tell whether another block can be done, ``elapsed`` seconds after the run began.

    Before the first look all the blocks that it needs must be, or none of them says anything. Only
    a race that is measured whole is held to that; elsewhere cells were left out until they fitted.
    """
    first, done = experiment.looks[0], len(blocks)
    is_early = done < first
    if experiment.budget is None or not blocks or (is_early and not experiment.is_whole):
        return True
    missing = first - done if is_early else 1
    limit = experiment.budget * (1 + OVERTIME if is_early else 1)
    return elapsed + foretell(blocks, missing) + MARGIN <= limit


def describe_end(
    experiment: Experiment, elapsed: float, blocks: Sequence[float]
) -> tuple[str, str] | None:
    """Return what to say of a race that ends before its first look, and the way on; else None."""
    first, done = experiment.looks[0], len(blocks)
    if experiment.budget is None or done >= first:
        return None
    need = elapsed + foretell(blocks, first - done) + MARGIN
    what = (
        f"--budget {experiment.budget:.0f}s is too small: blocks take {fmean(blocks):.0f} s here, "
        f"and {first}, the least that bear a verdict, would have ended after {need:.0f} s"
    )
    return what, suggest(need)


def suggest(need: float) -> str:
    """Return the way on of a budget of so many seconds; what was asked for may be less instead."""
    return f"--budget {math.ceil(need / 10) * 10}s, or ask for less"


def require_room(experiment: Experiment, elapsed: float, starts: Starts) -> None:
    """Refuse a race, before any load, for which the time left is too short.

    ``starts`` is what its servers have taken so far. BadInputError with the figure that it needs.
    """
    if experiment.budget is None or not experiment.is_whole:
        return
    start = starts.foretell(experiment.candidates)
    spent = elapsed + start + MARGIN  # once more, to see what one request needs
    need = plan.least_budget(experiment, spent=spent, start=plan.SLACK * start)
    if need > experiment.budget:
        raise BadInputError(
            f"--budget {experiment.budget:.0f}s is too small: {elapsed:.0f} s have passed, and "
            f"starting the servers takes {start:.0f} s a block; with {experiment.looks[0]} blocks, "
            f"the least that bear a verdict, that makes {need:.0f} s at best",
            suggest(need),
        )
