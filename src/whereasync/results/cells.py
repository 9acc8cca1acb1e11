"""The race's cells: from raw samples to comparisons, and what each side cost. Pure.

What is void stays void: one fault in one block takes the cell's verdict away, and its figures with
it. The closed loop compares throughput, the open loop latency, at p50 and, apart, at p99.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whereasync import stats
from whereasync.errors import WhereAsyncError
from whereasync.load import punctuality, throughput
from whereasync.model import Arm, Cell, Fault, Run, Status, TaskRecord, Void
from whereasync.results.caveats import find_caveats, find_limit
from whereasync.results.regression import is_slower
from whereasync.results.voids import find_delay, find_void

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from whereasync.load.punctuality import Punctuality

    Samples = Callable[[str, int], npt.NDArray[np.int64]]  # (cell, block) → rows
    Floats = npt.NDArray[np.float64]

P50, P99 = 0.5, 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class SideResult:
    """What one side of a cell reached, over all blocks, and what it cost."""

    label: str
    arm: str
    throughput: float  # requests/s, mean of the blocks
    p50: float | None  # s; None where no request was intended in a window
    p99: float | None  # s
    server_cpu: float  # s per 1,000 requests
    database_cpu: float | None  # s per 1,000 requests; None where it can't be seen
    send_lag: float | None = None  # s at p99, in the open loop


@dataclass(frozen=True, slots=True, kw_only=True)
class CellResult:
    """One cell: its comparison, and both sides' figures unless it is void.

    Ratios are throughput B ÷ A; in the open loop latency A ÷ B. Above 1, B is better.
    """

    cell: Cell
    comparison: stats.Comparison  # of throughput; of the median latency in the open loop
    tail: stats.Comparison | None = None  # of latency at p99, in the open loop
    a: SideResult | None = None
    b: SideResult | None = None
    compared: int = 0  # answers of each side that were found equal
    caveats: tuple[Fault, ...] = ()
    log_ratios: dict[int, float] | None = None  # block → what the comparison rests on
    log_cpu: dict[int, float] | None = None  # block → log(server CPU a request, A ÷ B)

    @property
    def comparisons(self) -> tuple[stats.Comparison, ...]:
        """Whatever was compared."""
        return (self.comparison,) if self.tail is None else (self.comparison, self.tail)

    @property
    def is_void(self) -> bool:
        """Whether its figures must not be shown."""
        return self.comparison.verdict is stats.Verdict.VOID

    def is_decided(self, worst: float | None) -> bool:
        """Whether more blocks would change nothing: no verdict, and no answer to ``--fail-if``."""
        if self.is_void:
            return True
        is_open = worst is not None and is_slower(self.comparison, worst) is None
        return not is_open and all(map(stats.is_decided, self.comparisons))


@dataclass(frozen=True, slots=True, kw_only=True)
class _BlockYield:
    """What one block gave one cell."""

    number: int
    record: TaskRecord
    sides: tuple[throughput.Yield, throughput.Yield]
    latencies: tuple[Floats, Floats]
    punctual: tuple[Punctuality, ...] = ()  # a side, in the open loop

    def log_ratios(self) -> dict[str, float]:
        """Return the block's log ratios by what they compare; B better is above 0."""
        if self.record.rate is None:
            a, b = self.sides
            return {"": stats.block_log_ratio([a.throughput], [b.throughput])}
        return {" p50": self._latency(P50), " p99": self._latency(P99)}

    def log_cpu(self) -> float | None:
        """Return log(server CPU a request, A ÷ B); None where a clock saw none."""
        a, b = (side.server_cpu_per_request for side in self.sides)
        return math.log(a / b) if a > 0 and b > 0 else None

    def _latency(self, quantile: float) -> float:
        import numpy as np

        a, b = (float(np.quantile(each, quantile)) for each in self.latencies)
        return math.log(a / b)


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
    ratios: dict[str, dict[int, float]] = {}
    for name, measured in yields.items():
        for each in measured:
            for what, ratio in each.log_ratios().items():
                ratios.setdefault(name + what, {})[each.number] = ratio
    comparisons = stats.compare({name: list(each.values()) for name, each in ratios.items()})
    return tuple(
        CellResult(cell=cell, comparison=stats.void(voids[cell.name]))
        if cell.name in voids
        else _cell_result(cell, run, comparisons, ratios, yields[cell.name])
        for cell in cells
        if cell.name in voids or cell.name in yields
    )


