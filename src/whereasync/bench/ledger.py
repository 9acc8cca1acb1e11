"""What a run has come to so far, on the disk after every step.

The bench changes nothing else: it adds to the ledger, and whatever ends the run, a full disk,
Ctrl-C or kill -9, finds all earlier steps saved. Sessions never get there: one that the project
signed itself would open the user's own site, and runs are shown around.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from whereasync import results
from whereasync.bench.timekeeping import Starts

if TYPE_CHECKING:
    from collections.abc import Callable

    from whereasync.model import Cell, Experiment, Fault, Request, Run
    from whereasync.store import RunDirectory


@dataclass(slots=True, kw_only=True)
class Ledger:
    """The run, its directory, and its clock."""

    run: Run
    directory: RunDirectory
    clock: Callable[[], float] = time.monotonic
    started: float = field(init=False)
    starts: Starts = field(default_factory=Starts)

    def __post_init__(self) -> None:
        """Start the clock."""
        self.started = self.clock()

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return self.clock() - self.started

    def set(self, **values: Any) -> None:
        """Replace fields of the run, and save it."""
        self.run = replace(self.run, elapsed=self.elapsed, **values)
        self.directory.save(conceal(self.run))

    def add(self, name: str, *values: Any) -> None:
        """Append to one of the run's tuples, and save it."""
        self.set(**{name: (*getattr(self.run, name), *values)})

    def compare(self) -> tuple[results.CellResult, ...]:
        """Return what the blocks so far say of each cell."""
        return results.compare_cells(self.run, self.directory.samples)

    def note(self, fault: Fault) -> None:
        """Record what went wrong outside any trial, once."""
        if fault not in self.run.faults:
            self.add("faults", fault)


def conceal(run: Run) -> Run:
    """Return the run without the cookies of the users that it asks as."""

    def conceal_all(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
        return tuple(
            replace(
                cell,
                a=replace(cell.a, request=_conceal(cell.a.request)),
                b=replace(cell.b, request=_conceal(cell.b.request)),
            )
            for cell in cells
        )

    experiment: Experiment | None = run.experiment
    if experiment is None:
        return run
    cells, sweep = conceal_all(experiment.cells), conceal_all(experiment.sweep)
    return replace(run, experiment=replace(experiment, cells=cells, sweep=sweep))


def _conceal(request: Request) -> Request:
    if not request.user:
        return request
    kept = (pair for pair in request.headers if pair[0].lower() != "cookie")
    return replace(request, headers=tuple(kept))
