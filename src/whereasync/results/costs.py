"""What each arm took over all blocks: peaks of peaks, sums of counts. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync.model import Cost, Peak

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whereasync.model import Block


def merge_costs(blocks: Iterable[Block]) -> dict[str, Cost]:
    """Return role → what its servers took, where any block tells."""
    by_role: dict[str, list[Cost]] = {}
    for block in blocks:
        for role, cost in block.costs.items():
            by_role.setdefault(role, []).append(cost)
    return {role: _merge(costs) for role, costs in sorted(by_role.items())}


def merge_peaks(blocks: Iterable[Block]) -> dict[str, tuple[Peak, Peak]]:
    """Return cell → the most that its sides a and b had in any block."""
    by_cell: dict[str, list[tuple[Peak, Peak]]] = {}
    for block in blocks:
        for cell, peaks in block.peaks.items():
            by_cell.setdefault(cell, []).append(peaks)
    return {
        cell: (_highest(each[0] for each in found), _highest(each[1] for each in found))
        for cell, found in by_cell.items()
    }


def _highest(peaks: Iterable[Peak]) -> Peak:
    seen = list(peaks)
    return Peak(
        threads=_most(each.threads for each in seen),
        connections=_most(each.connections for each in seen),
    )


def switches_per_request(cost: Cost) -> float | None:
    """Return the voluntary context switches a request; None where they weren't counted."""
    if cost.switches is None or not cost.requests:
        return None
    return cost.switches / cost.requests


def _merge(costs: list[Cost]) -> Cost:
    switches = [each.switches for each in costs if each.switches is not None]
    return Cost(
        peak_rss=max(each.peak_rss for each in costs),
        peak_threads=_most(each.peak_threads for each in costs),
        peak_connections=_most(each.peak_connections for each in costs),
        switches=sum(switches) if len(switches) == len(costs) else None,
        requests=sum(each.requests for each in costs),
    )


def _most(counts: Iterable[int | None]) -> int | None:
    return max((count for count in counts if count is not None), default=None)