class _VoidError(Exception):
    """A cell's figures must not be shown."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


def _measure(cell: Cell, run: Run, samples: Samples) -> Sequence[_BlockYield]:
    measured = [
        _read(cell, record, block.number, samples)
        for block in run.blocks
        for record in block.tasks
        if record.cell == cell.name
    ]
    for side in (0, 1):
        if (punctual := _punctuality(measured, side)) and (void := find_delay(cell, punctual)):
            raise _VoidError(void)
    return measured


def _punctuality(measured: Sequence[_BlockYield], side: int) -> Punctuality | None:
    """Return one side's, over all blocks; None in the closed loop, or before the first block."""
    found = [each.punctual[side] for each in measured if each.punctual]
    return punctuality.merge(found) if found else None


def _read(cell: Cell, record: TaskRecord, block: int, samples: Samples) -> _BlockYield:
    if record.fault:
        raise _VoidError(record.fault)
    try:
        rows = samples(cell.name, block)
        sides = (
            throughput.measure_side(rows, record, 0),
            throughput.measure_side(rows, record, 1),
        )
        punctual = tuple(
            punctuality.measure(rows, record, side) for side in (0, 1) if record.rate is not None
        )
    except (WhereAsyncError, ValueError, IndexError) as error:
        fault = Fault(kind=Void.SAMPLES, detail=str(error), hint="measure again")
        raise _VoidError(fault) from error
    for side in sides:
        if void := find_void(cell, side):
            raise _VoidError(void)
    return _BlockYield(
        number=block,
        record=record,
        sides=sides,
        latencies=(
            throughput.latencies(rows, record, 0),
            throughput.latencies(rows, record, 1),
        ),
        punctual=punctual,
    )


def _cell_result(
    cell: Cell,
    run: Run,
    comparisons: Mapping[str, stats.Comparison],
    ratios: Mapping[str, dict[int, float]],
    measured: Sequence[_BlockYield],
) -> CellResult:
    main = cell.name if cell.rate is None else f"{cell.name} p50"
    tail = comparisons.get(f"{cell.name} p99") if cell.rate is not None else None
    comparison = comparisons[main]
    return CellResult(
        cell=cell,
        comparison=comparison,
        tail=tail,
        a=_side_result(cell, 0, measured, run.arms),
        b=_side_result(cell, 1, measured, run.arms),
        compared=max(each.record.compared for each in measured),
        caveats=(
            *find_caveats(
                cell,
                run.experiment if run.status is Status.DONE else None,  # else no budget has ended
                (comparison,) if tail is None else (comparison, tail),
                [each.record for each in measured],
            ),
            *find_limit(
                [throughput.merge(each.sides[number] for each in measured) for number in (0, 1)],
                len(run.machine.other_cores),
            ),
        ),
        log_ratios=ratios[main],
        log_cpu={each.number: cpu for each in measured if (cpu := each.log_cpu()) is not None},
    )


def _side_result(
    cell: Cell, number: int, measured: Sequence[_BlockYield], arms: Mapping[str, Arm]
) -> SideResult:
    import numpy as np

    side = (cell.a, cell.b)[number]
    total = throughput.merge(each.sides[number] for each in measured)
    latencies = np.concatenate([each.latencies[number] for each in measured])
    p50, p99 = np.quantile(latencies, [P50, P99]).tolist() if len(latencies) else (None, None)
    database = total.database_cpu_per_request
    return SideResult(
        label=side.label,
        arm=str(arms.get(side.role, side.role)),
        throughput=total.throughput,
        p50=p50,
        p99=p99,
        server_cpu=1000 * total.server_cpu_per_request,
        database_cpu=None if database is None else 1000 * database,
        send_lag=punctual.lag_p99 if (punctual := _punctuality(measured, number)) else None,
    )
