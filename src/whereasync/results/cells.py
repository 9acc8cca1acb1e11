"""The race's cells: from raw samples to a comparison, and what each side cost. Pure.

What is void stays void: one fault in one block takes the cell's verdict away, and its figures with
it. A newcomer would show them all the same, "for orientation"; they would be quoted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whereasync import stats
from whereasync.errors import WhereAsyncError
from whereasync.load import throughput
from whereasync.model import Arm, Cell, Fault, Run, TaskRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    Samples = Callable[[str, int], npt.NDArray[np.int64]]  # (cell, block) → rows

CLIENT_LIMIT = 0.8  # of a core; beyond it the load client may have been the bottleneck
LITTLE_LIMIT = 0.05  # how far the requests in flight may be from the number of clients


@dataclass(frozen=True, slots=True, kw_only=True)
class SideResult:
    """What one side of a cell reached, over all blocks, and what it cost."""

    label: str
    arm: str
    throughput: float  # requests/s, mean of the blocks
    p50: float | None  # s; None where no request ended in a window
    p99: float | None  # s
    server_cpu: float  # s per 1,000 requests
    database_cpu: float | None  # s per 1,000 requests; None where it can't be seen


@dataclass(frozen=True, slots=True, kw_only=True)
class CellResult:
    """One cell: its comparison, and both sides' figures unless it is void."""

    cell: Cell
    comparison: stats.Comparison
    a: SideResult | None = None
    b: SideResult | None = None
    settled: bool = True
    compared: int = 0  # answers of each side that were found equal


@dataclass(frozen=True, slots=True, kw_only=True)
class _BlockYield:
    """What one block gave one cell."""

    record: TaskRecord
    sides: tuple[throughput.Yield, throughput.Yield]
    latencies: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]

    @property
    def log_ratio(self) -> float:
        a, b = self.sides
        return stats.block_log_ratio([a.throughput], [b.throughput])


def compare_cells(run: Run, samples: Samples) -> tuple[CellResult, ...]:
    """Return the comparison of every cell that was measured, in the experiment's order."""
    cells = run.experiment.cells if run.experiment else ()
    yields: dict[str, list[_BlockYield]] = {}
    voids: dict[str, Fault] = {}
    for cell in cells:
        try:
            measured = list(_measure(cell, run, samples))
        except _VoidError as void:
            voids[cell.name] = void.fault
        else:
            if measured:
                yields[cell.name] = measured
    comparisons: Mapping[str, stats.Comparison] = stats.compare(
        {name: [each.log_ratio for each in measured] for name, measured in yields.items()}
    )
    return tuple(
        CellResult(cell=cell, comparison=stats.void(voids[cell.name]))
        if cell.name in voids
        else _cell_result(cell, comparisons[cell.name], yields[cell.name], run.arms)
        for cell in cells
        if cell.name in voids or cell.name in yields
    )


class _VoidError(Exception):
    """A cell's figures must not be shown."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


def _measure(cell: Cell, run: Run, samples: Samples) -> Sequence[_BlockYield]:
    return [
        _read(cell, record, block.number, samples)
        for block in run.blocks
        for record in block.tasks
        if record.cell == cell.name
    ]


def _read(cell: Cell, record: TaskRecord, block: int, samples: Samples) -> _BlockYield:
    if record.fault:
        raise _VoidError(record.fault)
    try:
        rows = samples(cell.name, block)
        sides = (
            throughput.measure_side(rows, record, 0),
            throughput.measure_side(rows, record, 1),
        )
    except (WhereAsyncError, ValueError, IndexError) as error:
        raise _VoidError(Fault(kind="samples", detail=str(error), hint="measure again")) from error
    for side in sides:
        _check(cell, side)
    return _BlockYield(
        record=record,
        sides=sides,
        latencies=(
            throughput.latencies(rows, record, 0),
            throughput.latencies(rows, record, 1),
        ),
    )


def _check(cell: Cell, side: throughput.Yield) -> None:
    """Void what the client itself may have limited, or did not keep up."""
    if not side.requests:
        raise _VoidError(
            Fault(kind="nothing completed", detail=f"no request was done in {side.window:.1f} s")
        )
    if side.client_share > CLIENT_LIMIT:
        detail = f"it used {side.client_share:.0%} of its core"
        raise _VoidError(Fault(kind="client saturated", detail=detail, hint="race fewer clients"))
    if abs(side.in_flight / cell.clients - 1) > LITTLE_LIMIT:
        detail = f"{side.in_flight:.2f} requests were in flight, not {cell.clients}"
        raise _VoidError(
            Fault(kind="Little's law", detail=detail, hint="close what else runs, measure again")
        )


def _cell_result(
    cell: Cell,
    comparison: stats.Comparison,
    measured: Sequence[_BlockYield],
    arms: Mapping[str, Arm],
) -> CellResult:
    return CellResult(
        cell=cell,
        comparison=comparison,
        a=_side_result(cell, 0, measured, arms),
        b=_side_result(cell, 1, measured, arms),
        settled=all(each.record.settled for each in measured),
        compared=max(each.record.compared for each in measured),
    )


def _side_result(
    cell: Cell, number: int, measured: Sequence[_BlockYield], arms: Mapping[str, Arm]
) -> SideResult:
    import numpy as np

    side = (cell.a, cell.b)[number]
    total = throughput.merge(each.sides[number] for each in measured)
    latencies = np.concatenate([each.latencies[number] for each in measured])
    p50, p99 = np.quantile(latencies, [0.5, 0.99]).tolist() if len(latencies) else (None, None)
    database = total.database_cpu_per_request
    return SideResult(
        label=side.label,
        arm=str(arms.get(side.role, side.role)),
        throughput=total.throughput,
        p50=p50,
        p99=p99,
        server_cpu=1000 * total.server_cpu_per_request,
        database_cpu=None if database is None else 1000 * database,
    )
