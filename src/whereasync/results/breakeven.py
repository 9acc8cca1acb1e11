"""From which wait on async pays, for each number of clients and of calls a request. Pure.

Works on any cells that say how long the calls behind their view wait; side a is sync, side b async.
A newcomer would interpolate to a wait for every row: where one side wins throughout there is none,
and that is an answer as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from whereasync.results.crossover import find_crossings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from whereasync.results.cells import CellResult
    from whereasync.results.crossover import Crossing


class Pays(StrEnum):
    """At which of the waits measured async pays."""

    ABOVE = "above"  # sync wins at shorter ones: there is a break-even
    FROM = "from"  # from one of them on; at shorter ones neither side is shown to win
    ALWAYS = "always"
    NEVER = "never"  # shown at none
    BELOW = "below"  # sync wins at longer ones
    MIXED = "mixed"  # more than one change
    OPEN = "open"  # nothing is decided


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """One row of the plane: where async starts to pay, in seconds of waiting of each call.

    ``wait`` is the break-even of ABOVE and BELOW, and the first wait at which async won of FROM.
    ``low`` and ``high`` bound a break-even as ``Crossing`` does; all three are None where too few
    blocks in common say where between ``decided_below`` and ``decided_above`` it lies.
    """

    clients: int
    calls: int
    case: Pays
    waits: tuple[float, ...]  # measured, and not void, rising
    wait: float | None = None
    low: float | None = None
    high: float | None = None
    decided_below: float | None = None  # the measured waits next to a break-even
    decided_above: float | None = None


def find_break_evens(cells: Iterable[CellResult]) -> tuple[BreakEven, ...]:
    """Return a break-even for each number of calls and clients, both rising, that has any figure.

    Cells without a wait, and void ones, are passed over.
    """
    rows: dict[tuple[int, int], list[CellResult]] = {}
    for each in cells:
        if each.cell.wait and not each.is_void and each.log_ratios:
            rows.setdefault((each.cell.calls, each.cell.clients), []).append(each)
    return tuple(
        _find_break_even(sorted(row, key=_wait), clients, calls)
        for (calls, clients), row in sorted(rows.items())
    )


def _wait(result: CellResult) -> float:
    return result.cell.wait or 0.0


def _find_break_even(row: Sequence[CellResult], clients: int, calls: int) -> BreakEven:
    waits = tuple(map(_wait, row))
    winners = [each.comparison.winner for each in row]
    decided = [winner for winner in winners if winner]
    changes = [(a, b) for a, b in pairwise(decided) if a != b]
    if len(changes) > 1:
        return BreakEven(clients=clients, calls=calls, case=Pays.MIXED, waits=waits)
    if not changes:
        case, wait = _judge_one_sided(row)
        return BreakEven(clients=clients, calls=calls, case=case, waits=waits, wait=wait)
    crossing = next(iter(_cross(row)), None)
    below, above = _surround(row, *changes[0])
    return BreakEven(
        clients=clients,
        calls=calls,
        case=Pays.ABOVE if changes == [("a", "b")] else Pays.BELOW,
        waits=waits,
        wait=crossing.place if crossing else None,
        low=crossing.low if crossing else None,
        high=crossing.high if crossing else None,
        decided_below=below,
        decided_above=above,
    )


def _cross(row: Sequence[CellResult]) -> tuple[Crossing, ...]:
    return find_crossings(
        {_wait(each): each.log_ratios or {} for each in row},
        {_wait(each): each.comparison for each in row},
    )


def _surround(row: Sequence[CellResult], below: str, above: str) -> tuple[float, float]:
    """Return the last wait with the one winner and the first with the other."""
    return (
        max(_wait(each) for each in row if each.comparison.winner == below),
        min(_wait(each) for each in row if each.comparison.winner == above),
    )


def _judge_one_sided(row: Sequence[CellResult]) -> tuple[Pays, float | None]:
    """Return the case of a row in which sync never wins, or async never does; FROM has a wait."""
    verdicts = [each.comparison.verdict for each in row]
    won = [each.comparison.winner == "b" for each in row]
    if all(won):
        return Pays.ALWAYS, None
    if not any(won):
        is_open = all(verdict == "inconclusive" for verdict in verdicts)
        return (Pays.OPEN if is_open else Pays.NEVER), None
    first = won.index(True)
    if all(won[first:]):
        return Pays.FROM, _wait(row[first])
    return Pays.MIXED, None
