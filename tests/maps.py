"""Maps that never happened, on the disk: cells of known gains, by wait, clients and calls."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from tests import synthetic

from whereasync.demo.map import Grid, build
from whereasync.results import derive

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from whereasync.model import Experiment, Run
    from whereasync.results import Results

    Places: TypeAlias = Mapping[tuple[float, int, int], float | Sequence[float]]

SMALL = Grid(waits=(0.001, 0.01, 0.1), clients=(1, 8, 64), calls=(1, 5))


def plan(grid: Grid = SMALL) -> Experiment:
    """Return the experiment of a grid, with slices as short as can be."""
    return replace(build(grid, budget=300.0, seed=7), rules=synthetic.RULES)


def measure(
    path: Path,
    gains: Places,
    *,
    grid: Grid = SMALL,
    change: Callable[[Run], Run] = lambda run: run,
    **changes: object,
) -> Results:
    """Measure the places (wait in s, clients, calls) with these gains, async ÷ sync."""
    planned = plan(grid)
    names = {(cell.wait, cell.clients, cell.calls): cell.name for cell in planned.cells}
    directory, run = synthetic.race(
        path / "run",
        planned,
        {names[place]: gain for place, gain in gains.items()},
        **{"command": "map", **changes},  # type: ignore[arg-type]
    )
    run = change(run)
    directory.save(run)
    return derive(run, directory.samples)
