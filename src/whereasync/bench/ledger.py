"""What a run has come to so far, on the disk after every step.

The bench changes nothing else: it adds to the ledger, and whatever ends the run, a full disk,
Ctrl-C or kill -9, finds all earlier steps saved.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from whereasync import results

if TYPE_CHECKING:
    from whereasync.model import Fault, Run
    from whereasync.store import RunDirectory


@dataclass(slots=True, kw_only=True)
class Ledger:
    """The run, its directory, and its clock."""

    run: Run
    directory: RunDirectory
    started: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.started

    def set(self, **values: Any) -> None:
        """Replace fields of the run, and save it."""
        self.run = replace(self.run, elapsed=self.elapsed, **values)
        self.directory.save(self.run)

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
