"""Two ways compared that never met: each raced a third one, block by block. Pure.

A cell gives log(way ÷ reference) for every block, so two cells of one block give log(way ÷ way) by
subtraction, with what the block did to all of them cancelled. A newcomer would divide the means and
have no interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whereasync import stats

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from whereasync.results.cells import CellResult

Key = tuple[str, str, int]  # base's role, role, clients


def compare_steps(
    cells: Iterable[CellResult], pairs: Iterable[tuple[str, str]]
) -> dict[Key, stats.Comparison]:
    """Compare (base, role) pairs of one work's cells at each number of clients: role ÷ base.

    All cells have the same side a, whose role as a base gives the cell's own ratio. A pair of which
    either was not measured, or is void, isn't in the answer. All pairs are judged together, as the
    cells of a run are.
    """
    found = [each for each in cells if each.log_ratios and not each.is_void]
    ratios: dict[Key, list[float]] = {}
    for clients in dict.fromkeys(each.cell.clients for each in found):
        here = [each for each in found if each.cell.clients == clients]
        measured: dict[str, Mapping[int, float]] = {
            each.cell.b.role: each.log_ratios or {} for each in here
        }
        blocks = {number for ratios_ in measured.values() for number in ratios_}
        measured |= {each.cell.a.role: dict.fromkeys(blocks, 0.0) for each in here}
        for base, role in pairs:
            if base in measured and role in measured:
                both = sorted(measured[base].keys() & measured[role].keys())
                ratios[base, role, clients] = [
                    measured[role][number] - measured[base][number] for number in both
                ]
    names = {"/".join(map(str, key)): key for key in ratios}
    compared = stats.compare({name: ratios[key] for name, key in names.items()})
    return {names[name]: comparison for name, comparison in compared.items()}
