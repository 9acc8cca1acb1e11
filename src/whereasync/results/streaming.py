"""What each way to pass the rates through came to, beside the reference of its own block. Pure.

The cells hold variants in pairs; here each stands for itself. A ratio is one a block, as
everywhere. A newcomer would compare medians over all blocks: those of one block share its luck.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whereasync import stats
from whereasync.demo.streaming import Variant, read_variant
from whereasync.load import throughput
from whereasync.load.samples import FIRST_BYTE
from whereasync.results.costs import merge_costs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whereasync.model import Block, Run, Side
    from whereasync.results.cells import CellResult, Floats, Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """One variant at one number of clients, over all blocks.

    Ratios are above 1 where it is better than the reference: more requests/s, an earlier median
    first byte. Both are None for the reference itself, and where that is void.
    """

    variant: Variant
    clients: int
    first_byte: float | None  # s, median, of the body; None where no request fell in a window
    whole: float | None  # s, median, to the last byte
    throughput: float  # requests/s
    server_cpu: float  # s a request
    peak_rss: int | None  # bytes; None where no block told
    speed: stats.Comparison | None = None
    sooner: stats.Comparison | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One variant in one block."""

    block: int
    yielded: throughput.Yield
    first_bytes: Floats
    wholes: Floats


def measure_passings(
    run: Run, cells: Sequence[CellResult], samples: Samples
) -> tuple[Passing, ...]:
    """Return every variant that was measured, by clients, the reference first; void ones aren't."""
    seen: dict[Side, list[_Seen]] = {}
    for result in cells:
        if not result.is_void:
            for block in run.blocks:
                for side, each in _read(result, block, samples):
                    seen.setdefault(side, []).append(each)
    compared = _compare(seen)
    costs = merge_costs(run.blocks)
    found = [
        _sum_up(side, each, costs[side.role].peak_rss if side.role in costs else None, compared)
        for side, each in seen.items()
    ]
    return tuple(sorted(found, key=lambda each: (each.clients, not each.variant.is_reference)))


def _read(result: CellResult, block: Block, samples: Samples) -> Iterator[tuple[Side, _Seen]]:
    for record in block.tasks:
        if record.cell != result.cell.name:
            continue
        rows = samples(record.cell, block.number)
        for number, side in enumerate((result.cell.a, result.cell.b)):
            yield (
                side,
                _Seen(
                    block=block.number,
                    yielded=throughput.measure_side(rows, record, number),
                    first_bytes=throughput.latencies(rows, record, number, until=FIRST_BYTE),
                    wholes=throughput.latencies(rows, record, number),
                ),
            )


def _compare(seen: dict[Side, list[_Seen]]) -> dict[tuple[str, str], stats.Comparison]:
    """Return (role, "speed" or "sooner") → its comparison, all of the run tested together."""
    references = {
        _clients(side): {each.block: each for each in measured}
        for side, measured in seen.items()
        if read_variant(side).is_reference
    }
    ratios: dict[tuple[str, str], list[float]] = {}
    for side, measured in seen.items():
        known = references.get(_clients(side), {})
        for each in measured:
            reference = known.get(each.block)
            if reference is None or read_variant(side).is_reference:
                continue
            speed = math.log(each.yielded.throughput / reference.yielded.throughput)
            ratios.setdefault((side.role, "speed"), []).append(speed)
            late, early = _median([reference.first_bytes]), _median([each.first_bytes])
            if late and early:
                ratios.setdefault((side.role, "sooner"), []).append(math.log(late / early))
    named = {" ".join(key): values for key, values in ratios.items()}
    compared = stats.compare(named)
    return {key: compared[" ".join(key)] for key in ratios}


def _sum_up(
    side: Side,
    measured: Sequence[_Seen],
    peak_rss: int | None,
    compared: dict[tuple[str, str], stats.Comparison],
) -> Passing:
    total = throughput.merge(each.yielded for each in measured)
    return Passing(
        variant=read_variant(side),
        clients=_clients(side),
        first_byte=_median([each.first_bytes for each in measured]),
        whole=_median([each.wholes for each in measured]),
        throughput=total.throughput,
        server_cpu=total.server_cpu_per_request,
        peak_rss=peak_rss,
        speed=compared.get((side.role, "speed")),
        sooner=compared.get((side.role, "sooner")),
    )


def _median(parts: Sequence[Floats]) -> float | None:
    import numpy as np

    values = np.concatenate(parts)
    return float(np.median(values)) if len(values) else None


def _clients(side: Side) -> int:
    return int(side.role.rpartition("_")[2])
